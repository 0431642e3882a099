"""A small real desktop for tests and pictures: a virtual screen, a session bus, a window manager, Xfce's panel.

The panel is a StatusNotifierItem host as people have it: it draws the icon, asks for the tooltip and shows the D-Bus
menu. Everything runs in processes of its own with a home of its own, and ends with `close`. No Qt in here: whoever
uses it looks from outside, over D-Bus, with the mouse, and at pictures of the screen.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

PROGRAMS = ("Xvfb", "dbus-daemon", "openbox", "xfce4-panel", "xdotool", "import")
WATCHER = "org.kde.StatusNotifierWatcher"
_ITEM = "org.kde.StatusNotifierItem"
_MENU = "com.canonical.dbusmenu"
_NULL = subprocess.DEVNULL
LIMIT_S = 10.0
_STEP_S = 0.05
_SCREEN = "900x640x24"

_PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{dark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x=450;y=624"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="icon-size" type="uint" value="22"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray"/>
    <property name="plugin-3" type="string" value="separator">
      <property name="style" type="uint" value="0"/>
    </property>
  </property>
</channel>
"""


def missing() -> str:
    """What is not installed, in words; empty where a desktop can be had."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def wait_until(true: Callable[[], object], why: str) -> None:
    """Look again and again until this holds: nothing tells from outside when a panel has drawn."""
    ends = time.monotonic() + LIMIT_S
    while not true():
        if time.monotonic() > ends:
            raise TimeoutError(why)
        time.sleep(_STEP_S)


class Desktop:
    """A screen, a bus and a window manager; the panel is started and ended by whoever wants one."""

    def __init__(
        self, folder: Path, *, dark: bool = True, screen: str = _SCREEN, framebuffer: Path | None = None
    ) -> None:
        """`folder` becomes the home of this desktop's person: nothing outside of it is read or written.

        `framebuffer` is a folder in which the screen is a file, for who wants to look without disturbing anybody.
        """
        self._running = ExitStack()
        self._panel: subprocess.Popen[bytes] | None = None
        config = folder / "config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
        config.parent.mkdir(parents=True)
        config.write_text(_PANEL.format(dark=str(dark).lower()))
        (folder / "run").mkdir(mode=0o700)
        places = {"HOME": "", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run", "XDG_CACHE_HOME": "cache"}
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in {"WAYLAND_DISPLAY", "LANGUAGE"}},
            **{name: str(folder / place) for name, place in places.items()},
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CURRENT_DESKTOP": "XFCE",
            "NO_AT_BRIDGE": "1",
            "QT_QPA_PLATFORM": "xcb",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
        }
        try:
            seen = ["-fbdir", str(framebuffer)] if framebuffer else []
            self.env["DISPLAY"] = ":" + self._told(["Xvfb", "-displayfd", "{}", "-screen", "0", screen, *seen])
            # The bus comes after the screen: what it starts by itself must find one.
            self.env["DBUS_SESSION_BUS_ADDRESS"] = self._told(
                ["dbus-daemon", "--session", "--nofork", "--print-address={}"]
            )
            self.start(["openbox"])
        except BaseException:
            self._running.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all that was started, youngest first."""
        self.end_panel()
        self._running.close()

    def start(
        self, argv: Sequence[str], more: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program on this desktop; it ends with it."""
        process = subprocess.Popen(argv, env={**self.env, **(more or {})}, cwd=cwd, stdout=_NULL, stderr=_NULL)
        self._running.callback(_end, process)
        return process

    def start_panel(self) -> None:
        """Put up the panel, and wait until it takes icons."""
        self._panel = subprocess.Popen(["xfce4-panel", "--disable-wm-check"], env=self.env, stdout=_NULL, stderr=_NULL)
        wait_until(self.has_watcher, "the panel takes no icons")

    def end_panel(self) -> None:
        """Take the panel down, and wait until it is gone."""
        if self._panel is not None:
            _end(self._panel)
            self._panel = None

    def has_watcher(self) -> bool:
        """Whether somebody takes icons."""
        return self.has_owner(WATCHER)

    def has_owner(self, name: str) -> bool:
        """Whether this service is on the bus."""
        (found,) = self.call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", "s", name
        )
        return bool(found)

    def call(
        self, name: str, path: str, interface: str, method: str, signature: str = "", *args: Any
    ) -> tuple[Any, ...]:
        """Call a method over the bus; `TimeoutError` or jeepney's error where it answers with one."""
        from jeepney import DBusAddress, MessageType, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        address = DBusAddress(path, name, interface)
        with open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"]) as bus:
            answer = bus.send_and_get_reply(new_method_call(address, method, signature or None, args), timeout=LIMIT_S)
        if answer.header.message_type is MessageType.error:
            raise LookupError(f"{name} {method}: {answer.body}")
        return tuple(answer.body)

    def read(self, name: str, path: str, interface: str, of: str) -> Any:
        """A property; variants are taken out of their signatures."""
        ((_signature, value),) = self.call(name, path, "org.freedesktop.DBus.Properties", "Get", "ss", interface, of)
        return value

    def items(self) -> list[str]:
        """The bus names of the icons that the panel knows."""
        if not self.has_watcher():
            return []
        known = self.read(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems")
        return [item.partition("/")[0] for item in known]

    def only_item(self) -> "Item":
        """The icon in the panel, as soon as there is one."""
        found: list[str] = []

        def look() -> bool:
            found[:] = self.items()
            return len(found) == 1

        wait_until(look, "no icon came into the panel")
        return Item(self, found[0])

    def picture(self, target: Path) -> Path:
        """The whole screen as a person sees it, as PNG."""
        subprocess.run(["import", "-window", "root", str(target)], env=self.env, check=True)
        return target

    def mouse(self, *words: str) -> None:
        """What xdotool is to do with the mouse or the keyboard."""
        subprocess.run(["xdotool", *words], env=self.env, check=True, stdout=_NULL)

    def windows(self, title: str) -> list[str]:
        """The windows of this title that are to be seen."""
        return self._answer("search", "--onlyvisible", "--name", title)

    def active(self) -> list[str]:
        """The window that has the keyboard, if any."""
        return self._answer("getactivewindow")

    def _answer(self, *words: str) -> list[str]:
        argv = ["xdotool", *words]
        return subprocess.run(argv, env=self.env, check=False, capture_output=True, text=True).stdout.split()

    def _told(self, argv: Sequence[str]) -> str:
        """Start a server that writes its address into a pipe, whose number replaces the braces."""
        read_end, write_end = os.pipe()
        process = subprocess.Popen(
            [word.format(write_end) for word in argv], env=self.env, pass_fds=[write_end], stdout=_NULL, stderr=_NULL
        )
        self._running.callback(_end, process)
        os.close(write_end)
        with open(read_end) as told:
            line = told.readline().strip()
        if not line:
            raise RuntimeError(f"{argv[0]} did not start")
        return line


@dataclass(frozen=True)
class Item:
    """One icon as the panel has it."""

    desktop: Desktop
    name: str

    def tooltip(self) -> str:
        """Title and text of the tooltip."""
        _icon, _pixels, title, text = self._get("ToolTip")
        return f"{title} {text}".strip()

    def pixels(self) -> bytes:
        """The largest of the icon's pictures, ARGB."""
        found = self._get("IconPixmap")
        return bytes(max(found, key=lambda one: one[0])[2]) if found else str(self._get("IconName")).encode()

    def click(self) -> None:
        """What a panel does at a left click."""
        self.desktop.call(self.name, "/StatusNotifierItem", _ITEM, "Activate", "ii", 10, 10)

    def entries(self) -> dict[str, tuple[int, bool]]:
        """Number and usability of each entry that is shown, with those of submenus, by its text without mnemonics."""
        _revision, layout = self.desktop.call(self.name, self._menu(), _MENU, "GetLayout", "iias", 0, -1, [])
        return dict(_entries(layout))

    def choose(self, text: str) -> None:
        """Click an entry, as the panel tells of it."""
        number, is_usable = self.entries()[text]
        if not is_usable:
            raise LookupError(f"{text} is grey")
        self.desktop.call(self.name, self._menu(), _MENU, "Event", "isvu", number, "clicked", ("s", ""), 0)

    def _menu(self) -> str:
        return str(self._get("Menu"))

    def _get(self, of: str) -> Any:
        return self.desktop.read(self.name, "/StatusNotifierItem", _ITEM, of)


def _entries(
    node: tuple[int, dict[str, tuple[str, Any]], list[tuple[str, Any]]],
) -> Iterator[tuple[str, tuple[int, bool]]]:
    number, about, below = node
    facts = {name: value for name, (_signature, value) in about.items()}
    if not facts.get("visible", True):
        return
    if facts.get("label"):
        yield str(facts["label"]).replace("_", ""), (number, bool(facts.get("enabled", True)))
    for _signature, child in below:
        yield from _entries(child)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(LIMIT_S)
