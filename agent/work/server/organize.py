"""The job `organize`: works off what is to be arranged at a server, after the copies were made.

Runs on the destination's lane, a batch at a time. Payload: `destination`, and with `whole` the `folder_id` whose rules
changed. Every step is repeatable: an album is found by its name before one is made, what is in it already is no error,
and rows go only after the server has confirmed them.
"""

import logging
from collections.abc import Callable, Sequence
from itertools import groupby

from agent.destinations.base import Wanted
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich import organize as remote
from agent.destinations.immich.organize import Gone
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, Rejected
from agent.domain.refusals import of_one_question
from agent.store import activity, copies, files, lost, organize
from agent.store.db import Database
from agent.store.intent import IntentJournal
from agent.store.jobs import Claimed
from agent.store.organize import Kind, Wish
from agent.work.folders import Folders
from agent.work.server.again import copy_again
from agent.work.server.arrange import Arrange
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: Rows of the queue that are worked off together.
ROUND = 2_000
#: A missing album is made once more; then somebody keeps deleting it.
LOOKS = 2

_Rows = list[tuple[int, Wish]]


class Organize:
    """The handler of `organize` for one destination."""

    def __init__(
        self,
        destination_id: str,
        destination: ImmichDestination,
        database: Database,
        watched: Folders,
        intent: IntentJournal,
        clock: Clock,
        checkpoint: Callable[[str], None],
    ) -> None:
        self._id = destination_id
        self._destination = destination
        self._server = destination.server
        self._database = database
        self._folders = watched
        self._intent = intent
        self._arrange = Arrange(destination_id, watched)
        self._clock = clock
        self._checkpoint = checkpoint

    def __call__(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        """Run a batch: the queue is one for all of the destination's jobs."""
        for job in batch:
            if job.payload.get("whole"):
                self._whole(scope, job)
        steps: tuple[tuple[Kind, Callable[[_Rows], None]], ...] = (
            ("restore", lambda rows: self._restore(rows, batch[0].group_id)),
            ("live", lambda rows: self._each(rows, self._link)),
            ("show", lambda rows: self._each(rows, self._show)),
            ("album", self._albums),
            ("tag", self._tags),
            ("stack", self._stacks),
        )
        refused: list[Fate] = []
        for kind, step in steps:
            try:
                while rows := organize.waiting(self._database.read(), self._id, kind, ROUND):
                    scope.check(batch[0])
                    step(rows)
            except Blocked as problem:
                # A key that may not do this still backs up: the lane stays open, the rows wait for better days.
                refused.append(of_one_question(problem, "organize_refused"))
                if refused[-1] is problem:
                    raise
        if refused:
            raise _of_all(refused)
        with self._database.write() as tx:
            for job in batch:
                scope.complete(tx, job)

    def _whole(self, scope: Scope, job: Claimed) -> None:
        folder_id = job.payload.get("folder_id")
        folder = self._folders.get(folder_id) if isinstance(folder_id, int) else None
        after: int | None = 0
        while folder is not None and after is not None:
            scope.check(job)
            with self._database.write() as tx:
                after = self._arrange.whole_folder(tx, folder, after)

    def _link(self, wish: Wish) -> None:
        if remote.facts(self._server, wish.name).get("livePhotoVideoId") is None:
            remote.link_live(self._server, wish.name, wish.remote_id)

    def _show(self, wish: Wish) -> None:
        if remote.facts(self._server, wish.remote_id).get("visibility") == "hidden":
            remote.show(self._server, wish.remote_id, wish.name or "timeline")

    def _each(self, rows: _Rows, do: Callable[[Wish], None]) -> None:
        for row_id, wish in rows:
            try:
                do(wish)
            except Gone as gone:
                log.info("not arranged, for it is not there: %s", gone)
            except Rejected as error:
                log.info("not arranged: %s", error)
            self._done([row_id])

    def _done(self, ids: Sequence[int]) -> None:
        self._checkpoint("arranged")
        with self._database.write() as tx:
            organize.done(tx, ids)

    def _albums(self, rows: _Rows) -> None:
        for name, some in groupby(rows, key=lambda row: row[1].name):
            together = list(some)
            ids = [wish.remote_id for _, wish in together]
            refused = self._fill_album(name, ids)
            if refused:
                # Deleted meanwhile, or in the locked folder: nothing that another try would change.
                log.info("%d assets were not taken into an album", len(refused))
            self._note_album(name, sorted(set(ids) - set(refused)))
            self._done([row_id for row_id, _ in together])

    def _note_album(self, name: str, ids: Sequence[str]) -> None:
        """A line in the history of the files whose copies are in the album now."""
        with self._database.write() as tx:
            held = [content_id for content_id, _, _ in copies.with_remote_ids(tx, self._id, ids)]
            activity.note_once(tx, "in_album", files.sharing(tx, held), self._id, {"album": name}, self._clock.now_at())

    def _fill_album(self, name: str, ids: list[str]) -> list[str]:
        for _ in range(LOOKS):
            album_id = organize.album(self._database.read(), self._id, name)
            if album_id is None:
                album_id = remote.find_album(self._server, name, self._destination.user_id())
                if album_id is None:
                    album_id = remote.make_album(self._server, name)
                    self._checkpoint("album_made")
                with self._database.write() as tx:
                    organize.link_album(tx, self._id, name, album_id)
            try:
                return remote.add_to_album(self._server, album_id, ids)
            except Gone:
                with self._database.write() as tx:
                    organize.link_album(tx, self._id, name, None)
        return ids

    def _tags(self, rows: _Rows) -> None:
        for name, some in groupby(rows, key=lambda row: row[1].name):
            together = list(some)
            self._all_or_each(together, lambda ids, name=name: remote.tag(self._server, name, ids))  # type: ignore[misc]

    def _all_or_each(self, rows: _Rows, do: Callable[[list[str]], None]) -> None:
        """Together; where one of them is not there any more, one by one."""
        try:
            do([wish.remote_id for _, wish in rows])
            self._done([row_id for row_id, _ in rows])
        except (Gone, Rejected):
            if len(rows) == 1:
                self._done([rows[0][0]])
                return
            for row in rows:
                self._all_or_each([row], do)

    def _stacks(self, rows: _Rows) -> None:
        for name, some in groupby(rows, key=lambda row: row[1].name):
            together = list(some)
            if len(together) == len(rows) == ROUND:
                log.warning("a stack of %d is too large", len(together))
            elif together[-1] == rows[-1] and len(rows) == ROUND:
                continue  # the rest of this stack is in the next round
            try:
                if len(together) > 1:
                    remote.stack(self._server, [wish.remote_id for _, wish in together])
            except (Gone, Rejected) as error:
                log.info("stack %s was not made: %s", name, error)
            self._done([row_id for row_id, _ in together])

    def _restore(self, rows: _Rows, group_id: int | None) -> None:
        """Out of the trash; then the server is asked what came of it. What is not there any more is copied again."""
        self._all_or_each_restored(rows)
        tx = self._database.read()
        contents = copies.with_remote_ids(tx, self._id, [wish.remote_id for _, wish in rows])
        found = self._destination.check([Wanted(sha1, size) for _, sha1, size in contents])
        now_at = self._clock.now_at()
        with self._database.write() as write:
            there = [(sha1, size) for _, sha1, size in contents if sha1 in found and not found[sha1].in_trash]
            self._intent.unbury(self._id, there, now_at)
            gone = [one for one in contents if one[1] not in found]
            assets = lost.assets_with(write, [content_id for content_id, _, _ in gone])
            copy_again(write, self._intent, self._id, gone, assets, group_id=group_id, now_at=now_at)
            for content_id, sha1, _ in contents:
                here = found.get(sha1)
                if here is not None and not here.in_trash:
                    copies.put(write, content_id, self._id, "safe", here.remote_id, now_at)
                    for file_id in files.sharing(write, [content_id]):
                        activity.note(write, "restored", file_id, self._id, {}, now_at)
            touched = files.sharing(write, [content_id for content_id, _, _ in contents])
            files.derive(write, touched)
            organize.done(write, [row_id for row_id, _ in rows])

    def _all_or_each_restored(self, rows: _Rows) -> None:
        try:
            remote.restore(self._server, [wish.remote_id for _, wish in rows])
        except (Gone, Rejected) as error:
            if len(rows) == 1:
                log.info("not restored: %s", error)
                return
            for row in rows:
                self._all_or_each_restored([row])


def _of_all(refused: Sequence[Fate]) -> Fate:
    """One fate for all steps: what may pass is tried again, else every permission that is missing is named."""
    passing = [error for error in refused if not isinstance(error, Rejected)]
    missing = [str(error.args_.get("permission")) for error in refused]
    return passing[0] if passing else Rejected("permission_missing", permission=", ".join(missing))
