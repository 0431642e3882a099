"""What proves who we are to a server, as one text for the keyring: a key, or a session with the one it came from.

Pure. A pasted key alone stays the plain text that it was; anything more is JSON. Must not be logged or shown.
"""

import json
from collections.abc import Mapping
from typing import Literal

from agent.record import Record, field


class Secret(Record, frozen=True):
    """`token` is what is sent. `parent` is the session that ours was made from: it must live as long as ours.

    `key_id` names an API key that we made, to be revoked at the end. `headers` are what a proxy in front asks for.
    """

    kind: Literal["key", "session"]
    token: str
    parent: str | None = None
    key_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Secret({self.kind})"

    def to_text(self) -> str:
        """As the keyring keeps it."""
        if self.kind == "key" and self.key_id is None and not self.headers and not self.token.startswith("{"):
            return self.token
        kept = {"kind": self.kind, "token": self.token, "parent": self.parent, "key_id": self.key_id}
        return json.dumps({**{name: value for name, value in kept.items() if value}, "headers": dict(self.headers)})

    def sent(self) -> dict[str, str]:
        """The headers of every request."""
        own = {"Authorization": f"Bearer {self.token}"} if self.kind == "session" else {"x-api-key": self.token}
        return {**self.headers, **own}

    def all(self) -> list[str]:
        """Every part that nobody may see."""
        return [self.token, *([self.parent] if self.parent else []), *self.headers.values()]


def read_secret(text: str) -> Secret:
    """From the keyring; what is no JSON of ours is a key."""
    try:
        kept = json.loads(text) if text.startswith("{") else None
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or kept.get("kind") not in ("key", "session") or not kept.get("token"):
        return Secret("key", text)
    headers = kept.get("headers")
    return Secret(
        kept["kind"],
        str(kept["token"]),
        parent=str(kept["parent"]) if kept.get("parent") else None,
        key_id=str(kept["key_id"]) if kept.get("key_id") else None,
        headers={str(k): str(v) for k, v in headers.items()} if isinstance(headers, dict) else {},
    )
