"""Answers as they come out of a connection: the usual form, and every other, in whatever pieces they arrive."""

import socket
import threading
from contextlib import closing

import pytest

from agent.destinations.immich import hearing
from agent.destinations.immich.hearing import Broken, hear
from agent.destinations.immich.verdicts import Answer

JSON = b"Content-Type: application/json\r\n"
#: name: (the answer on the wire, its body, whether the connection may be used again)
ANSWERS = {
    "of known length": (b"HTTP/1.1 201 Created\r\n" + JSON + b'Content-Length: 8\r\n\r\n{"a": 1}', b'{"a": 1}', True),
    "without a reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
    "with nothing in it": (b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", b"", True),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "the last one": (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
    "in chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}", True),
    "until the end": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", b"{}", False),
    "of an older protocol": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
    "with a header twice": (b"HTTP/1.1 200 OK\r\nX: 1\r\nX: 2\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
    "after a preliminary one": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"{}",
        True,
    ),
    "followed by more than it announced": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200", b"{}", False),
}


def heard(wire: bytes, *, taken: int = 0, piece: int = 1_000_000) -> tuple[Answer, bool]:
    """What comes out, `taken` bytes having been read before, the rest in pieces; the other side then hangs up."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with closing(theirs):
            for at in range(taken, len(wire), piece):
                theirs.sendall(wire[at : at + piece])

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        with closing(ours):
            ours.settimeout(10)
            return hear(ours, wire[:taken], "GET", lambda _: None)
    finally:
        speaker.join()


@pytest.mark.parametrize(("wire", "body", "stays_open"), ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("taken", [0, 1, 20])
def test_an_answer_is_understood(wire: bytes, body: bytes, stays_open: bool, taken: int) -> None:
    answer, may_be_used = heard(wire, taken=taken)
    assert (answer.body, may_be_used) == (body, stays_open)
    assert b" %d " % answer.status in wire
    assert answer.status >= 200


@pytest.mark.parametrize("name", [name for name in ANSWERS if not name.startswith("followed")])
def test_it_does_not_matter_in_which_pieces_it_arrives(name: str) -> None:
    wire, body, _stays_open = ANSWERS[name]
    assert heard(wire, piece=1)[0].body == body


@pytest.mark.parametrize("name", ["of known length", "without a reason", "with nothing in it", "the last one"])
def test_the_usual_form_is_read_as_the_library_reads_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = ANSWERS[name][0]
    ours = heard(wire)
    monkeypatch.setattr(hearing, "_usual", lambda _head: None)
    assert heard(wire) == ours


@pytest.mark.parametrize(
    ("wire", "began"),
    [
        (b"", False),
        (b"HTTP/1.1 20", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", True),
        (b"220 mail.example.org ESMTP\r\n\r\n", False),
    ],
)
def test_what_breaks_off_says_whether_there_was_an_answer(wire: bytes, began: bool) -> None:
    with pytest.raises(Broken) as caught:
        heard(wire)
    assert caught.value.began is began
