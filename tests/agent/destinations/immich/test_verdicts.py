"""What answers and errors mean, where no server is needed to show it."""

import socket
import ssl

import pytest

from agent.destinations.immich.verdicts import Answer, refusal, unreachable
from agent.destinations.immich.versions import OLDEST, Version, is_too_old, read_version


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"message":"File is empty"}', "File is empty"),
        (b'{"message":["a","b"],"error":"Bad Request","statusCode":400}', "a; b"),
        (
            b'{"message":"Validation failed","errors":[{"path":["a"],"message":"Invalid"},{"path":["x",0]}]}',
            "Validation failed (a: Invalid); (x.0: )",
        ),
        (b'{"message":"two\\nlines"}', "two lines"),
        (b'{"message":7}', None),
        (b'["message"]', None),
        (b"<html>", None),
        (b"", None),
        (b"\xff\xfe", None),
        (b'{"message":"' + b"x" * 1000 + b'"}', "x" * 200),
        (b'{"message":"a","errors":[1,{"path":7}]}', "a (: )"),
    ],
)
def test_the_servers_words_are_found_in_every_form(body: bytes, message: str | None) -> None:
    assert Answer(400, {}, body).message() == message


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "120"}, 120),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 60),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_how_long_the_server_wants_to_be_left_alone(headers: dict[str, str], wait_s: float | None) -> None:
    assert Answer(503, headers, b"").retry_after_s() == wait_s


def test_where_a_redirect_leads_is_told_without_its_secrets() -> None:
    found = refusal(Answer(302, {"location": "https://sso.example/login?token=secret"}, b""), "https://photos.example")
    assert (found.code, found.args_["location"]) == ("redirected", "https://sso.example")


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (ssl.SSLCertVerificationError("expired"), "certificate_untrusted", None),
        (ssl.SSLError("handshake"), "server_unreachable", "tls"),
        (socket.gaierror(-2, "unknown"), "server_unreachable", "unknown_host"),
        (TimeoutError("slow"), "server_unreachable", "timeout"),
        (ConnectionRefusedError("no"), "server_unreachable", "refused"),
        (OSError(101, "Network is unreachable"), "server_unreachable", "no_network"),
        (OSError("Tunnel connection failed: 407 Login"), "server_unreachable", "proxy"),
        (OSError("?"), "server_unreachable", "other"),
    ],
)
def test_why_a_server_is_not_reached(error: Exception, code: str, reason: str | None) -> None:
    wrapped = RuntimeError(error)
    found = unreachable(wrapped, "https://photos.example")
    assert found.code == code
    assert reason is None or found.args_["reason"] == reason


def test_versions_are_read_and_compared() -> None:
    assert read_version({"major": 3, "minor": 1, "patch": 0, "prerelease": None}) == Version(3, 1, 0)
    assert str(Version(1, 141, 1)) == "1.141.1"
    assert is_too_old(Version(1, 140, 99))
    assert not is_too_old(OLDEST)
    assert OLDEST < Version(2, 7, 5) < Version(3, 2, 0) < Version(3, 10, 0)
