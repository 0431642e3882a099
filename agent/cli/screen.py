"""The status as a person sees it: a few aligned lines, redrawn in place when watched. Prints; main thread."""

import sys
from typing import TYPE_CHECKING, NoReturn

from agent import words
from agent.cli.follow import Follower
from agent.cli.output import WIDE, aligned, console, is_plain, say
from agent.cli.session import now_at
from agent.protocol.types import Counts, Destination, Folder, Problem, Snapshot
from agent.words.catalogue import _, fill

if TYPE_CHECKING:
    from rich.text import Text

_COLOURS = {
    "safe": "green",
    "working": "blue",
    "waiting": "yellow",
    "paused": "bright_black",
    "attention": "red",
    "off": "bright_black",
}
_MARKS = {"safe": "●", "working": "◕", "waiting": "◔", "paused": "‖", "attention": "!", "off": "○"}
_TICK_S = 1.0
_NAME_CHARS = 36


def print_status(snapshot: Snapshot, now: int) -> None:
    """The whole status, once."""
    if is_plain():
        say("".join(part for part, _style in _parts(snapshot, now, WIDE)))
        return
    screen = console()
    screen.print(drawn(snapshot, now, screen.width), soft_wrap=True)


def watch_status(follower: Follower) -> NoReturn:
    """Redraw until interrupted or the agent goes; into a pipe, a line for each new headline."""
    if not sys.stdout.isatty():
        last = ""
        while True:
            said = _top(follower.snapshot, now_at())
            if said != last:
                print(said, flush=True)
                last = said
            follower.wait(_TICK_S * 30)
    from rich.live import Live

    screen = console()
    with Live(console=screen, auto_refresh=False) as live:
        while True:
            live.update(drawn(follower.snapshot, now_at(), screen.width), refresh=True)
            follower.wait(_TICK_S)


def drawn(snapshot: Snapshot, now: int, width: int) -> "Text":
    """The status as coloured text, its sentences folded to `width` columns."""
    from rich.text import Text

    return Text.assemble(*_parts(snapshot, now, width))


def _parts(snapshot: Snapshot, now: int, width: int) -> list[tuple[str, str]]:
    """Pieces of the status, each with its style."""
    from textwrap import wrap

    light = snapshot.backup.light
    top = words.tooltip if light == "off" else words.headline
    parts = [
        (f"{_MARKS[light]} ", f"bold {_COLOURS[light]}"),
        ("\n  ".join(wrap(top(snapshot, now), width - 2)), "bold"),
    ]
    for heading, lines in _blocks(snapshot, now):
        parts += [("\n\n", ""), (heading, "bold")]
        for line in lines:
            folded = wrap(line, width - 2, subsequent_indent="  ", drop_whitespace=False, break_on_hyphens=False)
            parts.append(("".join(f"\n  {part.rstrip()}" for part in folded), ""))
    return parts


def _top(snapshot: Snapshot, now: int) -> str:
    return f"{words.light(snapshot.backup.light)}: {words.headline(snapshot, now)}"


def _blocks(snapshot: Snapshot, now: int) -> list[tuple[str, list[str]]]:
    blocks = [
        (_("Problems"), [_problem(one, snapshot) for one in snapshot.problems]),
        (_("What is waited for"), _holds(snapshot, now)),
        (_("On the way"), _transfers(snapshot)),
        (_("Photos and videos"), _counts(snapshot)),
        (_("Folders"), aligned([_folder(one) for one in snapshot.folders])),
        (_("Destinations"), aligned([_destination(one) for one in snapshot.destinations])),
        (_("Agent"), [_agent(snapshot, now)]),
    ]
    return [(heading, lines) for heading, lines in blocks if lines]


def _holds(snapshot: Snapshot, now: int) -> list[str]:
    """Each thing that is waited for, once; what is told among the problems is not told again."""
    told = {words.sentences(*words.problem(one)) for one in snapshot.problems}
    obvious = {"off": "backup_off", "paused": "paused"}.get(snapshot.backup.light)
    lines = dict.fromkeys(words.hold(one, snapshot, now) for one in snapshot.holds if one.constraint != obvious)
    return [line for line in lines if line not in told]


def _problem(lasting: Problem, snapshot: Snapshot) -> str:
    names = {one.id: one.name for one in snapshot.destinations}
    where = f"{names[lasting.blocks]}: " if lasting.blocks in names else ""
    return f"{where}{words.sentences(*words.problem(lasting))}"


def _transfers(snapshot: Snapshot) -> list[str]:
    names = {one.id: one.name for one in snapshot.destinations}
    return aligned(
        [
            (
                _short(one.path),
                f"{one.progress} %",
                words.rate(one.bytes_per_second),
                names.get(one.destination, one.destination),
            )
            for one in snapshot.transfers
        ]
    )


def _short(path: str) -> str:
    """A file's own name, with its middle left out where it is long."""
    name = path.replace("\\", "/").rpartition("/")[2]
    return name if len(name) <= _NAME_CHARS else f"{name[: _NAME_CHARS // 2]}…{name[-_NAME_CHARS // 2 + 1 :]}"


def _counts(snapshot: Snapshot) -> list[str]:
    counts, bytes_ = snapshot.library.counts, snapshot.library.bytes
    if counts.total + counts.excluded == 0:
        return []
    first = fill(
        _("{safe} of {total} safe ({done} of {all})"),
        {"safe": counts.safe, "total": counts.total, "done": words.size(bytes_.safe), "all": words.size(bytes_.total)},
    )
    return [first, *aligned(_others(counts))]


def _others(counts: Counts) -> list[tuple[str, str]]:
    """The states other than safe that have any file."""
    names = [name for name in Counts.__struct_fields__ if name not in {"total", "safe"}]
    return [(words.number(getattr(counts, name)), words.state(name)) for name in names if getattr(counts, name)]


def _folder(one: Folder) -> tuple[str, ...]:
    if not one.available:
        return words.display_path(one.path), _("not there")
    said = fill(_("{safe} of {total} safe"), {"safe": one.counts.safe, "total": one.counts.total})
    return words.display_path(one.path), said


def _destination(one: Destination) -> tuple[str, ...]:
    where = words.display_path(one.location) if one.kind == "folder" else one.location
    if one.kind == "immich" and not one.account:
        return one.name, where, _("signed out")
    known = {True: _("reachable"), False: _("not reachable"), None: ""}[one.reachable]
    return one.name, where, known


def _agent(snapshot: Snapshot, now: int) -> str:
    agent = snapshot.agent
    return fill(
        _("version {version}, process {pid}, running for {span}"),
        {
            "version": agent.version,
            "pid": str(agent.pid),
            "span": words.duration_s(max(0, now - agent.started_at) / 1_000),
        },
    )
