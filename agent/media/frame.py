"""Takes one picture out of a video: a key frame that shows something, found without reading the rest.

The container is named by us and FFmpeg gets an open file, as in `video`. Runs in the decoder process.
"""

from typing import Any, BinaryIO

from PIL import Image, ImageStat

from agent.media.errors import Undecodable
from agent.media.video import HEADER_SUFFICES, PATIENT, QUICK

#: Where to look, as parts of the duration: films begin and end in the dark.
_PARTS = (0.1, 0.4, 0.7)
#: A frame whose lightness varies less than this shows nothing.
_DULL = 8.0
_LONG_S = 1.0
_MOST_PIXELS = 1 << 26
_MOST_PACKETS = 400


def take(file: BinaryIO, name: str, bound_px: int) -> Image.Image:
    """A frame that fits into a square of `bound_px`, not turned yet. `Undecodable` when the video has none."""
    import av

    av.logging.set_level(None)
    file.seek(0)
    with av.open(
        file, format=name, options=QUICK if name in HEADER_SUFFICES else PATIENT, metadata_errors="replace"
    ) as opened:
        if not opened.streams.video:
            raise Undecodable("unknown_format")
        stream = opened.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = "NONKEY"
        stream.codec_context.options = {"skip_loop_filter": "all"}  # what it smoothes is lost in so small a picture
        best: Image.Image | None = None
        best_spread = -1.0
        for part in _moments(opened, stream):
            frame = _key_frame(opened, stream, part)
            if frame is None:
                continue
            shown = _shrunk(frame, stream, bound_px)
            spread = ImageStat.Stat(shown.convert("L")).stddev[0]
            if spread > best_spread:
                best, best_spread = shown, spread
            if spread >= _DULL:
                break
    if best is None:
        raise Undecodable("broken")
    return best


def _moments(opened: Any, stream: Any) -> list[int | None]:  # noqa: ANN401 - PyAV has no types
    """Places to look at, in microseconds; None is the beginning."""
    duration_s = 0.0
    if opened.duration and opened.duration > 0:
        duration_s = opened.duration / 1_000_000
    elif stream.duration and stream.time_base and stream.duration > 0:
        duration_s = float(stream.duration * stream.time_base)
    if duration_s < _LONG_S:
        return [None]
    return [*(round(duration_s * part * 1_000_000) for part in _PARTS), None]


def _key_frame(opened: Any, stream: Any, moment: int | None) -> Any:  # noqa: ANN401 - as above
    """The key frame at or before a moment; None when none comes."""
    import av

    try:
        if moment is not None:
            opened.seek(moment)
            stream.codec_context.flush_buffers()
        for number, packet in enumerate(opened.demux(stream)):
            if number > _MOST_PACKETS:
                return None
            frames = packet.decode()
            if not frames and packet.is_keyframe and packet.size:
                # It waits for the pictures around this one, which nobody needs.
                frames = stream.codec_context.decode(None)
                stream.codec_context.flush_buffers()
            if frames:
                return frames[0]
    except (av.error.FFmpegError, EOFError):
        return None
    return None


def _shrunk(frame: Any, stream: Any, bound_px: int) -> Image.Image:  # noqa: ANN401 - as above
    """The frame with square pixels, made small by FFmpeg before it becomes a picture."""
    width, height = frame.width, frame.height
    if width * height > _MOST_PIXELS:
        raise Undecodable("memory")
    ratio = stream.codec_context.sample_aspect_ratio
    if ratio and 0.2 < ratio < 5:
        width = round(width * float(ratio))
    scale = min(1.0, bound_px / max(width, height))
    shown: Image.Image = frame.to_image(width=max(2, round(width * scale)), height=max(2, round(height * scale)))
    return shown
