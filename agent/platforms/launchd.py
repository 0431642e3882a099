"""launchd on macOS: the agent, the nightly pass and the tray as three jobs in ~/Library/LaunchAgents.

Written from launchd.plist(5), launchctl(1) and Apple's notes; the texts are tested, launchctl itself has not been run
yet. Plain property lists work for a signed app and for an unsigned one, which is why they come before SMAppService.
AssociatedBundleIdentifiers gives the jobs the app's name in the system's settings, and its leave to speak to servers in
the local network. launchd makes up for a nightly pass missed in sleep, not for one missed while the computer was off.
Any thread.
"""

import os
import plistlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from agent.domain.registration import Job, JobName, Plan, Registered
from agent.platforms.disk import replace_file
from agent.platforms.registration import Ran, Refused, Runner, run

BUNDLE: Final = "org.safelight.Safelight"
LABELS: Final[dict[JobName, str]] = {
    "agent": "org.safelight.agent",
    "nightly": "org.safelight.nightly",
    "tray": "org.safelight.tray",
}
#: launchctl's answer when a job is not loaded; nothing is wrong then.
_NOT_LOADED = {3, 113}
#: Where macOS runs an app that was opened from a disk image or from Downloads: gone with the next start.
_TRANSLOCATED = "/AppTranslocation/"

Properties = dict[str, Any]


def agent_job(command: Sequence[str], log_dir: Path) -> Properties:
    """The agent: at login, and again after a crash, but not after it was told to stop."""
    return {
        **_common("agent", command, log_dir),
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 30,
        "ExitTimeOut": 20,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "LowPriorityBackgroundIO": True,
        "Nice": 10,
    }


def nightly_job(command: Sequence[str], at: str, log_dir: Path) -> Properties:
    """The nightly pass at `HH:MM`, local."""
    hour, _, minute = at.partition(":")
    return {
        **_common("nightly", command, log_dir),
        "RunAtLoad": False,
        "StartCalendarInterval": {"Hour": int(hour), "Minute": int(minute)},
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "LowPriorityBackgroundIO": True,
        "Nice": 19,
    }


def tray_job(command: Sequence[str], log_dir: Path) -> Properties:
    """The tray at login; who quits it wants it gone until then."""
    return {**_common("tray", command, log_dir), "RunAtLoad": True, "ProcessType": "Interactive"}


def _common(name: JobName, command: Sequence[str], log_dir: Path) -> Properties:
    return {
        "Label": LABELS[name],
        "ProgramArguments": list(command),
        "AssociatedBundleIdentifiers": [BUNDLE],
        "LimitLoadToSessionType": "Aqua",
        "StandardErrorPath": str(log_dir / f"{name}.err"),
    }


def to_plist(properties: Properties) -> bytes:
    """The file's bytes."""
    return plistlib.dumps(properties, sort_keys=False)


class Launchd:
    """`agent.platforms.registration.Registration` on macOS."""

    def __init__(self, home: Path | None = None, runner: Runner | None = None, uid: int | None = None) -> None:
        home = home or Path.home()
        self._folder = home / "Library" / "LaunchAgents"
        self._logs = home / "Library" / "Logs" / "safelight"
        self._run = runner or run
        self._domain = f"gui/{uid if uid is not None else _uid()}"

    def install(self, plan: Plan, *, agent: bool = True) -> None:
        if any(_TRANSLOCATED in word for word in plan.agent):
            raise Refused("Safelight runs from a disk image. Move it to the Applications folder and open it there")
        jobs = {name: job for name, job in self._jobs(plan).items() if agent or name == "tray"}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name in LABELS:
                if name not in jobs:
                    if agent and name == "nightly":  # a tray that is not spoken of stays as it is
                        self._remove(name)
                elif self._read_file(name) != jobs[name]:
                    self._unload(name)
                    replace_file(self._path(name), to_plist(jobs[name]), 0o644)
        except OSError as error:
            raise Refused(str(error)) from error
        for name in jobs:
            self._ask("enable", f"{self._domain}/{LABELS[name]}")
        if "nightly" in jobs:  # the others begin when they are loaded, which is for `start` and for the next login
            self._load("nightly")

    def uninstall(self, *, agent: bool = True, tray: bool = True) -> tuple[str, ...]:
        names = (name for name in LABELS if (tray if name == "tray" else agent))
        return tuple(str(self._path(name)) for name in names if self._remove(name))

    def read(self, plan: Plan) -> Registered:
        disabled = self._ask("print-disabled", self._domain)
        off = {
            label
            for label, state in re.findall(r'"([^"]+)"\s*=>\s*(\w+)', disabled.out)
            if state in {"true", "disabled"}
        }
        jobs = tuple(self._job(name, plan, off) for name in LABELS)
        return Registered("launchd", disabled.code == 0, jobs)

    def start(self) -> None:
        self._load("agent")
        self._must("kickstart", self._target("agent"))

    def stop(self) -> None:
        # Told to end it ends well, and launchd keeps alive only what failed; it stays loaded for the next login.
        ran = self._ask("kill", "SIGTERM", self._target("agent"))
        if ran.code and ran.code not in _NOT_LOADED:
            raise Refused(ran.said)

    def _jobs(self, plan: Plan) -> dict[JobName, Properties]:
        jobs: dict[JobName, Properties] = {"agent": agent_job(plan.agent, self._logs)}
        if plan.nightly_at is not None:
            jobs["nightly"] = nightly_job(plan.nightly, plan.nightly_at, self._logs)
        if plan.tray is not None:
            jobs["tray"] = tray_job(plan.tray, self._logs)
        return jobs

    def _job(self, name: JobName, plan: Plan, off: set[str]) -> Job:
        found = self._read_file(name)
        if found is None:
            return Job(name, str(self._path(name)))
        shown = self._ask("print", self._target(name))
        pid = re.search(r"^\s*pid = (\d+)", shown.out, re.MULTILINE)
        interval = found.get("StartCalendarInterval", {})
        wanted = self._jobs(plan).get(name)
        command = tuple(found.get("ProgramArguments", ()))
        outdated = (
            wanted is not None
            and command == tuple(wanted["ProgramArguments"])
            and _timeless(found) != _timeless(wanted)
        )
        return Job(
            name,
            str(self._path(name)),
            installed=True,
            enabled=LABELS[name] not in off,
            running=pid is not None,
            command=command,
            trouble="outdated" if outdated else "",
            at=f"{interval.get('Hour', 0):02}:{interval.get('Minute', 0):02}" if interval else None,
            pid=int(pid[1]) if pid else None,
        )

    def _path(self, name: JobName) -> Path:
        return self._folder / f"{LABELS[name]}.plist"

    def _target(self, name: JobName) -> str:
        return f"{self._domain}/{LABELS[name]}"

    def _read_file(self, name: JobName) -> Properties | None:
        try:
            found = plistlib.loads(self._path(name).read_bytes())
        except OSError:
            return None
        except (ValueError, plistlib.InvalidFileException):
            return {}
        return found if isinstance(found, dict) else {}

    def _load(self, name: JobName) -> None:
        if self._ask("print", self._target(name)).code:
            self._must("bootstrap", self._domain, str(self._path(name)))

    def _unload(self, name: JobName) -> None:
        if name != "tray":  # it may be the window that asks, and a job that is unloaded is ended
            self._ask("bootout", self._target(name))

    def _remove(self, name: JobName) -> bool:
        self._unload(name)
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def _ask(self, *words: str) -> Ran:
        return self._run(["launchctl", *words])

    def _must(self, *words: str) -> None:
        ran = self._ask(*words)
        if ran.code:
            raise Refused(ran.said)


def _timeless(properties: Properties) -> Properties:
    """Without the time, whose difference is told by itself."""
    return {key: value for key, value in properties.items() if key != "StartCalendarInterval"}


def _uid() -> int:
    if sys.platform == "win32":
        return 0
    return os.getuid()
