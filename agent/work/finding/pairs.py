"""Looks into the two files of a likely live photo for the sign that they belong together.

Marries `agent.media`, which reads what the files tell, and `agent.domain.live_photos`, which decides. On the sender's
thread; a file that cannot be looked into tells nothing, and then the two stay apart.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent.domain.errors import Fate, Interrupted
from agent.domain.live_photos import Capture, are_halves
from agent.domain.metadata import Metadata

log = logging.getLogger(__name__)


class Pairs:
    """`metadata` looks into a file; may raise any fate."""

    def __init__(self, metadata: Callable[[bytes], Metadata]) -> None:
        self._metadata = metadata

    def __call__(self, still: bytes, video: bytes) -> bool:
        """Whether these two files are the halves of one live photo."""
        try:
            return are_halves(capture_of(self._metadata(still)), capture_of(self._metadata(video)))
        except Interrupted:
            raise
        except Fate as error:
            log.info("a still and its video stay apart: %s", error)
            return False


def capture_of(found: Metadata) -> Capture:
    """What a file tells of its making, as the decision wants it."""
    taken_at, zone_known = _taken(found.captured_at_text, found.offset_text)
    return Capture(taken_at, zone_known, found.duration_s, found.content_identifier)


def _taken(text: str | None, offset: str | None) -> tuple[int | None, bool]:
    if text is None:
        return None, False
    try:
        taken = datetime.fromisoformat(text).replace(tzinfo=UTC)
        away = datetime.strptime(offset, "%z").utcoffset() if offset else None
    except ValueError:
        return None, False
    if away is not None:
        taken -= away
    return (taken - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1), away is not None
