"""Questions and answers in JSON with one Immich server, and the second look when an answer makes no sense.

Must not know what the questions are for. Any thread; `close` too.
"""

from collections.abc import Iterable, Mapping, Sequence

from agent.destinations.immich.dial import Connection
from agent.destinations.immich.line import SILENCE_S, Request
from agent.destinations.immich.stream import Stream
from agent.destinations.immich.trust import SYSTEM, Trust
from agent.destinations.immich.verdicts import Answer, refusal, wants_certificate
from agent.destinations.immich.ways import Ways
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Transient

#: These may mean that the server is in maintenance, where every route but a few is unknown.
_LOOK_TWICE = {404, 502, 503}


class Server:
    """The API at `api_url`, or where that does not answer at one of `others`, if the account there is `user_id`'s.

    `headers` go with every request (a proxy's, and the key or session).
    """

    def __init__(
        self,
        api_url: str,
        headers: Mapping[str, str],
        *,
        clock: Clock,
        silence_s: float = SILENCE_S,
        trust: Trust | None = None,
        others: Sequence[str] = (),
        user_id: str | None = None,
    ) -> None:
        self.headers = dict(headers)
        self.trust = trust or SYSTEM
        self.silence_s = silence_s
        self.has_session = "Authorization" in headers
        self._clock = clock
        self._ways = Ways((api_url, *others), headers, clock, silence_s=silence_s, trust=self.trust, user_id=user_id)
        self._streams: set[Stream] = set()

    @property
    def address(self) -> str:
        """The API's address that was used last."""
        return self._ways.route.address

    @property
    def site(self) -> str:
        """Scheme, host and port of it, as they are said on the line."""
        return self._ways.route.site

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Iterable[int] = (200, 201),
        once: bool = False,
    ) -> object:
        """The JSON value of an answer; raises the fate of anything else. `once`: it makes what is not to be doubled."""
        request = Request(method, path, headers or {})
        if body is not None:
            request = Request.of_json(method, path, body, headers, once=once)
        answer = self.exchange(request)
        value = answer.json()
        if answer.status in accept and value is not None:
            return value
        raise self.verdict(answer)

    def tell(self, method: str, path: str, body: Mapping[str, object] | None = None) -> None:
        """The same where the answer has nothing to say."""
        answer = self.exchange(Request.of_json(method, path, body or {}))
        if answer.status not in {200, 201, 204} or (answer.body and answer.json() is None):  # a portal's page
            raise self.verdict(answer)

    def exchange(self, request: Request) -> Answer:
        """Whatever comes back; raises `Blocked`, `Transient` or `Interrupted` when nothing does."""
        try:
            return self._ways.exchange(request)
        except Transient as lost:
            raise wants_certificate(lost, self.address) or lost from lost
        except Blocked as problem:
            if problem.code == "certificate_untrusted" and self.trust.pinned is not None:
                raise Blocked("certificate_changed", **problem.args_) from None
            raise

    def moved(self) -> None:
        """The computer may be on another network. Any thread."""
        self._ways.moved()

    def line(self) -> Connection:
        """A line to `address` that is not opened yet, for another protocol than ours. Raises what `exchange` does."""
        return self._ways.first().connection(for_another_protocol=True)

    def stream(self) -> Stream:
        """A connection of its own for an answer that is read line by line. Raises what `exchange` does."""
        stream = Stream(self._ways.first(), self.silence_s, self._clock, self._streams.discard)
        self._streams.add(stream)
        return stream

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
            answer = self._ways.exchange(Request("GET", "/server/config"), of_anyone=True)
        except Fate:
            return {}
        value = answer.json()
        return value if answer.status == 200 and isinstance(value, dict) else {}

    def close(self) -> None:
        """Abandon what is under way in any thread. May be used again afterwards."""
        self._ways.close()
        for stream in list(self._streams):
            stream.close()
