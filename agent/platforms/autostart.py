"""The tray at login, which the desktop starts and not a service manager: XDG autostart, and Windows' Run key.

macOS has no such place of its own: there the tray is one more job of launchd. The texts are pure. Any thread.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.domain.registration import Job
from agent.platforms.disk import replace_file
from agent.platforms.registration import Refused

DESKTOP_NAME: Final = "safelight-tray.desktop"
RUN_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
#: What the Task Manager's list of startup programs writes when a person switches one off there.
APPROVED_KEY: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
RUN_NAME: Final = "Safelight"

_ENTRY = """\
[Desktop Entry]
Type=Application
Version=1.0
Name=Safelight
Comment=The light that says whether your photos are safe
Exec={command}
TryExec={program}
Icon=safelight
Terminal=false
StartupNotify=false
X-GNOME-Autostart-enabled=true
X-GNOME-Autostart-Delay=5
"""
#: Reserved in an Exec line; a word that holds one stands in quotes.
_RESERVED = frozenset(" \t\n\"'\\><~|&;$*?#()`")


def desktop_entry(command: Sequence[str]) -> str:
    """The entry that lets a desktop start the tray at login."""
    return _ENTRY.format(command=quote_exec(command), program=_escaped(command[0]))


def quote_exec(command: Sequence[str]) -> str:
    """A command line for `Exec=`. Raises `Refused` for what none can hold.

    Two layers, as the specification has it: the quoting of words, then the escaping of every string value.
    """
    words = []
    for word in command:
        if any(not sign.isprintable() and not "\udc80" <= sign <= "\udcff" for sign in word) or "=" in command[0]:
            raise Refused(f"{word!r} cannot stand in a desktop entry")
        text = word.replace("%", "%%")
        if not word or set(word) & _RESERVED:
            for sign in '\\"`$':
                text = text.replace(sign, f"\\{sign}")
            text = f'"{text}"'
        words.append(text)
    return _escaped(" ".join(words))


def unquote_exec(line: str) -> tuple[str, ...]:
    """The words of an `Exec=` line."""
    words: list[str] = []
    word, quoted, begun, escaped = "", False, False, False
    for sign in line.replace("\\\\", "\\"):
        if escaped:
            word, escaped = word + sign, False
        elif sign == "\\":
            escaped = begun = True
        elif sign == '"':
            quoted, begun = not quoted, True
        elif sign == " " and not quoted:
            if begun:
                words.append(word.replace("%%", "%"))
            word, begun = "", False
        else:
            word, begun = word + sign, True
    return (*words, word.replace("%%", "%")) if begun else tuple(words)


class XdgAutostart:
    """The entry in the user's autostart folder."""

    def __init__(self, config_dir: Path) -> None:
        self.path = config_dir / "autostart" / DESKTOP_NAME

    def install(self, command: Sequence[str]) -> None:
        """Write the entry, enabled. Raises `Refused`."""
        text = desktop_entry(command)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.path, os.fsencode(text), 0o644)
        except OSError as error:
            raise Refused(str(error)) from error

    def uninstall(self) -> tuple[str, ...]:
        """Remove the entry; its path if it was there. Raises `OSError`."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return ()
        return (str(self.path),)

    def read(self) -> Job:
        """The entry as it stands; a desktop switches one off by a line of its own."""
        try:
            text = os.fsdecode(self.path.read_bytes())
        except OSError:
            return Job("tray", str(self.path))
        values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        off = values.get("Hidden", "") == "true" or values.get("X-GNOME-Autostart-enabled", "") == "false"
        return Job(
            "tray", str(self.path), installed=True, enabled=not off, command=unquote_exec(values.get("Exec", ""))
        )


def quote_windows(command: Sequence[str]) -> str:
    """A command line by the rules of the C runtime that take it apart again."""
    import subprocess

    return subprocess.list2cmdline(command)


def is_approved(data: bytes | None) -> bool:
    """Whether the Task Manager's mark leaves the entry on: no mark does, else the first byte's lowest bit says off."""
    return not data or not data[0] & 1


class RunKey:
    """The value in the registry's Run key. Windows only; not run there yet."""

    where: Final = rf"HKEY_CURRENT_USER\{RUN_KEY}\{RUN_NAME}"

    def install(self, command: Sequence[str]) -> None:
        """Write the value, and forget that it was switched off. Raises `Refused`."""
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, RUN_KEY, 0, winreg.KEY_SET_VALUE) as key:
                    winreg.SetValueEx(key, RUN_NAME, 0, winreg.REG_SZ, quote_windows(command))
                _delete_value(APPROVED_KEY)
            except OSError as error:
                raise Refused(str(error)) from error

    def uninstall(self) -> tuple[str, ...]:
        """Remove the value; its name if it was there. Raises `OSError`."""
        _delete_value(APPROVED_KEY)
        return (self.where,) if _delete_value(RUN_KEY) else ()

    def read(self) -> Job:
        """The value as it stands."""
        line = _value(RUN_KEY)
        if not isinstance(line, str):
            return Job("tray", self.where)
        mark = _value(APPROVED_KEY)
        on = is_approved(mark if isinstance(mark, bytes) else None)
        return Job("tray", self.where, installed=True, enabled=on, command=unquote_windows(line))


def unquote_windows(line: str) -> tuple[str, ...]:
    """The words of a command line that `quote_windows` wrote."""
    words: list[str] = []
    word, quoted, begun, slashes = "", False, False, 0
    for sign in [*line, ""]:
        if sign == "\\":
            slashes += 1
            continue
        if sign == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted = not quoted
            begun = True
        else:
            word += "\\" * slashes
            begun = begun or slashes > 0
            if sign in {" ", "\t", ""} and not (quoted and sign):
                if begun:
                    words.append(word)
                word, begun = "", False
            else:
                word, begun = word + sign, True
        slashes = 0
    return tuple(words)


def _value(key_name: str) -> object:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key_name) as key:
                found: object = winreg.QueryValueEx(key, RUN_NAME)[0]
                return found
        except OSError:
            return None
    return None


def _delete_value(key_name: str) -> bool:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key_name, 0, winreg.KEY_SET_VALUE) as key:
                winreg.DeleteValue(key, RUN_NAME)
        except FileNotFoundError:
            return False
        return True
    return False


def _escaped(text: str) -> str:
    """A string value of a desktop entry."""
    return text.replace("\\", "\\\\")
