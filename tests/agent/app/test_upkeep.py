"""The agent notices that its program was replaced, once the new one lies there whole."""

import os
import sys
from pathlib import Path
from threading import Event

import pytest

from agent.app.upkeep import Upkeep, stamp_of
from agent.platforms import program
from agent.platforms.base import places
from agent.protocol.settings import Settings


@pytest.fixture
def installed(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packaged program on disk, which we are said to be."""
    file = home / "safelight"
    file.write_bytes(b"version 1")
    monkeypatch.setattr(sys, "executable", str(file))
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    return file


def upkeep(on_replaced: Event) -> Upkeep:
    return Upkeep(places(), Settings, on_replaced.set)


def test_a_program_that_stays_the_same_is_not_replaced(installed: Path) -> None:
    looking = upkeep(Event())
    assert [looking.is_replaced() for _ in range(3)] == [False] * 3


def test_a_replaced_program_is_seen_at_the_second_look_that_finds_it_the_same(installed: Path) -> None:
    looking = upkeep(Event())
    installed.unlink()
    assert not looking.is_replaced()
    assert not looking.is_replaced()  # an update under way: there is none
    installed.write_bytes(b"half of vers")
    assert not looking.is_replaced()
    installed.write_bytes(b"version 2, whole")
    assert not looking.is_replaced()
    assert looking.is_replaced()


def test_a_program_put_back_as_it_was_is_not_another_one(installed: Path) -> None:
    looking = upkeep(Event())
    facts = installed.stat()
    aside = installed.rename(installed.with_name("aside"))
    assert not looking.is_replaced()
    aside.rename(installed)
    os.utime(installed, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert [looking.is_replaced() for _ in range(2)] == [False] * 2
    assert stamp_of(installed) is not None


def test_the_thread_tells_it_once_and_ends(installed: Path) -> None:
    told = Event()
    looking = upkeep(told)
    installed.write_bytes(b"version 2, whole")
    looking.is_replaced()
    looking.start()
    assert told.wait(5)
    looking.stop()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, False), ({"NOTIFY_SOCKET": "/run/x"}, True), ({"XPC_SERVICE_NAME": "org.safelight.agent"}, True)],
)
def test_who_starts_the_agent_again_is_known(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NOTIFY_SOCKET", "XPC_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert program.is_supervised() is expected
