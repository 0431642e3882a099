"""Task Scheduler: the tasks fit the published schema, and what schtasks stores is understood when read back.

schtasks itself is not at hand: a stand-in keeps the tasks as Windows does, re-written and with elements of its own.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest
from lxml import etree

from agent.domain.registration import Job, Plan, mismatches
from agent.platforms.autostart import RunKey
from agent.platforms.registration import Ran, Refused
from agent.platforms.task_scheduler import NAMES, TaskScheduler, agent_task, nightly_task, to_file

USER = "S-1-5-21-1004336348-1177238915-682003330-1001"
PROGRAM = r"C:\Users\Ada & Bob\AppData\Local\Programs\Safelight\0.1.0\safelight-agent.exe"
PLAN = Plan((PROGRAM, "run"), (PROGRAM, "cache", "build"), "03:00")
SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).with_name("task-subset.xsd"))))

TASKS = {"agent": agent_task(PLAN.agent, USER), "nightly": nightly_task(PLAN.nightly, USER, "03:00")}


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_task_fits_the_schema(task: str) -> None:
    SCHEMA.assertValid(etree.fromstring(to_file(task)))


BROKEN = (
    ("<Priority>7<", "<Priority>banana<"),
    ("<Interval>PT5M<", "<Interval>PT5S<"),
    ("IgnoreNew", "Ignore"),
    ("<Delay>", "<Dealy>"),
    ("StartWhenAvailable>", "StartWhenPossible>"),
    ("<Command>", "<Command>" + "x" * 260),
)


@pytest.mark.parametrize(("right", "wrong"), BROKEN)
def test_the_schema_is_awake(right: str, wrong: str) -> None:
    broken = TASKS["agent"].replace(right, wrong).replace("</Delay>", "</Dealy>" if "Dealy" in wrong else "</Delay>")
    assert right in TASKS["agent"]
    if "Possible" in wrong:
        broken = broken.replace("</StartWhenAvailable>", "</StartWhenPossible>")
    assert not SCHEMA.validate(etree.fromstring(to_file(broken)))


def test_a_file_is_what_windows_writes_itself() -> None:
    data = to_file(TASKS["agent"])
    assert data.startswith(b"\xff\xfe")
    text = data.decode("utf-16")
    assert "\r\n" in text
    assert "Ada &amp; Bob" in text


def test_a_crashed_agent_comes_back_by_repetition_and_never_twice() -> None:
    task = TASKS["agent"]
    assert "<Interval>PT5M</Interval>" in task
    assert "<MultipleInstancesPolicy>IgnoreNew<" in task
    assert "RestartOnFailure" not in task  # it would not do what its name says


def test_a_path_that_is_too_long_for_a_task_is_refused() -> None:
    with pytest.raises(Refused, match="too long"):
        agent_task(["C:\\" + "x" * 300, "run"], USER)


class Schtasks:
    """Keeps tasks as Windows does: re-written, with elements added."""

    def __init__(self) -> None:
        self.tasks: dict[str, str] = {}
        self.asked: list[str] = []

    def __call__(self, argv: Sequence[str]) -> Ran:
        assert argv[0] == "schtasks"
        verb, name = argv[1], argv[3]
        self.asked.append(" ".join(argv[1:4]))
        if verb == "/Create":
            text = Path(argv[5]).read_bytes().decode("utf-16").replace("\r\n", "\n")
            self.tasks[name] = text.replace(
                "<WakeToRun>", "<UseUnifiedSchedulingEngine>true</UseUnifiedSchedulingEngine><WakeToRun>"
            )
        elif verb == "/Query" and name == "\\":
            return Ran(0, "", "")
        elif name not in self.tasks:
            return Ran(1, "", "ERROR: The system cannot find the file specified.\r\n")
        elif verb == "/Query":
            return Ran(0, self.tasks[name].replace("\n", "\r\n"), "")
        elif verb == "/Delete":
            del self.tasks[name]
        elif verb == "/Change":
            on = "true" if "/ENABLE" in argv else "false"
            head, _, tail = self.tasks[name].partition("<Settings>")
            self.tasks[name] = (
                head
                + "<Settings>"
                + tail.replace("<Enabled>false<" if on == "true" else "<Enabled>true<", f"<Enabled>{on}<")
            )
        return Ran(0, "", "")


class NoTray(RunKey):
    """A registry without our value."""

    def read(self) -> Job:
        return Job("tray", self.where)


@pytest.fixture
def schtasks() -> Schtasks:
    return Schtasks()


@pytest.fixture
def scheduler(schtasks: Schtasks) -> TaskScheduler:
    return TaskScheduler(schtasks, USER, NoTray())


def codes(scheduler: TaskScheduler, plan: Plan = PLAN) -> list[str]:
    return [one.code for one in mismatches(scheduler.read(plan), plan, lambda _: True)]


def test_installing_and_reading_back(scheduler: TaskScheduler) -> None:
    assert codes(scheduler) == ["service_absent"]
    scheduler.install(PLAN)
    assert codes(scheduler) == []
    found = scheduler.read(PLAN)
    assert found.job("agent").command == PLAN.agent
    assert found.job("nightly").at == "03:00"
    assert found.runs_agent


def test_a_stopped_agent_does_not_come_back_until_it_is_started(scheduler: TaskScheduler, schtasks: Schtasks) -> None:
    scheduler.install(PLAN)
    scheduler.stop()
    assert codes(scheduler) == ["service_disabled"]
    scheduler.start()
    assert codes(scheduler) == []
    assert schtasks.asked[-4] == rf"/Run /TN {NAMES['agent']}"


def test_what_does_not_fit_is_named(scheduler: TaskScheduler, schtasks: Schtasks) -> None:
    scheduler.install(PLAN)
    assert codes(scheduler, Plan(PLAN.agent, PLAN.nightly, "04:00")) == ["nightly_other_time"]
    assert codes(scheduler, Plan((r"D:\new.exe", "run"), PLAN.nightly, "03:00")) == ["service_elsewhere"]
    schtasks.tasks[NAMES["agent"]] = schtasks.tasks[NAMES["agent"]].replace("PT5M", "PT1H")
    assert codes(scheduler) == ["service_outdated"]


def test_without_a_nightly_pass_there_is_no_task_for_it(scheduler: TaskScheduler, schtasks: Schtasks) -> None:
    scheduler.install(PLAN)
    scheduler.install(Plan(PLAN.agent, PLAN.nightly, None))
    assert list(schtasks.tasks) == [NAMES["agent"]]


def test_uninstalling_removes_the_tasks(scheduler: TaskScheduler, schtasks: Schtasks) -> None:
    scheduler.install(PLAN)
    assert scheduler.uninstall() == tuple(NAMES.values())
    assert not schtasks.tasks


def test_the_tray_alone_leaves_the_tasks_alone(scheduler: TaskScheduler, schtasks: Schtasks) -> None:
    scheduler.install(PLAN, agent=False)
    assert not schtasks.asked
    scheduler.install(PLAN)
    assert scheduler.uninstall(agent=False) == ()
    assert set(schtasks.tasks) == set(NAMES.values())


@pytest.mark.parametrize("answer", ["", "no xml", '<?xml version="1.0"?><!DOCTYPE x><x/>'])
def test_an_answer_that_is_no_task_is_none(answer: str) -> None:
    scheduler = TaskScheduler(lambda _: Ran(0, answer, ""), USER, NoTray())
    assert codes(scheduler) == ["service_absent"]
