"""What of the library is known in the window: its months, and the stretches of files that were asked for. GUI thread.

Bounded: the stretches looked at last are kept, the others forgotten and asked for again. Positions count from the
newest file on, over all months.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from agent import words
from agent.protocol.methods import Files, LibraryFilter, LibraryMonth, Month, Months
from agent.protocol.types import FileRow
from agent.protocol.wire import Error
from agent.words.catalogue import _, fill
from tray.model import Model, explained
from tray.widgets.tile import Tile

PAGE = 100
_KEPT_PAGES = 40
_AGAIN_MS = 4_000

Key = tuple[str, int]


class LibraryPages(QObject):
    """Months and pages for one filter.

    Signals:
        months_changed(): other months, or other numbers of files in them.
        rows_changed(): other files are known.
        failed(str): a sentence on why there is nothing to show.
    """

    months_changed = Signal()
    rows_changed = Signal()
    failed = Signal(str)

    def __init__(self, model: Model, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.only = LibraryFilter()
        self.months: tuple[Month, ...] = ()
        self.is_known = False
        self.rows: dict[int, FileRow] = {}
        self.tiles: dict[int, Tile] = {}
        self._firsts: list[int] = []
        self._pages: OrderedDict[Key, int] = OrderedDict()
        self._asked: set[Key] = set()
        self._turn = 0
        self._shown = (0, 0)
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._again.timeout.connect(self.look_again)

    @property
    def total(self) -> int:
        """How many files fit the filter."""
        return sum(month.files for month in self.months)

    def show_only(self, only: LibraryFilter) -> None:
        """Begin anew with another filter."""
        self.only = only
        self._turn += 1
        self._ask_months()

    def touch(self) -> None:
        """Something changed at the agent: look again soon, but not often."""
        if not self._again.isActive():
            self._again.start()

    def need(self, first: int, last: int) -> None:
        """Positions from `first` to before `last` are looked at."""
        self._shown = (first, last)
        for at, month in enumerate(self.months):
            start = self._firsts[at]
            low, high = max(first, start), min(last, start + month.files)
            for page in range((low - start) // PAGE, -(-(high - start) // PAGE)) if low < high else ():
                self._need_page((month.month, page))

    def gather(self, positions: Sequence[int], then: Callable[[list[FileRow]], None]) -> None:
        """Go on with the files at all these positions; those that are not known are asked for first.

        Where other files came to these positions meanwhile, nothing is done but saying so.
        """
        known = {position: self.rows[position] for position in positions if position in self.rows}
        turn, months = self._turn, self.months
        missing = OrderedDict((self._page_of(one), None) for one in positions if one not in known)
        wanted = set(positions)

        def take(key: Key, found: Files) -> None:
            first = (
                self._firsts[self._at(key[0])] + key[1] * PAGE if (self._turn, self.months) == (turn, months) else -1
            )
            if first < 0:
                self.failed.emit(_("The library changed just now. Select again."))
                return
            rows = {first + at: row for at, row in enumerate(found.rows)}
            known.update((position, row) for position, row in rows.items() if position in wanted)
            ask()

        def ask() -> None:
            if not missing:
                then([known[position] for position in sorted(known)])
                return
            (month, page), _none = missing.popitem(last=False)
            asked = LibraryMonth(month, self.only, page * PAGE, PAGE)
            answer = partial(take, (month, page))
            self._model.call("library.month", asked, answer, self._refused, owner=self)

        ask()

    def _at(self, month: str) -> int:
        return next(at for at, one in enumerate(self.months) if one.month == month)

    def _page_of(self, position: int) -> Key:
        at = bisect_right(self._firsts, position) - 1
        return self.months[at].month, (position - self._firsts[at]) // PAGE

    def _need_page(self, key: Key) -> None:
        if key in self._pages:
            self._pages.move_to_end(key)
        elif key not in self._asked:
            self._asked.add(key)
            turn, (month, page) = self._turn, key
            self._model.call(
                "library.month",
                LibraryMonth(month, self.only, page * PAGE, PAGE),
                lambda found: self._take_page(turn, key, found),
                lambda _error: self._asked.discard(key),
                owner=self,
            )

    def _take_page(self, turn: int, key: Key, found: Files) -> None:
        self._asked.discard(key)
        start = next((self._firsts[at] for at, month in enumerate(self.months) if month.month == key[0]), None)
        if turn != self._turn or start is None:
            return
        first = start + key[1] * PAGE
        for at, row in enumerate(found.rows):
            self.rows[first + at] = row
            self.tiles[first + at] = tile_of(row)
        self._pages[key] = first
        self._pages.move_to_end(key)
        while len(self._pages) > _KEPT_PAGES:
            _key, forgotten = self._pages.popitem(last=False)
            for position in range(forgotten, forgotten + PAGE):
                self.rows.pop(position, None)
                self.tiles.pop(position, None)
        self.rows_changed.emit()

    def _ask_months(self) -> None:
        turn = self._turn
        self._model.call(
            "library.months", self.only, lambda found: self._take_months(turn, found), self._refused, owner=self
        )

    def _take_months(self, turn: int, found: Months) -> None:
        if turn != self._turn:
            return
        same = self.is_known and found.rows == self.months
        self._pages.clear()
        self._asked.clear()
        self.is_known = True
        if not same:
            self.months = found.rows
            self._firsts = [sum(month.files for month in found.rows[:at]) for at in range(len(found.rows))]
            self.rows.clear()
            self.tiles.clear()
            self.months_changed.emit()
        self.need(*self._shown)

    def _refused(self, error: Error) -> None:
        self.failed.emit(explained(error))

    def look_again(self) -> None:
        """Look now at what there is; rows that are known stay until then."""
        self._again.stop()
        self._ask_months()


def tile_of(row: FileRow) -> Tile:
    """A file as the grid shows it."""
    title = fill(
        _("{name}: {state}, {size_bytes}, {moment}"),
        {
            "name": row.name,
            "state": words.state(row.state),
            "size_bytes": row.size_bytes,
            "moment": words.date_time(row.modified_at),
        },
    )
    return Tile(row.id, row.name, title, row.state, row.role == "video")


def month_titles(months: Sequence[Month]) -> list[tuple[str, int]]:
    """Headings with counts: `July 2024`."""
    names = (
        _("January {year}"),
        _("February {year}"),
        _("March {year}"),
        _("April {year}"),
        _("May {year}"),
        _("June {year}"),
        _("July {year}"),
        _("August {year}"),
        _("September {year}"),
        _("October {year}"),
        _("November {year}"),
        _("December {year}"),
    )
    said = []
    for month in months:
        year, _dash, number = month.month.partition("-")
        said.append((names[int(number) - 1].replace("{year}", year), month.files))
    return said
