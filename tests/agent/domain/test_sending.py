"""When several files at once are worth it."""

import pytest

from agent.domain.sending import PROBE_EVERY, is_probe, is_waiting


@pytest.mark.parametrize(
    ("sent", "took_s", "worked_s", "waits"),
    [
        pytest.param(1, 5.0, 0.001, False, id="one file tells nothing: it opened the line"),
        pytest.param(2, 0.2, 0.001, True, id="a server beyond a network"),
        pytest.param(2, 0.0007, 0.0005, False, id="a server on this computer"),
        pytest.param(50, 0.1, 0.03, False, id="the processor is the slow one"),
        pytest.param(50, 0.1, 0.02, True, id="most of the time is waiting"),
        pytest.param(50, 0.1, 0.0, True, id="a system that counts its processors' time in large steps"),
    ],
)
def test_who_mostly_waits_is_joined_by_others(sent: int, took_s: float, worked_s: float, waits: bool) -> None:
    assert is_waiting(sent, took_s, worked_s) is waits


def test_the_clock_is_looked_at_first_and_then_now_and_then() -> None:
    timed = [number for number in range(1, 3 * PROBE_EVERY) if is_probe(number)]
    assert timed == [1, 2, PROBE_EVERY, 2 * PROBE_EVERY]
