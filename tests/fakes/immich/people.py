"""Users, partners, API keys and sessions of the stand-in.

For: looking up who a credential belongs to, and creating credentials for tests.
Must not: decide whether a request is allowed (``auth.py``) or speak HTTP.
Thread: any; each method takes the shared lock.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from .calendar import iso
from .ledger import Ledger
from .models import ApiKey, Partner, Session, User


@dataclass(frozen=True, slots=True)
class Device:
    """What a session's line in the list of devices says about the computer."""

    type: str = ""
    os: str = ""
    app_version: str | None = None


class People:
    """The accounts of one stand-in. The first user is the administrator."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pulse = ledger.pulse
        self.users: dict[str, User] = {}
        self.keys: dict[str, ApiKey] = {}
        self.sessions: dict[str, Session] = {}
        self.partners: list[Partner] = []

    # -- users -----------------------------------------------------------------------------

    def add_user(
        self, email: str, password: str, *, name: str = "", is_admin: bool = False, quota: int | None = None
    ) -> User:
        """Create an account. The e-mail address is kept in lower case."""
        user = User(email.lower(), password, name or email.partition("@")[0].title(), is_admin, quota)
        with self._pulse.lock:
            user.mark = self._ledger.mark()
            self.users[user.id] = user
        return user

    def by_email(self, email: str) -> User | None:
        """The account with this address."""
        return next((user for user in self.users.values() if user.email == email.lower()), None)

    def remove_user(self, user: User) -> None:
        """Delete an account with its credentials; its assets are the caller's business."""
        with self._pulse.lock:
            del self.users[user.id]
            self.close_sessions(self.sessions_of(user))
            for secret in [secret for secret, key in self.keys.items() if key.user is user]:
                del self.keys[secret]
            self._ledger.bury("user", self.users.values(), userId=user.id)

    def share_with(self, owner: User, other: User) -> Partner:
        """Let ``other`` see all assets of ``owner``."""
        with self._pulse.lock:
            partner = self.partner(owner, other)
            if partner is None:
                mark = self._ledger.mark()
                partner = Partner(owner, other, create_mark=mark, mark=mark)
                self.partners.append(partner)
            return partner

    def partner(self, owner: User, other: User) -> Partner | None:
        """The partnership in which ``other`` sees the assets of ``owner``."""
        return next((one for one in self.partners if one.shared_by is owner and one.shared_with is other), None)

    def end_partner(self, partner: Partner) -> None:
        """End a partnership."""
        with self._pulse.lock:
            self.partners.remove(partner)
            by, to = partner.shared_by, partner.shared_with
            self._ledger.bury("partner", [by, to], sharedById=by.id, sharedWithId=to.id)

    # -- sessions --------------------------------------------------------------------------

    def sign_in(self, email: str, password: str, device: Device = Device()) -> Session | None:
        """A new session, or None when address or password is wrong."""
        with self._pulse.lock:
            user = self.by_email(email)
            if user is None or user.password != password:
                return None
            return self.open_session(user, device=device)

    def open_session(
        self,
        user: User,
        parent: str | None = None,
        *,
        device: Device = Device(),
        duration_s: float | None = None,
        by_oauth: bool = False,
    ) -> Session:
        """A new session without asking for the password."""
        now = self._ledger.calendar.now()
        session = Session(user, secrets.token_urlsafe(32), parent=parent, by_oauth=by_oauth)
        session.device_type, session.device_os, session.app_version = device.type, device.os, device.app_version
        session.created_at = session.updated_at = iso(now)
        session.expires_at = None if duration_s is None else iso(now + timedelta(seconds=duration_s))
        with self._pulse.lock:
            self.sessions[session.token] = session
            self._pulse.beat()
        return session

    def session(self, token: str) -> Session | None:
        """The session of a token, unless it has expired."""
        session = self.sessions.get(token)
        if session is None or (session.expires_at is not None and session.expires_at <= self._ledger.now_iso()):
            return None
        return session

    def sessions_of(self, user: User) -> list[Session]:
        """The devices of a user, oldest first."""
        return [session for session in self.sessions.values() if session.user is user]

    def session_by_id(self, user: User, session_id: str) -> Session | None:
        """A session of a user by its id."""
        return next((one for one in self.sessions_of(user) if one.id == session_id), None)

    def close_session(self, token: str) -> None:
        """End a session and the sessions made from it."""
        with self._pulse.lock:
            session = self.sessions.get(token)
            if session is not None:
                self.close_sessions([session])

    def close_sessions(self, sessions: Iterable[Session]) -> None:
        """End sessions with those made from them, and tell each of them."""
        with self._pulse.lock:
            for session in list(sessions):
                if self.sessions.pop(session.token, None) is None:
                    continue
                self._ledger.tell("session_deleted", session.user, session.id)
                self.close_sessions([one for one in self.sessions.values() if one.parent == session.id])

    # -- keys ------------------------------------------------------------------------------

    def add_key(self, user: User, permissions: list[str], name: str = "API Key") -> tuple[str, ApiKey]:
        """Create an API key; returns its secret and its record."""
        secret = secrets.token_hex(21)
        key = ApiKey(user, name, list(permissions))
        with self._pulse.lock:
            self.keys[secret] = key
        return secret, key

    def key_by_id(self, user: User, key_id: str) -> ApiKey | None:
        """A key of a user by its id."""
        return next((key for key in self.keys.values() if key.id == key_id and key.user is user), None)

    def drop_key(self, user: User, key_id: str) -> bool:
        """Revoke a key by its id; False when the user has no such key."""
        with self._pulse.lock:
            for secret, key in self.keys.items():
                if key.id == key_id and key.user is user:
                    del self.keys[secret]
                    return True
        return False

    def clear(self) -> None:
        """Forget every account and every credential."""
        with self._pulse.lock:
            for table in (self.users, self.keys, self.sessions):
                table.clear()
            self.partners.clear()
