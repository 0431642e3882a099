"""How much a lane takes at once."""

import pytest

from agent.domain.batching import BATCH_S, LEAST, MOST, Size, next_size

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("files", "size_bytes", "took_s", "expected"),
    [
        pytest.param(100, 20 * MB, 0.05, MOST, id="a server on this computer"),
        pytest.param(100, 20 * MB, 1.0, Size(400, 80 * MB), id="a server in the house"),
        pytest.param(8, 32 * MB, 30.0, LEAST, id="a slow line"),
        pytest.param(400, 4 * MB, 2.0, Size(800, LEAST.size_bytes), id="tiny files"),
        pytest.param(1, 2_000 * MB, 20.0, Size(LEAST.files, 400 * MB), id="one film"),
        pytest.param(100, 200 * MB, 0.5, Size(800, MOST.size_bytes), id="a fast disk beside it"),
        pytest.param(3, MB, 0.0, MOST, id="faster than the clock"),
    ],
)
def test_a_batch_is_what_a_destination_takes_in_seconds(
    files: int, size_bytes: int, took_s: float, expected: Size
) -> None:
    assert next_size(files, size_bytes, took_s) == expected


def test_a_batch_lasts_no_longer_than_a_person_waits() -> None:
    assert next_size(100, 100 * MB, 2.0).files == 100 * BATCH_S / 2.0
