"""What a person typed, made exact: global options, paths, patterns, values of settings. Only looks at the disk.

`--home` and `--json` may stand before and after the command, so they are taken out before typer sees the rest.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from agent.cli.failure import failure
from agent.protocol.paths import to_wire
from agent.protocol.wire import from_json
from agent.record import Record

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}


class Globals(Record, frozen=True):
    """The options that every command takes."""

    home: Path | None = None
    json: bool = False


def take_globals(typed: Sequence[str]) -> tuple[Globals, list[str]]:
    """Take `--home DIR` and `--json` out of the arguments, wherever they stand before a `--`."""
    home: str | None = None
    json = False
    rest: list[str] = []
    waiting = iter(typed)
    for word in waiting:
        if word == "--":
            rest += [word, *waiting]
        elif word == "--json":
            json = True
        elif word == "--home":
            home = next(waiting, "")
        elif word.startswith("--home="):
            home = word.removeprefix("--home=")
        else:
            rest.append(word)
    if home == "":
        raise failure("home_empty")
    return Globals(Path(absolute(home)) if home is not None else None, json), rest


def absolute(typed: str) -> str:
    """A path made absolute from where the person stands, links in it left as they are.

    `PWD` tells by which links the shell came here; the agent knows folders by the name they were added with. `..`
    after a link means the link's target on disk, so it is taken out by name only where that is the same place.
    """
    path = Path(typed).expanduser() if typed.startswith("~") else Path(typed)
    joined = os.path.join(_standing(), os.fspath(path))
    plain = os.path.normpath(joined)
    if ".." in Path(joined).parts and _is_elsewhere(plain, joined):
        return os.path.realpath(joined)
    return plain


def _standing() -> str:
    here, told = os.getcwd(), os.environ.get("PWD", "")
    try:
        return told if os.path.isabs(told) and os.path.samefile(told, here) else here
    except OSError:
        return here


def _is_elsewhere(plain: str, joined: str) -> bool:
    if not os.path.lexists(joined):
        return False
    try:
        return not os.path.samefile(plain, joined)
    except OSError:
        return True


def path_argument(typed: str, *, must_exist: bool = True) -> str:
    """A path as wire text; exit code 2 where it must exist and does not."""
    if not typed:
        raise failure("path_missing", path="''")
    full = absolute(typed)
    wire = to_wire(os.fsencode(full))
    if must_exist and not os.path.lexists(full):
        raise failure("path_missing", path=wire)
    return wire


def folder_argument(typed: str) -> str:
    """A folder that exists, as wire text."""
    wire = path_argument(typed)
    if not Path(absolute(typed)).is_dir():
        raise failure("not_a_folder", path=wire)
    return wire


def patterns(typed: Sequence[str] | None) -> tuple[str, ...] | None:
    """Glob options as given; one empty string empties the list, none leaves it as it is."""
    if not typed:
        return None
    return tuple(one for one in typed if one)


def setting_value(key: str, typed: str, default: object) -> object:
    """The typed value of a setting, guided by its default: a number, a yes or no, a list, else text."""
    word = typed.strip()
    if isinstance(default, bool):
        if word.lower() in _TRUE | _FALSE:
            return word.lower() in _TRUE
        raise failure("value_invalid", key=key)
    if isinstance(default, int):
        try:
            return int(word.replace("_", ""))
        except ValueError:
            raise failure("value_invalid", key=key) from None
    if isinstance(default, list | tuple):
        return _list(key, word)
    return typed


def _list(key: str, word: str) -> object:
    """A JSON list, or words and numbers with commas between them; nothing is the empty list."""
    if word.startswith(("[", "{")):
        try:
            return from_json(os.fsencode(word))
        except ValueError as error:
            raise failure("value_invalid", key=key, detail=str(error)) from None
    parts = [part.strip() for part in word.split(",") if part.strip()]
    return [int(part) if part.isdigit() else part for part in parts]


def json_argument(typed: str) -> dict[str, object] | None:
    """A job's payload: a JSON object, or `null` for none."""
    try:
        value = from_json(os.fsencode(typed))
    except ValueError as error:
        raise failure("bad_json", detail=str(error)) from None
    if value is not None and not isinstance(value, dict):
        raise failure("bad_json", detail="an object is needed, like {}")
    return value
