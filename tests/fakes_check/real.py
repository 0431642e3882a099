"""A real Immich server in the place of the stand-in, for the checks that need nothing but its API.

Set IMMICH_TEST_URL, IMMICH_TEST_EMAIL and IMMICH_TEST_PASSWORD, of an account that is there for tests; then the checks
of this folder ask that server wherever they can, and what needs the stand-in itself is skipped. Only what a test made
is removed at its end. Must not use anything of the product.
"""

import base64
import os
import threading
import time
from collections.abc import Sequence
from typing import Any, NoReturn, Self

import pytest
import requests

TIMEOUT = 30.0
#: A removal for good is a job of the server's.
PATIENCE_S = 60.0
#: The modules whose checks a real server is asked, but for those that want an empty account or would clear one out.
ASKED: dict[str, frozenset[str]] = {
    "test_albums": frozenset(),
    "test_assets": frozenset(
        "test_the_whole_trash_is_restored_or_emptied test_assets_are_counted"
        " test_a_search_ignores_filters_it_does_not_know test_a_search_comes_in_pages"
        " test_the_trash_is_searched_only_on_request".split()
    ),
    "test_http": frozenset(),
    "test_organize": frozenset(
        "test_a_search_goes_through_pages_and_finds_what_changed_since test_the_timeline_counts_by_month".split()
    ),
    "test_upload_table": frozenset(),
}
#: Nobody's account is to lose anything by a test, whatever comes to stand in those modules.
NEVER = frozenset(("/api/trash/empty", "/api/trash/restore", "/api/auth/change-password", "/api/sessions"))
#: So that the bytes of one run are new to a server that has seen others.
RUN = os.urandom(6).hex()


def is_asked(module: str, test: str) -> bool:
    """Whether a real server may be asked this."""
    return module in ASKED and test not in ASKED[module]


def real_server() -> tuple[str, str, str] | None:
    """Address, e-mail and password from the environment; None where there is no server to ask."""
    found = [os.environ.get(f"IMMICH_TEST_{name}", "") for name in ("URL", "EMAIL", "PASSWORD")]
    return (found[0].rstrip("/").removesuffix("/api"), found[1], found[2]) if all(found) else None


class RealAsset:
    """What a server shows of an asset, under the names that the stand-in has for it."""

    def __init__(self, shown: dict[str, Any]) -> None:
        self.id, self.filename = shown["id"], shown["originalFileName"]
        self.checksum_base64, self.checksum_hex = shown["checksum"], base64.b64decode(shown["checksum"]).hex()
        self.favorite, self.visibility = shown["isFavorite"], shown["visibility"]
        self.is_trashed, self.updated_at = shown["isTrashed"], shown["updatedAt"]

    def __getattr__(self, name: str) -> NoReturn:
        pytest.skip(f"needs the stand-in: {name} of an asset")


class RealServer:
    """Speaks as `StandIn` does to tests, as far as a server lets anybody; else the test is skipped."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.url = url
        self.email, self.password = email, password
        self._http = requests.Session()
        self._http.trust_env = False
        self._made: dict[str, list[str]] = {"assets": [], "albums": [], "tags": [], "api-keys": []}
        self._sessions: list[str] = []

    def __enter__(self) -> Self:
        self._token = self.session()
        self._tags = {str(one["id"]) for one in self._ask("GET", "/tags")}
        return self

    def __exit__(self, *_: object) -> None:
        for kind in ("albums", "tags"):
            for one in self._made[kind]:
                self._ask("DELETE", f"/{kind}/{one}")
        self._remove_assets()
        for one in self._made["api-keys"]:
            self._ask("DELETE", f"/api-keys/{one}")
        for token in reversed(self._sessions):
            self._http.post(
                f"{self.url}/api/auth/logout", headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT
            )
        self._http.close()

    def __getattr__(self, name: str) -> NoReturn:
        pytest.skip(f"needs the stand-in: {name}")

    @property
    def assets(self) -> list[RealAsset]:
        """What this test has uploaded and is there."""
        answers = [self._send("GET", f"/assets/{one}") for one in self._made["assets"]]
        return [RealAsset(answer.json()) for answer in answers if answer.status_code == 200]

    def session(self, user: object = None, **named: object) -> str:
        """The token of a new session."""
        if user is not None or named:
            pytest.skip("needs the stand-in: sessions of others")
        body = {"email": self.email, "password": self.password}
        answer = self._http.post(f"{self.url}/api/auth/login", json=body, timeout=TIMEOUT)
        assert answer.status_code == 201, answer.text
        self._sessions.append(str(answer.json()["accessToken"]))
        self._http.cookies.clear()
        return self._sessions[-1]

    def api_key(self, permissions: Sequence[str] = ("all",), **named: object) -> str:
        """The secret of a new API key."""
        if named:
            pytest.skip("needs the stand-in: keys of others")
        made = self._ask("POST", "/api-keys", {"name": f"test {RUN}", "permissions": list(permissions)})
        self._made["api-keys"].append(str(made["apiKey"]["id"]))
        return str(made["secret"])

    def allow(self, method: str, path: str) -> None:
        """Skip a test that would go further than what it has made itself."""
        bare = path.partition("?")[0]
        if (method != "GET" and bare in NEVER) or bare.startswith("/api/admin"):
            pytest.skip(f"a real server is not asked {method} {bare}")

    def note(self, answer: requests.Response) -> None:
        """Remember what a request of a test has made, to remove it afterwards."""
        path = answer.request.path_url.partition("?")[0]
        wanted = (str(answer.request.method), path, answer.status_code)
        if wanted in {("POST", "/api/assets", 201), ("POST", "/api/albums", 201)}:
            self._made[path.rpartition("/")[2]].append(str(answer.json()["id"]))
        elif wanted == ("POST", "/api/api-keys", 201):
            self._made["api-keys"].append(str(answer.json()["apiKey"]["id"]))
        elif wanted == ("PUT", "/api/tags", 200):
            self._made["tags"] += [str(one["id"]) for one in answer.json() if one["id"] not in self._tags]

    def _remove_assets(self) -> None:
        """For good, one by one: a test may have removed some; and not before they are gone, or bytes come back."""
        deadline_s = time.monotonic() + PATIENCE_S
        for one in self._made["assets"]:
            self._ask("DELETE", "/assets", {"ids": [one], "force": True})
        for one in self._made["assets"]:
            while self._status("GET", f"/assets/{one}") == 200 and time.monotonic() < deadline_s:
                threading.Event().wait(0.2)

    def _send(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._http.request(method, f"{self.url}/api{path}", json=body, headers=headers, timeout=TIMEOUT)

    def _status(self, method: str, path: str) -> int:
        return self._send(method, path).status_code

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._send(method, path, body)
        return answer.json() if answer.ok and answer.content else {}
