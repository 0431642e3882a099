"""What a destination shows of our copies, taken into the ledger: there, in the trash, deleted, missing. No local file.

Used by `sync` and `verify` on their lanes. Before a copy counts as gone the server is asked for its bytes once more,
by digest: what is there under another name is there. A deletion that was seen is also written into `intent.jsonl`,
before the ledger, for nothing else would remember it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from agent.destinations.base import Found, Wanted
from agent.destinations.immich.sync import RemoteAsset
from agent.domain.clock import Clock
from agent.domain.removal import is_mass, judge
from agent.store import activity, copies, files, remote
from agent.store.db import Database, Tx
from agent.store.intent import IntentJournal

log = logging.getLogger(__name__)

#: States of a copy that a sighting at the server changes, by where it was seen.
_HISTORY = {"safe": "restored", "in_trash": "trashed"}

#: (content id, sha1, size) or with its present state.
Content = tuple[int, bytes, int]


def _row_of(asset: RemoteAsset) -> remote.AssetRow:
    """An asset as the mirror keeps it."""
    return (
        asset.remote_id,
        asset.owner_id,
        asset.sha1,
        asset.name,
        asset.kind,
        asset.created_at,
        asset.trashed_at,
        asset.is_favorite,
        asset.visibility,
        asset.live_video_id,
        asset.stack_id,
    )


class Mirror:
    """The copies at one destination as it shows them; `check` asks it which contents are there."""

    def __init__(
        self,
        destination_id: str,
        check: Callable[[Sequence[Wanted]], dict[bytes, Found]],
        database: Database,
        intent: IntentJournal,
        clock: Clock,
    ) -> None:
        self._id = destination_id
        self._check = check
        self._database = database
        self._intent = intent
        self._clock = clock

    def saw(self, tx: Tx, assets: Iterable[RemoteAsset], user_id: str, reading: int) -> None:
        """These assets were seen: copies of the same bytes are there, or in the trash.

        What belongs to somebody else, a partner, is no copy of ours: it goes when they delete it or stop sharing.
        """
        own = [asset for asset in assets if asset.owner_id == user_id]
        remote.put_assets(tx, self._id, reading, map(_row_of, own))
        by_digest = {
            asset.sha1: Found(asset.remote_id, in_trash=asset.trashed_at is not None)
            for asset in own
            if asset.sha1 is not None
        }
        contents = remote.contents_of(tx, list(by_digest))
        self._place(tx, {one: by_digest[sha1] for sha1, some in contents.items() for one in some})

    def found(self, answers: Mapping[bytes, Found], asked: Sequence[Content], before: Mapping[int, str]) -> None:
        """The server was asked for contents by digest, and has these.

        `before`: the states of their copies when the question went out. What was heard of a copy since is newer.
        """
        with self._database.write() as tx:
            self._place(tx, {one: answers[sha1] for one, sha1, _ in asked if sha1 in answers}, before)

    def _place(self, tx: Tx, found: Mapping[int, Found], before: Mapping[int, str] | None = None) -> None:
        now_at = self._clock.now_at()
        known = copies.at(tx, self._id, list(found))
        moved: list[int] = []
        for content_id, here in found.items():
            state = "in_trash" if here.in_trash else "safe"
            old = known.get(content_id)
            if before is not None and before.get(content_id) != (old.state if old is not None else None):
                continue
            if old is not None and (old.state, old.remote_id) == (state, here.remote_id):
                continue
            if old is not None and old.state == "not_taken":
                continue  # a sidecar of the same bytes as some asset: not its business
            copies.put(tx, content_id, self._id, state, here.remote_id, now_at)
            moved.append(content_id)
            if old is not None and old.state != state:
                self._note(tx, [content_id], _HISTORY[state])
        self._rise(tx, [one for one in moved if not found[one].in_trash])
        files.derive(tx, files.sharing(tx, moved))

    def _rise(self, tx: Tx, content_ids: Sequence[int]) -> None:
        """What is there again is no longer deleted."""
        buried = {sha1 for destination, sha1 in self._intent.tombstones() if destination == self._id}
        if not buried or not content_ids:
            return
        there = [(row[1], row[2]) for row in copies.contents(tx, content_ids) if row[1] in buried]
        self._intent.unbury(self._id, there, self._clock.now_at())

    def _note(self, tx: Tx, content_ids: Sequence[int], what: str) -> None:
        for file_id in files.sharing(tx, content_ids):
            activity.note(tx, what, file_id, self._id, {}, self._clock.now_at())

    def removed(self, remote_ids: Sequence[str], then: Callable[[Tx], None]) -> None:
        """The server said of these ids that they were deleted for good; `then` is written in the same transaction."""
        tx = self._database.read()
        known = copies.with_remote_ids(tx, self._id, remote_ids)
        states = copies.at(tx, self._id, [one[0] for one in known])
        # Old deletions are told again after a new sign-in: they are no news, and count for no loss of many.
        contents = [one for one in known if states[one[0]].state != "deleted_at_destination"]
        self._gone(contents, then, was_explicit=True, dying=frozenset(remote_ids))

    def lacking(
        self, contents: Sequence[Content], then: Callable[[Tx], None], *, was_explicit: bool = False, all_gone: int = 0
    ) -> None:
        """These were not seen any more. `all_gone`: how many are so in this look, where that is more than are given."""
        self._gone(contents, then, was_explicit=was_explicit, all_gone=all_gone)

    def _gone(
        self,
        contents: Sequence[Content],
        then: Callable[[Tx], None],
        *,
        was_explicit: bool,
        dying: frozenset[str] = frozenset(),
        all_gone: int = 0,
    ) -> None:
        found = self._check([Wanted(sha1, size) for _, sha1, size in contents]) if contents else {}
        found = {sha1: here for sha1, here in found.items() if here.remote_id not in dying}
        gone = [one for one in contents if one[1] not in found]
        known = copies.known_there(self._database.read(), self._id) if gone else 0
        state = judge(was_explicit=was_explicit, gone=max(len(gone), all_gone), known=known)
        if gone and state == "missing_at_destination":
            mass = is_mass(max(len(gone), all_gone), known)
            log.warning(
                "%d of %d copies are missing at %s%s", len(gone), known, self._id, " (too many)" if mass else ""
            )
        if state == "deleted_at_destination" and gone:
            self._intent.bury(self._id, [(sha1, size) for _, sha1, size in gone], self._clock.now_at())
        with self._database.write() as tx:
            self._place(tx, {one: found[sha1] for one, sha1, _ in contents if sha1 in found})
            now = copies.at(tx, self._id, [one for one, _, _ in gone])
            ids = [one for one, copy in now.items() if copy.state != "deleted_at_destination"]  # heard of meanwhile
            copies.set_state(tx, self._id, ids, state)
            self._note(tx, ids, "deleted" if state == "deleted_at_destination" else "missing")
            files.derive(tx, files.sharing(tx, ids))
            then(tx)
