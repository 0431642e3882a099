"""Which language and which country's numbers and times a person wants, read from the environment and the system.

Pure: the environment comes as an argument. What the environment says goes before what the system says, as everywhere
on a desktop: LANGUAGE (a list), LC_ALL, LC_MESSAGES, LANG for the language, LC_NUMERIC and LC_TIME for the rest.
"""

from collections.abc import Iterable, Mapping, Sequence

from agent.record import Record

#: Chinese is written in two ways; the country tells which, where the script is not named.
_SIMPLIFIED, _TRADITIONAL = frozenset({"CN", "SG", "MY"}), frozenset({"TW", "HK", "MO"})


class Wish(Record, frozen=True):
    """What to speak: languages by preference, none for English; and whose numbers and times, `` for plain ones."""

    languages: tuple[str, ...] = ()
    numbers: str = ""
    times: str = ""


def wish(environment: Mapping[str, str], system: Sequence[str] = (), formats: str = "") -> Wish:
    """What this person wants; `system` and `formats` are what the system says where the environment says nothing."""
    said = [environment.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    first = next((one for one in said if one), None)
    if first is None and not environment.get("LANGUAGE"):
        spoken = [tag(one) for one in system]
        home = tag(formats) or next(iter(spoken), "")
        return Wish(_understood(spoken), home, home)
    spoken = [tag(one) for one in (environment.get("LANGUAGE") or first or "").split(":") if one]
    # Programs started without a locale (LANG=C) but with a LANGUAGE write numbers as that language does.
    usual = next(iter(spoken), "")
    return Wish(_understood(spoken), _format(environment, "LC_NUMERIC", usual), _format(environment, "LC_TIME", usual))


def tag(name: str) -> str:
    """`de_AT` of `de_AT.UTF-8@euro`, `de-AT` or `de_AT`; `zh_CN` of `zh-Hans`; `` of `C` and `POSIX`."""
    language, *more = name.partition(".")[0].partition("@")[0].replace("-", "_").split("_")
    language = language.lower()
    if language in {"", "c", "posix"}:
        return ""
    script = next((part.capitalize() for part in more if len(part) == 4), "")
    country = next((part.upper() for part in more if len(part) in {2, 3}), "")
    if language == "zh":
        country = _chinese(script, country)
    return f"{language}_{country}" if country else language


def _chinese(script: str, country: str) -> str:
    """A country that writes Chinese as it is wanted."""
    if script == "Hant":
        return country if country in _TRADITIONAL else "TW"
    if script == "Hans":
        return country if country in _SIMPLIFIED else "CN"
    return country or "CN"


def _understood(spoken: Iterable[str]) -> tuple[str, ...]:
    """The names to look for translations under, up to the first that is English, which needs none."""
    names: list[str] = []
    for one in spoken:
        language, _underscore, country = one.partition("_")
        if language in {"", "en"}:
            break
        if language == "zh":  # one way of writing must not be taken for the other
            names.append("zh_CN" if country in _SIMPLIFIED else "zh_TW")
        else:
            names += [one, language]
    return tuple(dict.fromkeys(names))


def _format(environment: Mapping[str, str], category: str, usual: str) -> str:
    for name in ("LC_ALL", category, "LANG"):
        if environment.get(name):
            return tag(environment[name]) or usual
    return usual
