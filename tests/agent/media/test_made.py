"""What travels from a decoder to the agent is checked for shape and size."""

import json

import pytest

from agent.domain.metadata import Metadata
from agent.media.made import Made, Picture, made_from_plain, made_to_plain

MADE = Made(
    Metadata(4, 3, None, "JPEG"),
    (Picture(300, 300, 225, b"\xff\xd8\xff\xe0rest"),),
    5,
    7,
    b"hash",
    bytes(20),
    "embedded",
)


def test_everything_comes_through_json_as_it_was() -> None:
    assert made_from_plain(json.loads(json.dumps(made_to_plain(MADE)))) == MADE


@pytest.mark.parametrize(
    "change",
    [
        {"pictures": [[300, 300, 225, "bm8ganBlZw=="]]},  # no JPEG
        {"pictures": [[300, 0, 225, "/9j/4A=="]]},
        {"pictures": [[300, 300, 225, "not base64"]]},
        {"pictures": [[300, 300, 225, "/9j/" * 800_000]]},
        {"pictures": [[300, 300, 225, "/9j/4A=="]] * 9},
        {"pictures": "many"},
        {"sha1": "AAAA"},
        {"thumbhash": "A" * 200},
        {"size_bytes": True},
        {"mtime_ns": "7"},
        {"source": "elsewhere"},
        {"trouble": "<script>"},
        {"metadata": {"width": "wide"}},
        {"metadata": None},
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        made_from_plain({**made_to_plain(MADE), **change})
    with pytest.raises(ValueError, match="no struct"):
        made_from_plain([])
