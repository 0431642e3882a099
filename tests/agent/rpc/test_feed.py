"""What subscribers hear: everything at first, then what changed, never too often, and nobody waits for the slow."""

import time
from collections.abc import Callable

import pytest

from agent.rpc import connection, feed
from agent.rpc.feed import INTERVAL_S, SECTIONS
from agent.rpc.server import Server
from tests.fakes.rpc import Board, Raw

Connect = Callable[..., Raw]


def subscribed(connect: Connect) -> Raw:
    """A client that has heard the answer and the first, whole change."""
    raw = connect().call(2, "state.subscribe")
    assert raw.hear() == {"jsonrpc": "2.0", "id": 2, "result": {}}
    assert set(raw.hear()["params"]) == SECTIONS | {"revision"}
    return raw


def test_a_subscriber_begins_with_all_sections(connect: Connect) -> None:
    subscribed(connect)


def test_a_change_brings_that_section_whole_and_no_other(connect: Connect, board: Board) -> None:
    raw = subscribed(connect)
    board.put_jobs(3)
    message = raw.hear()
    assert message["method"] == "state.changed"
    assert message["params"] == {
        "revision": 2,
        "jobs": {"revision": 3, "pending": 3, "running": 0, "failed": 0},
    }


def test_a_section_that_became_empty_is_told(connect: Connect, board: Board) -> None:
    raw = subscribed(connect)
    board.put(run=None)
    assert raw.hear()["params"] == {"revision": 2, "run": None}


def test_many_changes_come_at_most_five_times_a_second_and_the_last_one_always(connect: Connect, board: Board) -> None:
    raw = subscribed(connect)
    began_s = time.monotonic()
    for number in range(1, 2_001):
        board.put_jobs(number)
    heard = 1
    while raw.hear()["params"]["jobs"]["pending"] != 2_000:
        heard += 1
    assert heard <= 2 + (time.monotonic() - began_s) / INTERVAL_S


def test_sections_gather_until_the_next_message(
    connect: Connect, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "INTERVAL_S", 2.0)  # a busy machine must not put it between the three
    raw = subscribed(connect)
    board.put_jobs(1)
    raw.hear()
    board.put_jobs(2)
    board.put(transfers=())
    board.put(holds=())
    assert set(raw.hear()["params"]) == {"revision", "jobs", "transfers", "holds"}


def test_who_has_not_subscribed_hears_nothing(connect: Connect, board: Board) -> None:
    raw, other = connect(), subscribed(connect)
    board.put_jobs(1)
    other.hear()
    assert raw.call(3, "settings.get", key="a").hear()["id"] == 3


def test_subscribing_again_begins_anew(connect: Connect) -> None:
    raw = subscribed(connect).call(3, "state.subscribe")
    assert raw.hear()["id"] == 3
    assert set(raw.hear()["params"]) == SECTIONS | {"revision"}


def test_a_client_that_was_away_has_missed_nothing(connect: Connect, board: Board) -> None:
    subscribed(connect).close()
    board.put_jobs(9)
    raw = connect().call(2, "state.subscribe")
    raw.hear()
    assert raw.hear()["params"]["jobs"]["pending"] == 9


def test_who_does_not_read_is_dropped_and_the_others_hear_everything(
    connect: Connect, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALL_S", 0.2)
    lazy, eager = subscribed(connect), subscribed(connect)
    heard = 0
    # an answer of 3 MB fills every buffer between, so the lazy client's changes cannot leave
    lazy.call(9, "settings.get", key="k" * 1_500_000)
    for number in range(1, 6):
        board.put_jobs(number)
        while heard < number:
            heard = eager.hear()["params"]["jobs"]["pending"]
    assert heard == 5
    rest = lazy.read_all()
    assert len(rest) < 3_000_000


def test_the_last_changes_leave_before_the_agent_does(connect: Connect, board: Board, server: Server) -> None:
    raw = subscribed(connect)
    board.put_jobs(1)
    raw.hear()
    board.put_jobs(2)
    server.stop()
    assert raw.hear()["params"]["jobs"]["pending"] == 2
    assert raw.is_closed()
