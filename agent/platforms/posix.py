"""What Linux and macOS have in common: unix sockets, kernel locks, processes of their own session.

`serve` runs on an asyncio loop; everything else may be called from any thread.
"""

import contextlib
import fcntl
import logging
import os
import socket
import stat
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.platforms.base import AlreadyRunning, Channel, Listener, Lock, NotPrivate, make_private

assert sys.platform != "win32"  # noqa: S101 - tells mypy to look at this module for the other systems only

if TYPE_CHECKING:
    import asyncio

    from agent.platforms.base import OnConnection

log = logging.getLogger(__name__)

_BACKLOG = 64


class FileLock:
    """An flock. Belongs to the open file, which no child process inherits across exec."""

    def __init__(self, path: Path) -> None:
        self._number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._number)
            if isinstance(error, BlockingIOError):
                raise AlreadyRunning(f"{path} is held by another process") from error
            raise
        os.truncate(self._number, 0)
        os.pwrite(self._number, f"{os.getpid()}\n".encode(), 0)  # for a person who looks; nothing reads it

    def release(self) -> None:
        """Free the lock; a second call does nothing. The file stays: removing it would let two processes hold it."""
        if self._number >= 0:
            os.close(self._number)
            self._number = -1


class UnixListener:
    """A served socket file."""

    def __init__(self, server: "asyncio.AbstractServer", path: Path, lock: Lock) -> None:
        self._server = server
        self._path = path
        self._lock = lock

    def close(self) -> None:
        """Stop listening, remove the socket file, free the address."""
        self._server.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
        self._lock.release()


class Posix(ABC):
    """The shared half of `agent.platforms.base.Platform`."""

    @abstractmethod
    def peer_uid(self, end: socket.socket) -> int:
        """The user of the process at the other side of a unix socket."""

    async def serve(self, address: str, on_connection: "OnConnection", limit_bytes: int) -> Listener:
        import asyncio

        async def admit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not self.peer_is_me(writer.get_extra_info("socket")):
                log.warning("refused a connection of another user")
                writer.close()
                return
            await on_connection(reader, writer)

        path = Path(address)
        make_private(path.parent)
        # Whoever holds this lock owns the address: a socket file found under it was left by a process that died.
        lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            sock = _bind(path)
            server = await asyncio.start_unix_server(admit, sock=sock, limit=limit_bytes)
        except BaseException:
            lock.release()
            raise
        return UnixListener(server, path, lock)

    def connect(self, address: str, timeout_s: float) -> Channel:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout_s)
            sock.connect(address)
            if not self.peer_is_me(sock):
                raise NotPrivate(f"another user listens at {address}")
        except BaseException:
            sock.close()
            raise
        return sock

    def peer_is_me(self, end: object) -> bool:
        # asyncio hands out a wrapper with the same methods, not a socket
        try:
            return self.peer_uid(end) == os.getuid()  # type: ignore[arg-type]
        except OSError:
            return False  # gone already

    def spawn_detached(self, argv: Sequence[str]) -> int:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        # Reaps it should it end before us: the tray lives long, and a zombie would look like a running agent.
        threading.Thread(target=process.wait, name="reap", daemon=True).start()
        return process.pid

    def lock(self, path: Path) -> Lock:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(path)


def _bind(path: Path) -> socket.socket:
    """A listening socket in place of whatever dead one lies there. The caller holds the address's lock."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise NotPrivate(f"{path} is no socket")
        _refuse_live(path)
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(str(path))
        path.chmod(0o600)  # the folder lets nobody else in before this
        sock.listen(_BACKLOG)
        sock.settimeout(0)
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse_live(path: Path) -> None:
    """Raise `AlreadyRunning` if somebody answers, for a cleaner of temporary files may have removed a held lock."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        with contextlib.suppress(ConnectionRefusedError):
            probe.connect(str(path))
            raise AlreadyRunning(f"somebody listens at {path}")
