"""Windows' Task Scheduler: the agent as a task at logon, the nightly pass as a daily one; the tray in the Run key.

Written from Microsoft's Task Scheduler schema and MS-TSCH; the texts are tested against a schema, schtasks itself has
not been run on Windows yet. A task's RestartOnFailure does not restart a program that crashed, so the logon trigger
repeats every five minutes and a second start is ignored while the first one runs; hence an agent that is told to stop
has its task disabled until it is started again. Any thread.
"""

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from agent.domain.registration import Job, JobName, Plan, Registered
from agent.platforms.autostart import RunKey, quote_windows, unquote_windows
from agent.platforms.registration import NO_TOOL, Ran, Refused, Runner, run

NAMES: Final[dict[JobName, str]] = {"agent": r"Safelight\Agent", "nightly": r"Safelight\Nightly"}
_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
#: What a command may measure by the schema.
_PROGRAM_CHARS: Final = 260
#: A start that everything comes after: the day itself says nothing, only its time counts.
_FIRST_DAY: Final = "2026-01-01"

_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="{namespace}">
  <RegistrationInfo>
    <Author>Safelight</Author>
    <Description>{about}</Description>
    <URI>\\{name}</URI>
  </RegistrationInfo>
  <Triggers>
{trigger}
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>{may_kill}</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>{limit}</ExecutionTimeLimit>
    <Priority>{priority}</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""

_AT_LOGON = """\
    <LogonTrigger>
      <Enabled>true</Enabled>
      <Repetition>
        <Interval>PT5M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <UserId>{user}</UserId>
      <Delay>PT10S</Delay>
    </LogonTrigger>"""

_DAILY = """\
    <CalendarTrigger>
      <Enabled>true</Enabled>
      <StartBoundary>{day}T{at}:00</StartBoundary>
      <RandomDelay>PT30M</RandomDelay>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>"""


def agent_task(command: Sequence[str], user: str) -> str:
    """The agent at the logon of `user`, a security identifier or an account's name, and again when it is gone."""
    return _task(
        "agent", command, user, "Keeps photos and videos safe.", _AT_LOGON.format(user=escape(user)), "PT0S", 7
    )


def nightly_task(command: Sequence[str], user: str, at: str) -> str:
    """The nightly pass at `HH:MM`, local, within half an hour."""
    trigger = _DAILY.format(day=_FIRST_DAY, at=at)
    return _task("nightly", command, user, "The nightly pass over Safelight's picture cache.", trigger, "PT6H", 9)


def _task(name: JobName, command: Sequence[str], user: str, about: str, trigger: str, limit: str, priority: int) -> str:
    program, *arguments = command
    if len(program) > _PROGRAM_CHARS:
        raise Refused(f"{program} is too long a path for a task")
    return _TASK.format(
        namespace=_NAMESPACE,
        about=escape(about),
        name=NAMES[name],
        trigger=trigger,
        user=escape(user),
        may_kill="false" if name == "agent" else "true",
        limit=limit,
        priority=priority,
        program=escape(program),
        arguments=escape(quote_windows(arguments)),
    )


def to_file(task: str) -> bytes:
    """As schtasks wants it: UTF-16 with its mark, and line ends of the system."""
    return b"\xff\xfe" + task.replace("\n", "\r\n").encode("utf-16-le")


class TaskScheduler:
    """`agent.platforms.registration.Registration` on Windows."""

    def __init__(self, runner: Runner | None = None, user: str | None = None, tray: RunKey | None = None) -> None:
        self._run = runner or run
        self._user = user or _user()
        self._tray = tray or RunKey()

    def install(self, plan: Plan, *, agent: bool = True) -> None:
        for name, task in self._tasks(plan).items() if agent else ():
            if task is None:
                self._ask("/Delete", "/TN", NAMES[name], "/F")
            else:
                self._create(NAMES[name], task)
        if plan.tray is not None:
            self._tray.install(plan.tray)

    def uninstall(self, *, agent: bool = True, tray: bool = True) -> tuple[str, ...]:
        removed = []
        for name in NAMES.values() if agent else ():
            self._ask("/End", "/TN", name)
            if self._ask("/Delete", "/TN", name, "/F").code == 0:
                removed.append(name)
        return (*removed, *(self._tray.uninstall() if tray else ()))

    def read(self, plan: Plan) -> Registered:
        jobs = [self._job(name, task) for name, task in self._tasks(plan).items()]
        answers = self._ask("/Query", "/TN", "\\", "/FO", "LIST").code != NO_TOOL
        return Registered("task_scheduler", answers, (*jobs, self._tray.read()))

    def start(self) -> None:
        self._ask("/Change", "/TN", NAMES["agent"], "/ENABLE")
        self._must("/Run", "/TN", NAMES["agent"])

    def stop(self) -> None:
        # The agent ends when it is told to; what is stopped here is its coming back.
        self._must("/Change", "/TN", NAMES["agent"], "/DISABLE")

    def _tasks(self, plan: Plan) -> dict[JobName, str | None]:
        nightly = None if plan.nightly_at is None else nightly_task(plan.nightly, self._user, plan.nightly_at)
        return {"agent": agent_task(plan.agent, self._user), "nightly": nightly}

    def _create(self, name: str, task: str) -> None:
        number, file = tempfile.mkstemp(suffix=".xml", prefix="safelight-")
        try:
            with os.fdopen(number, "wb") as out:
                out.write(to_file(task))
            self._must("/Create", "/TN", name, "/XML", file, "/F")
        finally:
            Path(file).unlink()

    def _job(self, name: JobName, wanted: str | None) -> Job:
        shown = self._ask("/Query", "/TN", NAMES[name], "/XML")
        found = _parsed(shown.out) if shown.code == 0 else None
        if found is None:
            return Job(name, NAMES[name])
        command = _command(found)
        trouble = ""
        if wanted is not None:
            new = _parsed(wanted)
            if new is not None and _command(new) == command and _essence(new) != _essence(found):
                trouble = "outdated"
        at = _value(found, "Triggers/CalendarTrigger/StartBoundary")
        return Job(
            name,
            NAMES[name],
            installed=True,
            enabled=_value(found, "Settings/Enabled") != "false",
            command=command,
            trouble=trouble,
            at=at.partition("T")[2][:5] or None,
        )

    def _ask(self, *words: str) -> Ran:
        return self._run(["schtasks", *words])

    def _must(self, *words: str) -> None:
        ran = self._ask(*words)
        if ran.code:
            raise Refused(ran.said)


def _parsed(text: str) -> ET.Element | None:
    """The task of schtasks' answer, whose text is no longer in the encoding that it names."""
    body = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", text)
    if "<!DOCTYPE" in body:  # none of ours has one, and one could be made to swell
        return None
    try:
        return ET.fromstring(body)  # noqa: S314 - from the system's own tool, and see above
    except ET.ParseError:
        return None


def _value(task: ET.Element, path: str) -> str:
    found = task.find("/".join(f"{{{_NAMESPACE}}}{step}" for step in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def _command(task: ET.Element) -> tuple[str, ...]:
    program = _value(task, "Actions/Exec/Command")
    return (program, *unquote_windows(_value(task, "Actions/Exec/Arguments"))) if program else ()


def _essence(task: ET.Element) -> tuple[str, ...]:
    """What decides how a task of ours behaves; the system adds elements of its own when it stores one."""
    return tuple(
        _value(task, path)
        for path in (
            "Triggers/LogonTrigger/Repetition/Interval",
            "Triggers/CalendarTrigger/RandomDelay",
            "Settings/MultipleInstancesPolicy",
            "Settings/DisallowStartIfOnBatteries",
            "Settings/StopIfGoingOnBatteries",
            "Settings/ExecutionTimeLimit",
        )
    )


def _user() -> str:
    """The security identifier of who runs us."""
    if sys.platform == "win32":
        from agent.platforms.windows_pipe import user_sid

        return user_sid()
    return ""
