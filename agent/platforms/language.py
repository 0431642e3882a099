"""The language that a person chose in the system's settings, for systems whose programs get no LANG.

On Linux the environment says it all; macOS keeps it in the user's preferences and Windows in the user's account. Both
parts are typed and, but for reading the preferences, not run on such a system yet. Any thread.
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

_PREFERENCES = "~/Library/Preferences/.GlobalPreferences.plist"
#: LOCALE_NAME_MAX_LENGTH of <winnls.h>
_NAME_CHARS = 85
#: MUI_LANGUAGE_NAME of <winnls.h>: names such as `de-DE` instead of numbers
_BY_NAME = 0x8


class Chosen(NamedTuple):
    """Languages by preference and the country whose numbers and dates are used, as the system spells them."""

    languages: tuple[str, ...] = ()
    formats: str = ""


def chosen() -> Chosen:
    """What the system says; nothing where the environment has the say. Never raises."""
    try:
        if sys.platform == "win32":
            return _windows()
        elif sys.platform == "darwin":  # noqa: RET505 - see agent.platforms.current
            return from_preferences(Path(os.path.expanduser(_PREFERENCES)))
        else:
            return Chosen()
    except (OSError, ValueError, AttributeError):
        return Chosen()


def from_preferences(path: Path) -> Chosen:
    """What the preferences of a user of macOS say. Raises `OSError`, `ValueError`."""
    import plistlib

    said = plistlib.loads(path.read_bytes())
    return Chosen(tuple(map(str, said.get("AppleLanguages", ()))), str(said.get("AppleLocale", "")))


if sys.platform == "win32":

    def _windows() -> Chosen:
        """The user's languages of the display, then the country of the formats."""
        import ctypes

        kernel = ctypes.windll.kernel32
        count, size = ctypes.c_ulong(0), ctypes.c_ulong(0)
        languages: tuple[str, ...] = ()
        if kernel.GetUserPreferredUILanguages(_BY_NAME, ctypes.byref(count), None, ctypes.byref(size)):
            names = ctypes.create_unicode_buffer(size.value)
            if kernel.GetUserPreferredUILanguages(_BY_NAME, ctypes.byref(count), names, ctypes.byref(size)):
                languages = tuple(name for name in ctypes.wstring_at(names, size.value).split("\0") if name)
        formats = ctypes.create_unicode_buffer(_NAME_CHARS)
        kernel.GetUserDefaultLocaleName(formats, _NAME_CHARS)
        return Chosen(languages, formats.value)
