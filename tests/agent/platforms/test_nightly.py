"""The nightly pass is the same on every system: it spares the battery, steps aside for everything, and ends in time."""

import plistlib
import re
from pathlib import Path

import pytest
from lxml import etree

from agent.platforms.autostart import unquote_windows
from agent.platforms.launchd import nightly_job, to_plist
from agent.platforms.registration import NIGHTLY, plan_of_this_program
from agent.platforms.systemd_units import cache_unit, timer_unit, unquote, value_of
from agent.platforms.task_scheduler import nightly_task, to_file

PLAN = plan_of_this_program("03:00")
UNIT = cache_unit(PLAN.nightly)
PLIST = plistlib.loads(to_plist(nightly_job(PLAN.nightly, "03:00", Path("/tmp"))))
TASK = etree.fromstring(to_file(nightly_task(PLAN.nightly, "S-1-5-21-1", "03:00")))


def _of_task(path: str) -> str:
    return str(TASK.findtext("/".join(f"{{*}}{step}" for step in path.split("/"))))


COMMANDS = {
    "systemd": unquote(value_of(UNIT, "ExecStart") or ""),
    "launchd": tuple(PLIST["ProgramArguments"]),
    "task_scheduler": (_of_task("Actions/Exec/Command"), *unquote_windows(_of_task("Actions/Exec/Arguments"))),
}


@pytest.mark.parametrize("system", COMMANDS)
def test_every_system_runs_the_pass_that_spares_the_battery(system: str) -> None:
    assert COMMANDS[system] == PLAN.nightly
    assert COMMANDS[system][-3:] == NIGHTLY == ("cache", "build", "--spare-battery")


def test_systemd_gives_it_what_is_left_and_never_more_than_its_share() -> None:
    wanted = {"Nice": "19", "IOSchedulingClass": "idle", "CPUWeight": "10", "IOWeight": "10"}
    assert {key: value_of(UNIT, key) for key in wanted} == wanted
    quota = re.fullmatch(r"(\d+)%", value_of(UNIT, "CPUQuota") or "")
    assert quota
    assert int(quota[1]) <= 50
    timer = timer_unit("03:00")
    assert (value_of(timer, "RandomizedDelaySec"), value_of(timer, "Persistent")) == ("30min", "yes")


def test_launchd_and_the_task_scheduler_have_no_quota_but_run_it_behind_everything() -> None:
    assert (PLIST["ProcessType"], PLIST["Nice"]) == ("Background", 19)
    assert PLIST["LowPriorityIO"]
    assert PLIST["LowPriorityBackgroundIO"]
    assert _of_task("Settings/Priority") == "9"  # the idle class
    assert _of_task("Settings/StartWhenAvailable") == "true"
    assert _of_task("Settings/ExecutionTimeLimit") == "PT6H"
