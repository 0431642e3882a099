"""Encodes the videos of tests with PyAV: same pictures in, same bytes out. `tests.pictures` says what they show."""

import struct
from pathlib import Path
from typing import Literal

from PIL import Image

#: Its macroblock tree reads memory that nobody has written, and then no two runs make the same file.
_H264 = {"preset": "veryfast", "crf": "24", "threads": "1", "x264-params": "rc-lookahead=0:mbtree=0"}


def write_video(
    place: Path,
    kind: Literal["mp4", "mov"],
    view: Image.Image,
    size: tuple[int, int],
    duration_s: float,
    seed: int,
    tags: dict[str, str],
) -> Path:
    """H.264 that slowly moves over `view`, which is larger than `size`; the tags are those of the whole file."""
    import av

    width, height = size
    rate = 25
    frames = max(2, round(duration_s * rate))
    flags = "use_metadata_tags" if kind == "mov" else "faststart"
    with (
        place.open("wb") as file,
        av.open(file, "w", format=kind, options={"movflags": flags, "fflags": "+bitexact"}) as out,
    ):
        out.metadata.update(tags)
        stream = out.add_stream("libx264", rate=rate, options=_H264)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            part = number / (frames - 1)
            left, top = round((view.width - width) * part), round((view.height - height) * part * 0.5)
            part_seen = view.crop((left, top, left + width, top + height))
            frame = av.VideoFrame.from_image(part_seen)  # type: ignore[no-untyped-call]
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with place.open("ab") as file:
        file.write(free_box(16 + 8, f"{seed:016x}".encode()))
    return place


def free_box(size_bytes: int, content: bytes = b"") -> bytes:
    """The head of a box that every reader skips, with a length that may pass 4 GiB; `content` is its beginning."""
    if size_bytes <= 16 + len(content):
        return struct.pack(">I4s", 8 + len(content), b"free") + content
    return struct.pack(">I4sQ", 1, b"free", size_bytes) + content
