"""systemd's user manager: the agent as a service, the nightly pass as a timer; and telling it that we run.

The texts are in `systemd_units`. A Debian or RPM package brings the same units in the system's folder; then only the
difference (another nightly time) is written to the user's own. Any thread.
"""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from agent.domain.registration import Job, Plan, Registered
from agent.platforms.autostart import XdgAutostart
from agent.platforms.disk import replace_file
from agent.platforms.registration import Ran, Refused, Runner, run
from agent.platforms.systemd_units import (
    AGENT,
    CACHE,
    NIGHTLY_AT,
    TIMER,
    agent_unit,
    cache_unit,
    timer_drop_in,
    timer_unit,
    unquote,
    value_of,
)

#: Where packages put units for every user.
PACKAGED: Final = tuple(Path(one) for one in ("/etc", "/usr/local/lib", "/usr/lib", "/lib"))


def tell_manager(state: Literal["READY=1", "STOPPING=1"]) -> None:
    """Tell systemd how far we are, when it is systemd that started us; never raises."""
    address = os.environ.get("NOTIFY_SOCKET")
    if sys.platform == "win32" or not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.sendto(state.encode(), b"\0" + os.fsencode(address[1:]) if address[0] == "@" else address)
    except OSError:
        return  # then the manager waits for us in vain, which its own log tells


class Systemd:
    """`agent.platforms.registration.Registration` on Linux."""

    def __init__(
        self,
        config_dir: Path | None = None,
        runner: Runner | None = None,
        packaged: Sequence[Path] = PACKAGED,
        autostart: XdgAutostart | None = None,
    ) -> None:
        """`config_dir` is the user's ~/.config; `packaged` the folders that hold `systemd/user` for all users."""
        config = config_dir or Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        self._folder = config / "systemd" / "user"
        self._run = runner or _run_for_user
        self._packaged = packaged
        self._tray = autostart or XdgAutostart(config)

    def install(self, plan: Plan, *, agent: bool = True) -> None:
        if agent:
            self._install_units(plan)
        if plan.tray is not None:
            self._tray.install(plan.tray)

    def uninstall(self, *, agent: bool = True, tray: bool = True) -> tuple[str, ...]:
        units = self._uninstall_units() if agent else []
        return (*units, *(self._tray.uninstall() if tray else ()))

    def _install_units(self, plan: Plan) -> None:
        self._must("daemon-reload")  # whether the manager answers at all, before anything is written
        try:
            self._write(plan)
        except OSError as error:
            raise Refused(str(error)) from error
        self._must("daemon-reload")
        self._must("enable", AGENT)
        if plan.nightly_at is None:
            self._ask("disable", "--now", TIMER)
        else:
            self._must("enable", TIMER)
            self._must("restart", TIMER)  # so that another time counts at once

    def _uninstall_units(self) -> list[str]:
        self._ask("disable", "--now", TIMER, AGENT)
        self._ask("stop", CACHE)
        files = [self._folder / name for name in (AGENT, CACHE, TIMER)]
        files += [self._drop_in, *self._links(), self._stamp]
        removed = [str(path) for path in files if _removed(path)]
        if self._drop_in.parent.is_dir() and not any(self._drop_in.parent.iterdir()):
            self._drop_in.parent.rmdir()
        self._ask("daemon-reload")
        self._ask("reset-failed", AGENT, CACHE)
        return removed

    def read(self, plan: Plan) -> Registered:
        shown = self._show()
        agent = self._job_agent(plan, shown.get(AGENT, {}))
        nightly = self._job_nightly(shown)
        return Registered("systemd", bool(shown), (agent, nightly, self._tray.read()), _lingering())

    def start(self) -> None:
        self._ask("reset-failed", AGENT)  # a person who asks again need not wait for the limit to pass
        self._must("start", "--no-block", AGENT)

    def stop(self) -> None:
        self._must("stop", AGENT)

    # --- writing ----------------------------------------------------------------------------------------------------

    @property
    def _drop_in(self) -> Path:
        return self._folder / f"{TIMER}.d" / "safelight-time.conf"

    @property
    def _stamp(self) -> Path:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
        return data / "systemd" / "timers" / f"stamp-{TIMER}"

    def _links(self) -> list[Path]:
        """What `enable` made: left behind when the manager does not answer."""
        return [self._folder / "default.target.wants" / AGENT, self._folder / "timers.target.wants" / TIMER]

    def _texts(self, plan: Plan) -> dict[Path, str | None]:
        """Every file of ours and what should be in it; None for one that should not be there."""
        at = plan.nightly_at or NIGHTLY_AT
        if self._is_packaged(plan):
            own = None if at == NIGHTLY_AT else timer_drop_in(at)
            return {**dict.fromkeys((self._folder / name for name in (AGENT, CACHE, TIMER)), None), self._drop_in: own}
        return {
            self._folder / AGENT: agent_unit(plan.agent),
            self._folder / CACHE: cache_unit(plan.nightly),
            self._folder / TIMER: timer_unit(at),
            self._drop_in: None,
        }

    def _write(self, plan: Plan) -> None:
        for path, text in self._texts(plan).items():
            if text is None:
                _removed(path)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, os.fsencode(text), 0o644)

    def _is_packaged(self, plan: Plan) -> bool:
        """Whether a package brought units for this very program."""
        return any(
            unquote(value_of(_text(folder / "systemd/user" / AGENT), "ExecStart") or "") == plan.agent
            for folder in self._packaged
        )

    # --- reading back -----------------------------------------------------------------------------------------------

    def _job_agent(self, plan: Plan, shown: dict[str, str]) -> Job:
        path = Path(shown.get("FragmentPath") or self._folder / AGENT)
        text = _text(path)
        trouble = ""
        if shown.get("LoadState") == "masked":
            trouble = "masked"
        elif shown.get("ActiveState") == "failed":
            trouble = "failed"
        elif self._is_outdated(plan):
            trouble = "outdated"
        pid = int(shown.get("MainPID") or 0)
        return Job(
            "agent",
            str(path),
            installed=bool(text) or trouble == "masked",
            enabled=_is_enabled(shown) if shown else self._links()[0].is_symlink(),
            running=shown.get("ActiveState") in {"active", "activating", "reloading"} if shown else None,
            command=unquote(value_of(text, "ExecStart") or ""),
            trouble=trouble,
            pid=pid or None,
        )

    def _job_nightly(self, shown: dict[str, dict[str, str]]) -> Job:
        timer, service = shown.get(TIMER, {}), shown.get(CACHE, {})
        path = Path(timer.get("FragmentPath") or self._folder / TIMER)
        text = _text(path)
        calendar = value_of(_text(self._drop_in) or text, "OnCalendar") or ""
        at = calendar.partition(" ")[2][:5] or None
        trouble = "failed" if service.get("ActiveState") == "failed" else ""
        return Job(
            "nightly",
            str(path),
            installed=bool(text),
            enabled=_is_enabled(timer) and timer.get("ActiveState") == "active",
            running=service.get("ActiveState") == "activating" if shown else None,
            command=unquote(
                value_of(_text(Path(service.get("FragmentPath") or self._folder / CACHE)), "ExecStart") or ""
            ),
            trouble="masked" if timer.get("LoadState") == "masked" else trouble,
            at=at,
        )

    def _is_outdated(self, plan: Plan) -> bool:
        """Whether another version of Safelight wrote the units; another time or program is told apart from that."""
        if not (self._folder / AGENT).exists():
            return False
        own = unquote(value_of(_text(self._folder / AGENT), "ExecStart") or "")
        return own == plan.agent and _text(self._folder / AGENT) != agent_unit(plan.agent)

    def _show(self) -> dict[str, dict[str, str]]:
        """Properties of our units by name; nothing when the manager does not answer."""
        wanted = "Id,LoadState,ActiveState,SubState,UnitFileState,FragmentPath,MainPID,Result"
        ran = self._ask("show", f"--property={wanted}", AGENT, CACHE, TIMER)
        if ran.code:
            return {}
        found = {}
        for block in ran.out.strip().split("\n\n"):
            values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            found[values.get("Id", "")] = values
        return found

    def _ask(self, *words: str) -> Ran:
        return self._run(["systemctl", "--user", *words])

    def _must(self, *words: str) -> None:
        ran = self._ask(*words)
        if ran.code:
            raise Refused(ran.said)


def _is_enabled(shown: dict[str, str]) -> bool:
    return shown.get("UnitFileState", "") in {"enabled", "enabled-runtime", "linked", "linked-runtime"}


def _run_for_user(argv: Sequence[str]) -> Ran:
    """systemctl from anywhere: over ssh, from cron or after su the way to the user's manager may not be known."""
    environment: dict[str, str] = {}
    if sys.platform != "win32" and not os.environ.get("XDG_RUNTIME_DIR"):
        environment["XDG_RUNTIME_DIR"] = f"/run/user/{os.getuid()}"
    return run(argv, environment)


def _lingering() -> bool | None:
    """Whether the user's manager goes on without a login; None where logind has never been asked."""
    if sys.platform == "win32":
        return None
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
    folder = Path("/var/lib/systemd")
    return (folder / "linger" / name).exists() if folder.is_dir() else None


def _text(path: Path) -> str:
    try:
        return os.fsdecode(path.read_bytes())
    except OSError:
        return ""


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
