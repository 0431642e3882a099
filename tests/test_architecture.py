"""The house keeps its rooms: which package lives where, what decisions may not touch, how large a thing may grow.

import-linter guards the order of the layers (its contracts stand in pyproject.toml). Here is the rest, read from the
syntax trees. Each rule is a function from a source to its offences, so that the last test can plant an offence for each
and see that the rule is awake.
"""

import ast
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A foreign package: the rooms it may be imported from, and why there.
ONE_ROOM: dict[str, tuple[tuple[str, ...], str]] = {
    "sqlite3": (("agent.store",), "one place knows the schema, the one writer and its transactions"),
    "asyncio": (("agent.rpc", "agent.platforms", "tray.notify"), "work blocks in threads; only sockets and D-Bus wait"),
    "requests": (("agent.destinations.immich",), "one session carries TLS, headers and time limits to a server"),
    "urllib3": (("agent.destinations.immich",), "see requests, whose engine it is"),
    "socketio": (("agent.destinations.immich",), "see requests; and it is large, so only with a session"),
    "truststore": (("agent.destinations.immich",), "see requests"),
    "watchdog": (("agent.files",), "one place turns the system's file events into paths"),
    "psutil": (("agent.facts",), "everyone else reads HostFacts and can be tested without a battery"),
    "keyring": (("agent.credentials",), "it may block on a prompt: one thread with a time limit speaks to it"),
    "msgspec": (("agent.protocol", "agent.record"), "JSON is made in one place, and values are made in one way"),
    "typer": (("agent.cli",), "the terminal"),
    "rich": (("agent.cli",), "the terminal"),
    "PIL": (("agent.media",), "opens untrusted files: decoder processes only"),
    "pillow_heif": (("agent.media",), "see PIL"),
    "pillow_jxl": (("agent.media",), "see PIL"),
    "av": (("agent.media",), "see PIL"),
    "rawpy": (("agent.media",), "see PIL"),
    "PySide6": (("tray",), "the agent runs without a screen"),
    "desktop_notifier": (("tray.notify",), "the visible half notifies, in one module"),
    "platformdirs": (("agent.platforms",), "each system keeps its files elsewhere"),
    "jeepney": (("agent.platforms",), "Linux alone has D-Bus"),
    "winrt": (("agent.platforms",), "Windows alone"),
    "Foundation": (("agent.platforms",), "macOS alone"),
    "Network": (("agent.platforms",), "macOS alone"),
    "libdispatch": (("agent.platforms",), "macOS alone"),
    "objc": (("agent.platforms",), "macOS alone"),
    "tomllib": (("agent.store.settings",), "one module reads and writes settings.toml"),
    "tomli_w": (("agent.store.settings",), "see tomllib"),
    "gettext": (("agent.words",), "every sentence a person reads is made there"),
}

# Decisions and messages are pure: with these they could look at the world, or wait for it.
PURE_ROOMS = ("agent.domain", "agent.protocol")
WORLD = frozenset(
    "asyncio ctypes io logging multiprocessing os pathlib random secrets select shutil signal socket sqlite3 subprocess"
    " tempfile threading time uuid".split()
)
CLOCKS = frozenset({"now", "today", "utcnow"})

FORBIDDEN_NAMES = frozenset({"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})
MODULE_LINES = 350
FUNCTION_LINES = 60

# Written in pieces, so that this file is not its own offence.
THIS_MACHINE = re.compile(r"(?<![\w./}~-])/(?:wor" + r"k|roo" + r"t)/\w")
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
    )
)
NOT_OURS = frozenset({".git", ".hypothesis", ".venv", "node_modules", "__pycache__", "build", "dist", "LICENSE"})


class Source(NamedTuple):
    """A module and its syntax tree."""

    module: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def inside(self, *rooms: str) -> bool:
        return any(self.module == room or self.module.startswith(room + ".") for room in rooms)


def imported(source: Source) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every absolute import, wherever in the module it stands."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").partition(".")[0]


# --- The rules -------------------------------------------------------------------------------------------------------


def foreign_packages_stay_in_their_room(source: Source) -> Iterator[str]:
    for line, package in imported(source):
        rooms, reason = ONE_ROOM.get(package, (("",), ""))
        if package in ONE_ROOM and not source.inside(*rooms):
            yield f"line {line}: {package} lives in {' and '.join(rooms)}: {reason}"


def systems_are_told_apart_in_platforms(source: Source) -> Iterator[str]:
    if source.inside("agent.platforms"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if name in {"sys.platform", "os.name", "os.uname", "platform.system"}:
                yield f"line {node.lineno}: {name} stands only in agent.platforms"
        elif isinstance(node, ast.ImportFrom) and node.module == "sys" and "platform" in {a.name for a in node.names}:
            yield f"line {node.lineno}: sys.platform stands only in agent.platforms"


def decisions_do_not_touch_the_world(source: Source) -> Iterator[str]:
    if not source.inside(*PURE_ROOMS):
        return
    for line, package in imported(source):
        if package in WORLD:
            yield f"line {line}: {package} has no place in a pure room; take what you need as an argument"
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield f"line {node.lineno}: .{node.func.attr}() reads a clock; take the time as an argument"
        if isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}:
            yield f"line {node.lineno}: {node.func.id}() has no place in a pure room"


def modules_say_what_they_are_for(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield "line 1: a docstring says what the module is for"


def names_say_something(source: Source) -> Iterator[str]:
    for part in source.module.split("."):
        if part in FORBIDDEN_NAMES:
            yield f"line 1: {part!r} names no room; a thing without a room has not been understood yet"


def things_stay_small(source: Source) -> Iterator[str]:
    if (lines := source.text.count("\n")) > MODULE_LINES:
        yield f"line 1: {lines} lines, more than {MODULE_LINES}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"line {node.lineno}: {node.name} has {lines} lines, more than {FUNCTION_LINES}"


RULES: tuple[Callable[[Source], Iterator[str]], ...] = (
    foreign_packages_stay_in_their_room,
    systems_are_told_apart_in_platforms,
    decisions_do_not_touch_the_world,
    modules_say_what_they_are_for,
    names_say_something,
    things_stay_small,
)


def machine_traces(text: str) -> Iterator[str]:
    """Each place where a file names a folder of the machine it was written on, or the host of a package registry."""
    for number, line in enumerate(text.splitlines(), 1):
        if THIS_MACHINE.search(line):
            yield f"line {number}: names a folder of one machine"
        yield from (f"line {number}: names the registry {host}" for host in REGISTRIES if host in line)


def rooms_missing_from(map_of_rooms: str, rooms: list[str]) -> list[str]:
    """The package folders that have no line of their own in ARCHITECTURE.md: "name/" at its start, or their path."""
    return [
        room
        for room in rooms
        if f"{room}/" not in map_of_rooms
        and not re.search(rf"^[\s|`*-]*{re.escape(room.rpartition('/')[2])}/", map_of_rooms, re.MULTILINE)
    ]


# --- Applied to the tree ---------------------------------------------------------------------------------------------


def our_files() -> Iterator[Path]:
    """Every file of the checkout that somebody wrote."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.endswith("_cache")]
        yield from (Path(folder, name) for name in files if name not in NOT_OURS)


def modules_of_ours() -> Iterator[Source]:
    for path in our_files():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.suffix == ".py" and parts[0] in {"agent", "tray", "resources"}:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield Source(name, path.read_text("utf-8"))


@pytest.mark.parametrize("rule", RULES)
def test_every_module_keeps_the_rule(rule: Callable[[Source], Iterator[str]]) -> None:
    offences = [f"{source.module} {offence}" for source in modules_of_ours() for offence in rule(source)]
    assert not offences, "\n".join(offences)


def test_the_map_of_rooms_names_every_package() -> None:
    packages = sorted(
        {path.parent.relative_to(ROOT).as_posix() for half in ("agent", "tray") for path in (ROOT / half).rglob("*.py")}
    )
    assert not rooms_missing_from((ROOT / "ARCHITECTURE.md").read_text("utf-8"), packages)


def test_no_file_tells_where_it_was_written() -> None:
    offences = []
    for path in our_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # pictures and the like
        offences += [f"{path.relative_to(ROOT)} {offence}" for offence in machine_traces(text)]
    assert not offences, "\n".join(offences)


def test_every_agent_module_that_opens_a_foreign_package_has_its_row() -> None:
    """A dependency of the wheel without a row in ONE_ROOM would be free to spread."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    base = text[text.index("\ndependencies = [") : text.index("[project.scripts]")]
    names = {re.split(r"[\[>=;. -]", name)[0] for name in re.findall(r'^\s+"([^"]+)"', base, re.MULTILINE)}
    imports = {
        "pillow": "PIL",
        "python": "socketio",
        "tomli": "tomli_w",
        "pyobjc": "Network",
        "desktop": "desktop_notifier",
    }
    assert {imports.get(name, name) for name in names} <= set(ONE_ROOM)


# --- The rules are awake ---------------------------------------------------------------------------------------------

PLANTED = (
    (foreign_packages_stay_in_their_room, Source("agent.work.upload", '"""Doc."""\nimport sqlite3\n')),
    (foreign_packages_stay_in_their_room, Source("agent.storeroom", '"""Doc."""\nfrom sqlite3 import connect\n')),
    (foreign_packages_stay_in_their_room, Source("agent.app", "def start():\n    import requests.adapters\n")),
    (systems_are_told_apart_in_platforms, Source("agent.facts", "import sys\nif sys.platform == 'linux': ...\n")),
    (systems_are_told_apart_in_platforms, Source("tray.icon", "from sys import platform\n")),
    (decisions_do_not_touch_the_world, Source("agent.domain.backoff", "import random\n")),
    (decisions_do_not_touch_the_world, Source("agent.protocol.wire", "from os import environ\n")),
    (decisions_do_not_touch_the_world, Source("agent.domain.schedule", "import datetime as d\nd.datetime.now()\n")),
    (decisions_do_not_touch_the_world, Source("agent.domain.rules", "text = open('x').read()\n")),
    (modules_say_what_they_are_for, Source("agent.state", "import json\n")),
    (names_say_something, Source("agent.store.utils", '"""Doc."""\n')),
    (things_stay_small, Source("agent.app", "\n" * (MODULE_LINES + 1))),
    (things_stay_small, Source("agent.app", "def long():\n" + "    x = 1\n" * FUNCTION_LINES)),
)


@pytest.mark.parametrize(("rule", "source"), PLANTED)
def test_a_planted_offence_is_found(rule: Callable[[Source], Iterator[str]], source: Source) -> None:
    assert list(rule(source))


def test_what_is_allowed_is_left_alone() -> None:
    sources = (
        Source("agent.store.db", '"""Doc."""\nimport sqlite3\n'),
        Source("agent.platforms.linux", '"""Doc."""\nimport sys\nsys.platform\n'),
        Source("agent.domain.backoff", '"""Doc."""\nfrom datetime import timedelta\n'),
        Source("agent.work.worker", '"""Doc."""\nimport threading, time\n'),
    )
    assert not [offence for source in sources for rule in RULES for offence in rule(source)]


def test_a_planted_trace_of_the_machine_is_found() -> None:
    assert list(machine_traces("open('/wor" + "k/main/x')"))
    assert list(machine_traces(f"index = https://{REGISTRIES[0]}/simple"))
    assert not list(machine_traces("agent/work/upload.py, src/root/x, see work/ and ../work/x"))


def test_a_room_missing_from_the_map_is_found() -> None:
    map_of_rooms = "agent/  the headless half\n  store/  what survives\n"
    assert rooms_missing_from(map_of_rooms, ["agent", "agent/store", "agent/rpc"]) == ["agent/rpc"]
