"""The changes at a server for whoever has a key alone: pages of a search, and now and then every copy by its digest.

A part of `sync`, on its lane; writes into the mirror and the ledger as that does. Never touches a local file.
"""

from collections.abc import Callable

from agent.destinations.base import Wanted
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich import sync as wire
from agent.destinations.immich.auth import running_version
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Rejected
from agent.store import copies, remote
from agent.store.db import Database, Tx
from agent.work.server.mirror import Content, Mirror

#: A search looks a little back: changes are not seen in the order of their times.
OVERLAP_MS = 5_000
CHECK_EVERY_MS = 6 * 3_600_000
CHECK_TOGETHER = 5_000


class Search:
    """One destination's."""

    def __init__(
        self, destination_id: str, destination: ImmichDestination, database: Database, mirror: Mirror, clock: Clock
    ) -> None:
        self._id = destination_id
        self._destination = destination
        self._server = destination.server
        self._database = database
        self._mirror = mirror
        self._clock = clock

    def __call__(self, progress: remote.Progress, check: Callable[[], None], *, thorough: bool) -> None:
        """Fetch what changed. What one question does not tell another may: the first refusal is raised at the end.

        A whole reading also forgets what it did not see: pages do not tell of what was deleted.
        """
        refused: list[Fate] = []
        steps: tuple[Callable[[], None], ...] = (
            lambda: self._assets(progress, check),
            lambda: self._albums(progress),
            lambda: self._partners(progress),
        )
        for step in steps:
            try:
                step()
            except (Blocked, Rejected) as error:
                refused.append(error)
        self.ask_for_copies(check, every_ms=0 if thorough else CHECK_EVERY_MS)
        if refused:
            raise refused[0]
        if progress.is_whole:
            with self._database.write() as tx:
                remote.sweep(tx, self._id, progress.reading)

    def _assets(self, progress: remote.Progress, check: Callable[[], None]) -> None:
        user_id = self._destination.user_id()
        since_at = None if progress.cursor_at is None else progress.cursor_at - OVERLAP_MS
        cursor_at = progress.cursor_at or 0
        for page in wire.search(self._server, running_version(self._server), since_at):
            check()
            cursor_at = max([cursor_at, *(asset.updated_at or 0 for asset in page)])
            with self._database.write() as tx:
                self._mirror.saw(tx, page, user_id, progress.reading)
        with self._database.write() as tx:
            remote.note_search(tx, self._id, cursor_at=cursor_at)

    def _albums(self, progress: remote.Progress) -> None:
        try:
            found, etag = wire.albums(self._server, progress.etag)
        except Blocked as problem:
            if problem.code != "permission_missing":
                raise
            return  # a key without them sees no albums; its photos are as safe
        if found is not None:
            with self._database.write() as tx:
                known = {row[0] for row in remote.albums(tx, self._id)}
                remote.drop_albums(tx, self._id, known - {one for one, _ in found})
                remote.put_albums(tx, self._id, progress.reading, found)
                remote.note_search(tx, self._id, etag=etag)

    def _partners(self, progress: remote.Progress) -> None:
        """Who shows us their library; the list is whole each time, and once with each whole reading is enough."""
        if not progress.is_whole:
            return
        try:
            found = wire.partners(self._server)
        except Blocked as problem:
            if problem.code != "permission_missing":
                raise
            return  # as with albums
        with self._database.write() as tx:
            remote.put_users(tx, self._id, progress.reading, found)
            for remote_id, *_ in found:
                remote.set_partner(tx, self._id, progress.reading, remote_id, shares=True)

    def ask_for_copies(self, check: Callable[[], None], *, every_ms: int) -> None:
        """Ask for every copy by its digest, if that was not done within so long."""
        progress, now_at = remote.progress(self._database.read(), self._id), self._clock.now_at()
        checked_at = progress.checked_at if progress is not None else None
        if checked_at is None or not 0 <= now_at - checked_at < every_ms:
            self._check_all(check)
            with self._database.write() as tx:
                remote.note_search(tx, self._id, checked_at=now_at)

    def _check_all(self, check: Callable[[], None]) -> None:
        """Ask for every copy by digest. One that was seen in the trash and is gone was deleted; others are missing."""
        gone: dict[str, list[Content]] = {"in_trash": [], "safe": []}
        after = 0
        while rows := copies.stretch(self._database.read(), self._id, after, CHECK_TOGETHER):
            check()
            after = rows[-1][0]
            answers = self._destination.check([Wanted(sha1, size) for _, sha1, size, _ in rows])
            self._mirror.found(answers, [row[:3] for row in rows], {row[0]: row[3] for row in rows})
            for row in rows:
                if row[1] not in answers and row[3] in gone:
                    gone[row[3]].append(row[:3])
        in_all = sum(map(len, gone.values()))
        for state, some in gone.items():
            if some:
                self._mirror.lacking(some, _nothing, was_explicit=state == "in_trash", all_gone=in_all)


def _nothing(_: Tx) -> None:
    pass
