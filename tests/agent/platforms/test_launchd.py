"""launchd: the property lists hold only known keys with the right types, and launchctl's answers are understood.

launchctl itself is not at hand: what it answers here is written after its manual and what people have shown of it.
"""

import plistlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.domain.registration import Plan, mismatches
from agent.platforms.launchd import LABELS, Launchd, agent_job, nightly_job, to_plist, tray_job
from agent.platforms.registration import Ran, Refused

LOGS = Path("/Users/ada/Library/Logs/safelight")
PROGRAM = "/Applications/Safelight.app/Contents/MacOS/safelight"
PLAN = Plan((PROGRAM, "run"), (PROGRAM, "cache", "build"), "03:00", (f"{PROGRAM}-tray",))

#: Keys of launchd.plist(5) that we use, and what may stand there.
KEYS: dict[str, Callable[[Any], bool]] = {
    "Label": lambda v: bool(re.fullmatch(r"[a-z]+(\.[a-z]+)+", v)),
    "ProgramArguments": lambda v: bool(v) and all(isinstance(one, str) for one in v) and v[0].startswith("/"),
    "RunAtLoad": lambda v: isinstance(v, bool),
    "KeepAlive": lambda v: isinstance(v, bool) or set(v) <= {"SuccessfulExit", "Crashed", "PathState"},
    "ThrottleInterval": lambda v: type(v) is int and v >= 10,
    "ExitTimeOut": lambda v: type(v) is int and v > 0,
    "ProcessType": lambda v: v in {"Background", "Standard", "Adaptive", "Interactive"},
    "LowPriorityIO": lambda v: isinstance(v, bool),
    "LowPriorityBackgroundIO": lambda v: isinstance(v, bool),
    "Nice": lambda v: type(v) is int and -20 <= v <= 20,
    "LimitLoadToSessionType": lambda v: v in {"Aqua", "Background", "LoginWindow", "StandardIO", "System"},
    "AssociatedBundleIdentifiers": lambda v: all(isinstance(one, str) for one in v),
    "StandardErrorPath": lambda v: isinstance(v, str) and v.startswith("/"),
    "StartCalendarInterval": lambda v: (
        set(v) <= {"Minute", "Hour", "Day", "Weekday", "Month"}
        and 0 <= v.get("Hour", 0) <= 23
        and 0 <= v.get("Minute", 0) <= 59
    ),
}

JOBS = (agent_job(PLAN.agent, LOGS), nightly_job(PLAN.nightly, "03:05", LOGS), tray_job((f"{PROGRAM}-tray",), LOGS))


@pytest.mark.parametrize("job", JOBS, ids=[job["Label"] for job in JOBS])
def test_a_property_list_comes_back_as_it_was_and_holds_only_what_launchd_knows(job: dict[str, Any]) -> None:
    found = plistlib.loads(to_plist(job))
    assert found == job
    assert [key for key, value in found.items() if key not in KEYS or not KEYS[key](value)] == []


def test_the_agent_comes_back_after_a_crash_only() -> None:
    job = JOBS[0]
    assert job["KeepAlive"] == {"SuccessfulExit": False}
    assert "KeepAlive" not in JOBS[2]
    assert JOBS[1]["StartCalendarInterval"] == {"Hour": 3, "Minute": 5}


class Launchctl:
    """Answers like launchctl for jobs that were bootstrapped."""

    def __init__(self) -> None:
        self.loaded: set[str] = set()
        self.disabled: set[str] = set()
        self.asked: list[str] = []

    def __call__(self, argv: Sequence[str]) -> Ran:
        assert argv[0] == "launchctl"
        verb, *rest = argv[1:]
        self.asked.append(" ".join(argv[1:]))
        label = rest[-1].rpartition("/")[2].removesuffix(".plist") if rest else ""
        if verb == "bootstrap":
            self.loaded.add(label)
        elif verb == "enable":
            self.disabled.discard(label)
        elif verb == "print-disabled":
            rows = "\n".join(f'\t\t"{one}" => disabled' for one in self.disabled)
            return Ran(0, f"disabled services = {{\n{rows}\n}}\n", "")
        elif label not in self.loaded:
            return Ran(113, "", f'Could not find service "{label}" in domain for user gui: 501\n')
        elif verb == "bootout":
            self.loaded.discard(label)
        elif verb == "print":
            return Ran(0, f"gui/501/{label} = {{\n\tactive count = 1\n\tstate = running\n\n\tpid = 4711\n}}\n", "")
        return Ran(0, "", "")


@pytest.fixture
def launchctl() -> Launchctl:
    return Launchctl()


@pytest.fixture
def launchd(tmp_path: Path, launchctl: Launchctl) -> Launchd:
    return Launchd(tmp_path, launchctl, 501)


def codes(launchd: Launchd, plan: Plan = PLAN) -> list[str]:
    return [one.code for one in mismatches(launchd.read(plan), plan, lambda _: True)]


def test_installing_starting_and_reading_back(tmp_path: Path, launchd: Launchd, launchctl: Launchctl) -> None:
    assert codes(launchd) == ["service_absent"]
    launchd.install(PLAN)
    assert {path.stem for path in (tmp_path / "Library/LaunchAgents").iterdir()} == set(LABELS.values())
    assert launchctl.loaded == {"org.safelight.nightly"}
    launchd.start()
    assert launchctl.asked[-1] == "kickstart gui/501/org.safelight.agent"
    assert codes(launchd) == []
    agent = launchd.read(PLAN).job("agent")
    assert (agent.running, agent.pid, agent.command) == (True, 4711, PLAN.agent)
    launchd.stop()
    assert launchctl.asked[-1] == "kill SIGTERM gui/501/org.safelight.agent"


def test_what_does_not_fit_is_named(tmp_path: Path, launchd: Launchd, launchctl: Launchctl) -> None:
    launchd.install(PLAN)
    launchctl.disabled.add("org.safelight.agent")
    assert codes(launchd) == ["service_disabled"]
    launchctl.disabled.clear()
    assert codes(launchd, Plan(PLAN.agent, PLAN.nightly, "04:00", PLAN.tray)) == ["nightly_other_time"]
    assert codes(launchd, Plan(("/new", "run"), PLAN.nightly, "03:00", PLAN.tray)) == ["service_elsewhere"]
    path = tmp_path / "Library/LaunchAgents/org.safelight.agent.plist"
    path.write_bytes(path.read_bytes().replace(b"<integer>10</integer>", b"<integer>5</integer>"))
    assert codes(launchd) == ["service_outdated"]
    path.write_bytes(b"no property list")
    assert codes(launchd) == []  # unreadable, so nothing can be said of its command ...
    launchd.install(PLAN)
    assert plistlib.loads(path.read_bytes())["Nice"] == 10  # ... and installing mends it


def test_installing_twice_leaves_what_runs_alone(launchd: Launchd, launchctl: Launchctl) -> None:
    launchd.install(PLAN)
    launchctl.asked.clear()
    launchd.install(PLAN)
    assert not [asked for asked in launchctl.asked if asked.startswith("bootout")]


def test_uninstalling_unloads_and_removes(tmp_path: Path, launchd: Launchd, launchctl: Launchctl) -> None:
    launchd.install(PLAN)
    launchd.start()
    launchctl.loaded.add(LABELS["tray"])  # as at a login
    assert len(launchd.uninstall()) == 3
    assert launchctl.loaded == {LABELS["tray"]}, "the window that asks for it goes on"
    assert not list((tmp_path / "Library/LaunchAgents").iterdir())
    assert launchd.uninstall() == ()


def test_an_app_that_runs_from_its_disk_image_is_not_registered(launchd: Launchd) -> None:
    away = "/private/var/folders/x/AppTranslocation/0/d/Safelight.app/Contents/MacOS/safelight"
    with pytest.raises(Refused, match="Applications"):
        launchd.install(Plan((away, "run"), (away, "cache", "build"), "03:00"))


def test_the_agent_and_the_tray_are_registered_and_removed_each_by_itself(tmp_path: Path, launchd: Launchd) -> None:
    def there() -> set[str]:
        return {path.stem for path in (tmp_path / "Library/LaunchAgents").iterdir()}

    agents = {LABELS["agent"], LABELS["nightly"]}
    launchd.install(PLAN, agent=False)
    assert there() == {LABELS["tray"]}
    launchd.install(PLAN)
    assert len(launchd.uninstall(agent=False)) == 1
    assert there() == agents
    launchd.install(PLAN, agent=False)
    assert there() == {*agents, LABELS["tray"]}
    assert len(launchd.uninstall(tray=False)) == 2
    assert there() == {LABELS["tray"]}
