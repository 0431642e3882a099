"""Registers this checkout with a real systemd user manager: started, restarted, stopped, retimed, taken back."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.user_manager import UserManager, user_manager, why_not

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
COMMAND = (sys.executable, "-P", "-m", "agent")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[UserManager]:
    if reason := why_not():
        pytest.skip(reason)
    with user_manager("root", tmp_path) as manager:  # root, for the checkout need not be readable by anybody else
        yield manager


def until(is_so: Callable[[], bool], limit_s: float = 30) -> None:
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s, "it did not come to be"
        time.sleep(0.1)


def ask(session: UserManager, *words: str) -> Any:
    return json.loads(session.run(*COMMAND, *words, "--json", check=False).stdout)


def codes(session: UserManager) -> set[str]:
    return {one["code"] for one in ask(session, "service", "status")["findings"]} - {"service_not_lingering"}


def test_from_registering_to_taking_it_back(session: UserManager) -> None:
    assert codes(session) == {"service_absent"}
    detached = ask(session, "start")["pid"]
    shown = ask(session, "service", "install")
    assert shown["agent"]["running"]
    assert shown["agent_pid"] == shown["agent"]["pid"] != detached
    assert codes(session) == set()

    os.kill(host_pid(session, shown["agent_pid"]), 9)
    until(lambda: session.show("safelight.service", "NRestarts") == "1")
    until(lambda: session.show("safelight.service", "SubState") == "running")

    assert ask(session, "stop") == {"running": False}
    assert session.show("safelight.service", "ActiveState") == "inactive"
    assert ask(session, "start")["pid"] == int(session.show("safelight.service", "MainPID"))
    before = int(session.show("safelight.service", "MainPID"))
    assert ask(session, "restart")["pid"] == int(session.show("safelight.service", "MainPID")) != before

    ask(session, "settings", "set", "cache_time", "05:10")
    until(lambda: ask(session, "service", "status")["nightly"]["at"] == "05:10")
    until(lambda: codes(session) == set())
    assert "05:10" in session.show("safelight-cache.timer", "TimersCalendar")
    ask(session, "settings", "set", "cache_nightly", "no")
    until(lambda: session.show("safelight-cache.timer", "ActiveState") == "inactive")

    removed = ask(session, "service", "uninstall")
    assert not list((session.home / ".config/systemd").rglob("*safelight*"))
    assert not (session.home / ".config/autostart/safelight-tray.desktop").exists()
    assert all(Path(one).exists() for one in removed["kept"])
    assert session.run(*COMMAND, "status", check=False).returncode == 3
    assert codes(session) == {"service_absent"}


def test_what_the_user_switches_off_is_seen(session: UserManager) -> None:
    ask(session, "service", "install")
    session.run("systemctl", "--user", "disable", "--now", "safelight.service")
    assert codes(session) == {"service_disabled"}
    session.run("systemctl", "--user", "disable", "--now", "safelight-cache.timer")
    assert codes(session) == {"service_disabled", "nightly_disabled"}
    session.run("systemctl", "--user", "mask", "safelight-cache.timer", check=False)
    ask(session, "service", "install")
    session.run("systemctl", "--user", "stop", "safelight.service")
    unit = session.home / ".config/systemd/user/safelight.service"
    unit.write_text(unit.read_text().replace(sys.executable, "/gone/python"))
    session.run("systemctl", "--user", "daemon-reload")
    assert "service_program_gone" in codes(session)
    assert ask(session, "start")["running"]  # without the system, since its program is gone
    ask(session, "stop")


def test_an_agent_that_crashes_for_ever_is_given_up_and_that_is_told(session: UserManager) -> None:
    ask(session, "service", "install")
    broken = session.home / ".config/systemd/user/safelight.service.d/broken.conf"
    broken.parent.mkdir()
    broken.write_text("[Service]\nType=exec\nRestartSec=0\nExecStart=\nExecStart=/bin/false\n")
    session.run("systemctl", "--user", "daemon-reload")
    session.run("systemctl", "--user", "restart", "safelight.service", check=False)
    until(lambda: session.show("safelight.service", "ActiveState") == "failed")
    assert codes(session) == {"service_failed"}


def host_pid(session: UserManager, inside: int) -> int:
    """The number that this machine knows a process of the namespace by."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = next(one for one in (folder / "status").read_text().splitlines() if one.startswith("NSpid:"))
            same = os.readlink(folder / "ns/pid_for_children") == os.readlink(
                f"/proc/{session.first}/ns/pid_for_children"
            )
        except (OSError, StopIteration):
            continue
        if same and int(line.split()[-1]) == inside:
            return int(folder.name)
    raise AssertionError(f"no process {inside}")
