"""A session of our own at a server: made from a password or a browser's sign-in, kept alive, ended again.

Runs in the thread of whoever signs in or out. Facts: a session is named by the headers of the login; one made from it
gets the name that it is given, needs no password, and dies with the one that it was made from, which dies itself when
nobody uses it for 90 days. So both are kept, and both are ended at the end.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress

from agent.destinations.immich.auth import Account, account, key_for_login, log_in, running_version
from agent.destinations.immich.http import Server
from agent.destinations.immich.line import Request
from agent.destinations.immich.secret import Secret
from agent.destinations.immich.trust import Trust
from agent.domain.clock import Clock
from agent.domain.errors import Fate
from agent.record import replace

_APP = "Safelight"


def session_for_password(
    api_url: str,
    email: str,
    password: str,
    *,
    computer: str,
    clock: Clock,
    headers: Mapping[str, str] | None = None,
    trust: Trust | None = None,
) -> tuple[Secret, Account]:
    """A session of our own, named after this computer, and its account; the password is not kept.

    Raises `Blocked` `wrong_password`, `password_login_off` and what `auth.account` raises.
    """
    named = {"deviceModel": _plain(computer), "deviceType": _APP}
    with closing(Server(api_url, {**(headers or {}), **named}, clock=clock, trust=trust)) as server:
        running_version(server)
        login = log_in(server, email, password)
    return session_from_login(api_url, login, computer=computer, clock=clock, headers=headers, trust=trust)


def session_from_login(
    api_url: str,
    login: str,
    *,
    computer: str,
    clock: Clock,
    headers: Mapping[str, str] | None = None,
    trust: Trust | None = None,
) -> tuple[Secret, Account]:
    """The same from the token of a login. A server that makes no sessions of sessions leaves us the login's own."""
    parent = Secret("session", login, headers=headers or {})
    try:
        with _as(parent, api_url, clock, trust) as server:
            body = {"deviceType": _plain(computer), "deviceOS": _APP}
            answer = server.exchange(Request.of_json("POST", "/sessions", body, once=True))
            value = answer.json()
            token = value.get("token") if isinstance(value, dict) else None
            if answer.status not in {200, 201, 400, 404} or (answer.status in {200, 201} and not token):
                raise server.verdict(answer)
        secret = Secret("session", str(token), parent=login, headers=headers or {}) if token else parent
        with _as(secret, api_url, clock, trust) as server:
            return secret, account(server)
    except Fate:
        with suppress(Fate):
            end(api_url, parent, clock=clock, trust=trust)  # and with it what was made of it
        raise


def key_from_login(
    api_url: str,
    login: str,
    *,
    key_name: str,
    clock: Clock,
    headers: Mapping[str, str] | None = None,
    trust: Trust | None = None,
) -> tuple[Secret, Account]:
    """A narrow key instead of a session; the login is ended."""
    parent = Secret("session", login, headers=headers or {})
    with _as(parent, api_url, clock, trust) as server:
        try:
            key, key_id = key_for_login(server, key_name)
        finally:
            with suppress(Fate):
                server.ask("POST", "/auth/logout")
    secret = Secret("key", key, key_id=key_id, headers=headers or {})
    try:
        with _as(secret, api_url, clock, trust) as server:
            return secret, account(server)
    except Fate:
        with suppress(Fate):
            end(api_url, secret, clock=clock, trust=trust)
        raise


def end(api_url: str, secret: Secret, *, clock: Clock, trust: Trust | None = None, others: Sequence[str] = ()) -> None:
    """Revoke what we made: the session with the one it came from, or the key. A pasted key is not ours to revoke."""
    if secret.kind == "session":
        first = replace(secret, token=secret.parent or secret.token)
        with _as(first, api_url, clock, trust, others) as server:
            server.ask("POST", "/auth/logout")
    elif secret.key_id is not None:
        with _as(secret, api_url, clock, trust, others) as server:
            answer = server.exchange(Request("DELETE", f"/api-keys/{secret.key_id}"))
            if answer.status not in {200, 204}:
                raise server.verdict(answer)


def keep_alive(api_url: str, secret: Secret, *, clock: Clock, trust: Trust | None = None) -> None:
    """Use the session that ours came from, so that it does not end for lack of use; once a day is plenty."""
    if secret.parent is not None:
        first = replace(secret, token=secret.parent)
        with _as(first, api_url, clock, trust) as server, suppress(Fate):
            server.ask("POST", "/auth/validateToken")


def _as(secret: Secret, api_url: str, clock: Clock, trust: Trust | None, others: Sequence[str] = ()) -> closing[Server]:
    """The server, asked with this secret; closed at the end."""
    return closing(Server(api_url, secret.sent(), clock=clock, trust=trust, others=others))


def _plain(name: str) -> str:
    """A computer's name as a header can carry it."""
    return "".join(sign if " " <= sign <= "~" else "_" for sign in name)[:80] or _APP
