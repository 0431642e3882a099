"""Pictures stay while they are seen, are bounded otherwise, and are let go with the window."""

from typing import Any

import pytest
from PySide6.QtGui import QPixmapCache
from pytestqt.qtbot import QtBot

from agent.protocol.cache import ThumbnailsWish
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import SAFE
from tray.pages import thumbnails
from tray.pages.library import LibraryPage
from tray.pages.overview import Overview
from tray.pages.thumbnails import PictureShelf
from tray.pages.window import Window

#: The stand-in has no picture of every eleventh.
IDS = tuple(one for one in range(1, 50) if one % 11)


@pytest.fixture
def agent(serve: Any, seam: Any) -> FakeAgent:
    made: FakeAgent = furnish(serve(SAFE))
    seam.connect()
    return made


@pytest.fixture
def shelf(agent: FakeAgent, seam: Any, qtbot: QtBot) -> PictureShelf:
    made = PictureShelf(seam.model)
    qtbot.waitUntil(lambda: seam.model.snapshot is not None)
    return made


def has(shelf: PictureShelf, *identities: int) -> bool:
    return all(shelf.picture(one) is not None for one in identities)


def asked(agent: FakeAgent) -> set[int]:
    """Whose pictures were asked for."""
    return {one for wish in agent.asked("cache.thumbnails") if isinstance(wish, ThumbnailsWish) for one in wish.ids}


def test_what_is_on_the_screen_stays_however_long_one_looks(shelf: PictureShelf, qtbot: QtBot) -> None:
    shelf.want(IDS, 100)
    qtbot.waitUntil(lambda: has(shelf, *IDS))
    QPixmapCache.clear()  # as Qt does by itself, some minutes later
    assert has(shelf, *IDS)


def test_what_was_seen_before_is_kept_up_to_a_limit_and_what_is_seen_beyond_it(
    shelf: PictureShelf, agent: FakeAgent, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.want(IDS[:3], 100)
    qtbot.waitUntil(lambda: has(shelf, *IDS[:3]))
    monkeypatch.setattr(thumbnails, "KEPT_BYTES", shelf._kept_bytes)
    shelf.want(IDS[3:10], 100)
    qtbot.waitUntil(lambda: has(shelf, *IDS[3:10]))
    assert not any(has(shelf, one) for one in IDS[:3])
    shelf.want(IDS[:3], 100)
    qtbot.waitUntil(lambda: has(shelf, *IDS[:3]))
    assert shelf._kept_bytes == thumbnails.KEPT_BYTES


def test_larger_tiles_get_larger_pictures(shelf: PictureShelf, qtbot: QtBot) -> None:
    for side_px in (40, 80):
        shelf.want(IDS[:2], side_px)
        qtbot.waitUntil(lambda: has(shelf, *IDS[:2]))
        picture = shelf.picture(IDS[0])
        assert picture is not None
        assert min(picture.width(), picture.height()) == side_px


@pytest.mark.parametrize("kind", [Overview, LibraryPage])
def test_a_closed_window_holds_no_pictures_and_an_opened_one_has_them_again(
    kind: type[Overview] | type[LibraryPage], agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    page = kind(seam.model)
    window = Window([page, Overview(seam.model)])
    qtbot.addWidget(window)
    window.resize(window.sizeHint())
    window.show()

    def shelf() -> PictureShelf:
        return page.recent.shelf if isinstance(page, Overview) else page.shelf

    def is_full() -> bool:
        return bool(shelf()._wanted) and has(shelf(), *(one for one in shelf()._wanted if one % 11))

    qtbot.waitUntil(is_full)
    seen = list(shelf()._wanted)
    window.show_page(1)
    assert has(shelf(), *(one for one in seen if one % 11)), "whoever turns the page comes back soon"
    window.show_page(0)
    assert shelf()._wanted == seen
    window.close()
    assert not any(has(shelf(), one) for one in seen)
    agent.calls.clear()
    window.show()
    qtbot.waitUntil(is_full)
    assert shelf()._wanted == seen
    assert asked(agent) >= {one for one in seen if one % 11}
