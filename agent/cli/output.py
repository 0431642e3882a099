"""What a command prints: JSON for machines, tables and sentences for people. Owns the terminal; rich comes lazily.

On a terminal a table fits its width; into a pipe nothing is cut or coloured, so that `grep` and `cut` see all of it.
Anything from outside (a file's name) must come through `words.display_path` first: it may hold escape sequences.
"""

import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

#: What fits on one line of a pipe.
WIDE = 100_000


def prepare_streams() -> None:
    """Never fail over a character that the terminal does not have, nor over a stream that is closed (`>&-`)."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    if sys.stderr is None:  # or sentences would go to stdout
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as above
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def print_json(document: object) -> None:
    """One document on one line, UTF-8 whatever the terminal speaks."""
    from agent.protocol.wire import as_json

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

    wide = None if sys.stdout.isatty() else WIDE
    return Console(width=wide, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = (), folding: Sequence[int] = ()
) -> None:
    """Aligned columns under their heads; `right` are numbers, `folding` may take several lines on a narrow screen."""
    lines = [tuple(heads), *map(tuple, rows)]
    if is_plain() and all(cell.isprintable() for line in lines for cell in line):
        say("\n".join(aligned(lines, right=right)))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, head in enumerate(heads):
        side: Literal["left", "right"] = "right" if index in right else "left"
        table.add_column(head, justify=side, overflow="fold", no_wrap=index not in folding)
    for line in lines[1:]:
        table.add_row(*line)
    screen = console()
    if sys.stdout.isatty():
        screen.print(table)
        return
    with screen.capture() as caught:
        screen.print(table)
    say("\n".join(line.rstrip() for line in caught.get().splitlines()))


def is_plain() -> bool:
    """Whether stdout is no terminal, and nobody wants it to be taken for one (as rich understands that)."""
    return not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR") or os.environ.get("TTY_COMPATIBLE"))


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Rows as lines with aligned columns, two spaces between them; `right` are the columns of numbers."""
    if not rows:
        return []
    widths = [max(_columns(row[index]) for row in rows) for index in range(len(rows[0]))]
    return ["  ".join(_padded(row, widths, right)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> list[str]:
    cells = []
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        gap = " " * (width - _columns(cell))
        cells.append(gap + cell if index in right else cell + gap)
    return cells


def _columns(text: str) -> int:
    """How many columns a text takes on a terminal."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Names and values, the values aligned."""
    pairs = list(facts)
    width = max((len(name) for name, _value in pairs), default=0)
    for name, value in pairs:
        print(f"{name:<{width}}  {value}".rstrip())
    sys.stdout.flush()
