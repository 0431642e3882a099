"""Which language is spoken, and how a sentence gets its values: the one room that knows gettext.

Sentences are written in English where they are used and marked with `_`, `ngettext`, `pgettext` or, in tables that are
made before the language is known, with `N_`. A value is formatted by its name: `count` and other whole numbers with
the language's separators, `..._bytes` as a size, `..._s` as a duration, `..._at` as local time, `path` and `folder` for
the eye. Nothing here raises for a value that is missing: a sentence with a gap is better than none. Any thread may
call; the language is chosen once at the start.
"""

import gettext as _gettext
from collections.abc import Mapping
from string import Formatter

from agent.protocol.paths import from_wire, to_display
from agent.protocol.types import Args

DOMAIN = "safelight"
_GAP = "…"


class _Language:
    """The translations in force; English as written until `use` is called."""

    now: _gettext.NullTranslations = _gettext.NullTranslations()


def use(language: str | None, folder: str | None = None) -> None:
    """Speak `language` (`de`, `pt_BR`; None: what the environment asks for) with the translations below `folder`.

    A language that has no translation, or no folder at all, means English.
    """
    if folder is None:
        _Language.now = _gettext.NullTranslations()
        return
    wanted = [language] if language else None
    _Language.now = _gettext.translation(DOMAIN, folder, wanted, fallback=True)


def _(message: str) -> str:
    """The sentence in the language in force."""
    return _Language.now.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The sentence for this many things."""
    return _Language.now.ngettext(one, many, count)


def pgettext(context: str, message: str) -> str:
    """The sentence where the English alone is ambiguous."""
    return _Language.now.pgettext(context, message)


def N_(message: str) -> str:  # noqa: N802 - the name that every gettext tool looks for
    """Mark a sentence of a table for translation; the table's reader calls `_`."""
    return message


def fill(sentence: str, args: Mapping[str, object]) -> str:
    """The sentence with its `{names}` replaced, each formatted by its name; a missing one leaves a gap."""
    parts = []
    try:
        for text, name, _spec, _conversion in Formatter().parse(sentence):
            parts.append(text)
            if name is not None:
                parts.append(shown(name, args.get(name)))
    except ValueError:  # a translation with a lone brace
        return sentence
    return "".join(parts)


def shown(name: str, value: object) -> str:
    """A value for the eye, by the unit in its name."""
    from agent.words import numbers  # numbers speaks through this module too

    if value is None:
        return _GAP
    if name in {"path", "folder", "source", "target"} and isinstance(value, str):
        return display_path(value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return numbers.by_unit(name, value) if isinstance(value, int | float) else str(value)


def display_path(wire: str) -> str:
    """A path from the wire for the eye."""
    return to_display(from_wire(wire))


def tell(table: Mapping[str, str], code: str, args: Args, otherwise: str) -> str:
    """The sentence of `code` in a marked table, filled; for an unknown one `otherwise`, marked too, with `{code}`."""
    sentence = table.get(code)
    if sentence is None:
        return fill(_(otherwise), {**args, "code": code.replace("_", " ")})
    return fill(_(sentence), args)
