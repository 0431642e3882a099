"""Where each tile of a grid of months lies. Pure: numbers in, numbers out; cheap for any number of tiles.

A month is a heading and its tiles in rows; everything is told by the number of tiles of each month.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A tile's box in px, from the top of everything."""

    x: int
    y: int


class GridLayout:
    """For months of these sizes, in a view of this width; all in px."""

    def __init__(self, counts: Sequence[int], width: int, cell: int, gap: int, heading: int) -> None:
        self.cell, self.gap, self.heading = cell, gap, heading
        self.columns = max(1, (width - gap) // (cell + gap))
        #: What is left over is shared between the tiles.
        self.tile = max(cell, (width - gap) // self.columns - gap)
        self._firsts: list[int] = []
        self._tops: list[int] = []
        first = top = 0
        for count in counts:
            self._firsts.append(first)
            self._tops.append(top)
            first += count
            top += heading + -(-count // self.columns) * self.pitch
        self.total = first
        self.height = top + (gap if counts else 0)

    @property
    def pitch(self) -> int:
        """From one row to the next."""
        return self.tile + self.gap

    def month_of(self, position: int) -> int:
        """Which month a tile is of."""
        return bisect_right(self._firsts, position) - 1

    def first_of(self, month: int) -> int:
        """The position of a month's first tile."""
        return self._firsts[month]

    def top_of(self, month: int) -> int:
        """Where a month's heading begins."""
        return self._tops[month]

    def count_of(self, month: int) -> int:
        """How many tiles a month has."""
        after = self._firsts[month + 1] if month + 1 < len(self._firsts) else self.total
        return after - self._firsts[month]

    def place(self, position: int) -> Place:
        """Where a tile lies."""
        month = self.month_of(position)
        row, column = divmod(position - self._firsts[month], self.columns)
        return Place(self.gap + column * self.pitch, self._tops[month] + self.heading + row * self.pitch)

    def at(self, x: int, y: int) -> int | None:
        """The tile at a point, None between tiles."""
        if not self._tops or not 0 <= y < self.height:
            return None
        month = bisect_right(self._tops, y) - 1
        row, inside_y = divmod(y - self._tops[month] - self.heading, self.pitch)
        column, inside_x = divmod(x - self.gap, self.pitch)
        if row < 0 or not 0 <= column < self.columns or max(inside_x, inside_y) >= self.tile:
            return None
        position = row * self.columns + column
        return self._firsts[month] + position if position < self.count_of(month) else None

    def visible(self, top: int, bottom: int) -> tuple[int, int]:
        """The tiles that a stretch of the view touches, as first and last + 1."""
        if not self._tops or bottom <= top:
            return 0, 0
        first = self._from(max(top, 0), down=False)
        last = self._from(min(bottom, self.height) - 1, down=True)
        return first, max(first, last)

    def step(self, position: int, rows: int) -> int:
        """The tile that many rows below (or above), in the same column where there is one; across months too."""
        column = (position - self._firsts[self.month_of(position)]) % self.columns
        for _ in range(abs(rows)):
            month = self.month_of(position)
            inside = position - self._firsts[month]
            if rows > 0:
                position = self._below(month, inside, column, position)
            else:
                position = self._above(month, inside, column, position)
        return position

    def _below(self, month: int, inside: int, column: int, position: int) -> int:
        count = self.count_of(month)
        next_row = (inside // self.columns + 1) * self.columns
        if next_row < count:
            return self._firsts[month] + min(next_row + column, count - 1)
        if month + 1 < len(self._firsts):
            return self._firsts[month + 1] + min(column, self.count_of(month + 1) - 1)
        return position

    def _above(self, month: int, inside: int, column: int, position: int) -> int:
        if inside >= self.columns:
            return self._firsts[month] + (inside // self.columns - 1) * self.columns + column
        if month > 0:
            last = self.count_of(month - 1) - 1
            return self._firsts[month - 1] + min(last // self.columns * self.columns + column, last)
        return position

    def _from(self, y: int, *, down: bool) -> int:
        month = bisect_right(self._tops, y) - 1
        row = max(0, (y - self._tops[month] - self.heading) // self.pitch)
        if down:
            inside = (y - self._tops[month]) >= self.heading
            return self._firsts[month] + (min((row + 1) * self.columns, self.count_of(month)) if inside else 0)
        return self._firsts[month] + min(row * self.columns, self.count_of(month))
