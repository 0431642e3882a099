"""Keeps what a person asked for: `settings.toml`, readable, edited by hand if one likes, replaced in one step.

`SettingsStore.get` gives the value in force; `change` checks, writes and tells whoever listens. A file that cannot be
read, or went away, never means 'no folders': the last good value stays in force, over a restart too, for a copy of it
lies beside the file. `trouble` says what cannot be read; where the copy cannot be read either, nothing `is_known`.
Owns tomllib and tomli-w.
"""

import logging
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from agent.domain.errors import Blocked
from agent.platforms.disk import FULL, replace_file
from agent.protocol.settings import Settings, Values
from agent.protocol.wire import Mistake, from_plain, to_plain

log = logging.getLogger(__name__)

#: Beside the file: the last value that could be read, and a text that could not when it was written over.
GOOD, UNREADABLE = ".good", ".unreadable"
_HEAD = "# What Safelight should do. You may edit this file; a value left out has its default.\n\n"


class SettingsStore:
    """The settings file and the value in force. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.RLock()
        self._telling = threading.RLock()
        self._listeners: list[Callable[[Settings], None]] = []
        self._stamp: tuple[int, int] | None = None
        self.trouble: str | None = None
        #: False: the value in force is nobody's wish, and nothing is to be brought into line with it.
        self.is_known = True
        self._value = Settings()
        if not self._load():  # a file that went away is no wish to forget all, either
            self._load_good()

    def get(self) -> Settings:
        """The settings in force."""
        return self._value

    def listen(self, callback: Callable[[Settings], None]) -> None:
        """Be told of every change, on the thread that made it."""
        self._listeners.append(callback)

    def change(self, edit: Callable[[Settings], Settings]) -> Settings:
        """Replace the settings by what `edit` makes of them: on disk first, then in force."""
        with self._turn:
            before = self._value
            if self._take_edits():  # what was typed a moment ago is not to be lost
                self.keep_good()
            value = edit(self._value)
            if value != self._value:
                if not self.is_known and not (value.folders or value.destinations):
                    raise Mistake("settings_unreadable", detail=self.trouble, known=False)  # no wish to begin anew
                if self.trouble is not None:
                    self._set_aside()
                self._write(value)
                self._stamp = self._stamp_now()
                self._value = value
                self.trouble, self.is_known = None, True
                self.keep_good()
        if value != before:
            self._tell()
        return value

    def set_value(self, key: str, value: object) -> None:
        """Change one setting; `Mistake` names what is allowed."""

        def edit(settings: Settings) -> Settings:
            plain = dict(to_plain(settings.values))
            if key not in plain:
                raise Mistake("key_unknown", key=key)
            plain[key] = value
            try:
                values = from_plain(plain, Values)
            except ValueError as error:
                raise Mistake("value_invalid", key=key, detail=str(error)) from error
            return Settings(settings.version, values, settings.destinations, settings.folders)

        self.change(edit)

    def reload_if_edited(self) -> None:
        """Take over a change made by hand."""
        with self._turn:
            before = self._value, self.is_known
            if self._take_edits():
                self.keep_good()
        if (self._value, self.is_known) != before:
            self._tell()

    def _tell(self) -> None:
        """One at a time, and each the latest: whoever comes last must not put an older value into force."""
        with self._telling:
            for listener in self._listeners:
                listener(self._value)

    def keep_good(self) -> None:
        """Remember the value in force, for a start that finds the file unreadable. For the agent; others only read."""
        if self.trouble is not None:
            return
        copy, text = self._beside(GOOD), _text(self._value)
        try:
            if not copy.exists() or copy.read_bytes() != text:
                replace_file(copy, text)
        except OSError as error:
            log.warning("no copy of the settings could be kept: %s", error.strerror)

    def _take_edits(self) -> bool:
        """Read the file again if it is another one than was read last. Whether it is."""
        if self._stamp_now() == self._stamp:
            return False
        self._load()
        return True

    def _load(self) -> bool:
        """Whether there is a file, and it could be read."""
        self._stamp = self._stamp_now()
        if self._stamp is None:
            return False
        try:
            self._value = _read(self._path)
            self.trouble, self.is_known = None, True
        except (OSError, ValueError, RecursionError) as error:
            self.trouble = str(error)
        return self.trouble is None

    def _write(self, value: Settings) -> None:
        try:
            replace_file(self._path, _text(value))
        except OSError as error:
            if error.errno in FULL:
                raise Blocked("disk_full") from error
            raise Mistake("file_unwritable", path=str(self._path), detail=error.strerror) from error

    def _load_good(self) -> None:
        """The last good value; where there is none to be had although there were settings, nothing is known."""
        try:
            self._value = _read(self._beside(GOOD))
        except FileNotFoundError:
            self.is_known = self.trouble is None  # nothing there at all: a beginning
        except (OSError, ValueError, RecursionError) as error:
            self.trouble, self.is_known = self.trouble or str(error), False

    def _set_aside(self) -> None:
        """Keep the text that nobody could read: somebody typed it."""
        try:
            replace_file(self._beside(UNREADABLE), self._path.read_bytes())
        except OSError as error:
            log.warning("the unreadable settings could not be set aside: %s", error.strerror)

    def _beside(self, tail: str) -> Path:
        return self._path.with_name(self._path.name + tail)

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            facts = self._path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size


def _read(path: Path) -> Settings:
    return from_plain(tomllib.loads(path.read_text("utf-8")), Settings)


def _text(value: Settings) -> bytes:
    return (_HEAD + tomli_w.dumps(_sparse(to_plain(value)))).encode()


def _sparse(value: Any) -> Any:  # noqa: ANN401 - plain TOML values
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {key: _sparse(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_sparse(item) for item in value]
    return value
