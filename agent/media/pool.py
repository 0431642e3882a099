"""Keeps the decoder processes and gives them files: the agent's side of `agent.media.decode`.

Runs in the agent, in any thread; a call blocks its thread until the answer is there. A child starts with the first
file, answers one file after another, and ends by itself when idle, so nothing here has a timer. A child that hangs,
dies or grows too large is replaced, and its file is answered for: it never takes the agent or the other files with it.
Opens no picture itself and believes a child nothing without looking at it.
"""

import json
import logging
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import IO, TypeVar, cast

from agent.domain.clock import Clock
from agent.domain.errors import Fate, FileVanished, Interrupted, Rejected, Transient
from agent.domain.metadata import Metadata
from agent.media.errors import REASONS
from agent.media.made import Made, made_from_plain
from agent.media.plain import from_plain

log = logging.getLogger(__name__)

T = TypeVar("T")

#: A child above this is ended. The system's own limit (`confine.MEMORY_BYTES`) counts differently and not everywhere.
MEMORY_LIMIT_BYTES = 900 << 20
#: How often a child at work is looked at; an answer is never waited for longer than it takes.
_LOOK_S = 0.2
#: Time for the interpreter to start on a busy machine, apart from the time for the file.
_START_S = 30.0
_LONGEST_ANSWER_BYTES = 8 << 20
_QUIET = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)

#: A process's memory by its id; None when it is not known.
MemoryOf = Callable[[int], int | None]


class _Ended(Exception):
    """The child ended without an answer. `reason` says who ended it and why; `idle`: it had gone to rest by itself."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Child:
    """One decoder process and the thread that listens to it. Used by one caller at a time, but for `end`."""

    def __init__(self, argv: Sequence[str], clock: Clock, is_too_large: Callable[[int], bool]) -> None:
        self._clock = clock
        self._is_too_large = is_too_large
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        self._asked = 0
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, creationflags=_QUIET
        )
        self.pid = self._process.pid
        self._in = cast("IO[bytes]", self._process.stdin)
        self._out = cast("IO[bytes]", self._process.stdout)
        self._listener = threading.Thread(target=self._listen, name=f"decoder {self.pid}", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        """Thread `decoder PID`: passes the answers on, and sees to the remains when the child has ended."""
        while line := self._out.readline(_LONGEST_ANSWER_BYTES):
            self._answers.put(line)
        self._answers.put(None)
        self._out.close()
        with suppress(OSError):  # what was not read any more
            self._in.close()
        self._process.wait()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def await_ready(self) -> None:
        """Wait for the first line, which says that the child can work. `_Ended` when it cannot."""
        if self._next_answer(_START_S) != {"ready": True}:
            self.end()
            raise _Ended("crash")

    def ask(self, path: bytes, want: str, arguments: Mapping[str, object], timeout_s: float) -> Mapping[str, object]:
        """The answer for one file. `_Ended` when there is none."""
        self._asked += 1
        request = {"id": self._asked, "path_hex": path.hex(), "want": want, "with": dict(arguments)}
        with suppress(OSError, ValueError):  # it has ended; the listener tells how
            self._in.write(json.dumps(request).encode("ascii") + b"\n")
            self._in.flush()
        answer = self._next_answer(timeout_s)
        if answer.get("id") != self._asked:
            self.end()
            raise _Ended("crash")
        return answer

    def _next_answer(self, timeout_s: float) -> dict[str, object]:
        deadline_s = self._clock.monotonic_s() + timeout_s
        while True:
            left_s = deadline_s - self._clock.monotonic_s()
            try:
                line = self._answers.get(timeout=max(0.0, min(_LOOK_S, left_s)))
                break
            except Empty:
                if left_s <= 0:
                    self.end()
                    raise _Ended("timeout") from None
                if self._is_too_large(self.pid):
                    self.end()
                    raise _Ended("memory") from None
        if line is None:
            self._listener.join(5)  # it is about to end: killing it now would hide how
            self.end()
            raise _Ended("idle" if self._process.returncode == 0 else "crash")
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self.end()
            raise _Ended("crash")
        return answer

    def end(self) -> None:
        """End the child now, from any thread; nothing happens when it has ended already."""
        self._process.kill()
        self._listener.join(5)  # it reaps the child, unless that hangs in the kernel on a dead disk


class Decoders:
    """A few decoder processes, shared by all threads of the agent."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        workers: int = 1,
        clock: Clock,
        memory_of: MemoryOf | None = None,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    ) -> None:
        """`argv` starts one child; `memory_of` tells a process's resident bytes and may be left out."""
        self._argv = tuple(argv)
        self._clock = clock
        self._memory_of = memory_of
        self._memory_limit_bytes = memory_limit_bytes
        self._changed = threading.Condition()
        self._free = workers
        self._resting: list[_Child] = []  # the last one to rest is the first to be used, so that the others may go
        self._working: set[_Child] = set()
        self._is_closed = False

    def metadata(self, path: bytes, timeout_s: float = 20.0) -> Metadata:
        """What is known of a picture or video.

        `Rejected("undecodable", detail=...)` with a reason of `agent.media.errors` when it gives nothing;
        `FileVanished`, `Rejected("unreadable")`, `Transient("read_error")` when it cannot be read, as in `agent.files`;
        `Transient("decoder_unavailable")` when no child can be started; `Interrupted("stop")` when closed meanwhile.
        """
        return self._understood("metadata", self._ask(path, "metadata", {}, timeout_s), from_plain)

    def pictures(
        self,
        path: bytes,
        sizes: Sequence[int],
        *,
        digest: bool = True,
        shared: bytes | None = None,
        timeout_s: float = 60.0,
    ) -> Made:
        """Metadata and small pictures, one for each bound in pixels; raises as `metadata`.

        `digest`: tell the file's digest too if it is read whole anyway. `shared` is the folder of the desktop's own
        thumbnails, used where they are good enough.
        """
        wish = {"sizes": list(sizes), "digest": digest, "shared_hex": shared.hex() if shared else None}
        return self._understood("pictures", self._ask(path, "pictures", wish, timeout_s), made_from_plain)

    def first(self, path: bytes, timeout_s: float = 20.0) -> Made:
        """Metadata and, where a camera put one into the file, a tiny picture; raises as `metadata`."""
        return self._understood("first", self._ask(path, "first", {}, timeout_s), made_from_plain)

    def firsts(self, paths: Sequence[bytes], timeout_s: float = 20.0) -> list[Made | Fate]:
        """The same for several files with one question, which is quicker; errors come in place of what was made.

        Raises `Transient("decoder_unavailable")` and `Interrupted`.
        """
        wish = {"others_hex": [path.hex() for path in paths[1:]]}
        try:
            answers = self._ask(paths[0], "firsts", wish, timeout_s).get("firsts")
        except Rejected:  # one of them ends the child: which?
            answers = None
        if not isinstance(answers, list) or len(answers) != len(paths):
            return [_or_fate(lambda path=path: self.first(path)) for path in paths]  # type: ignore[misc] # bound at once
        return [_or_fate(lambda one=one: self._understood("first", _look_at(one), made_from_plain)) for one in answers]  # type: ignore[misc] # bound at once

    def pids(self) -> list[int]:
        """The children that live now."""
        with self._changed:
            return sorted(child.pid for child in (*self._resting, *self._working) if child.is_alive)

    def close(self) -> None:
        """End all children; calls that wait or are under way end with `Interrupted`. Nothing can be asked any more."""
        with self._changed:
            self._is_closed = True
            children = [*self._resting, *self._working]
            self._resting.clear()
            self._changed.notify_all()
        for child in children:
            child.end()

    @staticmethod
    def _understood(want: str, answer: Mapping[str, object], read: Callable[[object], T]) -> T:
        """The answer as a value; one that cannot be is the file's fault, for it is what the child was given."""
        try:
            return read(answer[want])
        except (KeyError, ValueError) as error:
            log.warning("a decoder gave an answer that cannot be: %s", error)
            raise Rejected("undecodable", detail="crash") from error

    def _ask(self, path: bytes, want: str, arguments: Mapping[str, object], timeout_s: float) -> Mapping[str, object]:
        """The answer for one file, through as many children as it takes: two that die of it, and it is the file's."""
        deaths = rests = 0
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0 or self._is_closed)
            self._free -= 1
        try:
            while True:
                child = self._take_child()
                try:
                    return _look_at(child.ask(path, want, arguments, timeout_s))
                except _Ended as ended:
                    if self._is_closed:
                        raise Interrupted("stop") from None
                    log.info("decoder %d ended: %s", child.pid, ended.reason)
                    deaths += ended.reason == "crash"
                    rests += ended.reason == "idle"
                    if ended.reason in {"timeout", "memory"} or deaths >= 2:
                        raise Rejected("undecodable", detail=ended.reason) from None
                    if rests >= 5:  # it cannot be chance that each goes to rest just then
                        raise Transient("decoder_unavailable", detail="idle") from None
                finally:
                    self._put_back(child)
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify()

    def _take_child(self) -> _Child:
        with self._changed:
            if self._is_closed:
                raise Interrupted("stop")
            while self._resting:
                child = self._resting.pop()
                if child.is_alive:
                    self._working.add(child)
                    return child
                child.end()
        return self._start_child()

    def _start_child(self) -> _Child:
        try:
            child = _Child(self._argv, self._clock, self._is_too_large)
        except OSError as error:
            raise Transient("decoder_unavailable", detail=error.strerror) from error
        with self._changed:
            self._working.add(child)
            if self._is_closed:
                child.end()
        try:
            child.await_ready()
        except _Ended as ended:
            self._put_back(child)
            if self._is_closed:
                raise Interrupted("stop") from None
            raise Transient("decoder_unavailable", detail=ended.reason) from None
        return child

    def _is_too_large(self, pid: int) -> bool:
        used_bytes = self._memory_of(pid) if self._memory_of is not None else None
        return used_bytes is not None and used_bytes > self._memory_limit_bytes

    def _put_back(self, child: _Child) -> None:
        with self._changed:
            self._working.discard(child)
            if child.is_alive and not self._is_closed:
                self._resting.append(child)


def _or_fate(make: Callable[[], Made]) -> Made | Fate:
    """What was made, or why not where that is the file's fault."""
    try:
        return make()
    except (FileVanished, Rejected) as error:
        return error
    except Transient as error:
        if error.code == "decoder_unavailable":
            raise
        return error


def _look_at(answer: Mapping[str, object]) -> Mapping[str, object]:
    """The answer, or the error that it tells of."""
    error = answer.get("error")
    if error is None:
        return answer
    if error == "vanished":
        raise FileVanished("vanished")
    if error == "unreadable":
        raise Rejected("unreadable")
    if error == "read_error":
        reason = answer.get("reason")
        raise Transient("read_error", reason=reason[:40] if isinstance(reason, str) else "unknown")
    raise Rejected("undecodable", detail=error if isinstance(error, str) and error in REASONS else "crash")
