"""Takes out of a text what nobody else should read: secrets, names, addresses, and where somebody's pictures lie.

What is taken out gets a placeholder that stays the same within one bundle, so that 'the same folder again' can still be
seen. In doubt more goes than needed. Whether a path is on disk is asked through a function; otherwise pure, one thread.
"""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Final

from agent.logs import redact as without_secrets

#: Where people keep what is theirs, whoever they are.
_PRIVATE_ROOTS: Final = (
    "/home/",
    "/root/",
    "/Users/",
    "/media/",
    "/mnt/",
    "/run/media/",
    "/Volumes/",
    "/srv/",
    "/data/",
)
_DRIVE: Final = re.compile(r"(?:(?<![A-Za-z])[A-Za-z]:(?:\\\\?|/)|\\{2,4}[\w.-]+\\)(?=\w)")
_MEDIA: Final = re.compile(
    r"\.(?:jpe?g|jpe|png|gif|webp|hei[cf]s?|avif|tiff?|bmp|psd|jxl|svg|dng|cr[23w]|nef|arw|raf|orf|rw[2l]|pef|srw|raw"
    r"|mov|mp4|m4v|avi|mkv|webm|mts|m2ts|3gp|wmv|mpe?g|insp|insv|xmp|aae)\b",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL: Final = re.compile(r"(?i)\b((?:https?|wss?|smb|file)://)([^\s'\"<>\\]+)")
_ADDRESS: Final = re.compile(
    r"(?<![\w.])(?!127\.)(?:\d{1,3}\.){3}\d{1,3}(?![\w.])|(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f:]{1,}"
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOKEN: Final = re.compile(r"(?<![\w/.-])[A-Za-z0-9_~+/=-]{24,}(?![\w])")
#: What may end a path within a sentence.
_ENDS: Final = (
    ": ",
    ", ",
    "; ",
    " (",
    ") ",
    " -> ",
    " is ",
    " was ",
    " has ",
    " to ",
    " from ",
    " and ",
    "' ",
    '" ',
    "\\n",
    " ",
)
#: Names of fields whose whole value belongs to somebody.
PRIVATE_FIELDS: Final = frozenset(
    "account address album allowed_networks current_file exclude folder include location name path samples"
    " user_id".split()
)


class Redactor:
    """Takes out of texts what is private, the same value always becoming the same placeholder."""

    def __init__(
        self, words: Iterable[tuple[str, str]], names: Collection[str], is_path: Callable[[str], bool]
    ) -> None:
        """`words`: a kind (`user`, `server`) and a literal that is private. `names`: file names that are known.

        `is_path` tells whether a path is on disk; it decides where a path in a sentence ends.
        """
        self._aliases: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._names = names
        self._is_path = is_path
        private = sorted({(kind, word) for kind, word in words if word}, key=lambda one: -len(one[1]))
        self._roots = [word for kind, word in private if kind in {"folder", "home"}]
        self._words = [(kind, word) for kind, word in private if kind not in {"folder", "home"}]

    def text(self, text: str) -> str:
        """One line, or several, without what is private."""
        return "\n".join(self._line(line) for line in text.split("\n"))

    def value(self, value: object, field: str = "") -> object:
        """A JSON value with all its texts redacted; those of private fields become placeholders altogether."""
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item, field) for item in value]
        if not isinstance(value, str) or not value:
            return value
        return self.alias(field, value) if field in PRIVATE_FIELDS else self.text(value)

    def alias(self, kind: str, value: str) -> str:
        """The placeholder for a value of a kind."""
        known = self._aliases.get((kind, value))
        if known is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._aliases[kind, value] = f"<{kind} {self._counts[kind]}>"
        return known

    def _line(self, line: str) -> str:
        line = without_secrets(line)
        line = _URL.sub(self._url, line)
        line = _EMAIL.sub(lambda found: self.alias("e-mail", found[0]), line)
        line = self._without_paths(line)
        line = self._without_names(line)
        for kind, word in self._words:
            if word in line:
                line = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", self.alias(kind, word), line)
        line = _ADDRESS.sub(lambda found: self.alias("address", found[0]), line)
        return _TOKEN.sub(self._token, line)

    def _url(self, found: re.Match[str]) -> str:
        """Scheme and the API's own words stay; host and query go."""
        if found[1].lower() == "file://":
            return self.alias("path", found[0])
        host, slash, rest = found[2].partition("/")
        rest = rest.partition("?")[0]
        if "127.0.0.1" in host or "localhost" in host:
            shown = host.rpartition("@")[2]
        else:
            shown = self.alias("server", host.rpartition("@")[2].rstrip(".,;:)"))
        return f"{found[1]}{shown}{slash}{rest}"

    def _without_paths(self, line: str) -> str:
        done = ""
        while True:
            begin = self._next_path(line)
            if begin is None:
                return done + line
            path = self._path_at(line, begin)
            done += line[:begin] + self._shown(path)
            line = line[begin + len(path) :]

    def _next_path(self, line: str) -> int | None:
        """Where the first private path begins."""
        found = [line.find(root) for root in (*self._roots, *_PRIVATE_ROOTS)]
        drive = _DRIVE.search(line)
        if drive is not None:
            found.append(drive.start())
        found = [one for one in found if one >= 0]
        return min(found) if found else None

    def _path_at(self, line: str, begin: int) -> str:
        """The path that begins there: to the quote that closes it, else the longest that is on disk, else the rest."""
        opening = line[begin - 1] if begin else ""
        if opening in {"'", '"', "`"}:
            end = line.find(opening, begin)
            if end > 0:
                return line[begin:end]
        rest = line[begin:]
        ends = sorted({at for sign in _ENDS for at in _all(rest, sign)} | {len(rest)}, reverse=True)
        for end in ends:
            if end and self._is_path(rest[:end]):
                return rest[:end]
        return rest

    def _shown(self, path: str) -> str:
        """What may be seen of a path: where our own code and Python's lie helps, the rest is somebody's."""
        plain = path.replace("\\", "/")
        for mark in ("/site-packages/", "/lib/python3", "/_internal/"):
            if mark in plain and plain.endswith((".py", ".so", ".pyc")):
                return f"<…>{mark}{plain.rpartition(mark)[2]}"
        suffix = _MEDIA.search(path)
        return _with_kind(self.alias("path", path), suffix)

    def _without_names(self, line: str) -> str:
        """Known names of files, alone or after other words; an unknown one up to the word's beginning."""
        done = ""
        while (found := _MEDIA.search(line)) is not None:
            head = line[: found.end()]
            starts = [0, *(at + 1 for at in _all(head, " ")), *(at + 1 for sign in "'\"/=<" for at in _all(head, sign))]
            begin = next((at for at in sorted(starts) if head[at:] in self._names), None)
            if begin is None:
                begin = max(at for at in starts if at < found.start() or at == 0)
            done += head[:begin] + _with_kind(self.alias("name", head[begin:]), found)
            line = line[found.end() :]
        return done + line

    def _token(self, found: re.Match[str]) -> str:
        """Long strings of letters and digits are keys, digests or the like; a UUID names a thing and opens nothing."""
        text = found[0]
        is_mixed = any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text)
        return self.alias("token", text) if is_mixed and not _UUID.fullmatch(text) else text


def _with_kind(alias: str, suffix: re.Match[str] | None) -> str:
    """The placeholder with the kind of picture in it; without a dot, so that it is not taken for a name again."""
    return f"{alias[:-1]} {suffix[0][1:].lower()}>" if suffix else alias


def _all(text: str, sign: str) -> list[int]:
    """Every place where a sign stands."""
    found, at = [], text.find(sign)
    while at >= 0:
        found.append(at)
        at = text.find(sign, at + 1)
    return found
