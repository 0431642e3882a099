"""`backup --wait`: following one request until nothing of it is left, with bars for a person.

The agent's changes wake the loop; a slow tick beside them bounds what a missed one could cost. Main thread.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from agent import words
from agent.cli.failure import DONE, HELD, SIGNED_OUT, SOME_FAILED
from agent.cli.follow import Follower
from agent.cli.output import complain, console, say
from agent.cli.session import Session, now_at
from agent.protocol.methods import PAGE_LIMIT, Files, GroupId, LibraryList
from agent.protocol.types import FileRow, GroupRow, Hold, Snapshot, Transfer
from agent.protocol.wire import to_plain
from agent.words.catalogue import _, fill, ngettext

if TYPE_CHECKING:
    from rich.table import Column

_TICK_S = 1.0
_FIRST_TICK_S = 0.005
#: A hold that comes and goes within a moment is not what is left.
_HELD_LOOKS = 2
_HELD_TICK_S = 0.3
_LISTED = 50
_BAR_COLUMNS = 14
_SIGN_IN = frozenset(
    {"signed_out", "permission_missing", "secret_missing", "keyring_locked", "keyring_absent", "account_changed"}
)


class Outcome:
    """How a request ended, or that only held work of it is left."""

    def __init__(self, group: GroupRow, snapshot: Snapshot, failed: list[FileRow]) -> None:
        self.group = group
        self.snapshot = snapshot
        self.failed = failed

    @property
    def exit_code(self) -> int:
        """Of the ways to be unfinished the one that a person must act on first."""
        if self.group.failed:
            return SOME_FAILED
        if self.group.finished:
            return SOME_FAILED if self.group.cancelled else DONE
        return SIGNED_OUT if signed_out(self.snapshot) else HELD

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        now = now_at()
        return {
            "group": to_plain(self.group),
            "exit_code": self.exit_code,
            "failed_files": [{**to_plain(row), "reason_text": _why(row)} for row in self.failed],
            "held_by": [{**to_plain(one), "detail": words.hold(one, self.snapshot, now)} for one in self._holds()],
        }

    def tell(self) -> None:
        """For a person: what is done on stdout, what is not on stderr."""
        group = self.group
        if self.failed or group.failed:
            complain(
                fill(
                    ngettext("One file could not be backed up:", "{count} files could not be backed up:", group.failed),
                    {"count": group.failed},
                )
            )
            for row in self.failed[:_LISTED]:
                complain(f"  {words.display_path(row.path)}: {_why(row)}")
            if len(self.failed) > _LISTED:
                complain(_("  ... 'safelight library list --state failed' shows all of them."))
        if not group.finished:
            complain(
                fill(
                    ngettext("One copy waits:", "{count} copies wait:", group.outstanding), {"count": group.outstanding}
                )
            )
            for line in dict.fromkeys(words.hold(one, self.snapshot, now_at()) for one in self._holds()):
                complain(f"  {line}")
        elif group.reason:
            complain(_("The folders could not be looked through to the end:"))
            complain(f"  {words.last_error(group.reason, is_over=True)}")
        elif group.cancelled:
            complain(_("Cancelled. The files stay in the queue."))
        elif not group.failed:
            say(_finished(group))

    def _holds(self) -> tuple[Hold, ...]:
        """The holds in force, or where the agent names none, the problems that block a destination, or single files."""
        if self.group.finished:
            return ()
        if self.snapshot.holds:
            return self.snapshot.holds
        return tuple(
            Hold("blocked", one.blocks, args={**one.args, "problem": one.code})
            for one in self.snapshot.problems
            if one.blocks or one.code == "waits_for_room"
        )


def _finished(group: GroupRow) -> str:
    if group.total == 0:
        return _("Nothing to do: all of it is safe already.")
    said = ngettext("One copy made.", "{count} copies made or found in place.", group.completed)
    return fill(said, {"count": group.completed})


def _why(row: FileRow) -> str:
    return words.reason(row.reason or "internal_error", row.args)


def signed_out(snapshot: Snapshot) -> bool:
    """Whether what holds the work is a sign-in."""
    held = {one.args.get("problem") for one in snapshot.holds if one.constraint == "blocked"}
    blocking: set[object] = {one.code for one in snapshot.problems if one.blocks}
    return bool(_SIGN_IN & (held | blocking))


def only_held(group: GroupRow) -> bool:
    """Whether everything that is left of the request is held."""
    return not group.finished and not group.scanning and 0 < group.outstanding <= group.held


def follow_group(session: Session, group_id: int, paths: tuple[str, ...] = ()) -> Outcome:
    """Wait until nothing is left to be done, showing progress to a person."""
    with Follower(session.home) as follower, _bars(session) as bars:
        held_looks, begun_s = 0, time.monotonic()
        try:
            while True:
                group: GroupRow = follower.call("group.show", GroupId(group_id))
                bars.show(group, follower.snapshot)
                held_looks = held_looks + 1 if only_held(group) else 0
                if group.finished or held_looks >= _HELD_LOOKS:
                    break
                follower.wait(_HELD_TICK_S if held_looks else _patience_s(time.monotonic() - begun_s))
        except KeyboardInterrupt:
            complain(_("The backup goes on in the background; 'safelight backup --cancel' stops it."))
            raise
    failed = list(failed_files(session, paths)) if group.failed else []
    return Outcome(group, follower.snapshot, failed)


def _patience_s(taken_s: float) -> float:
    """How long to wait for a change before the next look, after so much time.

    A change may take a fifth of a second to be told, and where all is safe already the request has ended long before.
    """
    return min(_TICK_S, max(_FIRST_TICK_S, taken_s / 2))


def failed_files(session: Session, paths: tuple[str, ...]) -> Iterator[FileRow]:
    """The files in state failed that lie at or under these paths (none: all)."""
    with session.connected() as client:
        after: int | None = 0
        while after is not None:
            page: Files = client.call("library.list", LibraryList("failed", None, after, PAGE_LIMIT))
            yield from (row for row in page.rows if not paths or any(_is_under(row.path, path) for path in paths))
            after = page.next


def _is_under(path: str, root: str) -> bool:
    return path == root or path.startswith((root.rstrip("/\\") + "/", root.rstrip("/\\") + "\\"))


class _Bars(Protocol):
    """Something that shows how far it is."""

    def show(self, group: GroupRow, snapshot: Snapshot) -> None: ...


class _Silent:
    """For machines: nothing."""

    def show(self, group: GroupRow, snapshot: Snapshot) -> None:
        """Stay silent."""


class _Lines:
    """Into a pipe or a log: a line when a tenth more is done, not a redrawn screen."""

    def __init__(self) -> None:
        self._last = -1

    def show(self, group: GroupRow, snapshot: Snapshot) -> None:  # noqa: ARG002 - as the others
        tenth = 10 * (group.completed + group.failed) // group.total if group.total else -1
        if tenth > self._last and not group.scanning:
            self._last = tenth
            say(_counted(group))


def _counted(group: GroupRow) -> str:
    args = {
        "done": group.completed,
        "total": group.total,
        "sent": words.size(group.bytes_done),
        "all": words.size(group.bytes_total),
    }
    return fill(_("{done} of {total} copies, {sent} of {all}"), args)


class _Live:
    """On a terminal: one bar for all and one for each file in flight."""

    def __init__(self, progress: Any) -> None:  # noqa: ANN401 - rich is not loaded before it is needed
        self._progress = progress
        self._all = progress.add_task(_("Looking"), total=None, note="")
        self._files: dict[tuple[str, str], Any] = {}

    def show(self, group: GroupRow, snapshot: Snapshot) -> None:
        self._progress.update(
            self._all,
            description=_("Looking") if group.scanning and not group.total else _("All"),
            total=group.bytes_total or None,
            completed=group.bytes_done,
            note=_noted(group, snapshot),
        )
        self._show_files(snapshot.transfers)

    def _show_files(self, transfers: tuple[Transfer, ...]) -> None:
        now = {(one.path, one.destination): one for one in transfers}
        for key in [key for key in self._files if key not in now]:
            self._progress.remove_task(self._files.pop(key))
        for key, one in now.items():
            if key not in self._files:
                self._files[key] = self._progress.add_task(one.path.rpartition("/")[2] or one.path, total=100, note="")
            self._progress.update(
                self._files[key],
                completed=one.progress,
                note=words.rate(one.bytes_per_second) if one.bytes_per_second else "",
            )


def _noted(group: GroupRow, snapshot: Snapshot) -> str:
    """Counts, rate and time left."""
    parts = [f"{words.number(group.completed)}/{words.number(group.total)}"] if group.total else []
    if snapshot.run is not None and snapshot.run.bytes_per_second:
        parts.append(words.rate(snapshot.run.bytes_per_second))
        left_s = (group.bytes_total - group.bytes_done) / snapshot.run.bytes_per_second
        parts.append(words.time_left(max(0.0, left_s)))
    if group.failed:
        parts.append(fill(_("{count} failed"), {"count": group.failed}))
    return ", ".join(parts)


@contextmanager
def _bars(session: Session) -> Iterator[_Bars]:
    if session.json:
        yield _Silent()
        return
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, Progress, TextColumn

    screen = console()
    name_columns = max(12, 16 + (screen.width - 80) // 3)
    note_columns = max(10, screen.width - name_columns - _BAR_COLUMNS - 2)
    columns = (
        TextColumn("{task.description}", markup=False, table_column=_fixed(name_columns)),
        BarColumn(_BAR_COLUMNS, complete_style="blue", finished_style="green", pulse_style="blue"),
        TextColumn("{task.fields[note]}", markup=False, table_column=_fixed(note_columns)),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        yield _Live(progress)


def _fixed(columns: int) -> "Column":
    """A column that neither grows nor folds, so that the bars do not dance."""
    from rich.table import Column

    return Column(width=columns, overflow="ellipsis", no_wrap=True)
