"""The decoder process: opens files for the agent, so that a broken or hostile one can only hurt this process.

Started as ``safelight decode`` by `agent.media.pool`. One JSON line a request on standard input,
``{"id": 1, "path_hex": "2f61", "want": "metadata"}``, one line an answer: ``{"id": 1, "metadata": {...}}`` or
``{"id": 1, "error": "broken"}``; a want may take arguments, as in ``"with": {"sizes": [300]}``. The first line,
``{"ready": true}``, says that all is loaded. Ends at the end of its input, or by itself when nothing was asked for a
while. It decides nothing, keeps nothing, writes no file, uses no network (`agent.media.confine`). One thread works; a
second one only watches for idleness.
"""

import errno
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO

from agent.media import confine
from agent.media.errors import Undecodable
from agent.media.made import made_to_plain
from agent.media.metadata import read
from agent.media.plain import to_plain

#: After so long without a request the process ends.
IDLE_S = 30.0
#: A longer request is none of the agent's.
_LONGEST_LINE_BYTES = 1 << 20

#: What can be asked of a file: the name in `want`, which is also the name of the field in the answer.
Want = Callable[..., object]


def _pictures(path: bytes, sizes: Sequence[int], *, digest: bool = True, shared_hex: str | None = None) -> object:
    from agent.media.thumbnail import make

    shared = bytes.fromhex(shared_hex) if shared_hex else None
    return made_to_plain(make(path, sizes, digest=digest, shared=shared))


def _first(path: bytes) -> object:
    from agent.media.thumbnail import first

    return made_to_plain(first(path))


def _firsts(path: bytes, others_hex: Sequence[str]) -> object:
    """An answer for each of several files; when one ends the process, the pool asks for each again."""
    paths = [path, *(bytes.fromhex(one) for one in others_hex)]
    return [_judged("first", partial(_first, one)) for one in paths]


WANTS: Mapping[str, Want] = {
    "metadata": lambda path: to_plain(read(path)),
    "pictures": _pictures,
    "first": _first,
    "firsts": _firsts,
}


def main(idle_s: float = IDLE_S, wants: Mapping[str, Want] = WANTS) -> int:
    """Answer until there is nothing more to do; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the whole group; the agent ends us
    answers = _take_stdout()
    confine.confine()
    idleness = _Idleness(idle_s)
    try:
        _say(answers, {"ready": True})
        while line := sys.stdin.buffer.readline(_LONGEST_LINE_BYTES):
            with idleness.busy():
                confine.renew_cpu_limit()
                _say(answers, answer(line, wants))
    except BrokenPipeError:  # the agent is gone
        return 0
    return 0


def answer(line: bytes, wants: Mapping[str, Want]) -> dict[str, object]:
    """The answer to one request. What a file can cause is an answer; anything else is a bug and ends the process."""
    request = json.loads(line)
    want, path = request["want"], bytes.fromhex(request["path_hex"])
    return {"id": request["id"]} | _judged(want, lambda: wants[want](path, **request.get("with", {})))


def _judged(want: str, make: Callable[[], object]) -> dict[str, object]:
    """What was wanted, or the word for what is wrong with the file."""
    try:
        return {want: make()}
    except Undecodable as error:
        return {"error": error.reason}
    except MemoryError:
        return {"error": "memory"}
    except (FileNotFoundError, NotADirectoryError):
        return {"error": "vanished"}
    except PermissionError:
        return {"error": "unreadable"}
    except OSError as error:
        return {"error": "read_error", "reason": errno.errorcode.get(error.errno or 0, "unknown")}


def _take_stdout() -> BinaryIO:
    """Standard output for our answers alone: what a library prints goes nowhere."""
    sys.stdout.flush()
    own = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return os.fdopen(own, "wb")


def _say(answers: BinaryIO, message: Mapping[str, object]) -> None:
    answers.write(json.dumps(message).encode("ascii") + b"\n")
    answers.flush()


class _Idleness:
    """Ends the process when no request came for `idle_s`, at the latest after twice as long.

    Looks only then, so that requests pay nothing for it. One that comes just then is asked again by the pool.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._busy = False
        self._requests = 0
        threading.Thread(target=self._watch, name="idleness", daemon=True).start()

    @contextmanager
    def busy(self) -> Iterator[None]:
        self._requests += 1
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def _watch(self) -> None:
        never = threading.Event()
        seen = -1
        while self._busy or self._requests != seen:
            seen = self._requests
            never.wait(self._idle_s)
        os._exit(0)
