"""A session for the first steps with a server, where redirects are followed and no key is sent.

Only sign-in and check-up come here: `requests` weighs 10 MB and more time than all else the agent loads, so a running
agent never does. One thread for each session.
"""

import ssl
from collections.abc import Sequence
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from agent.destinations.immich.route import USER_AGENT
from agent.destinations.immich.trust import SYSTEM, Trust, tls_context
from agent.destinations.immich.verdicts import causes


def browsing_session(trust: Trust = SYSTEM) -> requests.Session:
    """To be closed by whoever asked for it."""
    session = requests.Session()
    session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
    session.mount("https://", _AnyAdapter([_TrustAdapter(one) for one in trust.one_by_one()]))
    # No login of some other program out of ~/.netrc.
    session.auth = _leave_alone
    return session


def _leave_alone(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _AnyAdapter(BaseAdapter):
    """Asks by the first whose certificates fit; raises what the first said if none do."""

    # The signatures here and below are those of `requests`, which says little about them.

    def __init__(self, adapters: Sequence[HTTPAdapter]) -> None:
        super().__init__()
        self._adapters = adapters

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        """One answer."""
        refusals: list[requests.exceptions.SSLError] = []
        for adapter in self._adapters:
            try:
                return adapter.send(request, **options)
            except requests.exceptions.SSLError as error:
                if not any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error)):
                    raise
                refusals.append(error)
        raise refusals[0]

    def close(self) -> None:
        """Let go of all connections."""
        for adapter in self._adapters:
            adapter.close()


class _TrustAdapter(HTTPAdapter):
    """Makes a `requests` session use such a context instead of its own list of authorities."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        if self._trust.pinned is not None:
            options["assert_hostname"] = False
        super().init_poolmanager(*args, **options, ssl_context=tls_context(self._trust))

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:  # noqa: ANN401
        return super().proxy_manager_for(proxy, **options, ssl_context=tls_context(self._trust))

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401
        """Leave the context alone."""
        del conn, url, verify, cert
