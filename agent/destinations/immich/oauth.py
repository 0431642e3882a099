"""Signing in by the system's browser: PKCE over an address on this very computer.

The agent listens on a loopback port for the one redirect, checks its state, and trades it for a session. Facts: the
server passes our address on to the identity provider, which must allow it; state and verifier are both required.
Threads: `wait` blocks the caller; the listener has a thread of its own until it is closed.
"""

import base64
import hashlib
import hmac
import http.server
import secrets
import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from agent.destinations.immich.http import Server
from agent.domain.errors import Blocked, Rejected

PATH = "/safelight"
#: How long a person may take in the browser.
PATIENCE_S = 300.0


class BrowserSignIn:
    """One attempt. `answer_page` makes the page that the browser shows at the end (True: it worked)."""

    def __init__(self, server: Server, answer_page: Callable[[bool], str]) -> None:
        self._server = server
        self._answer_page = answer_page
        self._state = secrets.token_urlsafe(32)
        self._verifier = secrets.token_urlsafe(64)
        self._came = threading.Event()
        self._url: str | None = None
        self._listener = http.server.HTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._listener.serve_forever, name="oauth", daemon=True)
        self._thread.start()

    @property
    def redirect(self) -> str:
        """Where the browser is to be sent back to."""
        return f"http://127.0.0.1:{self._listener.server_port}{PATH}"

    def page(self) -> str:
        """The page to open; raises `Blocked` `oauth_off` where the server offers none."""
        features = self._server.ask("GET", "/server/features")
        if not isinstance(features, dict) or features.get("oauth") is not True:
            raise Blocked("oauth_off", address=self._server.address)
        digest = hashlib.sha256(self._verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        asked = {"redirectUri": self.redirect, "state": self._state, "codeChallenge": challenge}
        answer = self._server.ask("POST", "/oauth/authorize", asked)
        url = answer.get("url") if isinstance(answer, dict) else None
        if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"}:
            raise Blocked("oauth_failed", address=self._server.address)
        return url

    def wait(self) -> str:
        """The token of the new session; raises `Blocked` `oauth_timeout` or `oauth_failed`."""
        if not self._came.wait(PATIENCE_S):
            raise Blocked("oauth_timeout", address=self._server.address)
        if self._url is None:
            raise Blocked("oauth_failed", address=self._server.address)
        body = {"url": self._url, "state": self._state, "codeVerifier": self._verifier}
        try:
            answer = self._server.ask("POST", "/oauth/callback", body, once=True)
        except Rejected:  # the provider did not stand by its code
            raise Blocked("oauth_failed", address=self._server.address) from None
        token = answer.get("accessToken") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise Blocked("oauth_failed", address=self._server.address)
        return token

    def close(self) -> None:
        """Stop listening; who waits is told that it failed."""
        self._came.set()
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join(5)

    def _take(self, path: str) -> bool | None:
        """What a request to our port means: True the sign-in, False a refused one, None nothing of ours."""
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        state = query.get("state", [""])[0]
        if parts.path != PATH or self._came.is_set() or not hmac.compare_digest(state.encode(), self._state.encode()):
            return None
        if query.get("code"):
            self._url = f"{self.redirect}?{parts.query}"
        self._came.set()
        return self._url is not None

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        take, answer_page = self._take, self._answer_page

        class Handler(http.server.BaseHTTPRequestHandler):
            """The browser's one visit."""

            timeout = 10

            def do_GET(self) -> None:
                worked = take(self.path)
                if worked is None:
                    self.send_error(404)
                    return
                page = answer_page(worked).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.send_header("Cache-Control", "no-store")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class calls it
                """The query holds a code that no log may show."""

        return Handler
