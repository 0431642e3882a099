"""The other side of the tray's seam: a server on a real socket that shows any snapshot a test wants.

It speaks `agent.protocol.wire` and nothing else: it keeps no files and decides nothing. Threads of its own serve the
connections, so the tray under test lives in its own event loop as it does in life. Each connection has one thread that
writes: lines never run into each other, and a test that says something never waits for the event loop that it holds up.
"""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec

from agent.protocol import wire
from agent.protocol.cache import CacheStats, CacheStore
from agent.protocol.destination import DestinationSpace
from agent.protocol.history import Chosen, ConditionsNow, Retried, RunRows
from agent.protocol.methods import (
    METHODS,
    PROTOCOL,
    Destinations,
    Files,
    Folders,
    GroupId,
    JobRows,
    Message,
    Nothing,
    SettingsRows,
    Welcome,
)
from agent.protocol.server import Accepted, PutBack
from agent.protocol.settings import Values
from agent.protocol.types import Changes, Preview, Snapshot


def changes_of(snapshot: Snapshot, *names: str) -> Changes:
    """These sections of a snapshot as a message, all of them where none is named."""
    chosen = names or tuple(name for name in Snapshot.__struct_fields__ if name != "revision")
    return Changes(snapshot.revision, **{name: getattr(snapshot, name) for name in chosen})


_NO_CACHE = CacheStore(exists=False, count=0, size_bytes=0)
_LEAST: dict[type, msgspec.Struct] = {
    GroupId: GroupId(7),
    Folders: Folders(()),
    Destinations: Destinations(()),
    Files: Files(()),
    JobRows: JobRows(()),
    RunRows: RunRows(()),
    Chosen: Chosen(1),
    PutBack: PutBack(1, 1, 0),
    Accepted: Accepted(1),
    Retried: Retried(1),
    ConditionsNow: ConditionsNow(network_kind="wifi", network_name="Home", network_metered=True, on_battery=False),
    DestinationSpace: DestinationSpace("a1b2"),
    CacheStats: CacheStats(_NO_CACHE, _NO_CACHE),
    SettingsRows: SettingsRows(msgspec.to_builtins(Values()), msgspec.to_builtins(Values())),
    Preview: Preview("/home/ada/Pictures", 0, 0),
}


def _least(result: type, _params: Message) -> msgspec.Struct:
    return _LEAST.get(result, Nothing())


class FakeAgent:
    """Serves one address until `stop`. `calls` holds what was asked beside the greeting, oldest first."""

    def __init__(self, address: str, snapshot: Snapshot) -> None:
        self.address = address
        self.snapshot = snapshot
        self.calls: list[tuple[str, Message]] = []
        self.refusals: dict[str, wire.Error] = {}
        #: What a method answers, made of its parameters; the others answer as little as their type allows.
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self.connections = 0
        self._lock = threading.Lock()
        self._open: dict[socket.socket, SimpleQueue[bytes | None]] = {}
        self._subscribed: set[socket.socket] = set()
        with suppress(FileNotFoundError):
            Path(address).unlink()
        Path(address).parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)  # type: ignore[attr-defined,unused-ignore]
        self._listener.bind(address)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def show(self, **sections: Any) -> None:
        """Change sections of the snapshot and send them to whoever subscribed."""
        self.snapshot = msgspec.structs.replace(self.snapshot, revision=self.snapshot.revision + 1, **sections)
        self.say(wire.pack_changes(changes_of(self.snapshot, *sections)))

    def say(self, line: bytes) -> None:
        """Send any bytes to whoever subscribed, after what is being sent."""
        with self._lock:
            for connection in self._subscribed:
                self._open[connection].put(line)

    def hang_up(self) -> None:
        """Cut every connection; new ones are taken."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """End like an agent that was killed: the socket's file stays."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def asked(self, method: str) -> list[Message]:
        """The parameters of every call of this method."""
        return [params for name, params in self.calls if name == method]

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            said: SimpleQueue[bytes | None] = SimpleQueue()
            with self._lock:
                self._open[connection] = said
                self.connections += 1
            threading.Thread(target=self._serve, args=(connection, said), daemon=True).start()
            threading.Thread(target=_write, args=(connection, said), daemon=True).start()

    def _serve(self, connection: socket.socket, said: "SimpleQueue[bytes | None]") -> None:
        with suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                self._answer(connection, said, wire.unpack_request(line))
        with self._lock:
            del self._open[connection]
            self._subscribed.discard(connection)
        said.put(None)

    def _answer(self, connection: socket.socket, said: "SimpleQueue[bytes | None]", request: wire.Request) -> None:
        params = wire.unpack_params(request)
        refusal = self.refusals.get(request.method)
        if refusal:
            self._note(request.method, params)
            said.put(wire.pack_error(request.id, refusal.code, refusal.message, refusal.data))
        elif request.method == "hello":
            said.put(wire.pack_result(request.id, Welcome(PROTOCOL, "0.1.0", os.getpid())))
        elif request.method == "state.subscribe":
            with self._lock:
                said.put(wire.pack_result(request.id, Nothing()))
                said.put(wire.pack_changes(changes_of(self.snapshot)))
                self._subscribed.add(connection)
        else:
            self._note(request.method, params)
            make = self.answers.get(request.method) or partial(_least, METHODS[request.method].result)
            answer = make(params)
            said.put(wire.pack_result(request.id, answer))

    def _note(self, method: str, params: Message) -> None:
        if method != "hello":
            self.calls.append((method, params))


def _write(connection: socket.socket, said: "SimpleQueue[bytes | None]") -> None:
    """Send line after line until there is a None; close the connection then."""
    with connection:
        while (line := said.get()) is not None:
            with suppress(OSError):
                connection.sendall(line)
