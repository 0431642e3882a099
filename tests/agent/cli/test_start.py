"""What a start of the command loads: its own branch, and nothing that it does not use."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
import typer

from agent.cli.commands import build

CHECKOUT = Path(__file__).resolve().parents[3]

#: Costly, and no part of asking the agent a question: the checking of types, drawing, mail, networks, databases.
HEAVY = (
    "pydantic", "rich.console", "rich.table", "rich.progress", "rich.live", "email", "importlib.metadata", "asyncio",
    "ssl", "urllib3", "requests", "http.client", "sqlite3", "ctypes", "tomllib", "PIL", "psutil", "keyring",
    "agent.app", "agent.rpc", "agent.store", "agent.work", "agent.media", "agent.destinations", "agent.checkup",
)  # fmt: skip

LOOK = """
import sys
from agent.cli.entry import main
main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
"""


def loaded(home: Path, typed: str) -> set[str]:
    """The modules of a process that has done what was typed, in a home without an agent."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *typed.split()],
        cwd=CHECKOUT,
        env=os.environ | {"SAFELIGHT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "typed",
    [
        "status",
        "status --json",
        "backup --wait --json",
        "jobs list --limit 5 --status COMPLETED",
        "library list --state safe --folder /tmp",
        "folder list",
        "settings list",
    ],
)
def test_a_question_to_the_agent_loads_nothing_heavy(typed: str, tmp_path: Path) -> None:
    modules = loaded(tmp_path / "home", typed)
    assert sorted(modules.intersection(HEAVY)) == []


def test_a_command_loads_no_other_command(tmp_path: Path) -> None:
    modules = loaded(tmp_path / "home", "status")
    branches = ("backup", "cache", "demo", "destination", "doctor", "folder", "jobs", "library", "service", "settings")
    assert sorted(modules.intersection(f"agent.cli.{name}" for name in branches)) == []
    assert "agent.cli.status" in modules


def test_the_version_is_told_without_loading_anything_at_all() -> None:
    look = "import sys; from agent.cli.entry import main; main(['--version']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", look], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("safelight ")
    assert {"typer", "msgspec", "agent.words"}.isdisjoint(done.stderr.split())


def words(branch: typer.Typer) -> list[str]:
    """What may be typed first."""
    commands = [str(one.name) for one in branch.registered_commands]
    return commands + [str(one.name) for one in branch.registered_groups]


def test_each_branch_holds_the_words_that_lead_to_it() -> None:
    whole = words(build())
    for word in whole:
        inside = words(build(word))
        assert word in inside
        assert len(inside) < len(whole)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("typed", ["status --json", "status", "--version", "--help"])
def test_an_answer_that_cannot_be_written_is_told_in_a_sentence(typed: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = ended(tmp_path, typed, stdout=full)
    said = done.stderr.splitlines()
    if typed == "status":  # has nothing to say on stdout without an agent
        assert done.returncode == 3
    else:
        assert done.returncode == 1
        assert said == ["stdout cannot be written: No space left on device. Choose another place."]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no shells there that close a stream")
@pytest.mark.parametrize("typed", ["status --json", "--version", "--help", "nonsense"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_closed_stream_is_no_trouble(number: int, typed: str, tmp_path: Path) -> None:
    open_ = ended(tmp_path, typed)
    closed = ended(tmp_path, typed, closing=number)
    assert closed.returncode == open_.returncode
    assert (closed.stdout, closed.stderr) == ((open_.stdout, "") if number == 2 else ("", open_.stderr))


def ended(
    home: Path, typed: str, *, stdout: IO[str] | int = subprocess.PIPE, closing: int | None = None
) -> subprocess.CompletedProcess[str]:
    """The command in a home without an agent, with one of its streams closed."""
    line = f'exec "$0" -m agent "$@" {closing}>&-' if closing else 'exec "$0" -m agent "$@"'
    return subprocess.run(
        ["sh", "-c", line, sys.executable, *typed.split()],
        cwd=CHECKOUT,
        env=os.environ | {"SAFELIGHT_HOME": str(home / "home")},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=100,
    )
