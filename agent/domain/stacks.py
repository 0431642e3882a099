"""Which stills of one directory belong in one stack: a raw picture with its JPEG, and the pictures of a burst. Pure.

By names alone: the makers of phones number the pictures of a burst each in their own way, and a camera gives both
versions of a picture one stem. Copies, edits and the like stay apart.
"""

import re
from collections.abc import Sequence
from typing import Final

from agent.domain.grouping import stem_key
from agent.domain.media_types import is_raw, role_of

#: How the names of one burst are made; the group named `key` tells the burst. Checked from the first on.
_BURSTS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rb"\d{5}[a-z]*_\d{5}_burst(?P<key>\d{13,17})(_cover)?$",  # Google before 2020 (IMG, PORTRAIT, XTR), Nothing
        rb"dsc[a-z]*_\d{4}_burst(?P<key>\d{13,17})(_cover)?$",  # Sony
        # Huawei, Honor, Xiaomi, Oppo, OnePlus, Motorola, HTC, LG: the burst's name, then a number
        rb"(?P<key>.*\d_burst)_?\d{1,4}(_cover(_top)?|_top|_comp)?$",
        rb"(?P<key>\d{8}_\d{6})_\d{3}$",  # Samsung
        # Google since 2020: RAW, MOTION, NIGHT, PORTRAIT, LONG_EXPOSURE, ACTION_PAN and what may come
        rb"(?P<key>pxl_\d{8}_\d{9})\.[a-z_]+-\d+(\.cover|\.original)?(\.mp)?$",
    )
)


def burst_of(name: bytes) -> bytes | None:
    """What all pictures of the same burst share, None where the name tells of no burst."""
    stem = stem_key(name)
    for pattern in _BURSTS:
        found = pattern.match(stem)
        if found is not None:
            return found["key"]
    return None


def key_of(name: bytes) -> bytes:
    """What all stills of one stack have in common and no other of their directory has: the burst, else the stem."""
    burst = burst_of(name)
    return b"stem:" + stem_key(name) if burst is None else b"burst:" + burst


def stack_of(name: bytes, neighbours: Sequence[bytes]) -> tuple[bytes, ...]:
    """The stack that a still is in, its cover first; empty where it stands alone.

    `neighbours` are names of its directory, its own among them or not; more than belong to it may be given.
    """
    if role_of(name) != "still":
        return ()
    stills = sorted({one for one in (name, *neighbours) if role_of(one) == "still"})
    burst = burst_of(name)
    if burst is not None:
        together = [one for one in stills if burst_of(one) == burst]
        return tuple(sorted(together, key=_cover_first)) if len(together) > 1 else ()
    stem = stem_key(name)
    together = [one for one in stills if stem_key(one) == stem]
    versions = {is_raw(one) for one in together}
    return tuple(sorted(together, key=_cover_first)) if versions == {True, False} else ()


def _cover_first(name: bytes) -> tuple[bool, bool, bytes]:
    """What is shown of a stack: what the camera chose, else a picture that every browser can show, else the first."""
    return b"cover" not in name.lower(), is_raw(name), name
