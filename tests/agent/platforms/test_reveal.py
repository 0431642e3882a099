"""Showing a file in the file manager: over D-Bus where one answers, else its folder is opened."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.platforms.reveal import reveal, windows_command
from tests.fakes.system_bus import SYSTEM_PYTHON, Bus, private_bus

if sys.platform != "linux":
    pytest.skip("the other systems have a command of their own", allow_module_level=True)

NAME, PATH = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `xdg-open` was asked to open; a pipe, so that reading waits for it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    told = tmp_path / "told"
    os.mkfifo(told)
    opener = programs / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > "{told}"\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return told


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    with private_bus(tmp_path) as found:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={found.path}")
        yield found


def test_the_file_manager_is_asked_to_select_the_file(bus: Bus, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    with log.open("wb") as written:
        manager = subprocess.Popen(
            [SYSTEM_PYTHON, "-u", "-m", "dbusmock", "--system", NAME, PATH, NAME], env=bus.env, stdout=written
        )
    bus._running.append(manager)
    subprocess.run(["gdbus", "wait", "--system", "--timeout=10", NAME], env=bus.env, check=True)
    bus.call((NAME, PATH), "AddMethod", NAME, "ShowItems", "ass", "", "")
    assert reveal("/home/ada/A day out/b 1.jpg")
    assert "file:///home/ada/A%20day%20out/b%201.jpg" in log.read_text()


@pytest.mark.parametrize("has_bus", [True, False])
def test_without_a_file_manager_the_folder_is_opened(
    has_bus: bool, opened: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if has_bus:
        request.getfixturevalue("bus")
    else:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert reveal("/home/ada/A day out/b.jpg")
    assert opened.read_text() == "/home/ada/A day out"


def test_where_nothing_can_open_it_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not reveal("/home/ada/b.jpg")


def test_explorer_gets_the_path_in_quotes_of_its_own() -> None:
    command = windows_command("/home/ada/A day, out/b.jpg")
    assert command == 'explorer.exe /select,"/home/ada/A day, out/b.jpg"'
