"""Which file names the server takes, what it calls them, and whether contents look right.

For: the type check of uploads and the answer of the media types route.
Must not: look at files; it gets names and the first and last bytes.
Thread: any; constant.
"""

from __future__ import annotations

VIDEO = tuple(
    ".3gp .3gpp .avi .flv .insv .m2t .m2ts .m4v .mkv .mov .mp4 .mpe .mpeg .mpg .mts .mxf .ts .vob .webm .wmv".split()
)
IMAGE = tuple(
    """
    .avif .bmp .gif .jpeg .jpg .png .webp .3fr .ari .arw .cap .cin .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .k25
    .kdc .mrw .nef .nrw .orf .ori .pef .psd .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f .heic .heif .hif .insp .jp2
    .jpe .jxl .mpo .svg .tif .tiff
    """.split()
)
SIDECAR = (".xmp",)
WEB_IMAGES = frozenset(".avif .gif .jpeg .jpg .png .webp".split())
_MIME = {
    ".jpg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpe": "video/mpeg",
    ".m4v": "video/x-m4v",
    ".mkv": "video/x-matroska",
    ".avi": "video/x-msvideo",
    ".svg": "image/svg+xml",
    ".tif": "image/tiff",
}
_BEGINNINGS: dict[str, tuple[int, bytes]] = {
    ".png": (0, b"\x89PNG"),
    ".gif": (0, b"GIF8"),
    ".webp": (8, b"WEBP"),
    ".bmp": (0, b"BM"),
    ".heic": (4, b"ftyp"),
    ".avif": (4, b"ftyp"),
    ".mp4": (4, b"ftyp"),
    ".mov": (4, b"ftyp"),
    ".m4v": (4, b"ftyp"),
}


def extension(filename: str) -> str:
    """The last extension in lower case with its dot; empty when there is none."""
    stem, dot, last = filename.rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def kind_of(filename: str) -> str | None:
    """``IMAGE`` or ``VIDEO`` by the extension, None when the server does not take such files."""
    ending = extension(filename)
    if ending in IMAGE:
        return "IMAGE"
    return "VIDEO" if ending in VIDEO else None


def mime_of(filename: str) -> str:
    """The content type the server gives for a file name."""
    ending = extension(filename)
    return _MIME.get(ending) or f"{'video' if ending in VIDEO else 'image'}/{ending[1:]}"


def looks_readable(filename: str, head: bytes, tail: bytes) -> bool:
    """Whether a thumbnail could be made, judged by the first and the last bytes."""
    ending = extension(filename)
    if ending in (".jpg", ".jpeg", ".jpe"):
        return head.startswith(b"\xff\xd8\xff") and tail.endswith(b"\xff\xd9")
    place, magic = _BEGINNINGS.get(ending, (0, b"\x00never"))
    return head[place : place + len(magic)] == magic
