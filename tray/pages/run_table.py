"""The history of runs as a table that is paged from the agent, newest first. GUI thread.

A run never changes once it is over, so a newer first page only puts rows on top.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from agent import words
from agent.protocol.history import RunRow
from agent.words.catalogue import _

Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RunColumn(IntEnum):
    """What stands where."""

    WHEN = 0
    TOOK = 1
    FILES = 2
    SIZE = 3
    SPEED = 4
    FAILED = 5


class RunTable(QAbstractTableModel):
    """The runs that are loaded.

    Signals:
        more_wanted(int): the person has come to the end; the next page is that of ids before this one.
    """

    more_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[RunRow] = []
        self.now_at = 0
        self._ended = True
        self._asking = False

    def take(self, before: int | None, page: Sequence[RunRow], *, is_end: bool) -> None:
        """A page of ids before `before` (None: from the newest on); `is_end` where none are older."""
        newest = self.runs[0].id if self.runs else 0
        fresh = [run for run in page if before is not None or run.id > newest]
        is_first = not self.runs
        if before is None and fresh and len(fresh) == len(page) and not is_end:
            self._clear()  # so much is new that what is loaded no longer follows on it
            is_first = True
        at = 0 if before is None else len(self.runs)
        if fresh:
            self.beginInsertRows(QModelIndex(), at, at + len(fresh) - 1)
            self.runs[at:at] = fresh
            self.endInsertRows()
        if before is not None or is_first:
            self._asking, self._ended = False, is_end

    def _clear(self) -> None:
        self.beginResetModel()
        self.runs = []
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.runs)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(RunColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (_("When"), _("It took"), _("Files"), _("Size"), _("Speed"), _("Failed"))[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - Qt's
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        return self._text(self.runs[index.row()], index.column()) if role == Qt.ItemDataRole.DisplayRole else None

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and bool(self.runs) and not self._ended and not self._asking

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._asking = True
            self.more_wanted.emit(self.runs[-1].id)

    def _text(self, run: RunRow, column: int) -> str:
        took_ms = run.ended_at - run.started_at
        match column:
            case RunColumn.WHEN:
                return words.moment(run.started_at, self.now_at)
            case RunColumn.TOOK:
                return words.duration_s(took_ms / 1_000)
            case RunColumn.FILES:
                return words.number(run.completed)
            case RunColumn.SIZE:
                return words.size(run.bytes)
            case RunColumn.SPEED:
                return words.rate(run.bytes * 1_000 // took_ms) if took_ms > 0 and run.bytes else ""
            case _:
                return words.number(run.failed) if run.failed else ""


def _alignment(column: int) -> Qt.AlignmentFlag:
    """Numbers end below each other."""
    usual = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    return _RIGHT if column >= RunColumn.FILES else usual
