"""The library: a grid of any size of which only the screen is asked for, filters, keys, the lightbox and actions."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.cache import ThumbnailRow, Thumbnails
from agent.protocol.history import Chosen
from agent.protocol.methods import BackupStart, LibraryFilter, LibraryMonth
from agent.protocol.server import Paths
from agent.protocol.types import Counts, FileState, Library
from tests.fakes.agent import FakeAgent
from tests.fakes.library import Shelf, file, furnish_library, show
from tests.fakes.lists import furnish
from tests.fakes.scenes import SAFE, WORKING
from tests.tray.widgets_read import nameless, read, unreachable
from tray.pages import library_pages
from tray.pages.library import LibraryPage
from tray.pages.library_pages import PAGE
from tray.pages.window import Window

Serve = Callable[..., FakeAgent]


@pytest.fixture
def page(seam: Any, revealed: list[str], qtbot: QtBot) -> Iterator[LibraryPage]:
    found = LibraryPage(seam.model, revealed.append)
    window = Window([found])
    qtbot.addWidget(window)
    window.resize(900, 600)
    window.show()
    window.activateWindow()
    yield found
    window.close()


@pytest.fixture
def agent(page: LibraryPage, seam: Any, serve: Serve, qtbot: QtBot) -> FakeAgent:
    found = furnish_library(furnish(serve(SAFE)), 1_200)
    seam.connect()
    qtbot.waitUntil(lambda: bool(page.pages.rows))
    return found


def rows_on_screen(page: LibraryPage) -> bool:
    first, last = page.grid.visible_range()
    return last > first and all(position in page.pages.rows for position in range(first, last))


def press(page: LibraryPage, qtbot: QtBot, *keys: Qt.Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
    for key in keys:
        qtbot.keyClick(page.grid, key, modifier)  # type: ignore[no-untyped-call]


def test_months_come_with_their_tiles(page: LibraryPage, agent: FakeAgent) -> None:
    assert page.grid._titles[:2] == ["November 2026", "October 2026"]
    assert page.grid.layout_.total == 1_200
    assert page.count.text() == "1,200 photos and videos"
    assert page.pages.tiles[0].title.startswith("IMG_9999.HEIC: safe, 2.4 MB, ")


def test_only_what_is_on_the_screen_is_asked_for(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: rows_on_screen(page))
    assert len(page.pages.rows) <= 3 * PAGE
    agent.calls.clear()
    bar = page.grid.verticalScrollBar()
    for share in (20, 40, 60, 80, 100):  # through everything without rest
        bar.setValue(bar.maximum() * share // 100)
    qtbot.waitUntil(lambda: rows_on_screen(page))
    assert len(agent.asked("library.month")) <= 4
    first, last = page.grid.visible_range()
    assert last == 1_200
    assert page.pages.rows[last - 1] == file(last - 1)
    assert page.pages.rows[first] == file(first)


def test_stretches_that_were_left_are_forgotten(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_pages, "_KEPT_PAGES", 4)
    bar = page.grid.verticalScrollBar()
    for share in range(0, 101, 10):
        bar.setValue(bar.maximum() * share // 100)
        qtbot.waitUntil(lambda: rows_on_screen(page))
    assert len(page.pages.rows) <= 4 * PAGE
    bar.setValue(0)
    qtbot.waitUntil(lambda: rows_on_screen(page))


def test_pictures_come_and_those_that_are_being_made_are_asked_for_again(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: page.shelf.picture(1) is not None)
    assert page.shelf.picture(11) is None
    monkeypatch.setattr("tests.fakes.library.sample", lambda *_any: (b"", 1, 1))
    ready = agent.answers["cache.thumbnails"]
    agent.answers["cache.thumbnails"] = lambda asked: Thumbnails(
        tuple(ThumbnailRow(one, None, failure="undecodable") for one in asked.ids)
    )
    agent.calls.clear()
    page.shelf._again.start(0)
    qtbot.waitUntil(lambda: bool(agent.asked("cache.thumbnails")))
    assert 11 in agent.asked("cache.thumbnails")[0].ids  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: 11 in page.shelf._none)
    agent.answers["cache.thumbnails"] = ready
    agent.calls.clear()
    page.shelf.want([11], 100)
    assert agent.asked("cache.thumbnails") == []


@pytest.mark.parametrize(
    ("choose", "only"),
    [
        pytest.param(lambda bar: bar.text.setText("beach"), LibraryFilter(text="beach"), id="text"),
        pytest.param(lambda bar: bar.show_state("failed"), LibraryFilter(state="failed"), id="state"),
    ],
)
def test_a_filter_begins_anew(
    choose: Callable[[Any], None], only: LibraryFilter, page: LibraryPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.calls.clear()
    choose(page.filters)
    qtbot.waitUntil(lambda: agent.asked("library.months") == [only])


def test_what_fits_nothing_says_so(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.filters.text.setText("nothing")
    qtbot.waitUntil(lambda: "Nothing fits this choice." in read(page))
    assert not page.grid.isVisible()
    page.filters.text.clear()
    qtbot.waitUntil(page.grid.isVisible)


def test_an_empty_library_says_how_to_begin(page: LibraryPage, seam: Any, serve: Serve, qtbot: QtBot) -> None:
    agent = furnish(serve(SAFE))
    agent.answers["library.months"] = Shelf(0).all_months
    seam.connect()
    qtbot.waitUntil(lambda: "No photos or videos yet. Add a folder to begin." in read(page))


def test_keys_lead_everywhere(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.grid.setFocus()
    press(page, qtbot, Qt.Key.Key_Right)
    assert page.grid.current == 0
    columns = page.grid.layout_.columns
    press(page, qtbot, Qt.Key.Key_Right, Qt.Key.Key_Down)
    assert page.grid.current == columns + 1
    press(page, qtbot, Qt.Key.Key_End)
    assert page.grid.current == 1_199
    assert page.grid.visible_range()[1] == 1_200
    press(page, qtbot, Qt.Key.Key_Home)
    assert (page.grid.current, page.grid.selected) == (0, {0})
    press(page, qtbot, Qt.Key.Key_Right, Qt.Key.Key_Right, modifier=Qt.KeyboardModifier.ShiftModifier)
    assert page.grid.selected == {0, 1, 2}
    press(page, qtbot, Qt.Key.Key_Space)
    assert page.grid.selected == {0, 1}
    assert page.grid.accessibleDescription().startswith("IMG_9997.HEIC: safe")


def test_a_click_selects_what_is_under_it(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    def click(position: int, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.mouseClick(  # type: ignore[no-untyped-call]
            page.grid.viewport(), Qt.MouseButton.LeftButton, modifier, page.grid.box_of(position).center()
        )

    click(2)
    assert page.grid.selected == {2}
    click(4, Qt.KeyboardModifier.ControlModifier)
    click(6, Qt.KeyboardModifier.ShiftModifier)
    assert page.grid.selected == {4, 5, 6}
    assert page.count.text() == "3 selected"


def test_in_a_mirrored_window_the_first_tile_is_to_the_right(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.window().setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    box = page.grid.box_of(0)
    assert box.center().x() > page.grid.viewport().width() // 2
    assert page.grid._at(box.center()) == 0
    page.grid.setFocus()
    press(page, qtbot, Qt.Key.Key_Home, Qt.Key.Key_Left)
    assert page.grid.current == 1


def test_what_is_selected_can_be_backed_up_and_shown(
    page: LibraryPage, agent: FakeAgent, revealed: list[str], qtbot: QtBot
) -> None:
    page.grid.select(0)
    page.show_file.click()
    assert revealed == [file(0).path]
    page.grid.select(1, add=True)
    assert not page.show_file.isEnabled()
    page.deeds.back_up.click()
    qtbot.waitUntil(lambda: bool(agent.asked("backup.start")))
    assert agent.asked("backup.start") == [BackupStart((file(0).path, file(1).path))]


def test_the_menu_offers_the_same(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.grid.select(0)
    names = [action.text().replace("&", "") for action in page.menu().actions()]
    assert names == [
        "Look at it",
        "Back up now",
        "Do not back up",
        "Check the copies",
        "Show in the file manager",
        "Open in Immich",
    ]


def test_the_page_of_what_is_selected_opens_in_immich_and_what_is_not_there_says_so(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    page.grid.select(0)
    page.immich.click()
    qtbot.waitUntil(lambda: len(opened) == 1)
    assert "/photos/" in opened[0]
    agent.answers["library.show"] = lambda asked: msgspec.structs.replace(show(asked), copies=())
    page.immich.click()
    qtbot.waitUntil(lambda: page.came.text() == "It is not on the Immich server yet.")
    assert len(opened) == 1


def test_what_failed_is_retried(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.grid.select(9)
    assert page.deeds.back_up.text() == "Retr&y"
    page.deeds.back_up.click()
    qtbot.waitUntil(lambda: agent.asked("backup.start") == [BackupStart((file(9).path,))])
    page.grid.select(10, add=True)
    assert page.deeds.back_up.text() == "&Back up now"


def test_all_that_is_selected_is_meant_also_what_was_never_seen(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    page.grid.select(0)
    page.grid.select(1_199, up_to=True)
    assert page.count.text() == "1,200 selected"
    assert len(page.pages.rows) < 1_200
    page.deeds.back_up.click()
    qtbot.waitUntil(lambda: "1,200 files are copied as soon as nothing holds them back." in read(page))
    asked: list[Any] = agent.asked("backup.start")
    assert [len(one.paths) for one in asked] == [1_000, 200]
    assert [path for one in asked for path in one.paths] == [file(at).path for at in range(1_200)]


def test_a_library_that_changes_under_a_choice_is_not_acted_on(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    page.grid.select(1_100)
    page.deeds.leave_out.setEnabled(True)
    whole = agent.answers["library.month"]

    def while_asking(asked: LibraryMonth) -> Any:
        page.pages.months = page.pages.months[1:]
        return whole(asked)

    agent.answers["library.month"] = while_asking
    page.deeds.leave_out.click()
    qtbot.waitUntil(lambda: "The library changed just now. Select again." in read(page))
    assert not agent.asked("library.exclude")


DEEDS = [
    pytest.param("back_up", 0, "backup.start", "One file is copied as soon as nothing holds it back.", id="back-up"),
    pytest.param("leave_out", 0, "library.exclude", "One file is left out from now on.", id="leave-out"),
    pytest.param("take_in", 11, "library.include", "One file is backed up again.", id="take-in"),
    pytest.param("put_back", 17, "library.restore", "2 files are put back.", id="put-back"),
    pytest.param("accept_loss", 23, "library.accept", "One missing copy counts as deleted now.", id="accept"),
    pytest.param("prove", 0, "verify.start", "12,429 of 12,431 photos and videos are proven", id="prove"),
]


@pytest.mark.parametrize(("button", "position", "method", "sentence"), DEEDS)
@pytest.mark.parametrize("large", [False, True], ids=["grid", "lightbox"])
def test_what_came_of_it_is_said_where_it_was_asked_and_so_is_a_refusal(
    button: str,
    position: int,
    method: str,
    sentence: str,
    large: bool,
    page: LibraryPage,
    agent: FakeAgent,
    seam: Any,
    qtbot: QtBot,
) -> None:
    told: list[str] = []
    seam.model.told.connect(told.append)
    page.grid.select(position)
    page._open(position)
    assert page.lightbox is not None
    where: Any = page.lightbox if large else page
    if not large:
        page.lightbox.reject()
    agent.refusals[method] = wire.Error(wire.MISTAKE, "stopping", {})
    getattr(where.deeds, button).click()
    qtbot.waitUntil(lambda: "The agent is just stopping." in read(where))
    agent.refusals.clear()
    getattr(where.deeds, button).click()
    qtbot.waitUntil(lambda: sentence in read(where))
    assert told == []


def test_what_a_file_is_one_with_is_said(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.answers["library.show"] = lambda asked: msgspec.structs.replace(show(asked), members=(file(0), file(5)))
    page._open(0)
    box = page.lightbox
    assert box is not None
    qtbot.waitUntil(lambda: f"belongs with {file(5).path}" in read(box))
    assert f"belongs with {file(0).path}" not in read(box)
    box.reject()


def test_every_state_can_be_chosen(page: LibraryPage) -> None:
    page.ready()
    offered = [page.filters.state.itemData(at) for at in range(page.filters.state.count())]
    assert offered == [None, *get_args(FileState)]


def test_a_file_that_is_gone_meanwhile_says_so_in_the_lightbox(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.refusals["library.show"] = wire.Error(wire.MISTAKE, "file_unknown", {"path": file(0).path})
    page._open(0)
    box = page.lightbox
    assert box is not None
    qtbot.waitUntil(lambda: "is in no watched folder. Add its folder first." in read(box))
    page._move(1)
    agent.refusals.clear()
    box.reject()


def test_the_arrow_keys_lead_on_wherever_the_focus_is(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page._open(0)
    page.grid.select(0)
    box = page.lightbox
    assert box is not None
    qtbot.waitUntil(box.isActiveWindow)
    for at, held in enumerate((box.close_, box.deeds.back_up, box.after), start=1):
        held.setFocus()
        qtbot.keyClick(held, Qt.Key.Key_Right)  # type: ignore[no-untyped-call]
        assert page.grid.current == at
    qtbot.keyClick(box.after, Qt.Key.Key_Left)  # type: ignore[no-untyped-call]
    assert page.grid.current == 2
    box.reject()
    assert page.window().focusWidget() is page.grid


def test_the_lightbox_shows_what_becomes_of_the_file_meanwhile(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    page._open(9)
    box = page.lightbox
    assert box is not None
    qtbot.waitUntil(lambda: box.deeds.back_up.text() == "Retr&y" and not box._asking)
    before = len(agent.asked("library.show"))
    safe = msgspec.structs.replace(file(9), state="safe", reason=None)
    agent.answers["library.show"] = lambda asked: msgspec.structs.replace(show(asked), file=safe)
    agent.show(library=Library(Counts(total=7)))
    qtbot.waitUntil(lambda: box.deeds.back_up.text() == "&Back up now")
    qtbot.waitUntil(lambda: not box._asking)
    assert len(agent.asked("library.show")) == before + 1


def test_the_lightbox_tells_all_and_leads_on(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    page.grid.setFocus()
    press(page, qtbot, Qt.Key.Key_Home, Qt.Key.Key_Return)
    box = page.lightbox
    assert box is not None
    qtbot.waitUntil(lambda: "Copied to Home server." in read(box))
    qtbot.waitUntil(lambda: "Fairphone 5" in read(box))
    text = read(box)
    for sentence in ("IMG_9999.HEIC", "Home server: safe, shown to be whole", "4032 × 3024 · HEIC", "with a place"):
        assert sentence in text
    assert f"SHA-1 {'0f' * 20}" in text
    assert "belongs with" not in text
    qtbot.waitUntil(lambda: box.picture._pixmap is not None)
    box.immich.click()
    assert opened == ["https://photos.example.org/photos/8f3b"]
    assert nameless(box) == []
    assert unreachable(box) == []
    qtbot.keyClick(box, Qt.Key.Key_Right)  # type: ignore[no-untyped-call]
    qtbot.waitUntil(lambda: "IMG_9998.HEIC" in read(box))
    qtbot.keyClick(box, Qt.Key.Key_Escape)  # type: ignore[no-untyped-call]
    assert page.lightbox is None
    assert page.grid.current == 1


def test_states_are_followed_without_losing_the_place(
    page: LibraryPage, agent: FakeAgent, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.grid.select(3)
    page.pages._again.setInterval(10)

    def all_failed(asked: LibraryMonth) -> Any:
        found = Shelf(1_200).month(asked)
        return msgspec.structs.replace(
            found, rows=tuple(msgspec.structs.replace(row, state="failed") for row in found.rows)
        )

    agent.answers["library.month"] = all_failed
    agent.show(library=WORKING.library)
    qtbot.waitUntil(lambda: 3 in page.pages.tiles and page.pages.tiles[3].state == "failed")
    assert page.grid.selected == {3}


def test_a_hundred_thousand_are_held_as_little_as_a_hundred(
    page: LibraryPage, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    furnish_library(furnish(serve(SAFE)), 100_000)
    seam.connect()
    qtbot.waitUntil(lambda: rows_on_screen(page))
    page.grid.setFocus()
    press(page, qtbot, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: rows_on_screen(page))
    assert page.grid.visible_range()[1] == 100_000
    assert len(page.pages.rows) <= 10 * PAGE


def test_what_is_gone_there_can_be_put_back_or_accepted(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.grid.select(0)
    assert page.deeds.put_back.isHidden()
    page.grid.select(17)  # deleted there
    page.grid.select(23, add=True)  # missing there, though nobody was seen
    assert not page.deeds.put_back.isHidden()
    page.deeds.put_back.click()
    page.deeds.accept_loss.click()
    qtbot.waitUntil(lambda: bool(agent.asked("library.accept")))
    assert agent.asked("library.restore") == [Paths((file(17).path, file(23).path))]
    assert agent.asked("library.accept") == [Paths((file(23).path,))]


def test_files_can_be_left_out_and_taken_in_again(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.grid.select(0)
    assert page.deeds.take_in.isHidden()
    page.grid.select(11, add=True)  # left out by choice
    assert not page.deeds.take_in.isHidden()
    page.deeds.take_in.click()
    page.deeds.leave_out.click()
    qtbot.waitUntil(lambda: bool(agent.asked("library.exclude")))
    assert agent.asked("library.include") == [Paths((file(11).path,))]
    assert agent.asked("library.exclude") == [Paths((file(0).path,))]
    page.grid.select(11)
    assert not page.deeds.leave_out.isEnabled()


def test_what_was_chosen_is_seen_at_once(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.grid.select(0)

    def exclude(_asked: Paths) -> Chosen:
        left_out = msgspec.structs.replace(file(0), state="excluded", reason="user_excluded")
        agent.answers["library.month"] = lambda asked: msgspec.structs.replace(
            found := Shelf(1_200).month(asked),
            rows=tuple(left_out if row.id == left_out.id else row for row in found.rows),
        )
        return Chosen(1)

    agent.answers["library.exclude"] = exclude
    page.deeds.leave_out.click()
    qtbot.waitUntil(lambda: 0 in page.pages.tiles and page.pages.tiles[0].state == "excluded")
    qtbot.waitUntil(lambda: not page.deeds.take_in.isHidden() and not page.deeds.leave_out.isEnabled())
    assert page.grid.selected == {0}


def test_the_lightbox_offers_the_same_choice(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page._open(0)
    box = page.lightbox
    assert box is not None
    assert (box.deeds.leave_out.isHidden(), box.deeds.take_in.isHidden()) == (False, True)
    agent.answers["library.show"] = lambda asked: msgspec.structs.replace(
        show(asked), file=msgspec.structs.replace(file(0), state="excluded", reason="user_excluded")
    )
    box.deeds.leave_out.click()
    qtbot.waitUntil(lambda: "You chose not to back it up." in read(box))
    assert (box.deeds.leave_out.isHidden(), box.deeds.take_in.isHidden()) == (True, False)
    box.deeds.take_in.click()
    qtbot.waitUntil(lambda: bool(agent.asked("library.include")))
    assert agent.asked("library.exclude") == agent.asked("library.include") == [Paths((file(0).path,))]
    box.reject()


def test_nothing_is_asked_for_when_nobody_looks(page: LibraryPage, agent: FakeAgent, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: page.shelf.picture(1) is not None)
    page.window().hide()
    assert page.shelf._wanted == []


def test_an_agent_that_went_and_came_leaves_no_word_behind(
    page: LibraryPage, agent: FakeAgent, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    agent.stop()
    qtbot.waitUntil(lambda: "Start it in the overview." in read(page), timeout=20_000)
    furnish_library(furnish(serve(SAFE)), 60)
    seam.client.retry()
    qtbot.waitUntil(lambda: page.pages.total == 60, timeout=20_000)
    assert "not running" not in read(page)
