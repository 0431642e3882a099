"""Keeps what a person asked for: `settings.toml`, readable, edited by hand if one likes, replaced in one step.

`SettingsStore.get` gives the value in force; `change` checks, writes and tells whoever listens. A file that cannot be
read never means 'no folders': the last good value stays in force and `trouble` says why. Owns tomllib and tomli-w.
"""

import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from agent.platforms.disk import replace_file
from agent.protocol.settings import Settings, Values
from agent.protocol.wire import Mistake, from_plain, to_plain

_HEAD = "# What Safelight should do. You may edit this file; a value left out has its default.\n\n"


class SettingsStore:
    """The settings file and the value in force. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.RLock()
        self._listeners: list[Callable[[Settings], None]] = []
        self._stamp: tuple[int, int] | None = None
        self.trouble: str | None = None
        self._value = Settings()
        self._load()

    def get(self) -> Settings:
        """The settings in force."""
        return self._value

    def listen(self, callback: Callable[[Settings], None]) -> None:
        """Be told of every change, on the thread that made it."""
        self._listeners.append(callback)

    def change(self, edit: Callable[[Settings], Settings]) -> Settings:
        """Replace the settings by what `edit` makes of them: on disk first, then in force."""
        with self._turn:
            value = edit(self._value)
            if value == self._value:
                return value
            replace_file(self._path, (_HEAD + tomli_w.dumps(_sparse(to_plain(value)))).encode())
            self._stamp = self._stamp_now()
            self._value = value
            self.trouble = None
        for listener in self._listeners:
            listener(value)
        return value

    def set_value(self, key: str, value: object) -> None:
        """Change one setting; `Mistake` names what is allowed."""
        plain = dict(to_plain(self._value.values))
        if key not in plain:
            raise Mistake("key_unknown", key=key)
        plain[key] = value
        try:
            values = from_plain(plain, Values)
        except ValueError as error:
            raise Mistake("value_invalid", key=key, detail=str(error)) from error
        self.change(lambda settings: _replace(settings, values=values))

    def reload_if_edited(self) -> None:
        """Take over a change made by hand."""
        with self._turn:
            if self._stamp_now() == self._stamp:
                return
            before = self._value
            self._load()
        if self._value != before:
            for listener in self._listeners:
                listener(self._value)

    def _load(self) -> None:
        self._stamp = self._stamp_now()
        if self._stamp is None:
            return
        try:
            plain = tomllib.loads(self._path.read_text("utf-8"))
            self._value = from_plain(plain, Settings)
            self.trouble = None
        except (OSError, UnicodeDecodeError, ValueError) as error:
            self.trouble = str(error)

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            facts = self._path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size


def _replace(settings: Settings, *, values: Values) -> Settings:
    return Settings(settings.version, values, settings.destinations, settings.folders)


def _sparse(value: Any) -> Any:  # noqa: ANN401 - plain TOML values
    """TOML has no null: what is None is left out."""
    if isinstance(value, dict):
        return {key: _sparse(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_sparse(item) for item in value]
    return value
