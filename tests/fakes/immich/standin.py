"""The stand-in as tests use it: start it, point a client at ``url``, look at what arrived.

For: ``with StandIn() as server:`` in one process; ``__main__.py`` builds on it for many.
Must not: be used from the server's thread.
Thread: the test's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from .app import build
from .counters import Counters
from .faults import Faults
from .journal import Journal
from .models import Album, Asset, User
from .serve import ServerThread
from .store import Store
from .world import Settings, new_world


class StandIn:
    """A server on a loopback port that behaves like Immich 3.1.0.

    ``data`` is a folder for the journal of created assets; ``keep_files`` also keeps their bytes, in
    ``data`` or in a temporary folder. ``keep_alive`` is after how many seconds an idle connection is
    closed. ``dying_window`` is how long a force-deleted asset still answers: seconds, or None for
    "until :meth:`run_delete_job`".
    """

    def __init__(
        self,
        *,
        port: int = 0,
        keep_files: bool = False,
        data: Path | None = None,
        keep_alive: float = 5.0,
        dying_window: float | None = 0.0,
    ) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._journal = Journal(data) if data is not None else None
        files = self._files(data) if keep_files else None
        settings = Settings(keep_alive=keep_alive, dying_window=dying_window, files=files)
        self._world = new_world(settings, self._journal)
        self._app = build(self._world)
        self._port = port
        self._running: ServerThread | None = None
        self._key: str | None = None
        self.admin: User = next(iter(self._world.people.users.values()))

    # -- life ------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start, or start again on the same port with the same contents."""
        if self._running is None:
            settings = self._world.settings
            self._running = ServerThread(self._app, self.counters, port=self._port, keep_alive=settings.keep_alive)
            self._port = self._running.port
            self._running.start()

    def stop(self) -> None:
        """Stop as a crash does: connections are reset, the port is closed, the contents stay."""
        if self._running is not None:
            self._world.faults.clear()
            self._running.stop()
            self._running = None

    def close(self) -> None:
        """Stop for good and remove temporary files."""
        self.stop()
        if self._journal is not None:
            self._journal.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    # -- addresses and credentials -----------------------------------------------------------

    @property
    def url(self) -> str:
        """The address to give to a client, without ``/api``."""
        return f"http://127.0.0.1:{self._port}"

    def api_key(self, permissions: Sequence[str] = ("all",), *, user: User | None = None, name: str = "test") -> str:
        """The secret of a new API key."""
        return self._world.people.add_key(user or self.admin, list(permissions), name)[0]

    def revoke(self, secret: str) -> None:
        """Delete an API key; requests with it get 401 from now on."""
        with self._world.pulse.lock:
            self._world.people.keys.pop(secret, None)

    def session(self, user: User | None = None) -> str:
        """The token of a new session."""
        return self._world.people.open_session(user or self.admin).token

    def add_user(self, email: str, password: str, *, quota: int | None = None, is_admin: bool = False) -> User:
        """Another account."""
        return self._world.people.add_user(email, password, quota=quota, is_admin=is_admin)

    def set_quota(self, quota: int | None, user: User | None = None) -> None:
        """Limit the bytes an account may hold; None lifts the limit."""
        with self._world.pulse.lock:
            (user or self.admin).quota = quota

    # -- what is there -----------------------------------------------------------------------

    @property
    def assets(self) -> list[Asset]:
        """All assets of all users, oldest upload first, those in the trash included."""
        with self._world.pulse.lock:
            return list(self.store.assets.values())

    @property
    def albums(self) -> list[Album]:
        """All albums, oldest first."""
        with self._world.pulse.lock:
            return list(self.store.albums.values())

    @property
    def store(self) -> Store:
        """The state itself, for tests that prepare it."""
        return self._world.store

    @property
    def faults(self) -> Faults:
        """Where trouble is ordered."""
        return self._world.faults

    @property
    def counters(self) -> Counters:
        """What was counted."""
        return self._world.counters

    def wait_for(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:
        """Block until ``predicate`` holds; it is looked at after every request and change."""
        self._world.pulse.wait_for(predicate, timeout)

    # -- events of the outside world -----------------------------------------------------------

    def run_delete_job(self) -> int:
        """Purge the force-deleted assets now; returns how many there were."""
        ids = self.store.dying()
        self.store.purge(ids)
        return len(ids)

    def refuse(self) -> None:
        """Reset all connections and refuse new ones."""
        self._server().refuse()

    def accept(self) -> None:
        """End :meth:`refuse`."""
        self._server().accept()

    def drop_connections(self) -> None:
        """Reset all open connections; new ones are welcome."""
        self._server().drop_connections()

    def _server(self) -> ServerThread:
        if self._running is None:
            raise RuntimeError("the stand-in is not running")
        return self._running

    def _files(self, data: Path | None) -> Path:
        if data is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="stand-in-")
            return Path(self._temporary.name)
        folder = data / "files"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
