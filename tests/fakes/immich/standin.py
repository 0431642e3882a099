"""The stand-in as tests use it: start it, point a client at ``url``, look at what arrived.

For: ``with StandIn() as server:`` in one process; ``__main__.py`` builds on it for many.
Must not: be used from the server's thread.
Thread: the test's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import upheaval
from .addresses import Address
from .app import build
from .certificates import Certificate
from .counters import Counters
from .crowd import Crowd
from .faults import Faults
from .hall import Hall
from .journal import Journal
from .models import Album, ApiKey, Asset, Session, Stack, Tag, User
from .people import Device
from .provider import Provider
from .serve import ServerThread
from .store import Store
from .versions import version as release
from .world import Settings, World, new_world


class StandIn:
    """A server on loopback ports that behaves like the Immich release ``version``.

    ``data`` is a folder for the journal of created assets; ``keep_files`` also keeps their bytes, in
    ``data`` or in a temporary folder. ``keep_alive`` is after how many seconds an idle connection is
    closed. ``dying_window`` is how long a force-deleted asset still answers: seconds, or None for
    "until :meth:`run_delete_job`". ``extraction_s`` is how long after an upload the server has looked at the file:
    seconds, or None for "until :meth:`run_extraction_job`"; events of new assets come then. ``certificate`` makes the
    main address speak TLS. ``clock_skew_s`` is how far the server's clock is ahead.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        keep_files: bool = False,
        data: Path | None = None,
        keep_alive: float = 5.0,
        dying_window: float | None = 0.0,
        extraction_s: float | None = 0.0,
        version: str = "3.1.0",
        certificate: Certificate | None = None,
        clock_skew_s: float = 0.0,
    ) -> None:
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._journal = Journal(data) if data is not None else None
        settings = Settings(keep_alive=keep_alive, dying_window=dying_window, extraction_s=extraction_s)
        settings.files = self._files(data) if keep_files else None
        settings.version = release(version)
        self._world = new_world(settings, self._journal)
        self._world.ledger.calendar.skew_s = clock_skew_s
        self._app = build(self._world)
        self._running: ServerThread | None = None
        self._key: str | None = None
        self.main = Address(port=port, certificate=certificate)
        self.addresses = [self.main]
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
        """Start, or start again on the same ports with the same contents."""
        if self._running is None:
            world = self._world
            self._running = ServerThread(
                self._app,
                self.counters,
                self.addresses,
                keep_alive=world.settings.keep_alive,
                calendar=world.ledger.calendar,
            )
            self._running.start()
            self.provider.issuer = self.provider.issuer or f"{self.url}/provider"

    def stop(self) -> None:
        """Stop as a crash does: connections are reset, the ports are closed, the contents stay."""
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

    # -- addresses ---------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The main address to give to a client, without ``/api``."""
        return self.main.url

    def address(self, **settings: Any) -> Address:
        """One more address of this server, as :class:`Address` takes its settings; open when the server runs."""
        found = Address(**settings)
        self.addresses.append(found)
        if self._running is not None:
            self._running.open(found)
        return found

    # -- credentials ---------------------------------------------------------------------------

    def api_key(self, permissions: Sequence[str] = ("all",), *, user: User | None = None, name: str = "test") -> str:
        """The secret of a new API key."""
        return self._world.people.add_key(user or self.admin, list(permissions), name)[0]

    @property
    def keys(self) -> list[ApiKey]:
        """All API keys, oldest first."""
        with self._world.pulse.lock:
            return list(self._world.people.keys.values())

    def revoke(self, secret: str) -> None:
        """Delete an API key; requests with it get 401 from now on."""
        with self._world.pulse.lock:
            self._world.people.keys.pop(secret, None)

    def session(self, user: User | None = None, *, device: str = "", duration_s: float | None = None) -> str:
        """The token of a new session."""
        people = self._world.people
        return people.open_session(user or self.admin, device=Device(device), duration_s=duration_s).token

    @property
    def sessions(self) -> list[Session]:
        """All sessions, oldest first."""
        with self._world.pulse.lock:
            return list(self._world.people.sessions.values())

    def end_session(self, token: str) -> None:
        """Sign a device out from elsewhere; its websockets are told."""
        self._world.people.close_session(token)

    def ask_for_reset(self, token: str) -> None:
        """Let the next sync stream of a session begin with ``SyncResetV1``."""
        self._world.people.sessions[token].pending_sync_reset = True

    def change_password(self, password: str, user: User | None = None, *, sign_out: bool = True) -> None:
        """A new password, set from elsewhere; with ``sign_out`` all devices lose their session."""
        owner = user or self.admin
        with self._world.pulse.lock:
            owner.password = password
            if sign_out:
                self._world.people.close_sessions(self._world.people.sessions_of(owner))

    def add_user(self, email: str, password: str, *, quota: int | None = None, is_admin: bool = False) -> User:
        """Another account."""
        return self._world.people.add_user(email, password, quota=quota, is_admin=is_admin)

    def set_quota(self, quota: int | None, user: User | None = None) -> None:
        """Limit the bytes an account may hold; None lifts the limit."""
        with self._world.pulse.lock:
            (user or self.admin).quota = quota

    @property
    def password_login(self) -> bool:
        """Whether people may sign in with a password."""
        return self._world.settings.password_login

    @password_login.setter
    def password_login(self, allowed: bool) -> None:
        self._world.settings.password_login = allowed

    # -- what is there -----------------------------------------------------------------------

    @property
    def assets(self) -> list[Asset]:
        """All assets of all users, oldest upload first, those in the trash included, those of crowds not."""
        with self._world.pulse.lock:
            return list(self.store.assets.values())

    @property
    def albums(self) -> list[Album]:
        """All albums, oldest first."""
        with self._world.pulse.lock:
            return list(self._world.albums.albums.values())

    @property
    def stacks(self) -> list[Stack]:
        """All stacks, oldest first."""
        with self._world.pulse.lock:
            return list(self._world.stacks.stacks.values())

    @property
    def tags(self) -> list[Tag]:
        """All tags, oldest first."""
        with self._world.pulse.lock:
            return list(self._world.tags.tags.values())

    @property
    def store(self) -> Store:
        """The assets themselves, for tests that prepare or change them."""
        return self._world.store

    @property
    def world(self) -> World:
        """Everything, for tests that change albums, stacks, tags or partners from elsewhere."""
        return self._world

    @property
    def live(self) -> Hall:
        """The websocket connections, and trouble with them."""
        return self._world.hall

    @property
    def provider(self) -> Provider:
        """The identity provider for sign-in by OAuth; ``provider.enabled = True`` offers it."""
        return self._world.provider

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

    def add_crowd(self, count: int, user: User | None = None, *, name: str = "crowd") -> Crowd:
        """So many generated assets, at once and for nothing."""
        crowd = Crowd(user or self.admin, count, self._world.ledger.calendar, name)
        self.store.add_crowd(crowd)
        return crowd

    def know(self, checksums: Iterable[bytes], user: User | None = None) -> list[Asset]:
        """Assets with these SHA-1s (20 bytes each), as if somebody had uploaded them."""
        owner, made = user or self.admin, []
        for number, digest in enumerate(checksums):
            day = f"2020-01-01T00:00:{number % 60:02}.000Z"
            asset = Asset(owner, digest, 1000, f"known_{number}.jpg", "IMAGE", day, day, readable=True, extracted=True)
            made.append(self.store.add(asset)[0])
        return made

    # -- events of the outside world -----------------------------------------------------------

    def run_delete_job(self) -> int:
        """Purge the force-deleted assets now; returns how many there were."""
        ids = self.store.dying()
        self.store.purge(ids)
        return len(ids)

    def run_extraction_job(self) -> int:
        """Look at all new files now; returns how many there were."""
        waiting = [asset for asset in self.assets if not asset.extracted]
        for asset in waiting:
            self.store.extract(asset)
        return len(waiting)

    def set_clock(self, skew_s: float) -> None:
        """Set the server's clock ahead, or behind."""
        self._world.ledger.calendar.skew_s = skew_s

    def start_maintenance(self) -> None:
        """Announce and begin maintenance: websockets are told, all connections end."""
        self._restart(is_maintenance=True)

    def end_maintenance(self) -> None:
        """Announce and end maintenance."""
        self._restart(is_maintenance=False)

    def wipe(self) -> None:
        """Everything is gone without a word, accounts and credentials too; an administrator is set up again."""
        self.exchange()

    def exchange(self, *, keep_secrets: bool = False) -> None:
        """Another, empty server answers here: same administrator's address and password, another user id.

        With ``keep_secrets`` the old credentials open the new account.
        """
        self.admin = upheaval.begin_anew(self._world, self.admin, keep_secrets=keep_secrets)

    def backup(self) -> upheaval.Backup:
        """A copy of everything, for :meth:`restore`."""
        return upheaval.take(self._world)

    def restore(self, backup: upheaval.Backup) -> None:
        """Everything is again as in the backup; what came later is gone without a word."""
        upheaval.bring_back(self._world, backup)

    def refuse(self) -> None:
        """Reset all connections and refuse new ones, at every address."""
        self._server()
        for address in self.addresses:
            address.refuse()

    def accept(self) -> None:
        """End :meth:`refuse`."""
        for address in self.addresses:
            address.accept()

    def drop_connections(self) -> None:
        """Reset all open connections; new ones are welcome."""
        self._server().drop_connections()

    def _restart(self, *, is_maintenance: bool) -> None:
        self.live.emit("AppRestartV1", {"isMaintenanceMode": is_maintenance})
        self.faults.maintenance = is_maintenance
        self.live.hang_up()

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
