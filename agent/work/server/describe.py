"""The job `describe`: tells a server what a sidecar says that came, or changed, after its picture was uploaded.

Runs on the destination's lane, one asset at a time. Payload: `destination`, `asset_id`. The server is asked first and
told only what differs, so a second run does nothing. What was the server's before we came stays as it is there; only
what is empty is filled. The sidecar itself stays here; its copy is `not_taken`, unless its bytes once went along.
"""

import logging
from collections.abc import Callable, Sequence

from agent.destinations.immich import ImmichDestination
from agent.destinations.immich import describe as remote
from agent.destinations.immich.organize import Gone
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, FileChanged, FileVanished, Rejected, Transient
from agent.domain.refusals import of_one_question
from agent.files import read
from agent.store import activity, copies, files
from agent.store.db import Database
from agent.store.files import Member
from agent.store.jobs import Claimed
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: What each field is of, as the history names it.
_NAMES = {"dateTimeOriginal": "date", "latitude": "place", "longitude": "place"}


class Describe:
    """The handler of `describe` for one destination."""

    def __init__(
        self,
        destination_id: str,
        destination: ImmichDestination,
        database: Database,
        clock: Clock,
        checkpoint: Callable[[str], None],
    ) -> None:
        self._id = destination_id
        self._server = destination.server
        self._database = database
        self._clock = clock
        self._checkpoint = checkpoint

    def __call__(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        """Run a batch. What concerns one picture alone ends its job alone."""
        for job in batch:
            scope.check(job)
            try:
                told, sidecar_id = self._tell(scope, job)
            except (Blocked, Rejected, Transient) as error:
                found = of_one_question(error, "describe_refused")
                if isinstance(found, Blocked) or found.code == "permission_missing":
                    raise found from error
                self._put_off(scope, job, found)
                continue
            self._checkpoint("described")
            with self._database.write() as tx:
                if told and sidecar_id is not None:
                    fields = ", ".join(told)
                    activity.note(tx, "described", sidecar_id, self._id, {"fields": fields}, self._clock.now_at())
                scope.complete(tx, job, {"fields": list(told)})

    def _put_off(self, scope: Scope, job: Claimed, error: Fate) -> None:
        with self._database.write() as tx:
            if isinstance(error, Transient):
                scope.retry(tx, job, error)
            else:
                scope.fail(tx, job, error)

    def _tell(self, scope: Scope, job: Claimed) -> tuple[tuple[str, ...], int | None]:
        """What the server was told, and the sidecar's file id; nothing where there is nothing (any more) to tell."""
        asset_id = job.payload.get("asset_id")
        found = self._pair(asset_id) if isinstance(asset_id, int) else None
        if found is None:
            return (), None
        sidecar, remote_id, is_ours = found
        from agent.domain.xmp import LARGEST_BYTES, read_xmp  # an agent that meets no sidecar needs no XML parser

        if sidecar.size_bytes > LARGEST_BYTES:
            return (), None
        try:
            content = b"".join(
                read.chunks(sidecar.path, sidecar.sha1 or b"", sidecar.size_bytes, check=lambda: scope.check(job))
            )
            said = read_xmp(content)
            if said.is_empty:
                return (), None
            there = remote.shown(self._server, remote_id)
            fields = remote.changes(said, there, only_empty=not is_ours)
            tags = () if there.in_trash else tuple(one for one in said.tags if one not in there.tags)
            remote.describe(self._server, remote_id, {} if there.in_trash else fields, tags)
        except (FileChanged, FileVanished, Gone) as error:
            log.info("a sidecar is not told of: %s", error)
            return (), None
        if there.in_trash:
            return (), None
        names = [_NAMES.get(field, field) for field in fields] + (["tags"] if tags else [])
        return tuple(dict.fromkeys(names)), sidecar.id

    def _pair(self, asset_id: int) -> tuple[Member, str, bool] | None:
        """The sidecar that the server did not take, the id of its picture there, and whether we uploaded that."""
        tx = self._database.read()
        members = files.members(tx, [asset_id]).get(asset_id, [])
        by_role = {member.role: member for member in members}
        sidecar, main = by_role.get("sidecar"), by_role.get("still") or by_role.get("video")
        if sidecar is None or main is None or sidecar.content_id is None or main.content_id is None:
            return None
        known = copies.at(tx, self._id, [sidecar.content_id, main.content_id])
        left, here = known.get(sidecar.content_id), known.get(main.content_id)
        if left is None or here is None or here.state != "safe" or here.remote_id is None:
            return None
        return sidecar, here.remote_id, activity.happened(tx, "uploaded", main.id, self._id)
