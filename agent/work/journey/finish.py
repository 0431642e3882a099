"""The second durable hand-over: proves new copies and writes down copies, failures, history and the ends of the jobs.

Runs on the destination's lane thread. A copy counts as safe only after the destination has shown that it has these very
bytes; all that belongs together is written in one transaction.
"""

import logging
from collections.abc import Callable

from agent.destinations.base import Destination, Wanted
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, FileChanged, FileVanished, Interrupted, Transient
from agent.domain.refusals import of_a_check
from agent.store import activity, copies, files, folders
from agent.store.db import Database, Tx
from agent.work.journey.batch import Batched, write_digests
from agent.work.journey.transfers import Transfers
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: What waits for a way or for room that does not say when is looked at again after so long.
LOOK_AGAIN_S = 60.0


class Finish:
    """The ends of uploads to one destination."""

    def __init__(
        self,
        destination_id: str,
        destination: Destination,
        database: Database,
        clock: Clock,
        transfers: Transfers,
        *,
        arrange: Callable[[Tx, Batched, int, bool], None] | None,
        on_finished: Callable[[], None],
        checkpoint: Callable[[str], None],
    ) -> None:
        self._id = destination_id
        self._destination = destination
        self._database = database
        self._clock = clock
        self._transfers = transfers
        self._arrange = arrange
        self._on_finished = on_finished
        self._checkpoint = checkpoint

    def be_wanted(self, tx: Tx) -> None:
        """Raise Interrupted when the destination was removed meanwhile, and with it all that could be written down."""
        if not folders.is_destination(tx, self._id):
            raise Interrupted("cancel")

    def finish(self, scope: Scope, assets: list[Batched]) -> Fate | None:
        """Prove the new copies and write everything down in one transaction."""
        if not assets:
            return None
        try:
            self._prove(assets)
        except Fate as error:
            if not isinstance(error, Blocked | Transient):
                raise
            for asset in assets:
                for piece in asset.pieces:
                    if piece.is_new:
                        piece.outcome, piece.error = None, error
        self._checkpoint("placed")
        completed = failed = size_bytes = 0
        with self._database.write() as tx:
            self.be_wanted(tx)
            write_digests(tx, (piece for asset in assets for piece in asset.pieces), self._clock.now_at())
            for asset in assets:
                done, lost = self._end(scope, tx, asset)
                completed, failed = completed + done, failed + lost
                size_bytes += asset.job.weight_bytes
            self._derive(tx, assets)
        log.debug("%s: %d ended, %d of them without success", self._id, completed + failed, failed)
        self._checkpoint("finished")
        self._transfers.count(completed=completed, failed=failed, size_bytes=size_bytes)
        self._on_finished()
        return next((found for found in map(Batched.error, assets) if isinstance(found, Blocked)), None)

    def _prove(self, assets: list[Batched]) -> None:
        """Ask the destination whether it has what we put: by digest, in one question."""
        pieces = [(asset, piece) for asset in assets for piece in asset.pieces if piece.is_new]
        if not pieces:
            return
        wanted = [Wanted(piece.sha1 or b"", piece.member.size_bytes, piece.remote_id) for _, piece in pieces]
        try:
            found = self._destination.check(wanted)
        except Transient as error:
            raise of_a_check(error) from error
        for asset, piece in pieces:
            proof = found.get(piece.sha1 or b"")
            if proof is not None:
                piece.settle(proof)
                continue
            for one in asset.pieces:  # with the sidecar that went along with it
                if one.remote_id == piece.remote_id:
                    one.outcome, one.error = None, Transient("not_proven")

    def _end(self, scope: Scope, tx: Tx, asset: Batched) -> tuple[int, int]:
        """Write one asset's copies, failures, history and the end of its job. Returns (completed, failed)."""
        now_at = self._clock.now_at()
        self._write_down(tx, asset, now_at)
        _distrust(tx, asset)
        completed, failed = self._end_job(scope, tx, asset, now_at)
        if self._arrange is not None:
            self._arrange(tx, asset, now_at, failed > 0)
        return completed, failed

    def _end_job(self, scope: Scope, tx: Tx, asset: Batched, now_at: int) -> tuple[int, int]:
        error = asset.error()
        is_over = False
        match error:
            case None:
                vanished = all(isinstance(piece.error, FileVanished) for piece in asset.pieces)
                scope.complete(tx, asset.job, {"outcome": "vanished" if vanished else "safe"})
                return 1, 0
            case Blocked() | Interrupted():
                scope.give_back(tx, asset.job)
            case FileChanged():  # no attempt: it did not have its chance
                scope.give_back(tx, asset.job, changed=True)
            case Transient(code="waits_for_route" | "waits_for_room"):
                scope.give_back(tx, asset.job, after_s=error.retry_after_s or LOOK_AGAIN_S, error=error)
                self._note_waiting(tx, asset, now_at)
            case Transient():
                is_over = not scope.retry(tx, asset.job, error)
            case _:
                is_over = scope.fail(tx, asset.job, error)
        if is_over:
            self._note_failure(tx, asset, now_at)
        return 0, int(is_over)

    def _write_down(self, tx: Tx, asset: Batched, now_at: int) -> None:
        for piece in asset.pieces:
            if piece.outcome is not None and piece.content_id is not None:
                if not piece.is_known:  # else nobody has just seen it there, and it may have gone since
                    copies.put(tx, piece.content_id, self._id, piece.outcome, piece.remote_id, now_at)
                copies.forgive(tx, [piece.member.id], self._id)
                if piece.is_new:
                    activity.note(tx, "uploaded", piece.member.id, self._id, {}, now_at)
            elif isinstance(piece.error, FileVanished):
                folders.vanished(tx, piece.member, now_at)

    def _note_failure(self, tx: Tx, asset: Batched, now_at: int) -> None:
        for piece in asset.pieces:
            if piece.error is not None and not isinstance(piece.error, FileVanished):
                copies.fail(tx, piece.member.id, self._id, piece.error.code, piece.error.args_, now_at)
                activity.note(tx, "failed", piece.member.id, self._id, {"code": piece.error.code}, now_at)

    def _note_waiting(self, tx: Tx, asset: Batched, now_at: int) -> None:
        for piece in asset.pieces:
            is_told = isinstance(piece.error, Transient) and piece.error.code == "waits_for_room"
            if is_told and piece.error is not None and piece.member.role != "sidecar":
                copies.fail(tx, piece.member.id, self._id, piece.error.code, piece.error.args_, now_at)

    def _derive(self, tx: Tx, assets: list[Batched]) -> None:
        pieces = [piece for asset in assets for piece in asset.pieces]
        contents = [piece.content_id for piece in pieces if piece.content_id is not None]
        files.derive(tx, sorted({piece.member.id for piece in pieces} | set(files.sharing(tx, contents))))


def _distrust(tx: Tx, asset: Batched) -> None:
    """What changed on its way, or arrived with another digest, is read again; of what travels together, all of it."""
    if any(isinstance(piece.error, FileChanged) or _is_unproven(piece.error) for piece in asset.pieces):
        for piece in asset.pieces:
            if piece.outcome is None:
                files.distrust(tx, piece.member.id)


def _is_unproven(error: Fate | None) -> bool:
    return isinstance(error, Transient) and error.code == "not_proven"
