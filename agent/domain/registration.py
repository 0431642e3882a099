"""What it means to be registered with the operating system, as values, and what is wrong with a registration. Pure.

Three jobs may be registered: the agent, the nightly pass of the cache, and the tray at login. `agent.platforms` writes
them and reads back what the system made of them; here the two are compared.
"""

from collections.abc import Callable
from typing import Literal

from agent.record import Record

JobName = Literal["agent", "nightly", "tray"]


class Plan(Record, frozen=True):
    """What should be registered: each command as its words; None for what should not."""

    agent: tuple[str, ...]
    nightly: tuple[str, ...]
    #: Local time as `HH:MM`, None where no nightly pass is wanted.
    nightly_at: str | None
    tray: tuple[str, ...] | None = None


class Job(Record, frozen=True):
    """One job as the system shows it. `running` is None where the system cannot be asked."""

    name: JobName
    #: The file or the entry that registers it.
    where: str
    installed: bool = False
    #: Whether it begins by itself: at login, or at its time.
    enabled: bool = False
    running: bool | None = None
    command: tuple[str, ...] = ()
    #: `masked`, `failed`, `outdated` or nothing: what the system or the file itself says is wrong.
    trouble: str = ""
    #: The nightly job's time.
    at: str | None = None
    pid: int | None = None


class Registered(Record, frozen=True):
    """Everything that is registered, read back."""

    #: `systemd`, `launchd`, `task_scheduler`.
    manager: str
    #: False when the manager does not answer, as without a login session; then only files were looked at.
    answers: bool
    jobs: tuple[Job, ...]
    #: Linux: whether the agent goes on while nobody is logged in.
    lingering: bool | None = None

    def job(self, name: JobName) -> Job:
        """The job of that name."""
        return next(job for job in self.jobs if job.name == name)

    def begins(self, name: JobName) -> bool:
        """Whether that job begins by itself, at login or at its time."""
        job = self.job(name)
        return job.installed and job.enabled and job.trouble != "masked"

    @property
    def runs_agent(self) -> bool:
        """Whether the agent is started and stopped through the system."""
        agent = self.job("agent")
        return self.answers and agent.installed and agent.trouble != "masked"


class Mismatch(Record, frozen=True):
    """Something that is not as it should be; `code` is one of `agent.words.checkup`."""

    code: str
    job: JobName
    found: str = ""
    expected: str = ""


def mismatches(found: Registered, plan: Plan, exists: Callable[[str], bool]) -> tuple[Mismatch, ...]:
    """What differs from the plan, the gravest first. `exists` tells whether a program is on disk."""
    agent = found.job("agent")
    if not found.answers and not agent.installed:
        return (Mismatch("service_no_manager", "agent", found.manager),)
    if not agent.installed:
        return (Mismatch("service_absent", "agent"),)
    wrong = [*_of_job(agent, plan.agent, exists), *_of_nightly(found.job("nightly"), plan, exists)]
    tray = found.job("tray")
    if plan.tray is not None or tray.installed:
        wrong += _of_job(tray, plan.tray or (), exists)
    if found.lingering is False:
        wrong.append(Mismatch("service_not_lingering", "agent"))
    return tuple(wrong)


def _of_nightly(job: Job, plan: Plan, exists: Callable[[str], bool]) -> list[Mismatch]:
    if plan.nightly_at is None:
        return [Mismatch("nightly_unwanted", "nightly", job.where)] if job.installed and job.enabled else []
    wrong = _of_job(job, plan.nightly, exists)
    if not wrong and job.at != plan.nightly_at:
        wrong.append(Mismatch("nightly_other_time", "nightly", job.at or "", plan.nightly_at))
    return wrong


def _of_job(job: Job, command: tuple[str, ...], exists: Callable[[str], bool]) -> list[Mismatch]:
    """At most one: the first explains the rest."""
    prefix = "service" if job.name == "agent" else job.name
    program, expected = _program(job.command), _program(command)
    if not job.installed:
        found = Mismatch(f"{prefix}_absent", job.name)
    elif job.trouble == "masked":
        found = Mismatch(f"{prefix}_masked", job.name, job.where)
    elif program and not exists(program):
        found = Mismatch(f"{prefix}_program_gone", job.name, program, expected)
    elif job.command and command and job.command != command:
        found = Mismatch(f"{prefix}_elsewhere", job.name, " ".join(job.command), " ".join(command))
    elif not job.enabled:
        found = Mismatch(f"{prefix}_disabled", job.name, job.where)
    elif job.trouble:
        found = Mismatch(f"{prefix}_{job.trouble}", job.name, job.where)
    else:
        return []
    return [found]


def _program(command: tuple[str, ...]) -> str:
    return command[0] if command else ""
