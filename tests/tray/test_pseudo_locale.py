"""A language nobody speaks, longer than any: what does not fit in it, or stays English, is wrong in a real one too.

Made from the texts of the code at the time of the test: every text in brackets, with accents, and a third longer.
"""

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from PySide6.QtCore import QDeadlineTimer, QSize, Qt, QTextBoundaryFinder
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QWidget,
)
from pytestqt.qtbot import QtBot

from agent import words
from installers import translations
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import SCENES
from tray.app import App

_ACCENTS = str.maketrans("aceinouyACEINOUY", "áçéîñöûýÁÇÉÎÑÖÛÝ")
_OPEN, _CLOSE = "[", "]"
_LONGER = 0.35
_FILLING = "~"
_SETTLE_MS = 80
_PATIENCE_MS = 3_000
#: What the scenes call things, and what Qt translates itself.
_NAMES = frozenset({"Safelight", "Home server", "NAS", "Cancel"})


def pseudo(text: str) -> str:
    """`[Sáfé ~~]`: values and keys stay, so do the edges."""
    inner = text.strip()
    parts = []
    for literal, name, _spec, _conversion in Formatter().parse(inner):
        parts += [literal.translate(_ACCENTS), f"{{{name}}}" if name is not None else ""]
    tail = _FILLING * max(1, round(len(inner) * _LONGER))
    # breakable as words are, so that what may wrap has where to
    filled = " ".join(tail[at : at + 7] for at in range(0, len(tail), 7))
    return text.replace(inner, f"{_OPEN}{''.join(parts)} {filled}{_CLOSE}", 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The translations of every text of the code."""
    made = Catalog(locale="en")
    for message in translations.collect():
        if message.id:
            told = tuple(map(pseudo, translations.forms(message.id)))
            made.add(message.id, told if message.pluralizable else told[0], context=message.context)
    compiled = BytesIO()
    write_mo(compiled, made)
    root = tmp_path_factory.mktemp("pseudo")
    target = root / "xx" / "LC_MESSAGES" / f"{translations.DOMAIN}.mo"
    target.parent.mkdir(parents=True)
    target.write_bytes(compiled.getvalue())
    return root


@pytest.fixture
def app(folder: Path, home: Path, address: str, qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[App]:
    """The whole tray in the pseudo-language, beside an agent that shows the scene that the test names."""
    words.use("xx", str(folder))
    agent = furnish(FakeAgent(address, SCENES[getattr(request, "param", "working")]))
    built = App(home, address)
    qtbot.addWidget(built.window)
    built.client.retry()
    built.window.show()
    qtbot.waitUntil(lambda: built.model.connection == "present")
    yield built
    built.close()
    agent.stop()
    words.use(None)


def settle(qtbot: QtBot) -> None:
    """Let answers come and be laid out."""
    qtbot.wait(_SETTLE_MS)


def turn_to(app: App, at: int, qtbot: QtBot) -> None:
    """Show a page and let it fill."""
    app.window.show_page(at)
    qtbot.waitUntil(lambda: app.window.pages[at].is_complete)
    settle(qtbot)


def lasting(find: Callable[[], list[str]], qtbot: QtBot) -> list[str]:
    """The faults that are still there when everything has been laid out."""
    deadline = QDeadlineTimer(_PATIENCE_MS)
    while (faults := find()) and not deadline.hasExpired():
        qtbot.wait(_SETTLE_MS)
    return faults


def told(widget: QWidget) -> str:
    """Where a widget stands, for whoever has to mend it."""
    text = getattr(widget, "text", lambda: "")()
    return f"{type(widget).__name__} {text!r}: has {widget.width()}x{widget.height()}"


def clipped(top: QWidget) -> list[str]:
    """What is seen below `top` and has less room than its text."""
    found = []
    for widget in top.findChildren(QWidget):
        if not widget.isVisible():
            continue
        if isinstance(widget, QHeaderView):
            found += narrow_heads(widget)
        else:
            least = needed(widget)
            if widget.width() < least.width() or widget.height() < least.height():
                found.append(f"{told(widget)}, needs {least.width()}x{least.height()}")
    return found


def needed(widget: QWidget) -> QSize:
    """The least size at which all of a widget's text is seen."""
    if isinstance(widget, QLabel) and widget.text():
        if widget.wordWrap():
            return QSize(longest_word(widget), widget.heightForWidth(widget.width()))
        return widget.sizeHint()
    if isinstance(widget, QAbstractButton) and widget.text():
        return widget.sizeHint()
    if isinstance(widget, QComboBox):
        return QSize(widget.fontMetrics().horizontalAdvance(widget.currentText()), 0)
    return QSize(0, 0)


def narrow_heads(header: QHeaderView) -> list[str]:
    """Columns whose heads are cut."""
    if header.orientation() is not Qt.Orientation.Horizontal or header.isHidden():
        return []
    columns = [at for at in range(header.count()) if not header.isSectionHidden(at)]
    sizes = [(at, header.sectionSize(at), header.sectionSizeHint(at)) for at in columns]
    return [f"head {at}: has {has}, needs {needs}" for at, has, needs in sizes if has < needs]


def longest_word(label: QLabel) -> int:
    """What a label that wraps cannot do without, in px: its longest part between two places where a line may end."""
    text = label.text()
    finder = QTextBoundaryFinder(QTextBoundaryFinder.BoundaryType.Line, text)
    places = [0]
    while (place := finder.toNextBoundary()) >= 0:
        places.append(place)
    parts = [text[start:end].strip() for start, end in pairwise(places)]
    return max((label.fontMetrics().horizontalAdvance(part) for part in parts), default=0)


def beside(top: QWidget) -> list[str]:
    """What reaches out of the part of a scrolled page that is seen, to the side."""
    found = []
    for area in top.findChildren(QScrollArea):
        body = area.widget()
        if area.isVisible() and body is not None and body.width() > area.viewport().width():
            found.append(f"{told(body)}, is seen {area.viewport().width()}")
    return found


def plain(top: QWidget) -> list[str]:
    """What is pressed, chosen or named below `top` and did not come through the translation."""
    found = []
    for widget in top.findChildren(QWidget):
        if not widget.isVisible():
            continue
        texts = [widget.accessibleName(), widget.toolTip(), widget.statusTip()]
        if isinstance(widget, QAbstractButton):
            texts.append(widget.text())
        if isinstance(widget, QLineEdit):
            texts.append(widget.placeholderText())
        found += [f"{told(widget)} {text!r}" for text in texts if is_english(text)]
    return found


def is_english(text: str) -> bool:
    """Whether a text has letters and none of the marks of the pseudo-language; names and paths are what they are."""
    return any(letter.isalpha() for letter in text) and _OPEN not in text and text not in _NAMES and "/" not in text


@pytest.mark.parametrize("app", ["working", "waiting", "attention", "first-day"], indirect=True)
def test_no_page_clips_a_longer_language(app: App, qtbot: QtBot) -> None:
    wrong: dict[str, list[str]] = {}
    for at in range(app.window.stack.count()):
        turn_to(app, at, qtbot)
        name = type(app.window.stack.widget(at)).__name__
        for size in (app.window.sizeHint(), app.window.minimumSizeHint()):
            app.window.resize(size)
            settle(qtbot)
            faults = lasting(lambda: [*clipped(app.window), *beside(app.window)], qtbot)
            if faults:
                wrong[f"{name} at {size.width()}x{size.height()}"] = faults
    assert wrong == {}


def test_every_page_speaks_the_language(app: App, qtbot: QtBot) -> None:
    wrong: dict[str, list[str]] = {}
    for at in range(app.window.stack.count()):
        turn_to(app, at, qtbot)
        if faults := lasting(lambda: plain(app.window), qtbot):
            wrong[type(app.window.stack.widget(at)).__name__] = faults
    assert wrong == {}


def test_no_dialog_clips_a_longer_language(app: App, qtbot: QtBot) -> None:
    app.folders.ready()
    app.folders.add_folder("/home/ada/Phone")
    app.open(app.settings)
    places = app.settings.places
    qtbot.waitUntil(lambda: bool(places.rows.rows()))
    places.add_server.click()
    assert places.dialog is not None
    places.dialog.address.extras.wanted.box.setChecked(True)
    places.rows.rows()[0].addresses.click()
    app.welcome()
    wrong: dict[str, list[str]] = {}
    for dialog in app.window.findChildren(QDialog):
        dialog.show()
        settle(qtbot)
        if faults := lasting(lambda shown=dialog: [*clipped(shown), *beside(shown), *plain(shown)], qtbot):  # type: ignore[misc]
            wrong[type(dialog).__name__] = faults
    assert wrong == {}


@pytest.mark.parametrize("position", [0, 9, 11, 23], ids=["safe", "failed", "left-out", "missing"])
def test_no_large_picture_clips_a_longer_language(position: int, app: App, qtbot: QtBot) -> None:
    app.open(app.library)
    qtbot.waitUntil(lambda: position in app.library.pages.rows)
    app.library._open(position)
    box = app.library.lightbox
    assert box is not None
    box.deeds.said.emit(words.mistake("stopping", {}))
    settle(qtbot)
    names = {words.display_path(app.library.pages.rows[position].path), app.library.pages.rows[position].name}
    faults = lasting(
        lambda: [*clipped(box), *beside(box), *(one for one in plain(box) if not any(name in one for name in names))],
        qtbot,
    )
    assert faults == []
    box.reject()


def test_no_step_of_the_first_run_clips_a_longer_language(app: App, qtbot: QtBot) -> None:
    app.welcome()
    wizard = app.wizard
    assert wizard is not None
    wrong: dict[str, list[str]] = {}
    for at in range(len(wizard.steps)):
        wizard.show_step(at)
        settle(qtbot)
        if faults := lasting(lambda: [*clipped(wizard), *beside(wizard), *plain(wizard)], qtbot):
            wrong[type(wizard.steps[at]).__name__] = faults
    assert wrong == {}


def test_every_entry_of_the_menu_speaks_the_language(app: App) -> None:
    entries = [action.text() for action in app.menu.findChildren(QAction) if action.text()]
    assert entries
    assert [text for text in entries if is_english(text)] == []


def test_a_text_without_room_is_found(qtbot: QtBot) -> None:
    top = QWidget()
    qtbot.addWidget(top)
    label = QLabel("a label with more words than room", top)
    label.setFixedWidth(30)
    button = QPushButton("a button likewise", top)
    button.setFixedWidth(30)
    top.show()
    assert len(clipped(top)) == 2
    assert len(plain(top)) == 1


def test_the_pseudo_language_keeps_values_keys_and_edges() -> None:
    assert pseudo("&Open {name} …").startswith("[&Öpéñ {name} … ~")
    assert pseudo(" %") == " [% ~]"
