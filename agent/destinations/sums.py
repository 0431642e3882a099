"""The lines of `.safelight-sums`: what `sha1sum -c` reads. Pure; names are bytes, digests 20 bytes.

One line for a file: the digest in hex, two spaces, the name. A name with a line break or a backslash is escaped and
its line begins with a backslash, as sha1sum does.
"""

import re
from collections.abc import Iterable, Iterator

from agent.destinations import names

_LINE = re.compile(rb"(\\?)([0-9a-fA-F]{40}) [ *](.+)", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.?)", re.DOTALL)
_MEANING = {b"n": b"\n", b"r": b"\r", b"\\": b"\\"}


def to_line(sha1: bytes, name: bytes) -> bytes:
    """A line with its end."""
    shown = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"" if shown == name else b"\\"
    return b"%s%s  %s\n" % (mark, sha1.hex().encode(), shown)


def read_lines(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """All (digest, name) in a file; half lines, foreign lines and Windows line ends do no harm."""
    whole = data[: data.rfind(b"\n") + 1]
    for line in whole.split(b"\n"):
        found = _LINE.fullmatch(line.removesuffix(b"\r"))
        name = _unescaped(found.group(3), escaped=bool(found.group(1))) if found else None
        if found and name:
            yield bytes.fromhex(found.group(2).decode()), name


def _unescaped(name: bytes, *, escaped: bool) -> bytes | None:
    if not escaped:
        return name
    if any(code not in _MEANING for code in _ESCAPED.findall(name)):
        return None
    return _ESCAPED.sub(lambda found: _MEANING[found.group(1)], name)


class Month:
    """What is known of one month's folder: the names in it, and what its lines say. Not locked; used under a lock.

    `stamp` tells the state of the file that the lines were read from.
    """

    def __init__(
        self, listing: Iterable[bytes], lines: Iterable[tuple[bytes, bytes]], stamp: tuple[int, int] | None = None
    ) -> None:
        self.stamp = stamp
        self._folded = {names.folded(name) for name in listing}
        self._digests: dict[bytes, bytes] = {}
        self._names: dict[bytes, bytes] = {}
        #: What was put here since this was read, by digest.
        self.placed: dict[bytes, bytes] = {}
        for sha1, name in lines:
            self.learn(sha1, name)

    def learn(self, sha1: bytes, name: bytes) -> None:
        """A file is there, or a line says so."""
        self._folded.add(names.folded(name))
        self._digests[name] = sha1
        self._names[sha1] = name

    def is_taken(self, name: bytes) -> bool:
        """By a file, whatever its capitals, or by a line: a second line for one name would make the first a lie."""
        return names.folded(name) in self._folded

    def is_free(self, name: bytes, sha1: bytes) -> bool:
        """Whether this content may get the name, if no file has it."""
        return self.has_line(sha1, name) or not self.is_taken(name)

    def take(self, name: bytes) -> None:
        """A file that somebody else put there."""
        self._folded.add(names.folded(name))

    def has_line(self, sha1: bytes, name: bytes) -> bool:
        return self._digests.get(name) == sha1

    def may_be(self, sha1: bytes, name: bytes) -> bool:
        """Whether a file of this name can be one of this digest: no line says otherwise."""
        return self._digests.get(name, sha1) == sha1

    def name_of(self, sha1: bytes) -> bytes | None:
        """Under which name a content is said to be."""
        return self._names.get(sha1)
