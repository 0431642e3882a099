"""What every call is made of: the base of its messages, the two that many share, and a row of the table of calls.

Kept apart from `methods` so that a group of calls may have a module of its own.
"""

from msgspec import Struct


class Message(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters or a result: immutable, unknown fields refused."""


class Nothing(Message, frozen=True):
    """No parameters, or: accepted, and nothing more to say."""


class PathRef(Message, frozen=True):
    """A path as wire text."""

    path: str


class Method(Struct, frozen=True):
    """A row of the table: what goes in, what comes out, what it does, and an example of its parameters."""

    name: str
    params: type[Message]
    result: type[Struct]
    doc: str
    example: Message
