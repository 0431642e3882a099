"""Pictures of everything the tray draws, to be looked at: `python -m tests.screenshots [DIR]`.

Offscreen, with a fixed clock, against the stand-in agent: the window in each state, light and dark, narrow, large and
right to left, and every icon at the sizes of panels on both grounds. Where Xvfb, openbox and trayer are installed, also
a real panel (see `tests.panel`); `tests.readme_pictures` has one with the menu of StatusNotifierItem.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["LANG"] = os.environ["LC_ALL"] = "C.UTF-8"
os.environ["TZ"] = "UTC"

from PySide6.QtCore import QDeadlineTimer, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from agent.platforms.base import places
from agent.protocol.types import Light
from tests import panel
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import NOW_AT, SCENES
from tray.client import Client
from tray.command import command_line
from tray.model import Model
from tray.pages.activity import Activity
from tray.pages.folders import FoldersPage
from tray.pages.library import LibraryPage
from tray.pages.log_dialog import LogDialog
from tray.pages.overview import Overview
from tray.pages.recent import RecentCard
from tray.pages.settings import SettingsPage
from tray.pages.window import Window
from tray.widgets.drawing import app_icon, draw_light, light_colour
from tray.wizard.wizard import Wizard

LIGHTS: tuple[Light, ...] = ("safe", "working", "waiting", "paused", "attention", "off")
SIZES_PX = (16, 22, 48)
_WAIT_MS = 5_000
_SETTLE_MS = 120
#: What an agent may have written, without its times.
LOG = (
    "INFO main agent.app.agent: Safelight 0.1.0 is running",
    "INFO work-local agent.work.finding.scan: 12431 files compared in 3.1 s, 38 are new",
    "INFO work-a1b2 agent.work.journey.upload: 38 files are safe at Home server",
    "WARNING work-c3d4 agent.work.blocks: destination c3d4 is blocked: destination_missing(path='/media/nas/photos')",
    (
        "SEVERE work-local agent.work.worker: a job failed by a bug of ours\\nTraceback (most recent call last):\\n"
        '  File "agent/work/worker.py", line 120, in _do\\n    job.run()\\nKeyError: 7'
    ),
)
#: The pages beside the overview, in their order.
PAGES = ("library", "folders", "activity", "settings")


def dark_palette() -> QPalette:
    """A dark palette such as desktops hand to applications."""
    palette = QPalette(QColor("#353a40"), QColor("#202326"))
    palette.setColor(QPalette.ColorRole.Base, QColor("#2a2e32"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#3584e4"))
    return palette


def light_palette() -> QPalette:
    """A light one."""
    palette = QPalette(QColor("#e6e6e6"), QColor("#f3f3f2"))
    palette.setColor(QPalette.ColorRole.Base, QColor("#ffffff"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#3584e4"))
    return palette


def wait_until(true: Callable[[], bool]) -> None:
    """Let the window live until this holds."""
    deadline = QDeadlineTimer(_WAIT_MS)
    while not true():
        if deadline.hasExpired():
            raise TimeoutError("the window did not come so far")
        QApplication.processEvents()


@contextmanager
def scene(name: str) -> Iterator[Window]:
    """The window that shows a scene; `absent` is the one without an agent."""
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        address = f"{folder}/agent.sock"
        server = furnish(FakeAgent(address, SCENES[name])) if name != "absent" else None
        client = Client(address)
        model = Model(client, lambda: NOW_AT)
        window = Window(
            [
                Overview(model),
                LibraryPage(model),
                FoldersPage(model),
                Activity(model),
                SettingsPage(model, "/home/ada/logs", ["safelight"]),
            ]
        )
        client.retry()
        wait_until(lambda: model.connection != "seeking")
        yield window
        client.close()
        window.close()
        if server:
            server.stop()


def save(widget: QWidget, target: Path) -> None:
    """Take a widget's picture."""
    widget.show()
    settle()
    strips = widget.findChildren(RecentCard)
    wait_until(lambda: all(strip.is_complete for strip in strips if strip.isVisible()))
    widget.grab().save(str(target))
    sys.stdout.write(f"{target}\n")


def draw_windows(target: Path) -> None:
    """The window in every scene and palette, and the shapes in which it may break."""
    for ground, palette in (("light", light_palette()), ("dark", dark_palette())):
        QApplication.setPalette(palette)
        for name in (*SCENES, "absent"):
            with scene(name) as window:
                window.resize(window.sizeHint())
                window.show()
                settle()
                save(window, target / f"window-{name}-{ground}.png")
    with scene("attention") as window:
        window.show()
        QApplication.processEvents()
        window.resize(window.minimumSizeHint())
        window.tell("The background agent could not do that. Its log says more.")
        save(window, target / "window-narrow.png")


def settle() -> None:
    """Let answers arrive and what follows from them be drawn."""
    deadline = QDeadlineTimer(_SETTLE_MS)
    while not deadline.hasExpired():
        QApplication.processEvents()


def draw_pages(target: Path) -> None:
    """Every other page: light, dark, large, narrow; and its dialogs."""
    for ground, palette in (("light", light_palette()), ("dark", dark_palette())):
        QApplication.setPalette(palette)
        with scene("working") as window:
            for at, name in enumerate(PAGES):
                show_page(window, at)
                window.resize(window.sizeHint())
                save(window, target / f"page-{name}-{ground}.png")
                window.resize(window.minimumSizeHint())
                save(window, target / f"page-{name}-{ground}-narrow.png")
            draw_dialogs(window, target, ground)


def show_page(window: Window, at: int) -> None:
    """Turn to a page and let it fill."""
    window.show()
    window.show_page(at + 1)
    page = window.stack.currentWidget()
    settle()
    if isinstance(page, SettingsPage):
        wait_until(lambda: page.is_complete)
    if isinstance(page, Activity):
        wait_until(lambda: bool(page.jobs.jobs))
        page.select_row(40)
    if isinstance(page, LibraryPage):
        first, last = page.grid.visible_range()
        wait_until(
            lambda: all(
                at in page.pages.rows and page.shelf.picture(page.pages.rows[at].id)
                for at in range(first, last)
                if at % 11 != 10
            )
        )
        page.grid.setFocus()
        page.grid.select(9)
        page.grid.select(10, add=True)
    settle()


def draw_dialogs(window: Window, target: Path, ground: str) -> None:
    """What opens above the pages."""
    library = next(page for page in pages(window) if isinstance(page, LibraryPage))
    window.show_page(library)
    library.grid.select(3)
    library.open.click()
    box = library.lightbox
    assert box is not None
    settle()
    box.resize(box.sizeHint())
    save(box, target / f"lightbox-{ground}.png")
    box.reject()
    folders = next(page for page in pages(window) if isinstance(page, FoldersPage))
    folders.add_folder("/home/ada/Phone")
    settle()
    dialog = folders.dialog
    assert dialog is not None
    save(dialog, target / f"dialog-folder-{ground}.png")
    dialog.reject()
    settings = next(page for page in pages(window) if isinstance(page, SettingsPage))
    settings.places.add_server.click()
    server = settings.places.dialog
    assert server is not None
    save(server, target / f"dialog-server-{ground}.png")
    server.reject()
    draw_settings_dialogs(settings, target, ground)
    window.show_page(len(PAGES))
    window.resize(window.sizeHint().width(), 3_000)
    save(window, target / f"page-settings-whole-{ground}.png")


def draw_settings_dialogs(settings: SettingsPage, target: Path, ground: str) -> None:
    """A server's addresses, a question, the log; and what checks and passes said."""
    row = settings.places.rows.rows()[0]
    row.addresses.click()
    addresses = settings.places.addresses
    assert addresses is not None
    save(addresses, target / f"dialog-addresses-{ground}.png")
    addresses.reject()
    row.sign_out.click()
    question = settings.places.question
    assert question is not None
    save(question, target / f"question-sign-out-{ground}.png")
    question.reject()
    row.sync.click()
    settings.cache.build.click()
    settings.proof.check.click()
    with tempfile.TemporaryDirectory(prefix="sl-") as home:
        logs = places(Path(home)).log_dir
        logs.mkdir(parents=True)
        lines = (f"2026-11-22T17:{at:02}:00.000Z {line}\n" for at, line in enumerate(LOG))
        (logs / "agent.log").write_text("".join(lines))
        log = LogDialog(command_line(Path(home), "--json", "logs", "--follow"), settings.window())
        log.show()
        wait_until(lambda: bool(log.lines.toPlainText()))
        save(log, target / f"dialog-log-{ground}.png")
        log.reject()


def draw_wizard(target: Path) -> None:
    """The five steps of the first run, light and dark."""
    for ground, palette in (("light", light_palette()), ("dark", dark_palette())):
        QApplication.setPalette(palette)
        draw_steps(target, ground)


def draw_steps(target: Path, name: str) -> None:
    """The five steps as things are now."""
    with scene("first-day") as window:
        model = window.findChildren(Overview)[0].model
        wizard = Wizard(model, window, usual=lambda: ["/home/ada/Pictures", "/home/ada/Videos"])
        wizard.address.form.url.setText("photos.example.org")
        for at in range(len(wizard.steps)):
            settle()
            wizard.resize(wizard.sizeHint())
            save(wizard, target / f"wizard-{at + 1}-{name}.png")
            if at == 1:
                wizard.sign_in.form.email.setText("ada@example.org")
                wizard.sign_in.form.password.setText("secret")
            wizard.onward.click()
            settle()
        wizard.close()


def pages(window: Window) -> list[QWidget]:
    """The pages in the window."""
    return [page for at in range(window.stack.count()) if (page := window.stack.widget(at)) is not None]


def draw_icons(target: Path) -> None:
    """Every light at every size on both panels, beside the application's icon."""
    cell = 64
    height = cell * (len(SIZES_PX) + 1)
    sheet = QImage(cell * len(LIGHTS) * 2, height + 2 * cell, QImage.Format.Format_ARGB32)
    painter = QPainter(sheet)
    for half, (ground, palette) in enumerate((("#f2f2f2", light_palette()), ("#202326", dark_palette()))):
        left = half * cell * len(LIGHTS)
        painter.fillRect(left, 0, cell * len(LIGHTS), sheet.height(), QColor(ground))
        for column, light in enumerate(LIGHTS):
            colour, x = light_colour(light, palette), left + column * cell
            for row, size in enumerate(SIZES_PX):
                draw_light(painter, QRectF(x + 8, row * cell + 8, size, size), light, colour, 40)
            painter.drawImage(QRectF(x + 4, cell * 3, 56, 56), _small(light, colour))  # 16 px, magnified
        app_icon().paint(painter, left + 8, height + 8, 112, 112)
        app_icon().paint(painter, left + 140, height + 8, 48, 48)
        app_icon().paint(painter, left + 210, height + 8, 22, 22)
    painter.end()
    sheet.save(str(target / "icons.png"))
    sys.stdout.write(f"{target / 'icons.png'}\n")


def _small(light: Light, colour: QColor) -> QImage:
    image = QImage(16, 16, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    draw_light(painter, QRectF(0, 0, 16, 16), light, colour, 40)
    painter.end()
    return image


def main() -> None:
    from tests import screenshot_shapes  # it draws with what is here

    target = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    target.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    draw_icons(target)
    draw_windows(target)
    draw_pages(target)
    draw_wizard(target)
    screenshot_shapes.draw_shapes(target)
    panel.draw_in_xfce(target)
    if panel.available():
        done = panel.run_on_virtual_screen(target)
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        sys.exit(done.returncode)
    sys.stdout.write("no pictures of a panel: that needs Xvfb, openbox and trayer\n")


if __name__ == "__main__":
    main()
