"""A real decoder process that also misbehaves on demand: the first word of a file's name says how.

Started by the tests of the pool in place of ``safelight decode``: ``python odd_decoder.py [SECONDS OF REST]``.
"""

import os
import sys
import threading
from pathlib import Path

from agent.media import decode
from agent.media.metadata import read
from agent.media.plain import to_plain

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


def first(path: bytes) -> object:
    """A tiny picture, after what the file's name asks for."""
    metadata(path)
    return decode.WANTS["first"](path)


def firsts(path: bytes, others_hex: list[str]) -> object:
    """The same for several files."""
    return [{"first": first(one)} for one in (path, *map(bytes.fromhex, others_hex))]


def make_pictures(path: bytes, **_wish: object) -> object:
    """An answer of the wrong shape."""
    return metadata(path)


WANTS: dict[str, decode.Want] = {"metadata": metadata, "first": first, "firsts": firsts, "pictures": make_pictures}

if __name__ == "__main__":
    sys.exit(decode.main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0, WANTS))
