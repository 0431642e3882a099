"""Several addresses of one server: which carries an exchange, and what somebody else's answer is worth."""

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from agent.destinations.immich.line import Request
from agent.destinations.immich.ways import KNOWN_S, REST_S, Ways
from agent.domain.errors import Blocked, Transient
from tests.agent.destinations.immich.wires import Listener, read_request
from tests.fakes.clock import FakeClock

Expect = Callable[[str], None]

ME = json.dumps({"id": "me"}).encode()
JSON = "application/json"


class Place:
    """What answers at one address, as a test wishes; every request that came, by its path."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[str] = []
        self.status = 200
        self.kind = JSON
        self.user = ME
        self.limit_bytes = 1_000_000
        self.hangs_up_on: set[str] = set()
        self.before: Callable[[str], None] = lambda _path: None

    def serve(self, sock: socket.socket, _number: int) -> None:
        while (request := read_request(sock))[0]:
            head, body = request
            path = head.split(b" ", 2)[1].decode().removeprefix("/api")
            self.asked.append(path)
            self.before(path)
            if path in self.hangs_up_on:
                return
            status = 413 if len(body) > self.limit_bytes else self.status
            said = self.user if path == "/users/me" else json.dumps({"by": self.name}).encode()
            said = b"" if status == 304 else said
            top = f"HTTP/1.1 {status} X\r\nContent-Type: {self.kind}\r\nContent-Length: {len(said)}\r\n\r\n"
            sock.sendall(top.encode() + said)


class Journey:
    """Two addresses, and a person who is at home or away."""

    ways: Ways
    names: dict[str, str]

    def __init__(self) -> None:
        self.home, self.public = Place("home"), Place("public")
        self.clock = FakeClock()

    def ask(self, body_bytes: int = 0) -> str:
        """Who answered."""
        return str(self.exchange(body_bytes)["by"])

    def first(self) -> str:
        """Where another protocol would be spoken."""
        return self.names[self.ways.first().address]

    def exchange(self, body_bytes: int = 0) -> dict[str, object]:
        answer = self.ways.exchange(Request("POST", "/x", {}, lambda: (b"x" * body_bytes,), body_bytes))
        found = answer.json()
        assert isinstance(found, dict)
        return {"status": answer.status, **found}


@pytest.fixture
def journey() -> Iterator[Journey]:
    journey = Journey()
    with Listener(journey.home.serve) as home, Listener(journey.public.serve) as public:
        addresses = [f"http://127.0.0.1:{one.port}/api" for one in (home, public)]
        journey.ways = Ways(addresses, {"x-api-key": "k"}, journey.clock, user_id="me", silence_s=10)
        journey.names = dict(zip(addresses, ("home", "public"), strict=True))
        yield journey
        journey.ways.close()


@pytest.mark.parametrize(
    ("status", "kind"), [(401, JSON), (302, JSON), (200, "text/html; charset=utf-8"), (502, JSON), (504, JSON)]
)
def test_what_answers_in_a_hotel_at_the_address_of_home_is_not_believed(
    journey: Journey, status: int, kind: str
) -> None:
    assert journey.ask() == "home"
    journey.home.status, journey.home.kind, journey.home.user = status, kind, b"{}"
    assert journey.ask() == "public"
    asked = len(journey.home.asked)
    assert journey.ask() == "public"
    assert len(journey.home.asked) == asked, "it rests"
    journey.home.status, journey.home.kind, journey.home.user = 200, JSON, ME
    journey.clock.advance(REST_S)
    assert journey.ask() == "home", "at home again"


def test_at_the_first_address_too_somebody_else_is_told_nothing_but_the_question_who_it_is(
    journey: Journey, expected_log: Expect
) -> None:
    expected_log("leads to another account")
    journey.home.user = json.dumps({"id": "somebody else"}).encode()
    assert journey.ask() == "public"
    assert journey.home.asked == ["/users/me"]


def test_where_every_address_leads_to_another_account_the_person_is_asked_and_a_server_put_back_is_found(
    journey: Journey, expected_log: Expect
) -> None:
    expected_log("leads to another account")
    assert journey.ask() == "home"
    journey.clock.advance(KNOWN_S)
    journey.home.user = journey.public.user = json.dumps({"id": "of the server that was set up anew"}).encode()
    for _ in range(2):
        with pytest.raises(Blocked, match="account_changed"):
            journey.ask()
    assert journey.public.asked == ["/users/me"]
    journey.home.user = journey.public.user = ME
    journey.clock.advance(REST_S)
    assert journey.ask() == "home"
    journey.home.hangs_up_on = {"/users/me", "/x"}
    journey.clock.advance(KNOWN_S)
    assert journey.ask() == "public", "at its other addresses, too"


def test_doubt_about_an_address_that_rests_already_is_kept(journey: Journey) -> None:
    journey.home.status = journey.public.status = 401
    assert journey.exchange()["status"] == 401
    assert journey.exchange()["status"] == 401
    journey.home.status = journey.public.status = 200
    asked = len(journey.home.asked)
    assert journey.ask() == "home"
    assert journey.home.asked[asked:] == ["/users/me", "/x"]


def test_another_account_at_home_and_silence_elsewhere_is_no_change_of_account(
    journey: Journey, expected_log: Expect
) -> None:
    expected_log("leads to another account")
    journey.home.user = json.dumps({"id": "somebody else"}).encode()
    journey.public.status, journey.public.user = 503, b"{}"
    for _ in range(2):
        assert journey.exchange()["status"] == 503


def test_many_senders_ask_a_dead_address_once(journey: Journey) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hold(path: str) -> None:
        if path == "/users/me":
            asked.set()
            assert go_on.wait(10)

    journey.home.before = hold
    journey.home.hangs_up_on = {"/users/me", "/x"}
    answers: list[str] = []
    senders = [threading.Thread(target=lambda: answers.append(journey.ask())) for _ in range(4)]
    for sender in senders:
        sender.start()
    assert asked.wait(10)
    go_on.set()
    for sender in senders:
        sender.join(10)
    assert answers == ["public"] * 4
    assert journey.home.asked.count("/users/me") <= 2, "once, and once more on a new connection"
    journey.clock.advance(REST_S)
    journey.home.hangs_up_on = set()
    assert journey.ask() == "home", "four senders in the same trouble count once"


def test_after_a_while_of_silence_nobody_knows_who_is_at_an_address(journey: Journey) -> None:
    journey.ask()
    journey.ask()
    assert journey.home.asked == ["/users/me", "/x", "/x"]
    journey.clock.advance(KNOWN_S)
    journey.home.user = b"{}"
    assert journey.ask() == "public"
    assert journey.home.asked == ["/users/me", "/x", "/x", "/users/me"]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_refusal_by_all_is_the_answer(journey: Journey, is_known: bool) -> None:
    if is_known:
        journey.ask()
    journey.home.status = journey.public.status = 401
    journey.home.user = journey.public.user = b'{"message": "Invalid user token", "by": "home"}'
    for _ in range(3):
        assert journey.exchange()["status"] == 401
        journey.clock.advance(1_000)


def test_an_address_that_breaks_rests_ever_longer_and_the_next_attempt_takes_another(journey: Journey) -> None:
    journey.home.hangs_up_on = {"/x"}
    for rest_s in (60, 120, 240, 480, 900, 900):
        with pytest.raises(Transient, match="connection_lost"):
            journey.ask()
        journey.clock.advance(rest_s - 1)
        asked = len(journey.home.asked)
        assert journey.ask() == "public"
        assert len(journey.home.asked) == asked
        journey.clock.advance(1)
    journey.home.hangs_up_on = set()
    assert journey.ask() == "home"


def test_that_nothing_has_changed_is_a_good_answer(journey: Journey) -> None:
    assert journey.ask() == "home"
    journey.home.status = 304
    assert journey.ways.exchange(Request("GET", "/albums")).status == 304
    journey.home.status = 200
    assert journey.ask() == "home"
    assert not journey.public.asked


def test_a_size_that_all_refused_is_really_asked_for_again(journey: Journey) -> None:
    journey.home.limit_bytes = journey.public.limit_bytes = 1_000
    assert journey.exchange(5_000)["status"] == 413
    assert journey.ask(500) == "home"
    journey.home.limit_bytes = 10_000
    assert journey.ask(5_000) == "home", "somebody has raised the limit"
    assert journey.ask(6_000) == "home"


def test_of_many_films_that_wait_for_a_dead_address_one_asks_it_and_the_rest_wait_as_long(journey: Journey) -> None:
    journey.public.limit_bytes = 1_000
    journey.home.hangs_up_on = {"/users/me"}
    for rest_s in (60, 120, 240, 480, 900, 900):
        asked = len(journey.home.asked)
        for size_bytes in (5_000, 4_000, 6_000):
            with pytest.raises(Transient, match="waits_for_route") as waits:
                journey.exchange(size_bytes)
            assert waits.value.retry_after_s == rest_s
        assert len(journey.home.asked) == asked + 1
        assert journey.ask(500) == "public"
        journey.clock.advance(rest_s)
    journey.home.hangs_up_on = set()
    assert journey.ask(5_000) == "home"
    assert journey.ask(6_000) == "home"


def test_another_protocol_takes_the_way_that_leads_there_now(journey: Journey) -> None:
    journey.home.hangs_up_on = {"/users/me"}
    assert journey.first() == "public"
    asked = len(journey.public.asked)
    assert journey.first() == "public"
    assert len(journey.public.asked) == asked, "it was just found out"
    journey.home.hangs_up_on = set()
    journey.ways.moved()
    assert journey.first() == "home"


def test_on_another_network_the_first_address_is_tried_at_once(journey: Journey) -> None:
    journey.home.hangs_up_on = {"/users/me"}
    assert journey.ask() == "public"
    journey.home.hangs_up_on = set()
    assert journey.ask() == "public", "it rests"
    journey.ways.moved()
    assert journey.ask() == "home"


def test_on_another_network_nobody_knows_who_is_at_an_address(journey: Journey, expected_log: Expect) -> None:
    expected_log("leads to another account")
    assert journey.ask() == "home"
    journey.home.user = json.dumps({"id": "somebody else"}).encode()
    assert journey.ask() == "home", "a moment ago it was ours"
    journey.ways.moved()
    assert journey.ask() == "public"
    assert journey.home.asked[-1] == "/users/me"
    journey.home.user = ME
    assert journey.ask() == "public", "who was a stranger is not asked for ever"
    journey.ways.moved()
    assert journey.ask() == "home"


@pytest.mark.parametrize("status", [502, 504])
def test_what_a_proxy_gave_up_on_is_not_made_a_second_time_by_the_next_address(journey: Journey, status: int) -> None:
    assert journey.ask() == "home"
    journey.home.status = status
    asked = Request.of_json("POST", "/albums", {"albumName": "Summer"}, once=True)
    assert journey.ways.exchange(asked).status == status
    assert "/albums" not in journey.public.asked
    assert journey.ask() == "public", "but the next question goes there"


def test_a_question_that_anyone_may_answer_makes_nobody_known(journey: Journey) -> None:
    journey.home.status = 404
    journey.home.user = json.dumps({"message": "Not Found"}).encode()
    said = journey.ways.exchange(Request("GET", "/server/config"), of_anyone=True)
    assert said.json() == {"by": "home"}
    journey.home.status = 200
    assert journey.ask() == "public"
    assert "/x" not in journey.home.asked


def test_an_address_that_takes_questions_and_says_nothing_holds_nobody_up(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.destinations.immich.ways.WHO_S", 0.05)
    go_on = threading.Event()

    def say_nothing(_: str) -> None:
        go_on.wait(10)

    journey.home.before = say_nothing
    assert journey.ask() == "public"
    assert not go_on.is_set()
    go_on.set()
