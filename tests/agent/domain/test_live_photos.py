"""When a still and a video of one name are the halves of a live photo."""

import pytest

from agent.domain.live_photos import Capture, are_halves

NOON = 1_700_000_000_000
HOUR = 3_600_000

PAIRS = {
    "equal identifiers": (Capture(identifier="A"), Capture(identifier="A"), True),
    "equal identifiers, whatever the times": (
        Capture(NOON, True, None, "A"),
        Capture(NOON + 9 * HOUR, True, 40.0, "A"),
        True,
    ),
    "other identifiers, though at once": (Capture(NOON, True, None, "A"), Capture(NOON, True, 3.0, "B"), False),
    "short and at the same moment": (Capture(NOON, True), Capture(NOON + 2_000, True, 3.0), True),
    "short, but an hour later": (Capture(NOON, True), Capture(NOON + HOUR, True, 3.0), False),
    "at the same moment, but long": (Capture(NOON, True), Capture(NOON, True, 6.1), False),
    "no duration known": (Capture(NOON, True), Capture(NOON, True), False),
    "nothing known of the still": (Capture(), Capture(NOON, True, 2.0), False),
    "nothing known of either": (Capture(), Capture(), False),
    "one identifier alone, and at once": (Capture(NOON, True, None, "A"), Capture(NOON + 1_000, True, 3.0), True),
    "the still tells no zone: two hours east": (Capture(NOON + 2 * HOUR), Capture(NOON, True, 3.0), True),
    "the still tells no zone: Kathmandu": (Capture(NOON + 345 * 60_000), Capture(NOON, True, 3.0), True),
    "the still tells no zone: minutes apart": (Capture(NOON + 2 * HOUR + 200_000), Capture(NOON, True, 3.0), False),
    "the still tells no zone: days apart": (Capture(NOON + 72 * HOUR), Capture(NOON, True, 3.0), False),
}


@pytest.mark.parametrize(("still", "video", "expected"), list(PAIRS.values()), ids=list(PAIRS))
def test_halves(still: Capture, video: Capture, expected: bool) -> None:
    assert are_halves(still, video) is expected
