"""What a picture or video says of itself: decoders fill it, the cache keeps it, the work compares. Pure."""

from agent.record import Record


class Metadata(Record, frozen=True):
    """One file's facts. Turning `width` x `height` as `orientation` (EXIF, 1 to 8; None is 1) says gives what is seen.

    `duration_s` is None for stills. `captured_at_text` is naive ISO 8601, in the camera's time; `offset_text` its
    distance to UTC as ``+HH:MM`` where known. `content_identifier` joins the two files of a live photo.
    """

    width: int
    height: int
    duration_s: float | None
    format: str
    captured_at_text: str | None = None
    offset_text: str | None = None
    camera: str | None = None
    orientation: int | None = None
    has_gps: bool = False
    content_identifier: str | None = None

    def displayed_size(self) -> tuple[int, int]:
        """Width and height as they are seen."""
        turned = self.orientation is not None and self.orientation >= 5
        return (self.height, self.width) if turned else (self.width, self.height)
