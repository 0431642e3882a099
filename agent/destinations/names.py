"""Names in a folder destination: days, numbers against clashes, what other systems can hold. Pure; names are bytes."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, tzinfo

from agent.protocol.paths import from_wire

#: Also short enough for encrypted folders (143), with room for a number.
MAX_PORTABLE_BYTES = 130
_ILLEGAL = frozenset('<>:"/\\|?*')
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
_OURS = b".safelight-"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def split(name: bytes) -> tuple[bytes, bytes]:
    """Stem and extension with its dot; a dot at the beginning begins no extension."""
    dot = name.rfind(b".")
    return (name, b"") if dot <= 0 else (name[:dot], name[dot:])


def numbered(name: bytes, number: int) -> bytes:
    """`IMG_1.JPG`, `IMG_1-2.JPG`, `IMG_1-3.JPG` for 1, 2, 3."""
    if number <= 1:
        return name
    stem, extension = split(name)
    return b"%s-%d%s" % (stem, number, extension)


def beside(primary: bytes, sidecar: bytes) -> bytes:
    """What a sidecar is called next to what its picture became; it keeps its own spelling.

    `IMG_1.JPG.xmp` beside `IMG_1-2.JPG` becomes `IMG_1-2.JPG.xmp`, and `IMG_1.xmp` becomes `IMG_1-2.xmp`.
    """
    stem, extension = split(sidecar)
    kind = split(primary)[1].lower()
    is_whole = bool(kind) and split(stem)[1].lower() == kind
    return (primary if is_whole else split(primary)[0]) + extension


def is_beside(picture_id: str | None, sidecar_id: str | None, sidecar: bytes) -> bool:
    """Whether a copy of a sidecar lies next to that of its picture; `sidecar` is its name here."""
    picture, kept = inside(picture_id), inside(sidecar_id)
    if picture is None or kept is None:
        return False
    folder, _, name = picture.rpartition(b"/")
    return kept in {b"%s/%s" % (folder, one) for one in (beside(name, sidecar), portable(beside(name, sidecar)))}


def usable(name: bytes) -> bytes:
    """The name itself, unless it is one of those that this folder keeps for itself."""
    if not name or name in {b".", b".."} or name.lower().startswith(_OURS):
        return b"_" + name.lstrip(b".")
    return name


def portable(name: bytes) -> bytes:
    """A name that every file system takes: odd signs become `_`, a long stem is cut, the extension stays."""
    stem, extension = (_plain(part) for part in split(name))
    # Windows drops dots and spaces at the end of a name.
    extension = extension.rstrip(" .")
    stem = stem if extension else stem.rstrip(" .")
    if stem.partition(".")[0].strip().lower() in _DEVICES or not stem:
        stem = f"_{stem}"
    ending = extension.encode()[:MAX_PORTABLE_BYTES]
    return _cut(stem, MAX_PORTABLE_BYTES - len(ending)) + ending


def folded(name: bytes) -> str:
    """Equal for names that a system which ignores case or composition takes for one."""
    return unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape")).casefold()


def _plain(part: bytes) -> str:
    text = part.decode("utf-8", "replace").replace("\N{REPLACEMENT CHARACTER}", "_")
    return "".join("_" if sign in _ILLEGAL or not (sign.isprintable() or sign == " ") else sign for sign in text)


def _cut(text: str, limit_bytes: int) -> bytes:
    """The beginning of a text, whole characters only."""
    return text.encode()[: max(1, limit_bytes)].decode("utf-8", "ignore").encode()


def inside(remote_id: str | None) -> bytes | None:
    """The relative path that a remote id names; None for what would lead out of the folder."""
    if not remote_id:
        return None
    path = from_wire(remote_id)
    steps = path.split(b"/")
    return None if any(step in {b"", b".", b".."} for step in steps) else path


def local_day(at: int, tz: tzinfo | None) -> date:
    """The day of a moment (epoch milliseconds) in a zone; None is this computer's."""
    try:
        return (_EPOCH + timedelta(milliseconds=at)).astimezone(tz).date()
    except (OSError, OverflowError, ValueError):  # a time that no calendar has
        return _EPOCH.date()
