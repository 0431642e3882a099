"""Listening to a server: what is heard becomes one sync, and what does not let us listen is looked at now and then."""

import threading
from collections.abc import Callable, Iterator

import pytest

from agent.destinations.immich import ImmichDestination
from agent.destinations.immich.live import Live
from agent.destinations.immich.secret import Secret
from agent.domain import backoff
from agent.domain.errors import Blocked, Transient
from agent.platforms.clock import SystemClock
from agent.work.server.live import DEBOUNCE_S, LINGER_S, POLL_S, Listening
from tests.fakes.clock import FakeClock
from tests.fakes.immich import StandIn

Expect = Callable[..., None]


class Asked:
    """Keeps what a sync was asked for."""

    def __init__(self) -> None:
        self._came = threading.Condition()
        self.times: list[float] = []
        #: Which of them, counted from one, cannot be written down.
        self.refuses = 0

    def __call__(self, _name: str, after_s: float) -> None:
        with self._came:
            self.times.append(after_s)
            self._came.notify_all()
            if len(self.times) == self.refuses:
                raise Blocked("disk_full")

    def has(self, count: int, within_s: float) -> bool:
        with self._came:
            return self._came.wait_for(lambda: len(self.times) >= count, within_s)

    def wait(self, count: int) -> None:
        assert self.has(count, 20), self.times


def destination(server: StandIn, *, key: str | None = None) -> ImmichDestination:
    secret = Secret("session", server.session()).to_text() if key is None else key
    return ImmichDestination(server.url, secret, clock=SystemClock())


@pytest.fixture
def listening(server: StandIn) -> Iterator[tuple[Listening, Asked, FakeClock]]:
    clock, asked = FakeClock(), Asked()
    account = destination(server)
    made = Listening(clock, lambda _: account, asked)
    yield made, asked, clock
    made.stop()
    account.close()


def test_a_session_hears_what_happens(server: StandIn) -> None:
    heard: list[str] = []
    came = threading.Event()

    def hear(event: str) -> None:
        heard.append(event)
        if event == "on_asset_trash":
            came.set()

    account = destination(server)
    live = Live(account.server, hear)
    live.connect()
    (asset,) = server.know([b"x" * 20])
    server.store.trash(server.admin, [asset.id])
    assert came.wait(10), heard
    live.close()
    assert live.closed.is_set()
    account.close()


def test_a_narrow_key_is_not_let_in(server: StandIn) -> None:
    account = destination(server, key=server.api_key(["asset.upload", "asset.read", "user.read"]))
    with pytest.raises(Blocked, match="live_refused"):
        Live(account.server, print).connect()
    account.close()


def test_a_server_that_is_away_is_tried_again_later(server: StandIn) -> None:
    account = destination(server)
    server.stop()
    with pytest.raises(Transient, match="live_lost"):
        Live(account.server, print).connect()
    account.close()


def test_what_is_heard_is_asked_for_after_a_moment(
    server: StandIn, listening: tuple[Listening, Asked, FakeClock]
) -> None:
    posts, asked, _ = listening
    posts.look({"here1"})
    asked.wait(2)  # at the beginning, and when connected: what was missed is not told again
    assert asked.times == [0.0, 0.0]
    (asset,) = server.know([b"x" * 20])
    server.store.trash(server.admin, [asset.id])
    asked.wait(3)
    assert asked.times[2] == DEBOUNCE_S


def test_a_shut_gate_hangs_up_after_a_minute(server: StandIn, listening: tuple[Listening, Asked, FakeClock]) -> None:
    posts, asked, clock = listening
    posts.look({"here1"})
    asked.wait(2)
    clock.advance(LINGER_S - 1)
    posts.look(set())
    assert threading.active_count() > 1
    assert posts._posts
    clock.advance(2)
    posts.look(set())
    assert not posts._posts


@pytest.mark.parametrize("why", ["it breaks", "another network"])
def test_a_line_is_made_again(server: StandIn, listening: tuple[Listening, Asked, FakeClock], why: str) -> None:
    posts, asked, _ = listening
    posts.look({"here1"})
    asked.wait(2)
    if why == "it breaks":
        server.drop_connections()
    else:
        posts.again()
    asked.wait(3)
    assert asked.times[2] == 0.0


def test_a_ledger_that_is_full_when_the_line_is_made_ends_no_listening(
    server: StandIn, listening: tuple[Listening, Asked, FakeClock], expected_log: Expect
) -> None:
    expected_log("is asked for later")
    posts, asked, _ = listening
    asked.refuses = 2
    posts.look({"here1"})
    asked.wait(2)  # the second, at the connection, could not be written down
    while not asked.has(3, 0.02):
        posts.look({"here1"})
    (asset,) = server.know([b"x" * 20])
    server.store.trash(server.admin, [asset.id])
    asked.wait(4)
    assert asked.times[3] == DEBOUNCE_S


def test_on_another_network_nobody_waits_any_longer_to_try_again(
    server: StandIn, listening: tuple[Listening, Asked, FakeClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST_S", 1_000.0)
    posts, asked, _ = listening
    server.main.refuse()
    posts.look({"here1"})
    asked.wait(1)
    server.main.accept()
    posts.again()
    asked.wait(2)


def test_who_is_not_let_in_looks_now_and_then(server: StandIn) -> None:
    clock, asked = FakeClock(), Asked()
    account = destination(server, key=server.api_key(["asset.upload", "asset.read", "user.read"]))
    posts = Listening(clock, lambda _: account, asked)
    posts.look({"here1"})
    thread = posts._posts["here1"].thread
    assert thread is not None
    thread.join(20)
    assert posts._posts["here1"].is_refused
    clock.advance(POLL_S - 1)
    posts.look({"here1"})
    assert asked.times == [0.0]
    clock.advance(2)
    posts.look({"here1"})
    assert asked.times == [0.0, 0.0]
    posts.stop()
    account.close()
