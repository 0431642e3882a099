"""How far a pass over the media cache is: a bar on a terminal, a line now and then into a pipe, else nothing."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from agent import words
from agent.cli.output import console, say
from agent.words.catalogue import _, fill

_LINE_EVERY_S = 10.0
_REDRAW_S = 0.2


class Progress(Protocol):
    """What of a report is shown; `agent.work.cache.building.Report` has it."""

    phase: Any
    total: int
    done: int
    first: int
    failed: list[Any]
    files_per_s: float
    remaining_s: float | None


class Shown(Protocol):
    """Something that hears how far it is."""

    def tell(self, report: Progress) -> None: ...


class _Silent:
    def tell(self, report: Progress) -> None:
        """For machines: nothing."""


class _Lines:
    def __init__(self) -> None:
        self._told_s = time.monotonic()

    def tell(self, report: Progress) -> None:
        """Into a pipe or a log."""
        if time.monotonic() - self._told_s >= _LINE_EVERY_S:
            self._told_s = time.monotonic()
            say(_noted(report))


class _Bar:
    def __init__(self, progress: Any) -> None:  # noqa: ANN401 - rich is not loaded before it is needed
        self._progress = progress
        self._task = progress.add_task(_("Looking"), total=None, note="")
        self._told_s = 0.0

    def tell(self, report: Progress) -> None:
        """On a terminal."""
        if time.monotonic() - self._told_s < _REDRAW_S:
            return
        self._told_s = time.monotonic()
        names = {
            "looking": _("Looking"),
            "first": _("First pictures"),
            "whole": _("Pictures"),
            "cleaning": _("Tidying"),
        }
        is_counted = report.phase == "whole"
        self._progress.update(
            self._task,
            description=names[report.phase],
            total=report.total if is_counted and report.total else None,
            completed=report.done + len(report.failed) if is_counted else 0,
            note=_noted(report),
        )


def _noted(report: Progress) -> str:
    """Counts, rate and time left."""
    if report.phase == "first":
        return fill(_("{count} tiny pictures"), {"count": report.first})
    if report.phase != "whole":
        return ""
    through = report.done + len(report.failed)
    parts = [f"{words.number(through)}/{words.number(report.total)}"]
    if report.files_per_s:
        parts.append(fill(_("{rate} files/s"), {"rate": round(report.files_per_s, 1)}))
    if report.remaining_s is not None:
        parts.append(words.time_left(report.remaining_s))
    if report.failed:
        parts.append(fill(_("{count} failed"), {"count": len(report.failed)}))
    return ", ".join(parts)


@contextmanager
def shown(*, silent: bool) -> Iterator[Shown]:
    """What fits to where stdout goes."""
    if silent:
        yield _Silent()
        return
    if not sys.stdout.isatty():
        yield _Lines()
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(20, complete_style="blue", finished_style="green", pulse_style="blue"),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=console(), transient=True) as progress:
        yield _Bar(progress)
