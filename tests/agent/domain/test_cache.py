"""What the media cache makes, in which order, and what goes."""

import pytest

from agent.domain.cache import (
    Candidate,
    Lacks,
    chosen_to_go,
    lacks,
    may_fill,
    ordered,
    remaining_s,
    rests,
    to_free_bytes,
)
from agent.domain.facts import HostFacts
from agent.protocol.settings import Values

DIGEST = "aa" * 20


def _lacks(**known: object) -> Lacks:
    given: dict[str, object] = {
        "picture_key": None,
        "picture_failure": None,
        "metadata_key": None,
        "metadata_failure": None,
        "digest": None,
        "bounds": {"k": frozenset({300}), DIGEST: frozenset({300})},
        "described": {"k", DIGEST},
        "wanted": (300,),
    }
    return lacks(**(given | known))  # type: ignore[arg-type] # as given above


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, Lacks(picture=True, metadata=True)),
        ({"picture_key": "k", "metadata_key": "k"}, Lacks()),
        ({"picture_key": "k", "metadata_key": "lost"}, Lacks(metadata=True)),
        ({"picture_key": "lost", "metadata_key": "k"}, Lacks(picture=True)),
        ({"picture_key": "k", "metadata_key": "k", "wanted": (300, 1024)}, Lacks(picture=True)),
        ({"picture_failure": "broken", "metadata_failure": "broken"}, Lacks()),
        ({"picture_failure": "broken", "metadata_key": "k"}, Lacks()),
        ({"picture_failure": "unreadable", "metadata_failure": "unreadable"}, Lacks(picture=True, metadata=True)),
        ({"digest": DIGEST}, Lacks(adopt_picture=True, adopt_metadata=True)),
        ({"digest": "bb"}, Lacks(picture=True, metadata=True)),
        ({"digest": DIGEST, "bounds": {}}, Lacks(picture=True, adopt_metadata=True)),
        ({"digest": DIGEST, "picture_key": DIGEST, "metadata_key": DIGEST}, Lacks()),
    ],
)
def test_a_file_lacks_what_is_neither_there_nor_impossible(known: dict[str, object], expected: Lacks) -> None:
    assert _lacks(**known) == expected


def test_what_was_looked_at_comes_first_then_the_newest() -> None:
    candidates = [Candidate(1, 100, False), Candidate(2, 300, False), Candidate(3, 50, True), Candidate(4, 300, False)]
    assert ordered(candidates) == [3, 4, 2, 1]


def test_a_pass_fills_less_than_the_limit_and_a_full_cache_is_emptied_a_little() -> None:
    assert may_fill(89, 100)
    assert not may_fill(90, 100)
    assert to_free_bytes(100, 100) == 0
    assert to_free_bytes(110, 100) == 15


def test_the_least_used_go_until_there_is_room() -> None:
    oldest = [("a", 10), ("b", 20), ("c", 30)]
    assert chosen_to_go(oldest, 0) == []
    assert chosen_to_go(oldest, 11) == ["a", "b"]
    assert chosen_to_go(oldest, 1_000) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("facts", "values", "expected"),
    [
        (HostFacts(), Values(), None),
        (HostFacts(on_battery=True, battery_percent=50), Values(), None),
        (HostFacts(on_battery=True, battery_percent=10), Values(), "battery_floor"),
        (HostFacts(on_battery=False, battery_percent=10), Values(), None),
        (HostFacts(on_battery=True, battery_percent=90), Values(require_charging=True), "charging"),
        (HostFacts(battery_saver=True), Values(), "battery_saver"),
        (HostFacts(battery_saver=True), Values(pause_on_battery_saver=False), None),
    ],
)
def test_background_work_spares_the_battery(facts: HostFacts, values: Values, expected: str | None) -> None:
    assert rests(values, facts) == expected
    assert rests(values, facts, paused=True) == "paused"
    assert rests(values, facts, spare=True) == ("charging" if facts.on_battery else expected)


def test_the_rest_is_reckoned_from_the_rate() -> None:
    assert remaining_s(0, 10, 5.0) is None
    assert remaining_s(5, 20, 10.0) == 30.0
