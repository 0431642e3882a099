"""Registration with the operating system: what the three systems have in common, and which one this is.

`systemd`, `launchd` and `task_scheduler` each make their texts by pure functions and carry them to the system here.
Only the usual home is ever registered: a home of its own (SAFELIGHT_HOME) never touches the system's services.
Blocks for as long as the system's own tools take; any thread.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from agent.domain.registration import Plan, Registered
from agent.platforms import program
from agent.record import Record

#: What the nightly pass runs, on every system: nobody waits for it, so it never uses up a battery.
NIGHTLY: Final = ("cache", "build", "--spare-battery")
_LIMIT_S = 60.0
#: The code of a tool that is absent or hung.
NO_TOOL: Final = 127


class Refused(Exception):
    """The system refused to register or to start something; the text is its own words."""


class Ran(Record, frozen=True):
    """A tool of the system that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What it complained of, for a person."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return lines[-1].strip() if lines else f"it ended with {self.code}"


Runner = Callable[[Sequence[str]], Ran]


class Registration(Protocol):
    """The service manager of one system, for this user."""

    def install(self, plan: Plan, *, agent: bool = True) -> None:
        """Register what the plan names, in place of what was registered before; starts nothing. Raises `Refused`.

        Without `agent` that is the tray alone. A tray that the plan does not name stays as it is.
        """
        ...

    def uninstall(self, *, agent: bool = True, tray: bool = True) -> tuple[str, ...]:
        """Stop and remove what was registered, the nightly pass with the agent; what was removed.

        Raises `Refused`, `OSError`.
        """
        ...

    def read(self, plan: Plan) -> Registered:
        """What the system has registered now. `plan` tells an outdated registration. Never raises for a tool."""
        ...

    def start(self) -> None:
        """Start the registered agent; does not wait for it to answer. Raises `Refused`."""
        ...

    def stop(self) -> None:
        """Stop the registered agent until it is started again or the next login. Raises `Refused`."""
        ...


def run(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> Ran:
    """Run a tool of the system; one that is absent or hangs has failed with a code of its own."""
    try:
        ended = subprocess.run(
            list(argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_LIMIT_S,
            env={**os.environ, **(environment or {}), "LC_ALL": "C"},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except FileNotFoundError:
        return Ran(NO_TOOL, "", f"{argv[0]} is not there")
    except (subprocess.TimeoutExpired, OSError) as error:
        return Ran(NO_TOOL, "", str(error))
    return Ran(ended.returncode, ended.stdout.decode("utf-8", "replace"), ended.stderr.decode("utf-8", "replace"))


def registration() -> Registration:
    """The service manager of the system that this process runs on."""
    if sys.platform == "win32":
        from agent.platforms.task_scheduler import TaskScheduler

        return TaskScheduler()
    elif sys.platform == "darwin":  # noqa: RET505 - mypy leaves out a branch for another system, not what follows one
        from agent.platforms.launchd import Launchd

        return Launchd()
    else:
        from agent.platforms.systemd import Systemd

        return Systemd()


def plan_of_this_program(nightly_at: str | None) -> Plan:
    """What this installation registers; the nightly pass at a local time `HH:MM`, or not at all."""
    begin = program.windowless()
    tray = program.tray()
    return Plan(
        agent=(*begin, "run"),
        nightly=(*begin, *NIGHTLY),
        nightly_at=nightly_at,
        tray=tuple(tray) if tray else None,
    )
