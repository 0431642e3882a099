"""Bringing one photo or video to the server, and asking which contents it has.

Runs in lane threads. Must not retry by itself (but for a line that had rested too long): a fate says what is next.
Facts: an announced digest that the server has is believed without a look at the bytes, one that it has not is passed
over, and it makes its own of what arrives: only asking afterwards shows which bytes are there. A duplicate may lie in
the trash, or be about to vanish for good.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence

from agent.destinations.base import Found, Item, Placed, Wanted
from agent.destinations.immich.form import Form
from agent.destinations.immich.http import Server
from agent.destinations.immich.line import Request
from agent.domain.errors import Blocked, Transient

#: The server puts all digests of a question into one statement; its own tools ask for as many.
CHECK_BATCH = 5_000


def check(server: Server, wanted: Sequence[Wanted]) -> dict[bytes, Found]:
    """Which contents the account has, those in the trash included."""
    digests = list(dict.fromkeys(want.sha1 for want in wanted))
    found: dict[bytes, Found] = {}
    for start in range(0, len(digests), CHECK_BATCH):
        found |= _ask(server, digests[start : start + CHECK_BATCH])
    return found


def _ask(server: Server, digests: Sequence[bytes]) -> dict[bytes, Found]:
    # The server echoes the ids: numbers tell it nothing about this computer.
    by_number = {str(number): digest for number, digest in enumerate(digests)}
    asked = [{"id": number, "checksum": digest.hex()} for number, digest in by_number.items()]
    answer = server.ask("POST", "/assets/bulk-upload-check", {"assets": asked})
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != len(digests) or not all(isinstance(r, dict) for r in results):
        raise Blocked("not_immich", address=server.address, status=200)
    found: dict[bytes, Found] = {}
    for result in results:
        digest, remote_id = by_number.get(str(result.get("id"))), result.get("assetId")
        if digest is not None and result.get("action") == "reject" and remote_id:
            found[digest] = Found(str(remote_id), in_trash=bool(result.get("isTrashed")))
    return found


def put(server: Server, item: Item, progress: Callable[[int], None]) -> Placed:
    """Make the item be there. Raises `Transient` `copy_vanished` when the server knows it only for a moment more."""
    source = item.source
    form = Form(item, f"safelight-{secrets.token_hex(16)}")
    heard = -1

    def sent(body_bytes: int) -> None:
        nonlocal heard
        now = form.file_bytes(body_bytes)
        if now > heard:  # a request sent again begins at zero; a person should not see that
            heard = now
            progress(now)

    there: Found | None = None
    was_asked = False

    def may_repeat() -> bool:
        """The server may have taken it before a line broke or a proxy gave up: it is not sent a second time then."""
        nonlocal there, was_asked
        if was_asked:  # on the line of the question, which has not rested too long
            return False
        was_asked = True
        there = _ask(server, [source.sha1]).get(source.sha1)
        return there is None

    headers: Mapping[str, str] = {"Content-Type": form.content_type, "x-immich-checksum": source.sha1.hex()}
    try:
        answer = server.exchange(Request("POST", "/assets", headers, form.pieces, len(form), sent, may_repeat))
    except Transient:
        if there is None:
            raise
    if there is not None:
        sent(len(form))
        return Placed(there.remote_id, created=True, in_trash=there.in_trash, sidecar_taken=form.has_sidecar)
    value = answer.json()
    remote_id = value.get("id") if isinstance(value, dict) else None
    if answer.status not in {200, 201} or not remote_id:
        raise server.verdict(answer, size_bytes=source.size_bytes)
    sent(len(form))
    if answer.status == 201:
        return Placed(str(remote_id), created=True, sidecar_taken=form.has_sidecar)
    return _placed_before(server, source.sha1)


def _placed_before(server: Server, sha1: bytes) -> Placed:
    """A duplicate is no proof: between a delete for good and its carrying out the server still says so."""
    found = _ask(server, [sha1]).get(sha1)
    if found is None:
        raise Transient("copy_vanished")
    return Placed(found.remote_id, created=False, in_trash=found.in_trash)
