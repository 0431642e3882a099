"""A real decoder process that also misbehaves on demand: the first word of a file's name says how.

Started by the tests of the pool in place of ``safelight decode``: ``python odd_decoder.py [SECONDS OF REST]``.
"""

import os
import sys
import threading
from pathlib import Path

from agent.media import decode
from agent.media.metadata import read, to_plain

_NEVER = threading.Event()
_HELD: list[bytes] = []


def _grow() -> None:
    while True:
        _HELD.append(b"x" * (8 << 20))
        _NEVER.wait(0.01)


def metadata(path: bytes) -> object:
    """The file's metadata, after what its name asks for."""
    name = os.fsdecode(os.path.basename(path))
    match name.partition("-")[0]:
        case "hang":
            _NEVER.wait()
        case "spin":
            while True:
                pass
        case "die":
            os.kill(os.getpid(), 9)
        case "leave":
            os._exit(0)
        case "bug":
            raise ZeroDivisionError
        case "grow":
            _grow()
        case "lie":
            return {"width": "wide", "height": 3, "format": "JPEG"}
        case "chatter":
            os.write(1, b'{"id": 1, "metadata": {}}\n')
        case "wait":
            return {
                "width": len(Path(os.fsdecode(path)).read_bytes()),
                "height": 1,
                "duration_s": None,
                "format": "PIPE",
            }
    return to_plain(read(path))


if __name__ == "__main__":
    sys.exit(decode.main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0, {"metadata": metadata}))
