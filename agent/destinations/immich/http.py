"""Questions and answers in JSON with one Immich server, and the second look when an answer makes no sense.

Must not know what the questions are for. Any thread; `close` too.
"""

from collections.abc import Iterable, Mapping

import requests

from agent.destinations.immich.line import SILENCE_S, Lines, Request
from agent.destinations.immich.route import USER_AGENT, Route, SystemTrust
from agent.destinations.immich.verdicts import Answer, refusal
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate

#: These may mean that the server is in maintenance, where every route but a few is unknown.
_LOOK_TWICE = {404, 502, 503}


def browsing_session() -> requests.Session:
    """A session for the first steps, where redirects are followed and no key is sent. One thread; close it."""
    session = requests.Session()
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
    session.mount("https://", SystemTrust())
    # No login of some other program out of ~/.netrc.
    session.auth = _leave_alone
    return session


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Server:
    """The API at `api_url`. `headers` go with every request (a proxy's, and the key)."""

    def __init__(self, api_url: str, headers: Mapping[str, str], *, clock: Clock, silence_s: float = SILENCE_S) -> None:
        self.address = api_url
        self._lines = Lines(Route(api_url, headers), clock, silence_s=silence_s)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Iterable[int] = (200, 201),
    ) -> object:
        """The JSON value of an answer; raises the fate of anything else."""
        request = Request(method, path, headers or {})
        if body is not None:
            request = Request.of_json(method, path, body, headers)
        answer = self.exchange(request)
        value = answer.json()
        if answer.status in accept and value is not None:
            return value
        raise self.verdict(answer)

    def exchange(self, request: Request) -> Answer:
        """Whatever comes back; raises `Blocked`, `Transient` or `Interrupted` when nothing does."""
        return self._lines.exchange(request)

    def verdict(self, answer: Answer, *, size_bytes: int = 0) -> Fate:
        """The fate of an answer that is not the one hoped for; asks whether the server is in maintenance."""
        if answer.status in _LOOK_TWICE:
            config = self._config()
            if config.get("maintenanceMode") is True:
                return Blocked("maintenance", address=self.address)
            if answer.status == 404 and config and answer.message():
                return Blocked("server_too_old", address=self.address, version=None)
        return refusal(answer, self.address, size_bytes=size_bytes)

    def _config(self) -> dict[str, object]:
        """What the server says of itself without a key; nothing when it does not."""
        try:
            answer = self.exchange(Request("GET", "/server/config"))
        except Fate:
            return {}
        value = answer.json()
        return value if answer.status == 200 and isinstance(value, dict) else {}

    def close(self) -> None:
        """Abandon what is under way in any thread. May be used again afterwards."""
        self._lines.close()
