"""`logs`: the agent's log, read from its file, so that it can be read when the agent is gone too; main thread."""

import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Annotated, Literal

import typer

from agent.cli.failure import DONE, SOME_FAILED, Failure
from agent.cli.output import print_json, say
from agent.cli.session import session_of
from agent.platforms import places
from agent.words.catalogue import _, fill

Level = Literal["info", "warning", "severe"]
_LOOK_S = 0.5
_HIDDEN_BELOW: dict[str, frozenset[str]] = {
    "info": frozenset({"DEBUG"}),
    "warning": frozenset({"DEBUG", "INFO"}),
    "severe": frozenset({"DEBUG", "INFO", "WARNING"}),
}
_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "SEVERE"})
#: The level stands among the first words of a line, after date and time.
_HEAD_WORDS = 4


def logs(
    context: typer.Context,
    follow: bool = typer.Option(False, "--follow", "-f", help=_("Go on with what is added.")),
    level: Annotated[Level, typer.Option("--level", help=_("Leave out what is less grave."))] = "info",
    lines: int = typer.Option(200, "--lines", "-n", min=1, metavar="N", help=_("So many of the last lines.")),
) -> int:
    session = session_of(context)
    from agent.logs import LOG_NAME

    path = places(session.home).log_dir / LOG_NAME
    if not path.exists() and not follow:
        raise Failure(SOME_FAILED, "no_log", fill(_("There is no log yet at {path}."), {"path": str(path)}))
    show = _json_line if session.json else say
    with _opened(path) as log:
        last = deque(grave_lines(log, level), lines)
        if session.json and not follow:
            print_json({"lines": list(last)})
            return DONE
        for line in last:
            show(line)
        if follow:
            for line in grave_lines(_added(path, log), level):
                show(line)
    return DONE


def grave_lines(lines: Iterable[str], level: Level) -> Iterator[str]:
    """The lines of at least this level; a line that names none (a traceback) goes with the one before."""
    wanted = True
    for line in lines:
        named = next((word for word in line.split()[:_HEAD_WORDS] if word.strip("[]:") in _LEVELS), None)
        if named is not None:
            wanted = named.strip("[]:") not in _HIDDEN_BELOW[level]
        if wanted:
            yield line.rstrip("\n")


def _json_line(line: str) -> None:
    print_json({"line": line})


def _opened(path: Path) -> IO[str]:
    while not path.exists():
        time.sleep(_LOOK_S)
    return path.open(encoding="utf-8", errors="replace")


def _added(path: Path, log: IO[str]) -> Iterator[str]:
    """Whole lines as they come, in the new file too when the log is rotated. Never ends."""
    begun = ""
    while True:
        line = begun + log.readline()
        if line.endswith("\n"):
            begun = ""
            yield line
            continue
        begun = line
        if not line and _rotated(path, log):
            log.close()
            log = _opened(path)
            continue
        time.sleep(_LOOK_S)


def _rotated(path: Path, log: IO[str]) -> bool:
    import os

    try:
        return not os.path.samestat(path.stat(), os.fstat(log.fileno()))
    except FileNotFoundError:
        return False
