"""The body of an upload: fields, sidecar and file as one multipart stream of known length, in constant memory.

Pure but for reading the source. Facts that shape it: what the field `filename` says is what the server judges the
type of *every later* file part by, a sidecar too, so beside a sidecar it comes last; names travel as raw UTF-8; the
server keeps only what follows a slash or backslash in a part's name, but all of the field.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from agent.destinations.base import Chunk, Item, Source
from agent.domain.errors import FileVanished, Rejected

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_AT = -62_135_596_800_000  # the year 1
_LATEST_AT = 253_402_300_799_999  # the end of the year 9999
_DEVICE = "Safelight"
_MAX_SIDECAR_BYTES = 16 * 1024 * 1024


class Form:
    """One upload. `boundary` must not occur in what is sent: long and random. Reads the sidecar, with its fates."""

    def __init__(self, item: Item, boundary: str) -> None:
        self._source = item.source
        mark = f"--{boundary}\r\n"
        name = wire_name(item.source.name)
        fields = _fields(item)
        late: dict[str, str] = {}
        sidecar = _sidecar_part(item.sidecar, mark)
        (late if sidecar else fields)["filename"] = name
        self.has_sidecar = bool(sidecar)
        file_head = mark + _part_head("assetData", name, "application/octet-stream")
        self._head = _plain(fields, mark).encode() + sidecar + file_head.encode()
        self._tail = ("\r\n" + _plain(late, mark) + f"--{boundary}--\r\n").encode()
        self.content_type = f"multipart/form-data; boundary={boundary}"

    def __len__(self) -> int:
        """Bytes in all."""
        return len(self._head) + self._source.size_bytes + len(self._tail)

    def pieces(self) -> Iterator[Chunk]:
        """The stream. The end comes with the source's last piece, which comes only when its digest is right."""
        yield self._head
        yield from self._source.chunks()
        yield self._tail

    def file_bytes(self, sent_bytes: int) -> int:
        """How much of the file is in the first so many bytes of the stream."""
        return max(0, min(sent_bytes - len(self._head), self._source.size_bytes))


def _fields(item: Item) -> dict[str, str]:
    source = item.source
    fields = {
        # Needed before version 3, ignored since. The digest tells no path and stays the same for the same bytes.
        "deviceAssetId": source.sha1.hex(),
        "deviceId": _DEVICE,
        "fileCreatedAt": iso_utc(source.created_at),
        "fileModifiedAt": iso_utc(source.modified_at),
        "isFavorite": "true" if item.is_favorite else "false",
    }
    if item.is_live_video or item.is_archived:
        fields["visibility"] = "hidden" if item.is_live_video else "archive"
    if item.live_video_id:
        fields["livePhotoVideoId"] = item.live_video_id
    return fields


def _plain(fields: dict[str, str], mark: str) -> str:
    return "".join(
        f'{mark}Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )


def _part_head(field: str, filename: str, kind: str) -> str:
    quoted = filename.replace("\\", "\\\\").replace('"', '\\"')
    return f'Content-Disposition: form-data; name="{field}"; filename="{quoted}"\r\nContent-Type: {kind}\r\n\r\n'


def wire_name(name: bytes) -> str:
    """A file's name as the server can take it: text without control characters, with a stem, its extension kept."""
    text = name.decode("utf-8", "replace").replace("\N{REPLACEMENT CHARACTER}", "_")
    text = "".join(sign if sign >= " " and sign != "\x7f" else "_" for sign in text)
    return f"unnamed{text}" if text.startswith(".") and text.count(".") == 1 else text


def _sidecar_part(sidecar: Source | None, mark: str) -> bytes:
    """The part whole, or nothing: a photo is not kept from being safe by what lies beside it and is gone or huge."""
    if sidecar is None or not 0 < sidecar.size_bytes <= _MAX_SIDECAR_BYTES:
        return b""
    try:
        content = b"".join(sidecar.chunks())
    except (FileVanished, Rejected):
        return b""
    head = mark + _part_head("sidecarData", _sidecar_name(sidecar), "application/octet-stream")
    return head.encode() + content + b"\r\n"


def _sidecar_name(sidecar: Source) -> str:
    """The server looks for the extension in small letters or large, but it must be this one."""
    name = wire_name(sidecar.name)
    return name if name.lower().endswith(".xmp") else f"{name}.xmp"


def iso_utc(at: int) -> str:
    """Epoch milliseconds as the server wants them: UTC, milliseconds and a Z."""
    moment = _EPOCH + timedelta(milliseconds=min(max(at, _EARLIEST_AT), _LATEST_AT))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
