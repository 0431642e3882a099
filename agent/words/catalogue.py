"""Which language is spoken, and how a sentence gets its values: the one room that knows gettext.

Sentences are written in English where they are used and marked with `_`, `ngettext`, `pgettext` or, in tables that are
made before the language is known, with `N_`. A value is formatted by its name: `count` and other whole numbers with
the language's separators, `..._bytes` as a size, `..._s` as a duration, `..._at` as local time, `path` and `folder` for
the eye. Nothing here raises for a value that is missing: a sentence with a gap is better than none. Any thread may
call; the language is chosen once at the start.
"""

import gettext as _gettext
import os
from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType

from agent.protocol.paths import from_wire, to_display
from agent.protocol.types import Args
from agent.words.language import Wish, wish
from agent.words.region import Region, region

DOMAIN = "safelight"
_GAP = "…"


class _Language:
    """What is spoken, and how numbers and times are written; plain English until something is chosen."""

    now: _gettext.NullTranslations = _gettext.NullTranslations()
    region: Region = Region()
    name: str = "en"
    #: Sentences, in English, that are said in the place of others.
    instead: Mapping[str, str] = MappingProxyType({})


def say_instead(others: Mapping[str, str]) -> None:
    """Say the second sentence wherever the first one is asked for; replaces what was told before."""
    _Language.instead = others


def speak(wanted: Wish, folder: str | None) -> None:
    """Speak the first wanted language that has a translation below `folder`, English if none has."""
    _Language.region = region(wanted.numbers, wanted.times)
    _Language.now, _Language.name = _gettext.NullTranslations(), "en"
    for name in wanted.languages if folder is not None else ():
        found = _gettext.find(DOMAIN, folder, [name])
        if found is not None:  # below the folder of `name`, or of its language alone
            _Language.now, _Language.name = _gettext.translation(DOMAIN, folder, [name]), found.split(os.sep)[-3]
            return


def use(language: str | None, folder: str | None = None) -> None:
    """Speak `language` (`de`, `pt_BR`; None: what the environment asks for) with the translations below `folder`.

    A language that has no translation, or no folder at all, means English.
    """
    if language is not None:
        speak(wish({"LANGUAGE": language}), folder)
    else:
        speak(wish(os.environ) if folder is not None else Wish(), folder)


def spoken() -> str:
    """The language that is spoken: `en`, `de`, `zh_CN`."""
    return _Language.name


def region_now() -> Region:
    """How numbers and times are written."""
    return _Language.region


def _(message: str) -> str:
    """The sentence in the language in force."""
    return _Language.now.gettext(_Language.instead.get(message, message))


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


def sentences(*said: str) -> str:
    """Sentences one after the other, as the language sets them; empty ones are left out."""
    whole = ""
    for one in said:
        whole = _("{first} {second}").format(first=whole, second=one) if whole and one else whole or one
    return whole


def display_path(wire: str) -> str:
    """A path from the wire for the eye."""
    return to_display(from_wire(wire))


def tell(table: Mapping[str, str], code: str, args: Args, otherwise: str) -> str:
    """The sentence of `code` in a marked table, filled; for an unknown one `otherwise`, marked too, with `{code}`."""
    sentence = table.get(code)
    if sentence is None:
        return fill(_(otherwise), {**args, "code": code.replace("_", " ")})
    return fill(_(sentence), args)
