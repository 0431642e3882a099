"""systemd: the units pass its own verifier, a command line survives quoting, what is read back is understood."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.domain.registration import Mismatch, Plan, mismatches
from agent.platforms.registration import Ran, Refused
from agent.platforms.systemd import Systemd, tell_manager
from agent.platforms.systemd_units import (
    AGENT,
    CACHE,
    TIMER,
    agent_unit,
    cache_unit,
    quote,
    timer_drop_in,
    timer_unit,
    unquote,
    value_of,
)

if sys.platform == "win32":
    pytest.skip("systemd is Linux' own", allow_module_level=True)

PLAN = Plan(
    ("/opt/safelight/safelight", "run"), ("/opt/safelight/safelight", "cache", "build"), "03:00", ("/opt/tray",)
)

COMMANDS = (
    ("/usr/lib/safelight/safelight", "run"),
    ("/home/ada/My Programs/safelight", "run"),
    ("/opt/100%/$HOME/safe light", "--home", "$HOME/%h", "run"),
    ("/opt/plain", 'a "quote"', "back\\slash", "it's", "semi;colon", ""),
    ("/opt/caf\udce9/ünï", "run"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_line_survives_the_unit(command: tuple[str, ...]) -> None:
    assert unquote(quote(command)) == command


@pytest.mark.parametrize("program", ["/opt/two\nlines", "/opt/it's", '/opt/"x"', "/opt/back\\slash"])
def test_what_no_unit_can_hold_is_refused(program: str) -> None:
    with pytest.raises(Refused):
        quote([program, "run"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("program", ["/bin/true", "/bin/sh"])
def test_systemds_own_verifier_has_nothing_to_say(tmp_path: Path, program: str) -> None:
    """Its exit code alone says nothing of an unknown or misspelt key."""
    units = {AGENT: agent_unit([program, "run"]), CACHE: cache_unit([program]), TIMER: timer_unit("03:00")}
    assert verified(tmp_path, units) == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_the_verifier_is_awake(tmp_path: Path) -> None:
    misspelt = agent_unit(["/bin/true"]).replace("Restart=", "Restrat=")
    assert "Restrat" in verified(tmp_path, {AGENT: misspelt})


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_odd_programs_are_found_by_the_verifier(tmp_path: Path) -> None:
    """The verifier looks for the program, so it must have read the name as we meant it."""
    program = tmp_path / "we ird 100% é; $x"
    program.symlink_to("/bin/true")
    assert verified(tmp_path, {AGENT: agent_unit([str(program), "$HOME"])}) == ""


def verified(folder: Path, units: dict[str, str]) -> str:
    for name, text in units.items():
        (folder / name).write_bytes(os.fsencode(text))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *(str(folder / name) for name in units)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"XDG_RUNTIME_DIR": str(folder)},
    )
    return done.stderr + (f"rc {done.returncode}" if done.returncode else "")


def test_the_agent_is_restarted_after_a_crash_but_not_for_ever_and_not_when_told_to_stop() -> None:
    unit = agent_unit(["/bin/true"])
    assert value_of(unit, "Restart") == "on-failure"
    assert (value_of(unit, "StartLimitBurst"), value_of(unit, "StartLimitIntervalSec")) == ("5", "10min")
    assert value_of(unit, "UnsetEnvironment") == "SAFELIGHT_HOME"


def test_the_nightly_pass_stands_behind_everything_and_is_made_up_for() -> None:
    unit = cache_unit(["/bin/true"])
    wanted = {"Nice": "19", "IOSchedulingClass": "idle", "CPUQuota": "50%", "SuccessExitStatus": "1", "Type": "oneshot"}
    assert {key: value_of(unit, key) for key in wanted} == wanted
    timer = timer_unit("04:30")
    wanted = {"OnCalendar": "*-*-* 04:30:00", "RandomizedDelaySec": "30min", "Persistent": "yes"}
    assert {key: value_of(timer, key) for key in wanted} == wanted
    assert value_of(timer_drop_in("05:00"), "OnCalendar") == "*-*-* 05:00:00"


# --- reading back, with a manager that answers what a real one printed ------------------------------------------------


class Manager:
    """Answers like systemctl; keeps what it was asked."""

    def __init__(self, **shown: str) -> None:
        self.shown = shown
        self.asked: list[str] = []
        self.code = 0

    def __call__(self, argv: Sequence[str]) -> Ran:
        assert list(argv[:2]) == ["systemctl", "--user"]
        self.asked.append(" ".join(argv[2:]))
        if self.code:
            return Ran(self.code, "", "Failed to connect to bus: No medium found\n")
        return Ran(0, self._blocks() if argv[2] == "show" else "", "")

    def _blocks(self) -> str:
        known = {"UnitFileState": "enabled", "ActiveState": "active", "MainPID": "0"} | self.shown
        return "\n\n".join(
            "\n".join([f"Id={unit}", *(f"{key}={value}" for key, value in known.items())])
            for unit in (AGENT, CACHE, TIMER)
        )


def codes(folder: Path, manager: Manager, plan: Plan = PLAN, *, exists: bool = True) -> list[str]:
    systemd = Systemd(folder, manager, packaged=(folder / "packaged",))
    found = mismatches(systemd.read(plan), plan, lambda _: exists)
    return [one.code for one in found if one.code != "service_not_lingering"]


def install(folder: Path, manager: Manager, plan: Plan = PLAN) -> Systemd:
    systemd = Systemd(folder, manager, packaged=(folder / "packaged",))
    systemd.install(plan)
    return systemd


def test_installing_writes_the_units_and_enables_them(tmp_path: Path) -> None:
    manager = Manager()
    install(tmp_path, manager)
    folder = tmp_path / "systemd/user"
    assert (folder / AGENT).read_text() == agent_unit(PLAN.agent)
    assert manager.asked[-3:] == [f"enable {AGENT}", f"enable {TIMER}", f"restart {TIMER}"]
    assert codes(tmp_path, manager) == []


STORIES: tuple[tuple[str, dict[str, str], Plan, bool, list[str]], ...] = (
    ("nothing is wrong", {}, PLAN, True, []),
    ("switched off by the user", {"UnitFileState": "disabled"}, PLAN, True, ["service_disabled", "nightly_disabled"]),
    ("masked", {"LoadState": "masked", "UnitFileState": "masked"}, PLAN, True, ["service_masked", "nightly_masked"]),
    ("given up", {"ActiveState": "failed"}, PLAN, True, ["service_failed", "nightly_disabled"]),
    ("moved away", {}, PLAN, False, ["service_program_gone", "nightly_program_gone", "tray_program_gone"]),
    (
        "another installation",
        {},
        Plan(("/usr/bin/safelight", "run"), PLAN.nightly, "03:00", PLAN.tray),
        True,
        ["service_elsewhere"],
    ),
    ("another time", {}, Plan(PLAN.agent, PLAN.nightly, "04:00", PLAN.tray), True, ["nightly_other_time"]),
    ("no nightly pass wanted", {}, Plan(PLAN.agent, PLAN.nightly, None, PLAN.tray), True, ["nightly_unwanted"]),
)


@pytest.mark.parametrize(("shown", "plan", "exists", "expected"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES])
def test_what_does_not_fit_is_named(
    tmp_path: Path, shown: dict[str, str], plan: Plan, exists: bool, expected: list[str]
) -> None:
    install(tmp_path, Manager())
    assert codes(tmp_path, Manager(**shown), plan, exists=exists) == expected


def test_nothing_registered_is_told_once(tmp_path: Path) -> None:
    assert codes(tmp_path, Manager()) == ["service_absent"]


def test_without_a_manager_nothing_is_written_and_files_are_still_read(tmp_path: Path) -> None:
    manager = Manager()
    manager.code = 1
    with pytest.raises(Refused, match="Failed to connect to bus"):
        install(tmp_path, manager)
    assert not (tmp_path / "systemd").exists()
    assert codes(tmp_path, manager) == ["service_no_manager"]


def test_units_of_an_older_version_are_outdated_until_installed_again(tmp_path: Path) -> None:
    manager = Manager()
    install(tmp_path, manager)
    unit = tmp_path / "systemd/user" / AGENT
    unit.write_text(unit.read_text().replace("Nice=10", "Nice=5"))
    assert codes(tmp_path, manager) == ["service_outdated"]
    install(tmp_path, manager)
    assert codes(tmp_path, manager) == []


def test_where_a_package_brought_the_units_none_are_written_but_another_time_is(tmp_path: Path) -> None:
    packaged = tmp_path / "packaged/systemd/user"
    packaged.mkdir(parents=True)
    (packaged / AGENT).write_text(agent_unit(PLAN.agent))
    install(tmp_path, Manager())
    assert not list((tmp_path / "systemd").rglob("*.*"))
    install(tmp_path, Manager(), Plan(PLAN.agent, PLAN.nightly, "05:15"))
    [own] = (path for path in (tmp_path / "systemd").rglob("*") if path.is_file())
    assert value_of(own.read_text(), "OnCalendar") == "*-*-* 05:15:00"


def test_uninstalling_leaves_nothing_of_ours_and_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    systemd = install(tmp_path, Manager())
    others = tmp_path / "systemd/user/other.service"
    others.write_text("[Unit]\n")
    removed = systemd.uninstall()
    assert {Path(one).name for one in removed} == {AGENT, CACHE, TIMER, "safelight-tray.desktop"}
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [others]


def test_the_agent_and_the_tray_are_registered_and_removed_each_by_itself(tmp_path: Path) -> None:
    manager = Manager()
    systemd = Systemd(tmp_path, manager, packaged=())
    systemd.install(PLAN, agent=False)
    entry, unit = tmp_path / "autostart/safelight-tray.desktop", tmp_path / "systemd/user" / AGENT
    assert manager.asked == [], "the tray is the desktop's own"
    assert (entry.exists(), unit.exists()) == (True, False)
    systemd.install(Plan(PLAN.agent, PLAN.nightly, "03:00"))
    assert systemd.uninstall(agent=False) == (str(entry),)
    assert (entry.exists(), unit.exists()) == (False, True)
    systemd.install(PLAN)
    systemd.uninstall(tray=False)
    assert (entry.exists(), unit.exists()) == (True, False)
    found = systemd.read(PLAN)
    assert (found.begins("agent"), found.begins("tray")) == (False, True)


def test_what_a_person_switched_off_in_the_system_does_not_begin(tmp_path: Path) -> None:
    systemd = install(tmp_path, Manager(UnitFileState="disabled"))
    entry = tmp_path / "autostart/safelight-tray.desktop"
    entry.write_text(entry.read_text() + "Hidden=true\n")
    found = systemd.read(PLAN)
    assert (found.begins("agent"), found.begins("tray")) == (False, False)
    assert found.job("agent").installed


def test_the_manager_hears_that_the_agent_is_ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for address in (str(tmp_path / "notify"), f"@safelight-test-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address.replace("@", "\0"))
            manager.settimeout(5)
            monkeypatch.setenv("NOTIFY_SOCKET", address)
            tell_manager("READY=1")
            assert manager.recv(100) == b"READY=1"


def test_without_a_manager_or_with_a_dead_one_nothing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell_manager("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    tell_manager("STOPPING=1")


def test_a_mismatch_names_what_was_found_and_what_was_expected(tmp_path: Path) -> None:
    install(tmp_path, Manager())
    plan = Plan(("/new/safelight", "run"), PLAN.nightly, "03:00", PLAN.tray)
    found = Systemd(tmp_path, Manager(), packaged=()).read(plan)
    assert mismatches(found, plan, lambda _: True)[0] == Mismatch(
        "service_elsewhere", "agent", "/opt/safelight/safelight run", "/new/safelight run"
    )
