"""What the rest of Safelight asks of an operating system, and where its files lie.

`Platform` is implemented once for each system; `agent.platforms.current()` gives the one that runs. `places` is the one
answer to 'where', asked by the agent and by every client, so both always mean the same socket. Nothing here imports
asyncio or a foreign package before it is needed: the command line starts quickly.
"""

import os
import stat
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agent.domain.facts import HostFacts
from agent.record import Record

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    OnConnection = Callable[[StreamReader, StreamWriter], Awaitable[None]]

APP = "safelight"
HOME_VARIABLE = "SAFELIGHT_HOME"
#: What a socket's address may measure, the closing zero included, on the strictest of the systems that have one.
SOCKET_PATH_LIMIT_BYTES = 104


class AlreadyRunning(Exception):
    """Another agent holds this home."""


class NotPrivate(Exception):
    """A folder that must be this user's alone belongs to somebody else."""


class Lock(Protocol):
    """A lock that the kernel gives back when the process ends, however it ends."""

    def release(self) -> None: ...


class Listener(Protocol):
    """A served address."""

    def close(self) -> None:
        """Take no more connections and free the address; open ones stay. On the loop's thread."""
        ...


class Handle(Protocol):
    """Something that goes on until it is stopped."""

    def stop(self) -> None: ...


class Channel(Protocol):
    """The client's end of a connection, used by one thread; a plain socket where the system has them."""

    def sendall(self, data: bytes, /) -> None: ...

    def recv(self, size: int, /) -> bytes:
        """At least one byte, or none when the other side has closed; `TimeoutError` after the time limit."""
        ...

    def settimeout(self, seconds: float | None, /) -> None: ...

    def shutdown(self, how: int, /) -> None:
        """End both directions: a `recv` that waits in another thread returns. `OSError` when that is so already."""
        ...

    def close(self) -> None: ...


class Platform(Protocol):
    """One operating system."""

    async def serve(self, address: str, on_connection: "OnConnection", limit_bytes: int) -> Listener:
        """Listen for this user's clients; `limit_bytes` bounds a line. On an asyncio loop.

        Connections of other users are closed before `on_connection` sees them. Raises `AlreadyRunning`, `NotPrivate`,
        `OSError`.
        """
        ...

    def connect(self, address: str, timeout_s: float) -> Channel:
        """A connection to the agent of this user. Blocks; raises `OSError` where nobody listens, `NotPrivate`."""
        ...

    def peer_is_me(self, end: object) -> bool:
        """Whether the process at the other side of a socket (or pipe handle) runs as this user."""
        ...

    def spawn_detached(self, argv: Sequence[str]) -> int:
        """Start a process that outlives this one, without a terminal; its id."""
        ...

    def lock(self, path: Path) -> Lock:
        """Take the single-instance lock in this file; `AlreadyRunning` when it is taken."""
        ...

    def lower_priority(self) -> None:
        """Let this process stand behind all others, for processor and disk. Never raises."""
        ...

    def watch_facts(
        self, on_change: Callable[[HostFacts], None], on_sleep: Callable[[bool], None] | None = None
    ) -> Handle:
        """Report what the system tells of network and power: once soon, then at each change.

        `on_sleep(True)` comes before the computer sleeps, `on_sleep(False)` when it has woken, where the system tells.
        Both are called on a thread of the watcher and must not block.
        """
        ...


class Places(Record, frozen=True):
    """Every file and folder of one home."""

    config_dir: Path
    data_dir: Path
    cache_dir: Path
    log_dir: Path
    runtime_dir: Path
    settings_file: Path
    intent_file: Path
    secrets_file: Path
    database_file: Path
    lock_file: Path
    socket_address: str
    #: `default`, or a short name made of the home's path: part of keyring entries and of addresses.
    home_id: str

    def create(self) -> None:
        """Make the folders that are missing, for this user alone. Raises `NotPrivate`, `OSError`.

        A folder that is there already keeps its mode, for it may be one that a person chose as a home; only the
        runtime folder is made private in any case.
        """
        for folder in (self.config_dir, self.data_dir, self.cache_dir, self.log_dir):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(self.runtime_dir)


def places(home: Path | None = None) -> Places:
    """Where everything lies: under `home`, else under SAFELIGHT_HOME, else in the system's standard folders.

    Touches nothing on disk; whoever writes calls `Places.create` first.
    """
    chosen = str(home) if home is not None else os.environ.get(HOME_VARIABLE)
    if not chosen:
        return _standard_places()
    root = Path(chosen).expanduser().resolve()
    home_id = _short(os.fsencode(os.path.normcase(root)), 12)
    return _places(root, root, root / "cache", root / "logs", root / "run", home_id)


def make_private(folder: Path) -> None:
    """Make a folder that only this user may enter, or check that it is one. Raises `NotPrivate`, `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":  # there a profile's folders are its user's by inheritance
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise NotPrivate(f"{folder} belongs to somebody else")
        if found.st_mode & 0o077:
            folder.chmod(0o700)


def _standard_places() -> Places:
    import platformdirs

    # `roaming` stays off: what is known of this computer's files is of no use on another.
    config = Path(platformdirs.user_config_dir(APP, appauthor=False))
    data = Path(platformdirs.user_data_dir(APP, appauthor=False))
    cache = Path(platformdirs.user_cache_dir(APP, appauthor=False))
    logs = Path(platformdirs.user_log_dir(APP, appauthor=False))
    return _places(config, data, cache, logs, _runtime_dir(), "default")


def _places(config: Path, data: Path, cache: Path, logs: Path, runtime: Path, home_id: str) -> Places:
    return Places(
        config_dir=config,
        data_dir=data,
        cache_dir=cache,
        log_dir=logs,
        runtime_dir=runtime,
        settings_file=config / "settings.toml",
        intent_file=config / "intent.jsonl",
        secrets_file=config / "secrets.json",
        database_file=data / "safelight.db",
        lock_file=data / "agent.lock",
        socket_address=_socket_address(runtime, home_id),
        home_id=home_id,
    )


def _runtime_dir() -> Path:
    """The user's folder for sockets.

    A client may have been started without XDG_RUNTIME_DIR (cron, ssh, su) or with another user's; it must still find
    the socket of the agent that systemd started with it. So the usual folder is looked for before anything else.
    """
    if sys.platform == "win32":
        import platformdirs

        return Path(platformdirs.user_data_dir(APP, appauthor=False)) / "run"
    if sys.platform == "darwin":
        import platformdirs

        return Path(platformdirs.user_cache_dir(APP, appauthor=False)) / "run"
    uid = os.getuid()
    for candidate in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{uid}"):
        if candidate and Path(candidate).is_absolute() and _is_mine(Path(candidate)):
            return Path(candidate) / APP
    return Path(f"/tmp/{APP}-{uid}")  # noqa: S108 - made with mode 0700, and its owner is checked


def _is_mine(folder: Path) -> bool:
    if sys.platform == "win32":
        return folder.is_dir()
    try:
        return folder.stat().st_uid == os.getuid()
    except OSError:
        return False


def _socket_address(runtime: Path, home_id: str) -> str:
    if sys.platform == "win32":
        from agent.platforms.windows import pipe_name

        return pipe_name(home_id)
    address = str(runtime / "agent.sock")
    if len(os.fsencode(address)) < SOCKET_PATH_LIMIT_BYTES:
        return address
    return str(_runtime_dir() / f"{_short(os.fsencode(address), 16)}.sock")


def _short(name: bytes, digits: int) -> str:
    """So many hexadecimal digits that stand for a name; of no use against somebody who tries names."""
    import hashlib  # loads OpenSSL, and the usual home needs none of it

    return hashlib.sha256(name).hexdigest()[:digits]
