"""In every language: no access key opens two things that are seen together, in windows, dialogs and menus."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

import resources
from agent import words
from installers.translations import DOMAIN
from tests.fakes.agent import FakeAgent
from tests.fakes.library import furnish_library
from tests.fakes.lists import furnish
from tests.fakes.scenes import SCENES
from tests.tray.widgets_read import shared_entries, shared_keys
from tray.app import App

LANGUAGES = ("en", "de", "fr", "es", "zh_CN")
LIMIT_MS = 20_000
#: Files of the stand-in's library: safe, failed, left out by choice, in the trash, missing.
POSITIONS = (0, 9, 11, 17, 23)

Doubles = dict[str, dict[str, set[str]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The translations as they stand in the sources, compiled or not."""
    root = tmp_path_factory.mktemp("spoken")
    for language in LANGUAGES[1:]:
        source = Path(str(resources.path("locale"))) / language / "LC_MESSAGES" / f"{DOMAIN}.po"
        compiled = BytesIO()
        with source.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language))
        target = root / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
        target.parent.mkdir(parents=True)
        target.write_bytes(compiled.getvalue())
    return root


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    words.use(request.param, str(folder))
    assert words.spoken() == request.param
    yield request.param
    words.use(None)


@pytest.fixture
def agent(language: str, address: str, request: pytest.FixtureRequest) -> Iterator[FakeAgent]:
    found = furnish_library(furnish(FakeAgent(address, SCENES[getattr(request, "param", "attention")])), 60)
    yield found
    found.stop()


@pytest.fixture
def app(agent: FakeAgent, home: Path, address: str, qtbot: QtBot) -> Iterator[App]:
    built = App(home, address)
    qtbot.addWidget(built.window)
    built.client.retry()
    built.window.show()
    qtbot.waitUntil(lambda: built.model.connection == "present", timeout=LIMIT_MS)
    yield built
    built.close()


@pytest.mark.parametrize("agent", SCENES, indirect=True)
def test_the_overview_and_the_menu_have_each_key_once(agent: FakeAgent, app: App) -> None:
    if app.wizard is not None:
        app.wizard.reject()
    assert shared_keys(app.window) == {}
    assert shared_entries(app.menu) == {}
    assert shared_entries(app.menu.pause) == {}


def test_without_an_agent_each_key_is_there_once_too(app: App, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.stop()
    qtbot.waitUntil(lambda: app.model.connection == "absent", timeout=LIMIT_MS)
    assert shared_keys(app.window) == {}
    assert shared_entries(app.menu) == {}


def test_every_page_has_each_key_once(app: App, qtbot: QtBot) -> None:
    found: Doubles = {}
    for page in app.window.pages:
        app.window.show_page(page)
        qtbot.waitUntil(lambda page=page: page.is_complete, timeout=LIMIT_MS)  # type: ignore[misc]
        if page is app.activity:
            qtbot.waitUntil(lambda: bool(app.activity.jobs.jobs), timeout=LIMIT_MS)
            app.activity.select_row(0)
        if page is app.settings:
            qtbot.waitUntil(lambda: bool(app.settings.places.rows.rows()), timeout=LIMIT_MS)
        found[type(page).__name__] = shared_keys(app.window)
    assert {name: doubles for name, doubles in found.items() if doubles} == {}


def test_the_library_and_its_large_picture_have_each_key_once(app: App, qtbot: QtBot) -> None:
    library = app.library
    app.open(library)
    qtbot.waitUntil(lambda: all(one in library.pages.rows for one in POSITIONS), timeout=LIMIT_MS)
    found: Doubles = {}
    for at in POSITIONS:
        library.grid.select(at, add=at != POSITIONS[0])
    for button in library.deeds.buttons:  # whichever of them are seen together
        button.show()
    found["grid"] = shared_keys(app.window)
    found["menu"] = shared_entries(library.menu())
    for at in POSITIONS:
        library._open(at)
        assert library.lightbox is not None
        found[f"picture {at}"] = shared_keys(library.lightbox)
        for button in library.deeds.buttons:
            button.show()
        found[f"all at picture {at}"] = shared_keys(library.lightbox)
        library.lightbox.reject()
    assert {name: doubles for name, doubles in found.items() if doubles} == {}


def test_every_dialog_has_each_key_once(app: App, qtbot: QtBot) -> None:
    app.folders.ready()
    app.folders.add_folder("/home/ada/Phone")
    app.open(app.settings)
    qtbot.waitUntil(lambda: app.settings.is_complete, timeout=LIMIT_MS)
    places = app.settings.places
    qtbot.waitUntil(lambda: bool(places.rows.rows()), timeout=LIMIT_MS)
    places.add_server.click()
    assert places.dialog is not None
    places.dialog.address.extras.wanted.box.setChecked(True)
    places.dialog.address.offer_name()
    places.rows.rows()[0].addresses.click()
    app.settings.check_up.click()
    app.settings.show_log.click()
    found: Doubles = {}
    for dialog in app.window.findChildren(QDialog):
        dialog.show()
        found[type(dialog).__name__] = shared_keys(dialog)
    app.settings.close_windows()
    assert len(found) >= 5
    assert {name: doubles for name, doubles in found.items() if doubles} == {}


def test_every_step_of_the_first_run_has_each_key_once(app: App, qtbot: QtBot) -> None:
    app.welcome()
    wizard = app.wizard
    assert wizard is not None
    wizard.address.form.extras.wanted.box.setChecked(True)
    found: Doubles = {}
    for at, step in enumerate(wizard.steps):
        wizard.show_step(at)
        found[type(step).__name__] = shared_keys(wizard)
    wizard.show_step(1)
    wizard.sign_in.form.by_key.setChecked(True)
    found["by key"] = shared_keys(wizard)
    wizard.reject()
    assert {name: doubles for name, doubles in found.items() if doubles} == {}
