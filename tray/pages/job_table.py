"""The queue as a table that is paged from the agent, newest first, and brought up to date in place. GUI thread.

Rows keep their place, their selection and the scroll position while the queue moves under them: a page that arrives
replaces exactly the stretch of ids it speaks for.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPalette

from agent import words
from agent.protocol.types import JobRow
from agent.words.catalogue import _
from tray.pages import job_words
from tray.widgets.drawing import mark_icon

#: A person who wants to see more than this wants a filter.
MOST_ROWS = 5_000
Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """What stands where."""

    WHAT = 0
    WHERE = 1
    STATE = 2
    TRIES = 3
    ERROR = 4


class JobTable(QAbstractTableModel):
    """The loaded part of the queue.

    Signals:
        more_wanted(int): the person has come to the end; the next page is that of ids before this one.
    """

    more_wanted = Signal(int)

    def __init__(self, palette: QPalette) -> None:
        super().__init__()
        self.jobs: list[JobRow] = []
        self.destinations: dict[str, str] = {}
        self.now_at = 0
        self._ended = True
        self._asking = False
        self.recolour(palette)

    def recolour(self, palette: QPalette) -> None:
        """Draw the marks for this palette."""
        self._icons = {status: mark_icon(name, palette) for status, name in job_words.MARKS.items()}

    def clear(self) -> None:
        """Forget everything; another filter is asked for."""
        self.beginResetModel()
        self.jobs, self._ended, self._asking = [], True, False
        self.endResetModel()

    def show_names(self, destinations: Mapping[str, str], now_at: int) -> None:
        """What destinations are called, and what time it is."""
        self.now_at = now_at
        if dict(destinations) != self.destinations:
            self.destinations = dict(destinations)
            if self.jobs:
                self.dataChanged.emit(self.index(0, Column.WHERE), self.index(len(self.jobs) - 1, Column.WHERE))

    def take(self, before: int | None, page: Sequence[JobRow], *, is_end: bool) -> None:
        """A page of ids before `before` (None: from the newest on); `is_end` where none are older."""
        first = 0 if before is None else self._place(before - 1)
        last = len(self.jobs) if is_end or not page else self._place(page[-1].id - 1)
        if before is None and page and self.jobs and page[-1].id > self.jobs[0].id:
            last = len(self.jobs)  # so much is new that what is loaded no longer follows on it
        reached_end = last == len(self.jobs)
        self._replace(first, last, page)
        if reached_end:
            self._asking = False
            self._ended = is_end or not page or len(self.jobs) >= MOST_ROWS

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.jobs)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's
        if role != Qt.ItemDataRole.DisplayRole or orientation is not Qt.Orientation.Horizontal:
            return None
        return (_("What"), _("Where to"), _("State"), _("Tries"), _("Why not"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's
        job = self.jobs[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(job, index.column())
            case Qt.ItemDataRole.DecorationRole if index.column() == Column.STATE:
                return self._icons[job.status]
            case Qt.ItemDataRole.ToolTipRole if index.column() == Column.WHAT and job.path:
                return words.display_path(job.path)
            case Qt.ItemDataRole.ToolTipRole if index.column() == Column.ERROR:
                return words.last_error(job.last_error, is_over=job.status == "FAILED") or None
        return None

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and bool(self.jobs) and not self._ended and not self._asking

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._asking = True
            self.more_wanted.emit(self.jobs[-1].id)

    def _text(self, job: JobRow, column: int) -> str:
        match column:
            case Column.WHAT:
                return job_words.what(job)
            case Column.WHERE:
                return job_words.where(job, self.destinations)
            case Column.STATE:
                return job_words.state(job, self.now_at)
            case Column.TRIES:
                return job_words.tries(job)
            case _:
                return job_words.reason(job)

    def _place(self, identity: int) -> int:
        """The first row whose id is not above this one; ids fall from row to row."""
        low, high = 0, len(self.jobs)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.jobs[middle].id > identity else (low, middle)
        return low

    def _replace(self, first: int, last: int, page: Sequence[JobRow]) -> None:
        """Make rows `first` to `last` those of the page: drop, insert and change as little as possible."""
        wanted = {job.id: job for job in page}
        for row in range(last - 1, first - 1, -1):
            if self.jobs[row].id not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self.jobs[row]
                self.endRemoveRows()
        at = first
        while page:
            known = self.jobs[at].id if at < len(self.jobs) else -1
            fresh = 0
            while fresh < len(page) and page[fresh].id > known:
                fresh += 1
            if fresh:
                self.beginInsertRows(QModelIndex(), at, at + fresh - 1)
                self.jobs[at:at] = page[:fresh]
                self.endInsertRows()
                at, page = at + fresh, page[fresh:]
                continue
            if self.jobs[at] != page[0]:
                self.jobs[at] = page[0]
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(Column) - 1))
            at, page = at + 1, page[1:]
