"""Takes the look: everything that can be seen of this computer, this home and its servers, with or without the agent.

Changes nothing; reads no secret (the keyring is asked for an entry that is not there). Main thread of the command; the
slowest are servers that do not answer and very large folders, each with a limit.
"""

import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from agent import __version__
from agent.checkup.plan import plan_for
from agent.credentials import Credentials
from agent.destinations.immich.look import look as look_at_server
from agent.destinations.immich.trust import Trust
from agent.domain.checkup import Disk, Heard, Looked, Server, Watching
from agent.domain.clock import Clock
from agent.domain.errors import Blocked
from agent.domain.registration import Mismatch, mismatches
from agent.facts import free_disk_bytes
from agent.platforms import current
from agent.platforms.base import AlreadyRunning, Places
from agent.platforms.clock import SystemClock
from agent.platforms.program import exists
from agent.platforms.registration import registration
from agent.platforms.tray_host import tray_is_hosted
from agent.platforms.watch_limits import watch_limits
from agent.protocol.paths import from_wire
from agent.protocol.settings import DestinationSetting, Settings
from agent.record import replace
from agent.store.settings import SettingsStore

#: How long folders are counted at most; what was found by then is a lower bound.
_COUNT_S = 15.0
_NO_ENTRY = "check-up"


def look(where: Places, heard: Heard) -> Looked:
    """Look at everything."""
    store = SettingsStore(where.settings_file)
    settings = store.get()
    clock = SystemClock()
    return Looked(
        own_version=__version__,
        agent=_agent(where, heard),
        agent_version=heard.version,
        problems=heard.problems,
        lacking=heard.lacking,
        registered=_registered(where, settings),
        tray_is_hosted=tray_is_hosted(),
        settings_trouble=store.trouble,
        folders=tuple((one.path, _folder(one.path)) for one in settings.folders),
        destinations=len(settings.destinations),
        watching=_watching(settings, heard.pid),
        keyring=_keyring(where, settings),
        secrets_readable=_readable_by_others(where.secrets_file),
        servers=tuple(_server(one, clock, heard) for one in settings.destinations if one.kind == "immich"),
        disks=_disks(where, settings),
        unwritable=tuple(str(one) for one in _own_folders(where) if one.exists() and not os.access(one, os.W_OK)),
        foreign=tuple(str(one) for one in _own_folders(where) if _is_foreign(one)),
    )


def _agent(where: Places, heard: Heard) -> Literal["running", "stopped", "silent"]:
    if heard.version is not None:
        return "running"
    if not where.lock_file.exists():
        return "stopped"
    try:
        current().lock(where.lock_file).release()
    except AlreadyRunning:
        return "silent"
    except OSError:
        return "stopped"
    return "stopped"


def _server(setting: DestinationSetting, clock: Clock, heard: Heard) -> Server:
    """What works for the agent, by another address or with a proxy's own headers, is not unreachable from here."""
    trust = Trust(setting.ca_file, setting.pinned, setting.client_certificate)
    found = look_at_server(setting.location, clock, trust)
    return replace(found, code=None, args=None) if setting.id in heard.working else found


def _registered(where: Places, settings: Settings) -> tuple[Mismatch, ...] | None:
    if where.home_id != "default":
        return None
    plan = plan_for(settings.values)
    return mismatches(registration().read(plan), plan, exists)


def _folder(path: str) -> Literal["fine", "missing", "unreadable"]:
    folder = os.fsdecode(from_wire(path))
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"
    return "fine"


def _watching(settings: Settings, agent_pid: int | None) -> Watching | None:
    limits = watch_limits(agent_pid)
    if limits is None:
        return None
    roots = [from_wire(one.path) for one in settings.folders]
    needed = _count_folders(roots, limits.watches)
    return Watching(limits.watches, limits.watches_used, needed, limits.instances, limits.instances_used)


def _count_folders(roots: Sequence[bytes], enough: int) -> int:
    """How many folders there are below the roots; stops when there are more than enough, or after a while."""
    until_s = time.monotonic() + _COUNT_S
    waiting = list(roots)
    count = 0
    while waiting and count <= enough and time.monotonic() < until_s:
        count += 1
        try:
            with os.scandir(waiting.pop()) as entries:
                waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
    return count


def _keyring(where: Places, settings: Settings) -> Literal["fine", "absent", "locked"] | None:
    """Whether the keyring opens; None where every sign-in is kept in the file that was chosen for it."""
    kept = {one.secret_store or "keyring" for one in settings.destinations if one.kind == "immich"}
    if kept == {"file"}:
        return None
    try:
        Credentials(where.home_id, where.secrets_file).get(_NO_ENTRY, "keyring")
    except Blocked as problem:
        if problem.code == "keyring_absent":
            return "absent"
        if problem.code == "keyring_locked":
            return "locked"
    return "fine"


def _readable_by_others(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    # Windows has no such bits: what it gives there is made up, and a profile's files are its user's by inheritance
    return str(path) if hasattr(os, "getuid") and stat.S_IMODE(mode) & 0o077 else None


def _disks(where: Places, settings: Settings) -> tuple[Disk, ...]:
    """The drives of our own files; those of destinations are told by the agent."""
    found: dict[int, Disk] = {}
    for folder in (where.data_dir, where.cache_dir):
        try:
            free_bytes = free_disk_bytes(folder)
            drive = next(one for one in (folder, *folder.parents) if one.exists()).stat().st_dev
        except (OSError, StopIteration):
            continue
        found.setdefault(drive, Disk(str(folder), free_bytes, settings.values.min_free_disk_bytes))
    return tuple(found.values())


def _own_folders(where: Places) -> tuple[Path, ...]:
    return tuple(dict.fromkeys((where.config_dir, where.data_dir, where.cache_dir, where.log_dir, where.runtime_dir)))


def _is_foreign(folder: Path) -> bool:
    """Whether the folder belongs to another user; never on Windows, where access is inherited."""
    mine = getattr(os, "getuid", None)
    try:
        return mine is not None and folder.stat().st_uid != mine()
    except OSError:
        return False
