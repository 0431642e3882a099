"""What follows from a look at the whole: findings, each with a code, a severity and what to fill its words with. Pure.

`agent.checkup` looks, this decides, `agent.words.checkup` says it. A fact that could not be had (None) is no finding.
"""

from collections.abc import Iterator
from typing import Final, Literal
from urllib.parse import urlsplit

from agent.domain.registration import Mismatch
from agent.protocol.types import Args, Problem, Severity
from agent.record import Record

Area = Literal["agent", "service", "tray", "settings", "watches", "secrets", "servers", "disk"]
AREAS: Final[tuple[Area, ...]] = ("agent", "service", "tray", "settings", "watches", "secrets", "servers", "disk")

#: Beyond these a clock is wrong: certificates fail, and times of pictures and of the schedule mislead.
CLOCK_OFF_S: Final = 120.0
CLOCK_FAR_OFF_S: Final = 86_400.0
CERTIFICATE_DAYS: Final = 14
#: A proxy that takes less than this refuses ordinary videos.
SMALL_BODY_BYTES: Final = 20_000_000_000
_ORDER: Final[dict[Severity, int]] = {"error": 0, "warning": 1, "info": 2}

#: How grave what differs from the registration is; what is not named here is a warning.
_OF_MISMATCH: Final[dict[str, Severity]] = {
    "service_masked": "error",
    "service_program_gone": "error",
    "service_failed": "error",
    "service_not_lingering": "info",
    "nightly_absent": "info",
    "nightly_disabled": "info",
    "nightly_unwanted": "info",
    "nightly_other_time": "info",
    "nightly_outdated": "info",
    "tray_absent": "info",
    "tray_disabled": "info",
    "tray_outdated": "info",
}


class Finding(Record, frozen=True):
    """Something that a person should know, with the place it belongs to."""

    code: str
    severity: Severity
    area: Area
    args: Args


class Server(Record, frozen=True):
    """How a server looks from here. `code` is what keeps us from it, None where it answers."""

    address: str
    code: str | None = None
    args: Args | None = None
    #: Its clock minus ours.
    clock_off_s: float | None = None
    certificate_days: int | None = None
    #: The smallest size that was refused before any byte was sent.
    body_limit_bytes: int | None = None
    proxy: str | None = None
    is_open_to_others: bool = False


class Watching(Record, frozen=True):
    """The system's limits for watching folders, where it has any. `used` is what other programs of this user take."""

    watches: int
    watches_used: int
    watches_needed: int
    instances: int
    instances_used: int


class Disk(Record, frozen=True):
    """Free space where something of ours lies."""

    path: str
    free_bytes: int
    needed_bytes: int


class Heard(Record, frozen=True):
    """What the agent itself told, if it answers."""

    version: str | None = None
    pid: int | None = None
    problems: tuple[Problem, ...] = ()
    #: Permissions that keys lack: the destination's name and the permission.
    lacking: tuple[tuple[str, str], ...] = ()
    #: The destinations, by id, that answered the agent well just now.
    working: tuple[str, ...] = ()


class Looked(Record, frozen=True):
    """Everything that was looked at."""

    own_version: str
    agent: Literal["running", "stopped", "silent"]
    agent_version: str | None = None
    problems: tuple[Problem, ...] = ()
    #: Permissions that keys lack: the destination's name and the permission.
    lacking: tuple[tuple[str, str], ...] = ()
    #: None for a home of its own, which is never registered.
    registered: tuple[Mismatch, ...] | None = None
    tray_is_hosted: bool | None = None
    settings_trouble: str | None = None
    folders: tuple[tuple[str, Literal["fine", "missing", "unreadable"]], ...] = ()
    destinations: int = 0
    watching: Watching | None = None
    keyring: Literal["fine", "absent", "locked"] | None = None
    secrets_readable: str | None = None
    servers: tuple[Server, ...] = ()
    disks: tuple[Disk, ...] = ()
    #: Folders of the home that are not to be written to, and those of somebody else.
    unwritable: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def findings(looked: Looked) -> tuple[Finding, ...]:
    """Everything that is not as it should be, the gravest first; each only once."""
    rows = [
        *_of_agent(looked),
        *_of_service(looked),
        *_of_settings(looked),
        *_of_watching(looked.watching),
        *_of_secrets(looked),
        *(found for server in looked.servers for found in _of_server(server)),
        *_of_disks(looked.disks),
    ]
    told = {_subject(found.code, found.args) for found in rows}
    for one in looked.problems:
        if _subject(one.code, one.args) not in told:
            told.add(_subject(one.code, one.args))
            rows.append(Finding(one.code, one.severity, "agent", one.args))
    return tuple(sorted(rows, key=lambda found: (_ORDER[found.severity], AREAS.index(found.area))))


def _subject(code: str, args: Args) -> tuple[str, object]:
    """What makes two findings the same: the agent and we may both have seen it."""
    address = str(args.get("address") or "")
    parts = urlsplit(address)  # of a server's address, one says more of the path than the other
    return code, args.get("path") or (f"{parts.scheme}://{parts.netloc}" if parts.netloc else address)


def _of_agent(looked: Looked) -> Iterator[Finding]:
    if looked.agent == "stopped":
        yield Finding("agent_stopped", "error", "agent", {})
    elif looked.agent == "silent":
        yield Finding("agent_silent", "error", "agent", {})
    elif looked.agent_version != looked.own_version:
        args: Args = {"found": looked.agent_version, "expected": looked.own_version}
        yield Finding("agent_other_version", "warning", "agent", args)
    for path in looked.foreign:
        yield Finding("home_not_private", "error", "agent", {"path": path})
    for path in looked.unwritable:
        yield Finding("home_unwritable", "error", "agent", {"path": path})


def _of_service(looked: Looked) -> Iterator[Finding]:
    for one in looked.registered or ():
        area: Area = "tray" if one.job == "tray" else "service"
        severity = _OF_MISMATCH.get(one.code, "warning")
        yield Finding(one.code, severity, area, {"found": one.found, "expected": one.expected})
    if looked.tray_is_hosted is False:
        yield Finding("tray_no_host", "warning", "tray", {})


def _of_settings(looked: Looked) -> Iterator[Finding]:
    if looked.settings_trouble is not None:
        yield Finding("settings_unreadable", "error", "settings", {"detail": looked.settings_trouble})
        return
    if not looked.destinations:
        yield Finding("no_destination", "info", "settings", {})
    if not looked.folders:
        yield Finding("no_folder", "info", "settings", {})
    for path, state in looked.folders:
        if state != "fine":
            yield Finding(
                f"folder_{state}", "error" if state == "unreadable" else "warning", "settings", {"path": path}
            )


def _of_watching(watching: Watching | None) -> Iterator[Finding]:
    if watching is None:
        return
    if watching.watches_used + watching.watches_needed > watching.watches:
        enough = watching.watches_used + 2 * watching.watches_needed
        args: Args = {
            "limit": watching.watches,
            "used": watching.watches_used,
            "needed": watching.watches_needed,
            "suggested": str(_next_power_of_two(max(enough, 524_288))),
        }
        yield Finding("watches_short", "error", "watches", args)
    if watching.instances_used >= watching.instances:
        args = {
            "limit": watching.instances,
            "used": watching.instances_used,
            "suggested": str(_next_power_of_two(max(2 * watching.instances_used, 1_024))),
        }
        yield Finding("watchers_short", "error", "watches", args)


def _next_power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()


def _of_secrets(looked: Looked) -> Iterator[Finding]:
    if looked.keyring in {"absent", "locked"}:
        # without a destination that needs it nothing is wrong yet, but the next sign-in will ask
        severity: Severity = "error" if looked.servers else "info"
        yield Finding(f"keyring_{looked.keyring}", severity, "secrets", {})
    if looked.secrets_readable is not None:
        yield Finding("secrets_readable", "error", "secrets", {"path": looked.secrets_readable})
    for name, permission in looked.lacking:
        yield Finding("key_lacks", "warning", "servers", {"name": name, "permission": permission})


def _of_server(server: Server) -> Iterator[Finding]:
    where: Args = {"address": server.address}
    if server.code is not None:
        yield Finding(_of_refusal(server), "error", "servers", {**(server.args or {}), **where})
    off_s = abs(server.clock_off_s or 0.0)
    if off_s > CLOCK_OFF_S:
        severity: Severity = "error" if off_s > CLOCK_FAR_OFF_S else "warning"
        yield Finding("clock_wrong", severity, "servers", {**where, "off_s": round(off_s)})
    if server.certificate_days is not None and server.certificate_days < CERTIFICATE_DAYS:
        yield Finding("certificate_expires", "warning", "servers", {**where, "days": server.certificate_days})
    if server.body_limit_bytes is not None and server.body_limit_bytes < SMALL_BODY_BYTES:
        yield Finding("proxy_body_limit", "warning", "servers", {**where, "limit_bytes": server.body_limit_bytes})
    if server.proxy is not None:
        yield Finding(
            "proxy_used", "info" if server.code is None else "warning", "servers", {**where, "proxy": server.proxy}
        )
    if server.is_open_to_others:
        yield Finding("server_unencrypted", "warning", "servers", where)


def _of_refusal(server: Server) -> str:
    """A finer name for what the connection only calls untrusted or unreachable."""
    reason = str((server.args or {}).get("reason", "")).lower()
    if server.code == "certificate_untrusted":
        if "expired" in reason:
            return "certificate_expired"
        if "hostname" in reason or "ip address mismatch" in reason:
            return "certificate_other_name"
        if "issuer" in reason or "self-signed" in reason or "self signed" in reason:
            return "chain_incomplete"
    if server.code == "server_unreachable" and reason == "unknown_host":
        return "unknown_host"
    return server.code or ""


def _of_disks(disks: tuple[Disk, ...]) -> Iterator[Finding]:
    for disk in disks:
        if disk.free_bytes < disk.needed_bytes:
            args: Args = {"path": disk.path, "free_bytes": disk.free_bytes, "needed_bytes": disk.needed_bytes}
            yield Finding("disk_short", "warning", "disk", args)
