"""What of a folder is taken: the rules of a person, compiled once and asked for every name. Pure.

Patterns, in `include` and `exclude` alike, without regard to case:
- without a `/` a pattern is compared with each name on the way: `*.png`, `raw` (files and folders, at any depth);
- with a `/` it is compared with the path from the watched folder on: `2024/*.jpg`, `/top.jpg`;
- `*` and `?` stop at `/`, `**` does not: `2024/**/drafts`; `[a-f]` and `[!a-f]` are sets;
- a pattern that fits a folder holds for all that lies below; one that ends in `/` fits folders only.
`exclude` wins over `include`. A sidecar goes the way of the photo that it stands beside.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from agent.domain.media_types import ROLES
from agent.protocol.settings import FolderRules

#: Names that systems, browsers and we ourselves leave behind: not worth a line in any list.
_JUNK_FILES: Final = re.compile(
    r"\.ds_store|thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|\._.*|\.safelight-.*|\.nomedia|\.picasa\.ini|picasa\.ini"
    r"|\.(trashed|pending)-.*|~\$.*|\.~.*|\.goutputstream-.*|\.syncthing\..*"
    r"|.*\.(part|crdownload|tmp|partial|filepart|download|opdownload|aria2|!ut|!qb)",
    re.IGNORECASE | re.DOTALL,
)
#: Folders in which programs keep copies, previews and rubbish. Not the same as hidden: `--hidden` does not open them.
_JUNK_FOLDERS: Final = re.compile(
    r"@eadir|#recycle|@recycle|#snapshot|\.@__thumb|@tmp|\.trash(es|-.*)?|\$recycle\.bin|system volume information"
    r"|lost\+found|\.thumbnails|\.thumbcache|\.git|\.svn|\.hg|\.fseventsd|\.spotlight-v100|\.temporaryitems"
    r"|\.documentrevisions-v100|\.stfolder|\.stversions|\.dropbox\.cache|\.dtrash|\.safelight-.*"
    r"|.*\.lrdata|.*\.lrcat-data",
    re.IGNORECASE | re.DOTALL,
)
#: In an Apple Photos library the pictures of the person are in these; all else in it is made of them.
_APPLE_LIBRARY: Final = ".photoslibrary"
_APPLE_ORIGINALS: Final = frozenset({"originals", "masters"})

_NOTHING: Final = re.compile(r"(?!)")
_REMEMBERED_FOLDERS: Final = 4_096


class _Patterns:
    """Patterns as a few regular expressions, one for each thing that they are compared with."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.given = [normal for pattern in patterns if (normal := _normalised(pattern.strip().replace("\\", "/")))]
        names: list[str] = []
        paths: list[str] = []
        folder_names: list[str] = []
        folder_paths: list[str] = []
        for pattern in self.given:
            body = pattern.strip("/").removeprefix("./")
            if not body:
                continue
            only_folders = pattern.endswith("/")
            if "/" in pattern.rstrip("/"):
                (folder_paths if only_folders else paths).append(_translated(body))
            else:
                (folder_names if only_folders else names).append(_translated(body))
        self._name = _any_of(names)
        self._path = _any_of(paths)
        self._folder_name = _any_of(names + folder_names)
        self._folder_path = _any_of(paths + folder_paths)
        self.is_empty = not (names or paths or folder_names or folder_paths)

    def fit_file(self, relative: str, name: str) -> bool:
        return bool(self._name.fullmatch(name) or self._path.fullmatch(relative))

    def fit_folder(self, relative: str, name: str) -> bool:
        return bool(self._folder_name.fullmatch(name) or self._folder_path.fullmatch(relative))


class Matcher:
    """A folder's rules, ready for a million names. Remembers the last folders it was asked about; one thread at a time.

    Paths are relative to the watched folder, as text with `/` (bytes that are no UTF-8 as surrogates).
    """

    def __init__(self, rules: FolderRules) -> None:
        self._recursive = rules.recursive
        self._hidden = rules.hidden
        self._include = _Patterns(rules.include)
        self._exclude = _Patterns(rules.exclude)
        # A sidecar `a.xmp` goes with the `a.nef` beside it; only extensions that a pattern spells out can matter.
        spelled = " ".join(self._include.given).lower()
        self._included_extensions = [extension for extension in ROLES if extension in spelled]
        self._folders: dict[str, tuple[str | None, bool]] = {"": (None, False)}

    def verdict(self, relative: str, size_bytes: int | None) -> str | None:
        """None: it is taken. Else why not, as a code; `junk` is not even listed. Size None: not known yet."""
        relative = _normalised(relative)
        folder, _, name = relative.rpartition("/")
        reason, included = self._folder(folder)
        if reason is not None:
            return reason
        dot = name.rfind(".")
        role = ROLES.get(name[dot:].lower()) if dot > 0 else None
        if (role is None or name[0] in ".~") and _JUNK_FILES.fullmatch(name):
            return "junk"
        if not self._hidden and name.startswith("."):
            return "hidden"
        if role is None:
            return "unsupported"
        return self._chosen(relative, name, role == "sidecar", included) or ("empty" if size_bytes == 0 else None)

    def enters(self, relative_dir: str) -> bool:
        """Whether anything below this folder can be taken; the watched folder itself is the empty path."""
        return self._folder(_normalised(relative_dir))[0] is None

    def _chosen(self, relative: str, name: str, is_sidecar: bool, included: bool) -> str | None:  # noqa: FBT001
        if not self._exclude.is_empty:
            beside = is_sidecar and self._exclude.fit_file(relative[:-4], name[:-4])
            if beside or self._exclude.fit_file(relative, name):
                return "excluded"
        if self._include.is_empty or included or self._include.fit_file(relative, name):
            return None
        if is_sidecar:
            stem, stem_name = relative[:-4], name[:-4]
            if self._include.fit_file(stem, stem_name):
                return None
            if any(self._include.fit_file(stem + one, stem_name + one) for one in self._included_extensions):
                return None
        return "not_included"

    def _folder(self, relative: str) -> tuple[str | None, bool]:
        """Why nothing in this folder is taken (None: it may be), and whether all of it is included."""
        unknown = []
        while (known := self._folders.get(relative)) is None:
            unknown.append(relative)
            relative = relative.rpartition("/")[0]
        if unknown and len(self._folders) >= _REMEMBERED_FOLDERS:
            self._folders = {"": (None, False)}
        for one in reversed(unknown):
            parent, _, name = one.rpartition("/")
            known = self._folders[one] = self._judged(one, name, parent, *known)
        return known

    def _judged(
        self,
        relative: str,
        name: str,
        parent: str,
        reason: str | None,
        included: bool,  # noqa: FBT001
    ) -> tuple[str | None, bool]:
        if reason is not None:
            return reason, False
        is_derived = parent.lower().endswith(_APPLE_LIBRARY) and name.lower() not in _APPLE_ORIGINALS
        if is_derived or _JUNK_FOLDERS.fullmatch(name):
            return "junk", False
        if not self._recursive:
            return "not_included", False
        if name.startswith(".") and not self._hidden:
            return "hidden", False
        if self._exclude.fit_folder(relative, name):
            return "excluded", False
        return None, included or self._include.fit_folder(relative, name)


def compile_rules(rules: FolderRules) -> Matcher:
    """Make a folder's rules ready to be asked."""
    return Matcher(rules)


def _normalised(text: str) -> str:
    """One spelling of accents: macOS takes them apart, keyboards do not."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _any_of(alternatives: Iterable[str]) -> re.Pattern[str]:
    joined = "|".join(alternatives)
    return re.compile(joined, re.IGNORECASE | re.DOTALL) if joined else _NOTHING


_TOKEN: Final = re.compile(r"(?P<deep>(?<![^/])\*\*(?:/|$))|(?P<many>\*+)|(?P<one>\?)|\[(?P<set>[!^]?\]?[^]/]*)\]")

_SPECIAL_IN_SET: Final = re.compile(r"[][\\^&~|]")


def _translated(pattern: str) -> str:
    """A pattern as a regular expression for `fullmatch`."""
    parts: list[str] = []
    at = 0
    for token in _TOKEN.finditer(pattern):
        parts.append(re.escape(pattern[at : token.start()]))
        at = token.end()
        if token["deep"] is not None:
            parts.append("(?:.*/)?" if token["deep"].endswith("/") else ".*")
        elif token["many"] is not None:
            parts.append("[^/]*")
        elif token["one"] is not None:
            parts.append("[^/]")
        else:
            parts.append(_set(token["set"]))
    parts.append(re.escape(pattern[at:]))
    return "(?:" + "".join(parts) + ")"


def _set(body: str) -> str:
    """`a-f` as a set of characters; what is no set (`[]`, `[z-a]`) is taken as it is written."""
    negated = body[:1] in {"!", "^"}
    members = _SPECIAL_IN_SET.sub(r"\\\g<0>", body[1:] if negated else body)
    made = f"(?!/)[{'^' if negated else ''}{members}]"
    try:
        re.compile(made)
    except re.error:
        return re.escape(f"[{body}]")
    return made
