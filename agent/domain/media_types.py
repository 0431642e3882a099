"""Which files are photos, videos and sidecars, by their extension.

The list is the one that Immich 3.1 answers at `/api/server/media-types`; a folder destination takes the same. Pure.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Role = Literal["still", "video", "sidecar"]

_RAW = (
    ".3fr .ari .arw .cap .cin .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .k25 .kdc .mrw .nef .nrw .orf .ori .pef .raf .raw"
    " .rw2 .rwl .sr2 .srf .srw .x3f"
).split()
_STILLS = (
    ".avif .bmp .gif .heic .heif .hif .insp .jp2 .jpe .jpeg .jpg .jxl .mpo .png .psd .svg .tif .tiff .webp"
).split()
_VIDEOS = (
    ".3gp .3gpp .avi .flv .insv .m2t .m2ts .m4v .mkv .mov .mp4 .mpe .mpeg .mpg .mts .mxf .ts .vob .webm .wmv"
).split()

#: Extension in small letters with its dot -> role; for text, where a name is text anyway.
ROLES: Final[Mapping[str, Role]] = MappingProxyType(
    {
        **dict.fromkeys(_RAW + _STILLS, "still"),
        **dict.fromkeys(_VIDEOS, "video"),
        ".xmp": "sidecar",
    }
)
_ROLES: Final[dict[bytes, Role]] = {extension.encode(): role for extension, role in ROLES.items()}
_RAW_EXTENSIONS: Final = frozenset(extension.encode() for extension in _RAW)


def extension_of(name: bytes) -> bytes:
    """The extension in small letters with its dot; empty where there is none (`.jpg` alone is a hidden name)."""
    dot = name.rfind(b".")
    return name[dot:].lower() if dot > 0 else b""


def role_of(name: bytes) -> Role | None:
    """What a file of this name is; None: nothing that is kept."""
    dot = name.rfind(b".")
    return _ROLES.get(name[dot:].lower()) if dot > 0 else None


def is_raw(name: bytes) -> bool:
    """Whether it is a camera's raw picture."""
    return extension_of(name) in _RAW_EXTENSIONS
