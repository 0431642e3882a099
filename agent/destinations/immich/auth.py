"""Signing in: who the key belongs to and what it may do; and how to get a narrow key for a password.

Nothing is kept here: the key goes back to the caller, the password is forgotten. No secret is ever logged.
Runs in the thread of whoever adds or checks a destination.
"""

import re
from collections.abc import Sequence

from agent.destinations.immich.http import Server
from agent.destinations.immich.line import Request
from agent.destinations.immich.verdicts import Answer
from agent.destinations.immich.versions import OLDEST, Version, is_too_old, read_version
from agent.domain.errors import Blocked, Rejected
from agent.record import Record

#: Without these nothing can be kept safe.
NEEDED = ("asset.upload", "asset.read", "user.read")
#: For albums, stacks, tags, live photos and the trash; a key without them still backs up.
USEFUL = (
    "album.read",
    "album.create",
    "albumAsset.create",
    "stack.create",
    "asset.update",
    "tag.create",
    "tag.asset",
    "asset.delete",  # for one thing only: to take out of the trash
)
#: A key that we make ourselves may end itself.
OWN = ("apiKey.delete",)

_ALLOWED = re.compile(r"following values: ([\w.,\s]+)")


class Account(Record, frozen=True):
    """Whom a key belongs to. `missing_permissions` are those of `NEEDED` that it lacks."""

    api_url: str
    user_id: str
    email: str
    name: str
    server_version: str
    permissions: tuple[str, ...]
    missing_permissions: tuple[str, ...]

    @property
    def lacks_useful(self) -> tuple[str, ...]:
        """Those of `USEFUL` that it lacks."""
        return _lacking(USEFUL, self.permissions)


def account(server: Server) -> Account:
    """The account behind the secret that a server is asked with; raises `Blocked` or `Transient`."""
    version = running_version(server)
    granted = ("all",) if server.has_session else _texts(server.ask("GET", "/api-keys/me"), "permissions")
    lacking = _lacking(NEEDED, granted)
    if "user.read" in lacking:
        raise Blocked("permission_missing", permission=", ".join(lacking), message=None)
    me = server.ask("GET", "/users/me")
    if not isinstance(me, dict) or not me.get("id"):
        raise Blocked("not_immich", address=server.address, status=200)
    return Account(
        api_url=server.address,
        user_id=str(me["id"]),
        email=str(me.get("email", "")),
        name=str(me.get("name", "")),
        server_version=str(version),
        permissions=granted,
        missing_permissions=lacking,
    )


class Storage(Record, frozen=True):
    """What an account takes at its server and what it may take; None where the server does not say, or has no limit.

    `free_bytes` is what is left on the server's own disk, which few keys may ask for.
    """

    used_bytes: int | None
    quota_bytes: int | None
    free_bytes: int | None


def storage(server: Server) -> Storage:
    """The space of the account that a server is asked for; raises `Blocked` or `Transient`."""
    me = server.ask("GET", "/users/me")
    try:
        disk = server.ask("GET", "/server/storage")
    except Blocked as problem:
        if problem.code != "permission_missing":
            raise
        disk = None
    return Storage(_bytes(me, "quotaUsageInBytes"), _bytes(me, "quotaSizeInBytes"), _bytes(disk, "diskAvailableRaw"))


def storage_left(server: Server) -> int | None:
    """What is left of the account's quota; None where there is no limit. Raises as `storage`."""
    me = server.ask("GET", "/users/me")
    quota, used = _bytes(me, "quotaSizeInBytes"), _bytes(me, "quotaUsageInBytes")
    return None if quota is None else max(0, quota - (used or 0))


def running_version(server: Server) -> Version:
    """The server's version, asked without needing a key; raises `Blocked` where it is not Immich or too old."""
    version = read_version(server.ask("GET", "/server/version"))
    if version is None:
        raise Blocked("not_immich", address=server.address, status=200)
    if is_too_old(version):
        raise Blocked("server_too_old", address=server.address, version=str(version), needed=str(OLDEST))
    return version


def key_for_login(server: Server, name: str) -> tuple[str, str | None]:
    """A new narrow key and its id, for a server whose headers carry a session."""
    wanted = [*NEEDED, *USEFUL, *OWN]
    answer = _made_key(server, name, wanted)
    value = answer.json()
    made = value.get("apiKey") if isinstance(value, dict) else None
    key_id = made.get("id") if isinstance(made, dict) else None
    return _text(server, value, "secret"), str(key_id) if key_id else None


def log_in(server: Server, email: str, password: str) -> str:
    """The token of a new session; raises `Blocked` `wrong_password` or `password_login_off`."""
    try:
        login = server.ask("POST", "/auth/login", {"email": email.strip(), "password": password}, once=True)
    except Blocked as problem:
        if problem.code != "signed_out":
            raise
        said = str(problem.args_.get("message"))
        raise Blocked("password_login_off" if "disabled" in said else "wrong_password", message=said) from None
    except Rejected as error:  # what was typed is no e-mail address: servers look at its form first
        raise Blocked("wrong_password", message=error.args_.get("message")) from None
    return _text(server, login, "accessToken")


def _made_key(server: Server, name: str, permissions: Sequence[str]) -> Answer:
    """An older server does not know every permission: it names those that it does, and gets what both know."""
    wanted = list(permissions)
    answer = _ask_for_key(server, name, wanted)
    if answer.status == 400:
        known = _known_permissions(answer)
        wanted = [permission for permission in wanted if permission in known]
        if wanted:
            answer = _ask_for_key(server, name, wanted)
    if answer.status not in {200, 201}:
        raise server.verdict(answer)
    return answer


def _ask_for_key(server: Server, name: str, permissions: Sequence[str]) -> Answer:
    body = {"name": name, "permissions": list(permissions)}
    return server.exchange(Request.of_json("POST", "/api-keys", body, once=True))


def _known_permissions(answer: Answer) -> set[str]:
    """From the refusal of an unknown one: a list since version 3, a sentence before."""
    body = answer.json()
    found: set[str] = set()
    if isinstance(body, dict):
        for error in body.get("errors") or ():
            found.update(str(value) for value in error.get("values") or ())
        messages = body.get("message")
        for message in messages if isinstance(messages, list) else [messages]:
            listed = _ALLOWED.search(str(message))
            found.update(word.strip() for word in (listed.group(1).split(",") if listed else ()))
    return found


def _lacking(asked: Sequence[str], granted: Sequence[str]) -> tuple[str, ...]:
    return () if "all" in granted else tuple(permission for permission in asked if permission not in granted)


def _texts(value: object, name: str) -> tuple[str, ...]:
    listed = value.get(name) if isinstance(value, dict) else None
    return tuple(str(text) for text in listed) if isinstance(listed, list) else ()


def _bytes(value: object, name: str) -> int | None:
    """A number of bytes; a server may say 'less than nothing' of a disk that is over-full."""
    found = value.get(name) if isinstance(value, dict) else None
    return max(0, found) if isinstance(found, int) else None


def _text(server: Server, value: object, name: str) -> str:
    text = value.get(name) if isinstance(value, dict) else None
    if not isinstance(text, str) or not text:
        raise Blocked("not_immich", address=server.address, status=200)
    return text
