"""A stand-in for an Immich 3.1.0 server: a real HTTP server on loopback, for tests and benchmarks.

For: everything outside this folder uses only the names exported here, or runs the package as a program::

    with StandIn() as server:
        upload(server.url, server.api_key())
        assert [asset.filename for asset in server.assets] == ["IMG_1.jpg"]

Must not: be imported by the product.
Thread: the test's; the server runs in a thread of its own.
"""

from __future__ import annotations

from .counters import Counters, Record
from .faults import Fault, Faults
from .journal import read_journal
from .models import Album, ApiKey, Asset, Session, User
from .standin import StandIn

__all__ = [
    "Album",
    "ApiKey",
    "Asset",
    "Counters",
    "Fault",
    "Faults",
    "Record",
    "Session",
    "StandIn",
    "User",
    "read_journal",
]
