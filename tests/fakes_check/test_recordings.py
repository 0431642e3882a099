"""The fields of every answer that was recorded in full, against those of the stand-in."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import Client, jpeg

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "immich" / "recorded-v3.1.0.md"
pytestmark = pytest.mark.skipif(not RECORDINGS.exists(), reason=f"needs {RECORDINGS.name} beside the checkout")

BLOCK = re.compile(r"^### (?P<title>.*?)\n```\n(?P<lines>.*?)\n```", re.DOTALL | re.MULTILINE)
OPEN_ENDED = {"/startDate", "/endDate", "/lastModifiedAssetTimestamp"}  # there when the album has assets


def recorded(title: str) -> Any:
    """The body of the exchange with this title, which must not have been shortened."""
    text = RECORDINGS.read_text(encoding="utf-8")
    block = next(found for found in BLOCK.finditer(text) if found["title"].startswith(title))
    return json.loads(next(line[2:] for line in block["lines"].splitlines() if line.startswith(("< {", "< ["))))


def fields(value: Any, place: str = "") -> set[str]:
    """The names of all fields, the ones inside others with their way; of a list its first entry counts."""
    if isinstance(value, list):
        return fields(value[0], f"{place}[]") if value else set()
    if not isinstance(value, dict):
        return set()
    return {f"{place}/{name}" for name in value}.union(*(fields(one, f"{place}/{name}") for name, one in value.items()))


class Calls:
    """The requests of the recordings, on a server with one asset in one album."""

    def __init__(self, server: StandIn) -> None:
        self.client = Client(server, bearer=server.session())
        self.by_key = Client(server)
        note = '[{"key": "mobile-app", "value": {"iCloudId": "abc"}}]'
        self.asset = self.client.new_asset(jpeg("a"), metadata=note)
        album = self.client.post("/api/albums", {"albumName": "x", "assetIds": [self.asset]})
        self.album = album.json()["id"]

    def close(self) -> None:
        self.client.close()
        self.by_key.close()


LOGIN = {"email": "admin@example.com", "password": "immich-admin"}
USER = {"email": "q@example.com", "password": "quota-pw-1", "name": "Q", "quotaSizeInBytes": 150000}
CASES: dict[str, Callable[[Calls], Any]] = {
    "login": lambda calls: calls.by_key.post("/api/auth/login", LOGIN),
    "users/me (bearer)": lambda calls: calls.client.get("/api/users/me"),
    "create restricted key with bearer": lambda calls: calls.client.post("/api/api-keys", {"permissions": ["all"]}),
    "api-keys/me": lambda calls: calls.by_key.get("/api/api-keys/me"),
    "GET asset (photo with sidecar)": lambda calls: calls.client.get(f"/api/assets/{calls.asset}"),
    "asset metadata": lambda calls: calls.client.get(f"/api/assets/{calls.asset}/metadata"),
    "create album with assetIds": lambda calls: calls.client.post(
        "/api/albums", {"albumName": "y", "assetIds": [calls.asset]}
    ),
    "GET album": lambda calls: calls.client.get(f"/api/albums/{calls.album}"),
    "GET /api/albums": lambda calls: calls.client.get("/api/albums"),
    "album statistics": lambda calls: calls.client.get("/api/albums/statistics"),
    "tags upsert": lambda calls: calls.client.put("/api/tags", {"tags": ["a/b"]}),
    "GET ack": lambda calls: calls.client.get("/api/sync/ack"),
    "GET /api/sessions": lambda calls: calls.client.get("/api/sessions"),
    "POST /api/sessions: child": lambda calls: calls.client.post("/api/sessions", {"duration": 3600}),
    "create a user with a 150 kB quota": lambda calls: calls.client.post("/api/admin/users", USER),
    "storage": lambda calls: calls.client.get("/api/server/storage"),
    "version-history": lambda calls: calls.client.get("/api/server/version-history"),
}


@pytest.mark.parametrize("title", CASES)
def test_the_fields_are_those_of_the_recording(title: str, server: StandIn) -> None:
    calls = Calls(server)
    calls.client.post("/api/sync/ack", {"acks": ["AssetV2|01a203d3-9a51-72b8-98a2-2223a92d4515"]})
    response = CASES[title](calls)
    assert response.ok, response.text
    found = {name.removeprefix("[]") for name in fields(response.json())}
    expected = {name.removeprefix("[]") for name in fields(recorded(title))}
    calls.close()
    assert found - OPEN_ENDED == expected - OPEN_ENDED
