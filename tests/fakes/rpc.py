"""What stands at both sides of the tested socket: a state, calls that hang or fail, a client without manners."""

import json
import socket
import threading
from collections.abc import Callable
from typing import Any

from agent.domain.errors import Blocked
from agent.protocol.methods import JobEnqueue, JobId, JobRef, Message, Nothing, PathRef, SettingKey, SettingValue
from agent.protocol.methods import Welcome as Version
from agent.protocol.types import Agent, Backup, Jobs, Section, Snapshot
from agent.protocol.wire import Mistake

HELLO = b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"app":"0.1.0","client":"test"}}\n'
LIMIT_S = 10.0


class Board:
    """A state to publish: what `agent.state` is to the feed, without its rules."""

    def __init__(self) -> None:
        self._snapshot = Snapshot(1, Agent("0.1.0", 1, 0, "running"), Backup("safe", enabled=True))
        self._callbacks: list[Callable[[frozenset[str]], None]] = []

    def snapshot(self) -> Snapshot:
        return self._snapshot

    def listen(self, callback: Callable[[frozenset[str]], None]) -> None:
        self._callbacks.append(callback)

    def put(self, **sections: Any) -> None:
        """Show these sections from now on."""
        old = {name: getattr(self._snapshot, name) for name in Snapshot.__struct_fields__}
        self._snapshot = Snapshot(**{**old, **sections, "revision": self._snapshot.revision + 1})
        for callback in self._callbacks:
            callback(frozenset(sections))

    def put_jobs(self, pending: int) -> None:
        self.put(jobs=Jobs(pending, pending))


class Desk:
    """Answers calls in worker threads; `gate` holds the slow one until a test opens it."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = threading.Semaphore(0)

    def __call__(self, method: str, params: Message) -> Message | Section:
        match params:
            case PathRef(path="slow") | SettingKey(key="slow"):
                self.entered.release()
                assert self.gate.wait(LIMIT_S)
                return SettingValue("slow", "done")
            case SettingKey(key="bug"):
                raise ZeroDivisionError("a bug of ours")
            case SettingKey(key="wrong"):
                raise Mistake("key_unknown", key="wrong", known="nothing")
            case SettingKey(key="locked"):
                raise Blocked("keyring_locked", destination="a1b2")
            case SettingKey(key="huge"):
                return SettingValue("huge", "x" * 5_000_000)
            case SettingKey(key=key):
                return SettingValue(key, key)
            case JobEnqueue(key=key):
                return JobId(len(key))
            case JobRef():
                raise Mistake("job_unknown", id=params.id)
        return Version(1, "0.1.0", 4711) if method == "agent.version" else Nothing()


class Raw:
    """A client without manners: sends bytes, reads lines."""

    def __init__(self, address: str) -> None:
        self.sock = socket.socket(socket.AddressFamily["AF_UNIX"], socket.SOCK_STREAM)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(address)
        self.file = self.sock.makefile("rb")

    def say(self, *lines: bytes) -> "Raw":
        self.sock.sendall(b"".join(lines))
        return self

    def hear(self) -> dict[str, Any]:
        """The next line."""
        line = self.file.readline()
        assert line, "the server has closed the connection"
        found: dict[str, Any] = json.loads(line)
        return found

    def read_all(self) -> bytes:
        """What still comes until the server closes."""
        try:
            return self.file.read()
        except ConnectionError:
            return b""

    def is_closed(self) -> bool:
        """Whether the server has nothing more to say and has closed. Waits for it."""
        try:
            return self.file.readline() == b""
        except ConnectionError:
            return True

    def call(self, call_id: int, method: str, **params: Any) -> "Raw":
        text = json.dumps({"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}, ensure_ascii=False)
        return self.say(text.encode() + b"\n")

    def close(self) -> None:
        self.file.close()
        self.sock.close()
