"""What a decoder tells of a file, on its way to the agent: checked there, since that process is not trusted.

Runs in both processes and opens no file; so the agent need not load what reads pictures.
"""

from datetime import UTC, date, datetime

from agent.domain.metadata import Metadata
from agent.record import asdict


def day_of(metadata: Metadata) -> date | None:
    """The day of capture in the calendar of the place; None where the file does not tell one.

    A camera writes a still's time in its own zone; a video's is UTC, for which this computer's zone must do.
    """
    if metadata.captured_at_text is None:
        return None
    try:
        taken = datetime.fromisoformat(metadata.captured_at_text)
    except ValueError:
        return None
    if metadata.duration_s is not None and metadata.offset_text == "+00:00":
        try:
            return taken.replace(tzinfo=UTC).astimezone().date()
        except (OverflowError, OSError):
            return taken.date()
    return taken.date()


def to_plain(metadata: Metadata) -> dict[str, object]:
    """For the way from the decoder to the agent."""
    return asdict(metadata)


def from_plain(values: object) -> Metadata:
    """The opposite; `ValueError` for anything unexpected, since it comes from a process that is not trusted."""
    if not isinstance(values, dict):
        raise ValueError("no struct")  # noqa: TRY004 - one kind of error for all that arrives
    for name, value in values.items():
        kind = _KINDS.get(name)
        if kind is None or not isinstance(value, kind) or (isinstance(value, bool) and name != "has_gps"):
            raise ValueError(f"bad {name}")
        if isinstance(value, str) and len(value) > 300:
            raise ValueError(f"{name} is too long")
    try:
        return Metadata(**values)
    except TypeError as error:
        raise ValueError("fields are missing") from error


_TEXT_OR_NONE = (str, type(None))
_KINDS: dict[str, tuple[type, ...]] = {
    "width": (int,),
    "height": (int,),
    "duration_s": (float, int, type(None)),
    "format": (str,),
    "captured_at_text": _TEXT_OR_NONE,
    "offset_text": _TEXT_OR_NONE,
    "camera": _TEXT_OR_NONE,
    "orientation": (int, type(None)),
    "has_gps": (bool,),
    "content_identifier": _TEXT_OR_NONE,
}
