"""Whole answers, byte for byte: their strong ETag is a digest of the body, and the real server's ETags are known."""

from typing import Any, NamedTuple

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import UNKNOWN_ID, Client


class Known(NamedTuple):
    """A request, with the status and ETag that a real server gave for it."""

    method: str
    path: str
    status: int
    etag: str
    body: Any = None


EVERYBODY = [
    Known("GET", "/api/server/ping", 200, "e-X79OU2IZYkDmLU4ZK9k3d4mHVbI"),
    Known("GET", "/api/server/version", 200, "31-wdgl0xWHj0zmFlEjjk3Kvqw0yB8"),
    Known("GET", "/api/server/features", 200, "12f-d4Tp0UurZnBkdRb1aMD0oqdCJT4"),
    Known("GET", "/api/server/config", 200, "159-IM2WASFELMM1A6xpbuJf8tJFQgg"),
    Known("GET", "/api/server/media-types", 200, "20f-dz6V5NnYnZUeR+zzr8ZoIJnXF7Q"),
    Known("GET", "/.well-known/immich", 200, "1b-TGholGVe51pdMdLFGZ+0HFqTM1Y"),
    Known("GET", "/api/nope", 404, "22-v9ko+y3PWeiTytd4I6dvTnaimvU"),
    Known("GET", "/api/assets/device/probe", 404, "31-AXUJ5EbaSwqhzWMg+zaqEm7m1+U"),
    Known("POST", "/api/assets/exist", 404, "2b-egyfFDMfwOEEEfDLQZUaE1+YNx0", {}),
    Known("GET", "/api/server/about", 401, "25-SetIB6wLsPt3Ogr5oCd0XHpTaMw"),
    Known("GET", "/api/users/me", 401, "25-SetIB6wLsPt3Ogr5oCd0XHpTaMw"),
    Known(
        "POST", "/api/auth/login", 401, "29-1Sh+NlZZU2g4pDo58tLlpj1RK10", {"email": "admin@example.com", "password": ""}
    ),
    Known("POST", "/api/auth/login", 400, "a9-53ElSoTgULqM1mxkv3JlqSZPTRM", {"email": "admin@example.com"}),
]
WITH_KEY = [
    Known("GET", "/api/server/about", 200, "189-HuL8YKS1dSN3kc0sZ5SxZUiqukw"),
    Known("POST", "/api/auth/validateToken", 200, "13-27NrkQZGX55qzPTk4R2a3lAmwk8"),
    Known("POST", "/api/api-keys", 400, "aa-2YEXDfBmhAWP728aYy3zDKIPtjA", {"name": "x"}),
    Known(
        "POST",
        "/api/api-keys",
        400,
        "16eb-zWCElUkjfhoT2HfiQbBOPsAeElA",
        {"name": "x", "permissions": ["asset.upload", "nope.read"]},
    ),
    Known("GET", f"/api/assets/{UNKNOWN_ID}", 400, "2f-g4y9p2Y1o+CxYBnvL5ehKtP0V5s"),
    Known("GET", "/api/assets/nope", 400, "f4-pVGwEwVv91gQhXdazhsIhjKvlrQ"),
    Known("GET", f"/api/assets/{UNKNOWN_ID}/thumbnail", 400, "2f-Zwaky4PXFDQtJfnGt9ITgHAUKjk"),
    Known("POST", "/api/assets/bulk-upload-check", 500, "29-WRwU7mPWqOyjQ9qjAmI9ciaNqmA", {"assets": []}),
    Known("POST", "/api/assets/bulk-upload-check", 400, "b4-wtVfM/wRb18gpHeyM9HOMBPi7z0", {"assets": [{"id": "x"}]}),
    Known("GET", f"/api/albums/{UNKNOWN_ID}", 400, "2f-jCngBACIcYeA94nVs/N4gm4/Beg"),
]
RESTRICTED = [
    Known("GET", "/api/api-keys", 403, "36-NYwvNuu0/1UnC15dXDQDh1MP3Qg"),
    Known("GET", "/api/server/storage", 403, "39-WMXx6HegCtCSjVbup7OJzd88fGw"),
    Known("GET", "/api/assets/statistics", 403, "3b-24VyB4N2bWwbuXDrDp3Fh4+KBRA"),
    Known("DELETE", "/api/assets", 403, "37-+cFizVsCNAS4xaS0RxSQyrPSg7E", {"ids": [UNKNOWN_ID]}),
    Known("POST", "/api/api-keys", 403, "38-jktB9KhOvsRcKF0ADfISU0Sbd94", {"name": "x", "permissions": ["all"]}),
    Known("GET", f"/api/assets/{UNKNOWN_ID}/thumbnail", 403, "35-U7nCpxsjgYqItJi/krbXr4Hu0Hs"),
    Known("GET", f"/api/assets/{UNKNOWN_ID}/original", 403, "39-zlbItC1vm1u4hc544CGx2uswZpc"),
    Known("PATCH", f"/api/albums/{UNKNOWN_ID}", 403, "37-vRZY/F3bD4+5wkcTPhPKuW0zXD4", {"albumName": "n"}),
    Known("DELETE", f"/api/albums/{UNKNOWN_ID}/assets", 403, "3c-mrZQwwhf+fjmPF1Dta0ZaHowBUs", {"ids": []}),
]
IN_MAINTENANCE = [
    Known("GET", "/api/server/ping", 200, "e-X79OU2IZYkDmLU4ZK9k3d4mHVbI"),
    Known("GET", "/api/server/config", 200, "18-uohQH1R/0ADeN6bs+jyShUyOjTU"),
    Known("GET", "/api/users/me", 404, "26-c01gvwZ6ZuvNqAoqJ3rd4BvB5gw"),
    Known("POST", "/api/assets", 404, "25-iKpg2jmQ5oVLd6JgSWnmNnCcC3c", {}),
    Known("POST", "/api/assets/bulk-upload-check", 404, "37-MDAXcDLyIUw+3/G1r4amULzaUfM", {}),
    Known("POST", "/api/sync/stream", 404, "2a-2cGNZnIU2xSC3TuJ2aj7OJMRxvk", {}),
]
USUAL_PERMISSIONS = (
    "asset.upload asset.read asset.update album.read album.create albumAsset.create user.read server.about"
).split()


def case(known: Known) -> str:
    return f"{known.method} {known.path} {known.status}"


def compare(client: Client, known: Known) -> None:
    response = client.call(known.method, known.path, json=known.body)
    assert (response.status_code, response.headers["ETag"]) == (known.status, f'"{known.etag}"'), response.text
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("known", EVERYBODY, ids=case)
def test_what_everybody_gets_is_exact(known: Known, client: Client) -> None:
    client.headers = {}
    compare(client, known)


@pytest.mark.parametrize("known", WITH_KEY, ids=case)
def test_what_a_key_for_everything_gets_is_exact(known: Known, client: Client) -> None:
    compare(client, known)


@pytest.mark.parametrize("known", RESTRICTED, ids=case)
def test_what_a_restricted_key_is_denied_is_exact(known: Known, server: StandIn, client: Client) -> None:
    client.headers = {"x-api-key": server.api_key(USUAL_PERMISSIONS)}
    compare(client, known)


@pytest.mark.parametrize("known", IN_MAINTENANCE, ids=case)
def test_what_maintenance_mode_leaves_is_exact(known: Known, server: StandIn, client: Client) -> None:
    server.faults.maintenance = True
    compare(client, known)


@pytest.mark.parametrize(
    ("headers", "etag"),
    [
        ({"x-api-key": "bad"}, "1d-VhSxsy3Rjgr0gR0/4BjxN8jiyP4"),
        ({"Authorization": "Bearer bad"}, "20-2dGinS5UR9d1YhJA7Isy7f8nXNU"),
    ],
)
def test_bad_credentials_are_refused_in_the_known_words(headers: dict[str, str], etag: str, client: Client) -> None:
    client.headers = headers
    compare(client, Known("GET", "/api/users/me", 401, etag))
