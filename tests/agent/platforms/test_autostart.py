"""The tray at login: the desktop entry passes the standard's validator, and what a person switched off is seen."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agent.platforms.autostart import (
    RunKey,
    XdgAutostart,
    desktop_entry,
    is_approved,
    quote_exec,
    quote_windows,
    unquote_exec,
    unquote_windows,
)
from agent.platforms.registration import Refused

COMMANDS = (
    ("/usr/lib/safelight/safelight-tray",),
    ("/home/ada/My Programs/safelight", "tray"),
    ("/opt/100%/tray", "$HOME", "it's", 'a "quote"', "back\\slash", "`tick`", ""),
    ("C:\\Program Files\\Safelight\\safelight-tray.exe", "--window"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_line_survives_the_desktop_entry(command: tuple[str, ...]) -> None:
    assert unquote_exec(quote_exec(command)) == command


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_line_survives_the_registry(command: tuple[str, ...]) -> None:
    assert unquote_windows(quote_windows(command)) == command


WINDOWS_LINES = (
    ('"C:\\Program Files\\a.exe" run', ("C:\\Program Files\\a.exe", "run")),
    ('a.exe "b c\\\\" d', ("a.exe", "b c\\", "d")),
    ("a.exe   b", ("a.exe", "b")),
    ('a.exe "" c', ("a.exe", "", "c")),
    ('a.exe "say \\"hi\\""', ("a.exe", 'say "hi"')),
    ("", ()),
)


@pytest.mark.parametrize(("line", "words"), WINDOWS_LINES)
def test_a_line_that_somebody_else_wrote_is_taken_apart_as_windows_does(line: str, words: tuple[str, ...]) -> None:
    assert unquote_windows(line) == words


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="desktop-file-utils is not installed")
@pytest.mark.parametrize("command", COMMANDS)
def test_the_standards_validator_has_nothing_to_say(tmp_path: Path, command: tuple[str, ...]) -> None:
    entry = tmp_path / "safelight-tray.desktop"
    entry.write_text(desktop_entry(command))
    done = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("command", [("/opt/two\nlines",), ("/opt/a=b/tray",)])
def test_what_no_entry_can_hold_is_refused(command: tuple[str, ...]) -> None:
    with pytest.raises(Refused):
        desktop_entry(command)


@pytest.mark.parametrize("off", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_an_entry_that_a_person_switched_off_is_installed_but_not_enabled(tmp_path: Path, off: str) -> None:
    entry = XdgAutostart(tmp_path)
    assert not entry.read().installed
    entry.install(["/opt/tray"])
    assert (entry.read().installed, entry.read().enabled, entry.read().command) == (True, True, ("/opt/tray",))
    entry.path.write_text(f"{entry.path.read_text()}{off}\n")
    assert (entry.read().installed, entry.read().enabled) == (True, False)
    assert entry.uninstall() == (str(entry.path),)
    assert entry.uninstall() == ()


@pytest.mark.parametrize(
    ("mark", "on"), [(None, True), (b"", True), (b"\x02" + bytes(11), True), (b"\x03\0\0\0abcdefgh", False)]
)
def test_the_task_managers_mark_is_understood(mark: bytes | None, on: bool) -> None:
    assert is_approved(mark) is on


def test_the_run_key_is_named_where_a_person_can_find_it() -> None:
    assert RunKey().read().where == r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Run\Safelight"
