"""From what a person typed or pasted to the address of the API. Sends no key; follows redirects.

Runs in the thread of whoever adds a destination; some seconds at most.
Facts: `/.well-known/immich` names the endpoint; only the body of `/server/ping` tells Immich from any web server,
for a wrong path answers 200 with the web page.
"""

from collections.abc import Iterator, Mapping
from urllib.parse import urljoin, urlsplit

import requests

from agent.destinations.immich.browsing import browsing_session
from agent.destinations.immich.route import site_of
from agent.destinations.immich.trust import SYSTEM, Trust
from agent.destinations.immich.verdicts import no_certificate, unreachable
from agent.domain.errors import Blocked

_LIMITS_S = (10.0, 15.0)
_MAX_PATHS = 4
_MAX_REDIRECTS = 4


def discover(url: str, headers: Mapping[str, str] | None = None, trust: Trust = SYSTEM) -> str:
    """The API's address without a slash at its end; raises `Blocked`.

    Without a scheme https is tried first, then http; an address with a scheme is never taken down to plain http.
    `headers` (for a proxy in front of the server) are shown to the host that was typed and to no other.
    """
    typed = url.strip()
    problems: list[Blocked] = []
    with browsing_session(trust) as session:
        for address in _with_scheme(typed):
            try:
                found = _Search(session, address, headers or {}).api()
            except (ValueError, requests.exceptions.InvalidURL):
                problems.append(Blocked("address_invalid", address=typed))
                continue
            except requests.RequestException as error:
                problems.append(unreachable(error, site_of(address)))
                # A server that answers with a bad certificate is there: no silent step down to plain http.
                if problems[-1].code in {"certificate_untrusted", "client_certificate_needed"}:
                    break
                continue
            if found is not None:
                return found
            problems.append(Blocked("not_immich", address=site_of(address), status=None))
    raise min(problems, key=_helpfulness)


def _helpfulness(problem: Blocked) -> int:
    """Which of several problems to tell: the one nearest to success."""
    order = (
        "certificate_untrusted",
        "client_certificate_needed",
        "not_immich",
        "server_unreachable",
        "address_invalid",
    )
    return order.index(problem.code)


def _with_scheme(typed: str) -> tuple[str, ...]:
    if "://" in typed:
        return (typed,)
    return (f"https://{typed}", f"http://{typed}")


class _Search:
    """The likely places below one address, asked one after the other."""

    def __init__(self, session: requests.Session, address: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not 0 <= (parts.port or 0) <= 65_535:
            raise ValueError(address)
        self._session = session
        self._headers = headers
        self._host = parts.hostname
        self._site = site_of(address)
        self._path = parts.path

    def api(self) -> str | None:
        """The first place where Immich answers."""
        tried = set()
        for candidate in self._candidates():
            if candidate not in tried:
                tried.add(candidate)
                found = self._pong(candidate)
                if found is not None:
                    return found
        return None

    def _candidates(self) -> Iterator[str]:
        """What the server itself names, the usual place, then below each part of the path."""
        named = self._well_known()
        if named is not None:
            yield named
        yield f"{self._site}/api"
        steps = [step for step in self._path.split("/") if step]
        if steps and steps[-1] == "api":
            steps.pop()
        for count in range(min(len(steps), _MAX_PATHS), 0, -1):
            yield "/".join((self._site, *steps[:count], "api"))

    def _well_known(self) -> str | None:
        answer = self._get(f"{self._site}/.well-known/immich")
        try:
            endpoint = answer.json()["api"]["endpoint"]
            found = urljoin(answer.url, endpoint).rstrip("/")
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if urlsplit(answer.url).scheme == "https" and urlsplit(found).scheme != "https":
            return None
        return found if urlsplit(found).scheme in {"http", "https"} else None

    def _pong(self, api: str) -> str | None:
        """The address that answered as Immich does, after redirects; None for anything else."""
        answer = self._get(f"{api}/server/ping")
        if answer.status_code == 400 and (wanted := no_certificate(answer.content, self._site)):
            raise wanted
        try:
            is_pong = answer.status_code == 200 and answer.json() == {"res": "pong"}
        except ValueError:
            return None
        # From http to https, or to the host's proper name: uploads follow no redirect, so the final address is kept.
        return answer.url.partition("?")[0].removesuffix("/server/ping") if is_pong else None

    def _get(self, url: str) -> requests.Response:
        """An answer, after a few redirects at most."""
        answer = self._once(url)
        for _ in range(_MAX_REDIRECTS):
            if not answer.is_redirect:
                break
            answer = self._once(urljoin(answer.url, answer.headers["location"]))
        return answer

    def _once(self, url: str) -> requests.Response:
        shown = self._headers if urlsplit(url).hostname == self._host else {}
        return self._session.get(url, headers=dict(shown), timeout=_LIMITS_S, allow_redirects=False)
