"""What a command prints: JSON for machines, tables and sentences for people. Owns the terminal; rich comes lazily.

On a terminal a table fits its width; into a pipe nothing is cut or coloured, so that `grep` and `cut` see all of it.
Anything from outside (a file's name) must come through `words.display_path` first: it may hold escape sequences.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Literal

from agent.protocol.wire import as_json

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 100_000


def prepare_streams() -> None:
    """Never fail over a character that the terminal does not have."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def print_json(document: object) -> None:
    """One document on one line, UTF-8 whatever the terminal speaks."""
    line = as_json(document) + b"\n"
    raw: IO[bytes] | None = getattr(sys.stdout, "buffer", None)
    if raw is None:
        sys.stdout.write(line.decode())
    else:
        sys.stdout.flush()
        raw.write(line)
    sys.stdout.flush()


def say(text: str) -> None:
    """A sentence on stdout."""
    print(text, flush=True)


def complain(text: str) -> None:
    """A sentence on stderr."""
    print(text, file=sys.stderr, flush=True)


def console() -> "Console":
    """The terminal by way of rich, with nothing interpreted in what we print."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else _WIDE
    return Console(width=wide, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = (), folding: Sequence[int] = ()
) -> None:
    """Aligned columns under their heads; `right` are numbers, `folding` may take several lines on a narrow screen."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, head in enumerate(heads):
        side: Literal["left", "right"] = "right" if index in right else "left"
        table.add_column(head, justify=side, overflow="fold", no_wrap=index not in folding)
    for row in rows:
        table.add_row(*row)
    screen = console()
    if sys.stdout.isatty():
        screen.print(table)
        return
    with screen.capture() as caught:
        screen.print(table)
    say("\n".join(line.rstrip() for line in caught.get().splitlines()))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values, the values aligned."""
    pairs = list(facts)
    width = max((len(name) for name, _value in pairs), default=0)
    for name, value in pairs:
        print(f"{name:<{width}}  {value}".rstrip())
    sys.stdout.flush()
