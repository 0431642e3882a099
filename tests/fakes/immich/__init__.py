"""A stand-in for an Immich server: a real HTTP server on loopback, for tests and benchmarks.

For: everything outside this folder uses only the names exported here, or runs the package as a program::

    with StandIn() as server:
        upload(server.url, server.api_key())
        assert [asset.filename for asset in server.assets] == ["IMG_1.jpg"]

``StandIn(version="2.7.5")`` behaves as that release. ``server.live`` holds the websockets, ``server.provider`` the
identity provider, ``server.address(...)`` opens further ways to the same server, ``server.faults`` makes trouble.
Must not: be imported by the product.
Thread: the test's; the server runs in a thread of its own.
"""

from __future__ import annotations

from . import edits
from .addresses import Address
from .certificates import Authority, Certificate, self_signed
from .counters import Counters, Record
from .crowd import Crowd
from .faults import Fault, Faults
from .hall import Hall
from .journal import read_journal
from .models import Album, ApiKey, Asset, Session, Stack, Tag, User
from .provider import Provider, challenge_of
from .standin import StandIn
from .upheaval import Backup

__all__ = [
    "Address",
    "Album",
    "ApiKey",
    "Asset",
    "Authority",
    "Backup",
    "Certificate",
    "Counters",
    "Crowd",
    "Fault",
    "Faults",
    "Hall",
    "Provider",
    "Record",
    "Session",
    "Stack",
    "StandIn",
    "Tag",
    "User",
    "challenge_of",
    "edits",
    "read_journal",
    "self_signed",
]
