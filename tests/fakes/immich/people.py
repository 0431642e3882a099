"""Users, API keys and sessions of the stand-in.

For: looking up who a credential belongs to, and creating credentials for tests.
Must not: decide whether a request is allowed (``auth.py``) or speak HTTP.
Thread: any; each method takes the shared lock.
"""

from __future__ import annotations

import secrets

from .models import ApiKey, Session, User
from .pulse import Pulse


class People:
    """The accounts of one stand-in. The first user is the administrator."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self.users: dict[str, User] = {}
        self.keys: dict[str, ApiKey] = {}
        self.sessions: dict[str, Session] = {}

    def add_user(
        self, email: str, password: str, *, name: str = "", is_admin: bool = False, quota: int | None = None
    ) -> User:
        """Create an account. The e-mail address is kept in lower case."""
        user = User(email.lower(), password, name or email.partition("@")[0].title(), is_admin, quota)
        with self._pulse.lock:
            self.users[user.id] = user
        return user

    def sign_in(self, email: str, password: str) -> Session | None:
        """A new session, or None when address or password is wrong."""
        with self._pulse.lock:
            for user in self.users.values():
                if user.email == email.lower() and user.password == password:
                    return self.open_session(user)
        return None

    def open_session(self, user: User, parent: str | None = None) -> Session:
        """A new session without asking for the password."""
        session = Session(user, secrets.token_urlsafe(32), parent=parent)
        with self._pulse.lock:
            self.sessions[session.token] = session
        return session

    def close_session(self, token: str) -> None:
        """End a session and the sessions made from it."""
        with self._pulse.lock:
            session = self.sessions.pop(token, None)
            if session is None:
                return
            for other in [one for one in self.sessions.values() if one.parent == session.id]:
                del self.sessions[other.token]

    def add_key(self, user: User, permissions: list[str], name: str = "API Key") -> tuple[str, ApiKey]:
        """Create an API key; returns its secret and its record."""
        secret = secrets.token_hex(21)
        key = ApiKey(user, name, list(permissions))
        with self._pulse.lock:
            self.keys[secret] = key
        return secret, key

    def drop_key(self, user: User, key_id: str) -> bool:
        """Revoke a key by its id; False when the user has no such key."""
        with self._pulse.lock:
            for secret, key in self.keys.items():
                if key.id == key_id and key.user is user:
                    del self.keys[secret]
                    return True
        return False
