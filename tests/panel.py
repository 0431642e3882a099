"""Real panels on virtual screens: `python -m tests.panel DIR` draws the icon in one, state by state, and the menu.

That one takes icons the old way (XEmbed) and needs Xvfb, openbox and trayer; `available()` says whether they are there.
It is started after the tray, which is the order that goes wrong most often. `draw_in_xfce` has the panel that people
have, dark and light, in which the tray is a process of its own. `tests.screenshots` and `tests/tray/test_panel.py` run
both.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QEventLoop
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication

from agent.platforms.base import make_private, places
from agent.protocol.types import Snapshot
from tests.desktop import Desktop, missing
from tests.desktop import wait_until as wait_outside
from tests.fakes.agent import FakeAgent
from tests.fakes.scenes import NOW_AT, SCENES
from tray.client import Client
from tray.icon import TrayIcon
from tray.menu import TrayMenu
from tray.model import CONNECTION, EVERYTHING, Model

_PROGRAMS = ("xvfb-run", "Xvfb", "openbox", "trayer")
_SCREEN = "-screen 0 640x420x24"
_WAIT_MS = 10_000
ROOT = Path(__file__).parents[1]
#: A scene for each of the six lights.
LIGHTS = ("safe", "working", "waiting", "paused", "attention", "off")
#: The end of Xfce's panel and what is above it: left, top, width, height; and where the mouse asks for the tooltip.
_CORNER = (230, 546, 670, 94)
_OVER_ICON, _ELSEWHERE = ("882", "624"), ("300", "200")
_PANEL = ["trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "32"]


def available() -> bool:
    """Whether a screen and a panel can be had."""
    return all(shutil.which(program) for program in _PROGRAMS)


def run_on_virtual_screen(target: Path) -> subprocess.CompletedProcess[str]:
    """Draw the pictures into `target` by a process of its own on a screen of its own."""
    return subprocess.run(
        ["xvfb-run", "-a", "-s", _SCREEN, sys.executable, "-m", "tests.panel", str(target)],
        env={**os.environ, "QT_QPA_PLATFORM": "xcb", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def wait_until(true: Callable[[], bool]) -> None:
    """Let the tray live until this holds."""
    deadline = QDeadlineTimer(_WAIT_MS)
    while not true():
        if deadline.hasExpired():
            raise TimeoutError("the tray did not come so far")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)


def rest(ms: int) -> None:
    """Let the panel draw; nothing tells when it has."""
    deadline = QDeadlineTimer(ms)
    while not deadline.hasExpired():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


def grab(target: Path) -> QPixmap:
    """The whole screen as a person sees it."""
    picture = QApplication.primaryScreen().grabWindow(0)
    picture.save(str(target))
    sys.stdout.write(f"{target}\n")
    return picture


def show(agent: FakeAgent, snapshot: Snapshot) -> None:
    """Let the agent show all of this."""
    agent.show(**{name: getattr(snapshot, name) for name in EVERYTHING - {CONNECTION}})


def draw(target: Path) -> None:
    """One picture for each scene, and one of the menu."""
    target.mkdir(parents=True, exist_ok=True)
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    with tempfile.TemporaryDirectory(prefix="sl-") as folder:
        agent = FakeAgent(f"{folder}/agent.sock", SCENES["safe"])
        client = Client(f"{folder}/agent.sock")
        model = Model(client, lambda: NOW_AT)
        menu = TrayMenu(model)
        icon = TrayIcon(model, menu, look_ms=200)
        client.retry()
        wait_until(lambda: model.connection == "present")
        if icon.is_hosted:
            raise RuntimeError("there is a panel already")
        panel = subprocess.Popen(_PANEL)
        try:
            wait_until(lambda: icon.is_hosted)  # by its own timer
            wait_until(lambda: icon.icon is not None and icon.icon.geometry().width() > 0)
            for name, snapshot in SCENES.items():
                show(agent, snapshot)
                wait_until(lambda snapshot=snapshot: model.light == snapshot.backup.light)  # type: ignore[misc]
                rest(250)
                grab(target / f"panel-{name}.png")
            show(agent, SCENES["safe"])
            wait_until(lambda: model.light == "safe")
            menu.popup(QApplication.primaryScreen().geometry().center())
            rest(250)
            grab(target / "panel-menu.png")
            menu.hide()
        finally:
            panel.terminate()
            panel.wait(10)
            client.close()
            agent.stop()


def draw_in_xfce(target: Path) -> list[Path]:
    """Each light in Xfce's panel with its tooltip, dark and light; no picture where `tests.desktop` lacks something."""
    if missing():
        sys.stdout.write(f"no pictures of Xfce's panel, {missing()}\n")
        return []
    target.mkdir(parents=True, exist_ok=True)
    drawn = []
    for ground in ("dark", "light"):
        with (
            tempfile.TemporaryDirectory(prefix="sl-") as folder,
            Desktop(Path(folder) / "person", dark=ground == "dark") as desktop,
        ):
            home = Path(folder) / "s"
            make_private(places(home).runtime_dir)
            agent = FakeAgent(places(home).socket_address, SCENES["attention"])
            desktop.start_panel()
            desktop.start([sys.executable, "-m", "tray", "--home", str(home)], cwd=ROOT)
            icon = desktop.only_item()
            for light in LIGHTS:
                before = icon.tooltip()
                show(agent, SCENES[light])
                wait_outside(lambda icon=icon, before=before: icon.tooltip() != before, light)  # type: ignore[misc]
                drawn.append(_hover(desktop, target / f"xfce-{light}-{ground}.png"))
            agent.stop()
    return drawn


def _hover(desktop: Desktop, target: Path) -> Path:
    """The corner of the screen while the mouse asks for the tooltip."""
    taken = target.with_suffix(".now.png")

    def look() -> QImage:
        return QImage(str(desktop.picture(taken))).copy(*_CORNER)

    def rest() -> QImage:
        last = look()
        deadline = QDeadlineTimer(_WAIT_MS)
        while (now := look()) != last and not deadline.hasExpired():
            last = now
        return last

    desktop.mouse("mousemove", *_ELSEWHERE)
    plain = rest()
    desktop.mouse("mousemove", *_OVER_ICON)
    height = plain.height() - 32
    above = plain.copy(0, 0, plain.width(), height)
    wait_outside(lambda: look().copy(0, 0, plain.width(), height) != above, "no tooltip came")
    rest().save(str(target))
    taken.unlink()
    sys.stdout.write(f"{target}\n")
    return target


def main() -> None:
    manager = subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)
    try:
        draw(Path(sys.argv[1]))
    finally:
        manager.terminate()
        manager.wait(10)


if __name__ == "__main__":
    main()
