"""Where tiles lie: every tile once, none over another, and every way through them leads somewhere."""

from hypothesis import given
from hypothesis import strategies as st

from tray.widgets.grid_layout import GridLayout

CELL, GAP, HEADING = 100, 10, 30
layouts = st.builds(
    lambda counts, width: GridLayout(counts, width, CELL, GAP, HEADING),
    st.lists(st.integers(1, 40), min_size=1, max_size=8),
    st.integers(50, 1_200),
)


@given(layouts)
def test_every_tile_has_a_place_of_its_own_and_is_found_there(layout: GridLayout) -> None:
    places = [layout.place(position) for position in range(layout.total)]
    assert len({(place.x, place.y) for place in places}) == layout.total
    for position, place in enumerate(places):
        assert layout.at(place.x, place.y) == position
        assert layout.at(place.x + layout.tile - 1, place.y + layout.tile - 1) == position
        assert place.y + layout.tile <= layout.height


@given(layouts, st.integers(0, 3_000), st.integers(1, 900))
def test_what_is_visible_is_exactly_what_the_stretch_touches(layout: GridLayout, top: int, height: int) -> None:
    first, last = layout.visible(top, top + height)
    touched = {
        position
        for position in range(layout.total)
        if layout.place(position).y < min(top + height, layout.height) and layout.place(position).y + layout.tile > top
    }
    assert touched <= set(range(first, last))
    assert len(set(range(first, last)) - touched) <= 2 * layout.columns  # at most a row too much at each end


@given(layouts, st.data())
def test_down_and_up_again_comes_back_to_the_same_column(layout: GridLayout, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, layout.total - 1))
    below = layout.step(position, 1)
    assert 0 <= below < layout.total
    assert layout.place(below).x <= layout.place(position).x
    assert below == position or layout.place(below).y > layout.place(position).y
    assert layout.step(0, -1) == 0
    assert layout.step(layout.total - 1, 1) == layout.total - 1


def test_what_is_left_over_of_the_width_is_shared() -> None:
    layout = GridLayout((10,), 360, CELL, GAP, HEADING)
    assert layout.columns == 3
    assert layout.place(2).x + layout.tile + GAP <= 360
    assert layout.tile > CELL


def test_between_tiles_and_on_headings_there_is_nothing() -> None:
    layout = GridLayout((2, 1), 360, CELL, GAP, HEADING)
    assert layout.at(5, HEADING + 5) is None
    assert layout.at(50, 10) is None
    assert layout.at(layout.place(1).x + layout.pitch, HEADING + 5) is None  # the month has no third one
    assert layout.at(50, 100_000) is None


def test_nothing_at_all_is_no_trouble() -> None:
    layout = GridLayout((), 360, CELL, GAP, HEADING)
    assert (layout.total, layout.height, layout.visible(0, 500), layout.at(1, 1)) == (0, 0, (0, 0), None)
