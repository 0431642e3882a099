"""What a server tells the moment it happens, over socket.io: hints that something changed, never the change itself.

Owns python-socketio, which is large and imported late. Threads: `connect` blocks the caller some seconds; `on_event` is
called on threads of the package; `close` may come from any. Facts: the socket opens for everybody, and only the event
`on_server_version` says that we are let in; an API key needs every permission; nothing missed is told again.
"""

import logging
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.destinations.immich.dial import Connection
from agent.destinations.immich.http import Server
from agent.domain.errors import Blocked, Fate, Transient

if TYPE_CHECKING:
    import socketio

log = logging.getLogger(__name__)

CONNECT_S = 15.0
#: Something of ours may have changed.
CHANGES = frozenset(
    "on_upload_success AssetUploadReadyV1 AssetUploadReadyV2 on_asset_trash on_asset_delete on_asset_restore"
    " on_asset_update on_asset_hidden on_asset_stack_update on_album_update AssetEditReadyV1 AssetEditReadyV2".split()
)
#: The server itself changes: it goes into maintenance or comes back, or our session is ended.
UPHEAVALS = frozenset(("AppRestartV1", "on_session_delete"))


class Live:
    """One connection. `on_event` hears the names of `CHANGES` and `UPHEAVALS`; `closed` is set at its end."""

    def __init__(self, server: Server, on_event: Callable[[str], None]) -> None:
        self._server = server
        self._on_event = on_event
        self._answered = threading.Event()
        self._is_let_in = False
        self._is_refused = False
        self._connection: Connection | None = None
        self._client: socketio.Client | None = None
        self.closed = threading.Event()

    def connect(self) -> None:
        """Raises `Blocked` `live_refused` for a key that may not, `Transient` `live_lost` for what may pass."""
        import socketio

        # The package would know neither the system's proxies nor more than one to believe; and it would take the key
        # along to wherever it is sent on.
        options: dict[str, Any] = {"socket": self._dialled(), "redirect_limit": 0}
        parts = urlsplit(self._server.address)
        client = self._client = socketio.Client(
            reconnection=False, handle_sigint=False, websocket_extra_options=options, request_timeout=CONNECT_S
        )
        client.on("*", self._heard)
        client.on("disconnect", self._ended)
        try:
            client.connect(
                self._server.site,
                headers=dict(self._server.headers),
                transports=["websocket"],
                socketio_path=f"{parts.path}/socket.io",
                wait_timeout=CONNECT_S,
            )
        except (socketio.exceptions.SocketIOError, OSError, ValueError) as error:
            self.close()
            raise Transient("live_lost", detail=type(error).__name__) from None
        self._answered.wait(CONNECT_S)
        if not self._is_let_in:
            self.close()
            if self._is_refused:
                raise Blocked("live_refused")
            raise Transient("live_lost", detail="silent")

    def _dialled(self) -> socket.socket:
        try:
            self._connection = self._server.line()
            return self._connection.connect()
        except (Fate, OSError) as error:
            self.close()
            raise Transient("live_lost", detail=type(error).__name__) from None

    def _heard(self, event: str, *args: object) -> None:
        if event == "on_server_version":
            self._is_let_in = True
            self._answered.set()
        elif event == "error" and "unauthorized" in args:
            self._is_refused = True
            self._answered.set()
        elif event in CHANGES or event in UPHEAVALS:
            self._on_event(event)

    def _ended(self, *_reason: object) -> None:
        self._answered.set()
        self.closed.set()

    def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        if client is not None and client.connected:
            client.disconnect()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._ended()
