"""The tray in a real panel that speaks StatusNotifierItem: Xfce's, on a virtual screen with a bus of its own.

Everything is seen from outside: the tray is a process of its own, the panel is asked over D-Bus and looked at.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtGui import QImage

from agent.cli.client import Client
from agent.platforms.base import make_private, places
from agent.protocol.methods import BackupStart, JobsList, Nothing, NoticeRef, Pause
from agent.protocol.types import Light, Notice
from tests.desktop import Desktop, Item, missing, wait_until
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import ATTENTION, OFF, PAUSED, SAFE, WAITING, WORKING
from tests.notifications import Notifications

pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.dbus,
    pytest.mark.skipif(sys.platform != "linux", reason="other systems have panels of their own"),
    pytest.mark.skipif(bool(missing()), reason=missing()),
]
ROOT = Path(__file__).parents[2]
LIGHTS = {scene.backup.light: scene for scene in (SAFE, WORKING, WAITING, PAUSED, ATTENTION, OFF)}
#: Hues by which a light is found on the screen; the grey ones have none.
HUES: dict[Light, tuple[int, int]] = {
    "safe": (130, 170),
    "working": (200, 225),
    "waiting": (25, 45),
    "attention": (350, 360),
}
FAILED = Notice("error", "error", "files_failed", {"count": 3}, raised_at=1_000, action="activity")
QUIT = "Quit the tray (the backup goes on)"
COMMAND = (sys.executable, "-m", "agent")
Tray = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    with Desktop(tmp_path / "person") as made:
        yield made


@pytest.fixture
def notifications(desktop: Desktop) -> Iterator[Notifications]:
    with Notifications(desktop.env["DBUS_SESSION_BUS_ADDRESS"]) as made:
        yield made


@pytest.fixture
def agent(home: Path) -> Iterator[FakeAgent]:
    run = places(home).runtime_dir
    make_private(run)
    made = furnish(FakeAgent(places(home).socket_address, SAFE))
    yield made
    made.stop()


@pytest.fixture
def start_tray(desktop: Desktop, home: Path) -> Tray:
    return lambda: desktop.start([sys.executable, "-m", "tray", "--home", str(home)], cwd=ROOT)


@pytest.fixture
def icon(desktop: Desktop, agent: FakeAgent, start_tray: Tray) -> Item:
    desktop.start_panel()
    start_tray()
    found = desktop.only_item()
    wait_until(lambda: "12,431" in found.tooltip(), "the tray does not show the agent's light")
    return found


def show(agent: FakeAgent, light: str) -> None:
    """Let the agent show this scene."""
    scene = msgspec.structs.asdict(LIGHTS[light])  # type: ignore[index]
    agent.show(**{name: scene[name] for name in ("backup", "library", "run", "transfers", "holds", "problems")})


def seen(picture: Path, hue: tuple[int, int]) -> list[tuple[int, int]]:
    """Where in the panel strong colour of this hue is."""
    image = QImage(str(picture))
    found = []
    for y in range(image.height() - 32, image.height()):
        for x in range(image.width()):
            colour = image.pixelColor(x, y)
            if hue[0] <= colour.hsvHue() <= hue[1] and colour.hsvSaturation() > 110:
                found.append((x, y))
    return found


def place(desktop: Desktop, folder: Path) -> tuple[str, str]:
    """The middle of the safe light in the panel."""
    shown: list[tuple[int, int]] = []

    def look() -> bool:
        shown[:] = seen(desktop.picture(folder / "now.png"), HUES["safe"])
        return len(shown) > 20

    wait_until(look, "the light is not to be seen")
    xs, ys = [x for x, _y in shown], [y for _x, y in shown]
    return str(sum(xs) // len(xs)), str(sum(ys) // len(ys))


def test_the_panel_shows_all_six_lights_and_what_they_mean(
    desktop: Desktop, agent: FakeAgent, icon: Item, tmp_path: Path
) -> None:
    pictures: dict[str, bytes] = {}
    for light in ("working", "waiting", "paused", "attention", "off", "safe"):
        before = icon.pixels(), icon.tooltip()
        show(agent, light)
        wait_until(lambda before=before: icon.pixels() != before[0] and icon.tooltip() != before[1], light)  # type: ignore[misc]
        pictures[light] = icon.pixels()
        if light in HUES:
            hue = HUES[light]
            wait_until(lambda hue=hue: len(seen(desktop.picture(tmp_path / "now.png"), hue)) > 20, light)  # type: ignore[misc]
    assert len(set(pictures.values())) == 6
    assert icon.tooltip() == "Safelight: All 12,431 photos and videos are safe."


def test_the_menu_is_on_the_bus_and_its_entries_do_what_they_say(
    desktop: Desktop, agent: FakeAgent, icon: Item, home: Path
) -> None:
    entries = icon.entries()
    headline = "All 12,431 photos and videos are safe."
    assert not entries[headline][1]
    assert next(iter(entries)) == headline
    assert {"Back up now", "Pause", "Open Safelight", "Open Immich in the browser", "Settings"} <= set(entries)
    assert "Resume" not in entries
    icon.choose("Back up now")
    wait_until(lambda: agent.asked("backup.start") == [BackupStart()], "no backup was asked for")
    icon.choose("Until I resume")
    wait_until(lambda: agent.asked("backup.pause") == [Pause(None)], "no pause was asked for")
    show(agent, "paused")
    wait_until(lambda: "Resume" in icon.entries(), "the menu does not follow the agent")
    icon.choose("Resume")
    wait_until(lambda: agent.asked("backup.resume") == [Nothing()], "no resume was asked for")
    assert not desktop.windows("^Safelight$")
    icon.choose("Open Safelight")
    wait_until(lambda: desktop.windows("^Safelight$"), "no window opened")


def quit_by_menu(tray: "subprocess.Popen[bytes]", icon: Item) -> float:
    """Seconds until the tray's process has ended."""
    wait_until(lambda: QUIT in icon.entries(), "the menu does not follow the agent")
    began_s = time.monotonic()
    icon.choose(QUIT)
    assert tray.wait(20) == 0
    return time.monotonic() - began_s


def test_quitting_ends_the_tray_within_a_second_and_takes_icon_and_notification_away(
    desktop: Desktop, notifications: Notifications, agent: FakeAgent, start_tray: Tray
) -> None:
    desktop.start_panel()
    tray = start_tray()
    icon = desktop.only_item()
    agent.show(notices=(FAILED,))
    wait_until(lambda: notifications.shown, "no notification")
    assert quit_by_menu(tray, icon) < 1.0
    wait_until(lambda: not desktop.items(), "the icon stayed")
    assert not agent.asked("agent.stop")


def test_the_menu_starts_a_stopped_agent_which_outlives_the_tray(
    desktop: Desktop, home: Path, start_tray: Tray
) -> None:
    make_private(places(home).runtime_dir)
    desktop.start_panel()
    tray = start_tray()
    icon = desktop.only_item()
    wait_until(lambda: "not running" in icon.tooltip(), "the tray does not say that there is no agent")
    assert "Back up now" not in icon.entries()
    icon.choose("Start it")
    try:
        wait_until(lambda: "not running" not in icon.tooltip(), "the agent was not found")
        assert "Start it" not in icon.entries()
        assert quit_by_menu(tray, icon) < 1.0
        with Client.connect(home, name="test") as client:
            assert client.call("state.get").agent.phase == "running"
    finally:
        subprocess.run([*COMMAND, "--home", str(home), "stop"], cwd=ROOT, check=True, capture_output=True)


def test_a_second_start_raises_the_first_window(desktop: Desktop, icon: Item, start_tray: Tray) -> None:
    assert not desktop.windows("^Safelight$")
    for _again in range(2):
        assert start_tray().wait(20) == 0
        wait_until(lambda: desktop.windows("^Safelight$"), "no window came up")
        (window,) = desktop.windows("^Safelight$")
        wait_until(lambda window=window: desktop.active() == [window], "it did not come forward")  # type: ignore[misc]
        desktop.mouse("windowminimize", "--sync", window)
        assert not desktop.windows("^Safelight$")
    assert len(desktop.items()) == 1


def test_a_click_with_the_mouse_opens_the_window(desktop: Desktop, icon: Item, tmp_path: Path) -> None:
    assert not desktop.windows("^Safelight$")
    x, y = place(desktop, tmp_path)
    desktop.mouse("mousemove", x, y, "click", "1")
    wait_until(lambda: desktop.windows("^Safelight$"), "no window opened")


def test_a_panel_that_restarts_gets_the_icon_back(
    desktop: Desktop, agent: FakeAgent, icon: Item, tmp_path: Path
) -> None:
    place(desktop, tmp_path)
    desktop.end_panel()
    assert not desktop.items()
    desktop.start_panel()
    place(desktop, tmp_path)
    desktop.only_item().choose("Back up now")
    wait_until(lambda: agent.asked("backup.start"), "the menu came back dead")


def test_without_a_panel_the_window_opens_and_a_late_panel_gets_the_icon(
    desktop: Desktop, agent: FakeAgent, start_tray: Tray, tmp_path: Path
) -> None:
    start_tray()
    wait_until(lambda: desktop.windows("^Safelight$"), "no window opened")
    desktop.start_panel()
    desktop.only_item()
    place(desktop, tmp_path)


@pytest.mark.parametrize("key", ["button", "default"])
def test_a_notification_leads_to_the_place_that_explains(
    key: str, desktop: Desktop, notifications: Notifications, agent: FakeAgent, start_tray: Tray
) -> None:
    agent.show(notices=(FAILED,))
    desktop.start_panel()
    start_tray()
    wait_until(lambda: notifications.shown, "what was raised before the tray came is not shown")
    (shown,) = notifications.shown
    assert shown.title == "3 files could not be uploaded."
    assert "Show me" in shown.buttons.values()
    assert not desktop.windows("^Safelight$")
    keys = {"button": next(key for key, text in shown.buttons.items() if text == "Show me"), "default": "default"}

    def press() -> bool:
        notifications.press(1, keys[key])  # again, as the tray may not have been told its number yet
        return bool(desktop.windows("^Safelight$"))

    wait_until(press, "no window opened")
    wait_until(lambda: agent.asked("notice.dismiss") == [NoticeRef("error")], "the agent does not know of the click")
    wait_until(lambda: any(_lists_failures(asked) for asked in agent.asked("jobs.list")), "not the page that explains")


def test_without_a_panel_notifications_still_come_and_a_closed_one_stays_closed(
    desktop: Desktop, notifications: Notifications, agent: FakeAgent, start_tray: Tray
) -> None:
    start_tray()
    wait_until(lambda: desktop.windows("^Safelight$"), "no window opened")
    agent.show(notices=(FAILED,))
    wait_until(lambda: notifications.shown, "no notification")

    def dismiss() -> bool:
        notifications.dismiss(1)  # again, as above
        return agent.asked("notice.dismiss") == [NoticeRef("error")]

    wait_until(dismiss, "the agent does not know of it")


def _lists_failures(asked: object) -> bool:
    return isinstance(asked, JobsList) and asked.status == "FAILED"
