"""Notifications: what the agent raised, shown by the desktop, with a button where it offers them.

The desktop is spoken to by desktop-notifier in an asyncio loop on a thread of its own, begun with the first notice
and asleep between them; its answers come back as Qt signals. Where it fails, the tray icon's own balloon is used. The
agent decides what deserves a notice, `agent.words` says it; here is only what is on the screen already.
"""

import logging
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

import resources
from agent import words
from agent.protocol.methods import NoticeRef
from agent.protocol.types import Notice
from agent.words.catalogue import _
from tray.model import Model

if TYPE_CHECKING:
    import asyncio

    from desktop_notifier import DesktopNotifier

log = logging.getLogger(__name__)

#: Kinds that go on and end by themselves; the panel's ring shows how far they are, so they are said once.
_PASSING = frozenset({"total", "single"})
_LAST_S = 2.0
#: Kinds that nobody needs while looking at the window.
_SEEN_IN_WINDOW = frozenset({"total", "single", "done"})


class Sender(Protocol):
    """What puts notifications on the screen."""

    clicked: SignalInstance
    closed: SignalInstance

    def show(self, identity: str, title: str, text: str, button: str) -> None: ...

    def withdraw(self, identity: str) -> None: ...


class Notifier(QObject):
    """Keeps what is on the screen in step with the section `notices`.

    Signals:
        asked_for(str): the person wants to see the page of this name.
    """

    asked_for = Signal(str)

    def __init__(
        self, model: Model, sender: Sender, is_looked_at: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        """`is_looked_at` tells whether the person has the window before them."""
        super().__init__(parent)
        self._model = model
        self._sender = sender
        self._is_looked_at = is_looked_at
        self._shown: dict[str, Notice] = {}
        model.changed.connect(self._changed)
        sender.clicked.connect(self._clicked)
        sender.closed.connect(self._closed)

    def _changed(self, sections: frozenset[str]) -> None:
        snapshot = self._model.snapshot
        if snapshot is None or "notices" not in sections:
            return
        now = {notice.id: notice for notice in snapshot.notices}
        for identity in self._shown.keys() - now.keys():
            self._sender.withdraw(identity)
            del self._shown[identity]
        for notice in now.values():
            self._consider(notice)

    def _consider(self, notice: Notice) -> None:
        before = self._shown.get(notice.id)
        self._shown[notice.id] = notice
        if before is not None and (notice.kind in _PASSING or before.raised_at == notice.raised_at):
            return
        if not (notice.kind in _SEEN_IN_WINDOW and self._is_looked_at()):
            title, text = words.notice(notice)
            self._sender.show(notice.id, title, text, _("Show me") if notice.action else "")
        if notice.kind == "done":
            self._dismiss(notice.id)

    def _clicked(self, identity: str) -> None:
        notice = self._shown.get(identity)
        self._sender.withdraw(identity)
        self.asked_for.emit(notice.action or "overview" if notice else "overview")
        self._closed(identity)

    def _closed(self, identity: str) -> None:
        notice = self._shown.get(identity)
        if notice is not None and notice.kind not in _PASSING:
            self._dismiss(identity)

    def _dismiss(self, identity: str) -> None:
        self._model.call("notice.dismiss", NoticeRef(identity), None, lambda _error: None)


class DesktopSender(QObject):
    """The desktop's notifications.

    Signals:
        clicked(str), closed(str): the person answered the notification of this identity.
        failed(str, str): a title and a text that could not be shown.
    """

    clicked = Signal(str)
    closed = Signal(str)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._notifier: DesktopNotifier | None = None
        self._on_screen: dict[str, str] = {}

    def show(self, identity: str, title: str, text: str, button: str) -> None:
        """Show a notification in place of the one of the same identity; an empty `button` is none."""
        self._run(self._show(identity, title, text, button))

    def withdraw(self, identity: str) -> None:
        """Take it off the screen."""
        if self._loop is not None:
            self._run(self._withdraw(identity))

    def close(self) -> None:
        """End the thread; what it was about to show is not shown."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_LAST_S)
            self._loop = self._thread = None

    def _run(self, coroutine: Coroutine[object, object, None]) -> None:
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=_live, args=(self._loop,), name="notifications", daemon=True)
            self._thread.start()
        asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _show(self, identity: str, title: str, text: str, button: str) -> None:
        # The library reports no failure, it only warns in the log; what was shown is called back before `send` ends.
        logging.getLogger("desktop_notifier").setLevel(logging.ERROR)
        try:
            from desktop_notifier import Button, DesktopNotifier, Icon

            if self._notifier is None:
                self._notifier = DesktopNotifier("Safelight", Icon(path=resources.path("icons/safelight.svg")))
            await self._withdraw(identity)
            reached: list[bool] = []
            buttons = [Button(button, on_pressed=lambda: self.clicked.emit(identity))] if button else []
            self._on_screen[identity] = await self._notifier.send(
                title,
                text,
                buttons=buttons,
                on_dispatched=lambda: reached.append(True),
                on_clicked=lambda: self.clicked.emit(identity),
                on_dismissed=lambda: self.closed.emit(identity),
            )
        except (OSError, ImportError, RuntimeError, ValueError) as error:
            log.info("no notification by the desktop: %s", error)
            reached = []
        if not reached:
            self._on_screen.pop(identity, None)
            self.failed.emit(title, text)

    async def _withdraw(self, identity: str) -> None:
        shown = self._on_screen.pop(identity, None)
        if shown is not None and self._notifier is not None:
            await self._notifier.clear(shown)


def _live(loop: "asyncio.AbstractEventLoop") -> None:
    """The thread: run until stopped, then leave nothing behind."""
    import asyncio

    loop.run_forever()
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left, timeout=_LAST_S))
    loop.close()
