"""The destinations of the settings as objects to work with, made when they are first needed.

Marries `agent.destinations` and `agent.credentials`. An object belongs to one lane; a changed setting makes a new one.
"""

import threading
from urllib.parse import urlsplit

from agent.credentials import Credentials
from agent.destinations.base import Destination
from agent.destinations.folder import FolderDestination
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.quota import Quota
from agent.destinations.immich.trust import Trust
from agent.domain.clock import Clock
from agent.domain.errors import Blocked
from agent.files.mounts import is_remote
from agent.protocol.paths import from_wire
from agent.protocol.settings import DestinationSetting, Settings

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class Destinations:
    """All destinations of the settings in force."""

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self._credentials = credentials
        self._clock = clock
        self._turn = threading.Lock()
        self._era = 0
        self._settings: dict[str, DestinationSetting] = {}
        self._open: dict[str, Destination] = {}
        self._quotas: dict[str, Quota] = {}

    def replace(self, settings: Settings) -> None:
        """Take over changed settings; objects of destinations that changed or went are closed."""
        with self._turn:
            new = {setting.id: setting for setting in settings.destinations}
            for destination_id in [one for one in self._open if new.get(one) != self._settings.get(one)]:
                self._open.pop(destination_id).close()
            self._settings = new
            self._era += 1

    def get(self, destination_id: str) -> Destination:
        """The destination, ready for use; raises Blocked when its secret is not to be had."""
        while True:
            with self._turn:
                found, setting, era = self._open.get(destination_id), self._settings.get(destination_id), self._era
            if found is not None:
                return found
            if setting is None:
                raise Blocked("destination_unknown", name=destination_id)
            made = self._make(setting)
            with self._turn:
                if self._era == era:
                    return self._open.setdefault(destination_id, made)
            made.close()  # the keyring took its time, and what it was made of may be the past

    def _make(self, setting: DestinationSetting) -> Destination:
        if setting.kind == "folder":
            return FolderDestination(from_wire(setting.location), clock=self._clock, expected_id=setting.id)
        key = self._credentials.get(setting.id, setting.secret_store or "keyring")
        return ImmichDestination(
            setting.location,
            key,
            clock=self._clock,
            trust=Trust(setting.ca_file, setting.pinned, setting.client_certificate),
            others=setting.routes,
            user_id=setting.user_id,
            quota=self._quotas.setdefault(setting.id, Quota(self._clock)),
        )

    def crossing(self) -> frozenset[str]:
        """The destinations that are reached over a network; a server on this very machine is not."""
        return frozenset(setting.id for setting in self._settings.values() if _crosses(setting))

    def is_server(self, destination_id: str) -> bool:
        """Whether it is an account at a server."""
        setting = self._settings.get(destination_id)
        return setting is not None and setting.kind == "immich"

    def name(self, destination_id: str) -> str:
        """What the user calls it."""
        setting = self._settings.get(destination_id)
        return setting.name if setting else destination_id

    def renew(self, destination_id: str) -> None:
        """Make the object anew the next time: its secret may have changed. A folder has none, and knows its room."""
        with self._turn:
            found = self._open.pop(destination_id, None) if self.is_server(destination_id) else None
            self._era += 1
        if found is not None:
            found.close()

    def moved(self) -> None:
        """The computer may be on another network: which address of a server leads there is found out anew."""
        with self._turn:
            servers = [found.server for found in self._open.values() if isinstance(found, ImmichDestination)]
        for server in servers:
            server.moved()

    def abandon(self, destination_id: str | None = None) -> None:
        """Cut whatever is under way at a destination, or at all."""
        with self._turn:
            some = [found for one, found in self._open.items() if destination_id in (None, one)]
        for destination in some:
            destination.close()

    def folder_of(self, destination_id: str) -> bytes | None:
        """The folder of a destination on a drive, None for a server."""
        setting = self._settings.get(destination_id)
        return from_wire(setting.location) if setting is not None and setting.kind == "folder" else None


def _crosses(setting: DestinationSetting) -> bool:
    if setting.kind == "folder":
        return is_remote(from_wire(setting.location))
    return urlsplit(setting.location).hostname not in _THIS_MACHINE
