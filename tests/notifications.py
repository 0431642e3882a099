"""A desktop's notifications that remember what they were asked to show, and click when told. A thread of its own.

It is on a real bus under the real name, and announces its signals as the daemons of desktops do; python-dbusmock
announces none, so that those who look for them before they listen hear nothing.
"""

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from jeepney import DBusAddress, HeaderFields, Message, MessageType, message_bus, new_method_return, new_signal
from jeepney.io.blocking import Proxy, open_dbus_connection

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
_LAST_S = 10.0
_ABOUT = f"""<node><interface name="{NAME}">
<method name="GetCapabilities"><arg direction="out" type="as"/></method>
<method name="GetServerInformation"><arg direction="out" type="s"/><arg direction="out" type="s"/>
<arg direction="out" type="s"/><arg direction="out" type="s"/></method>
<method name="Notify"><arg direction="in" type="s"/><arg direction="in" type="u"/><arg direction="in" type="s"/>
<arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="as"/>
<arg direction="in" type="a{{sv}}"/><arg direction="in" type="i"/><arg direction="out" type="u"/></method>
<method name="CloseNotification"><arg direction="in" type="u"/></method>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface></node>"""
_BY_THE_PERSON = 2


@dataclass(frozen=True)
class Shown:
    """One notification; the texts of its buttons by their keys."""

    number: int
    title: str
    text: str
    buttons: dict[str, str]


class Notifications:
    """Shows nothing, on the bus of this address."""

    def __init__(self, address: str) -> None:
        self.shown: list[Shown] = []
        #: The numbers of those that were taken back.
        self.withdrawn: list[int] = []
        self._bus = open_dbus_connection(address)
        self._sending = threading.Lock()
        Proxy(message_bus, self._bus).RequestName(NAME)
        self._thread = threading.Thread(target=self._serve, name="notifications", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError):
            self._bus.sock.shutdown(2)  # wakes the thread
        self._thread.join(_LAST_S)
        self._bus.close()

    def press(self, number: int, key: str) -> None:
        """The person presses a button, or the notification itself (the key `default`)."""
        self._signal("ActionInvoked", "us", number, key)

    def dismiss(self, number: int) -> None:
        """The person closes it."""
        self._signal("NotificationClosed", "uu", number, _BY_THE_PERSON)

    def _signal(self, name: str, signature: str, *args: Any) -> None:
        self._send(new_signal(DBusAddress(PATH, interface=NAME), name, signature, args))

    def _send(self, message: Message) -> None:
        with self._sending:
            self._bus.send(message)

    def _serve(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                asked = self._bus.receive()
                if asked.header.message_type is MessageType.method_call:
                    signature, body = self._answer(asked.header.fields[HeaderFields.member], asked.body)
                    self._send(new_method_return(asked, signature, body))

    def _answer(self, method: str, given: tuple[Any, ...]) -> tuple[str | None, tuple[Any, ...]]:
        if method == "Introspect":
            return "s", (_ABOUT,)
        if method == "GetCapabilities":
            return "as", (["actions", "body"],)
        if method == "GetServerInformation":
            return "ssss", ("stand-in", "tests", "1", "1.2")
        if method == "Notify":
            number, keys = len(self.shown) + 1, given[5]
            self.shown.append(Shown(number, given[3], given[4], dict(zip(keys[::2], keys[1::2], strict=True))))
            return "u", (number,)
        if method == "CloseNotification":
            self.withdrawn.append(given[0])
        return None, ()
