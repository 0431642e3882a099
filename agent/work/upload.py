"""Makes assets be at a destination: hash, ask, put, prove; one batch of `upload` jobs. The second durable hand-over.

Runs on the destination's lane thread, with a few sender threads for the puts. Every step may run twice without harm:
what is there already is found by asking, and a copy counts as safe only after the destination has shown that it has
these very bytes. The ends of jobs, the copies and the history are written together in one transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date
from functools import partial
from itertools import islice

from agent.destinations.base import Destination, Found, Item, Placed, Wanted
from agent.domain.clock import Clock
from agent.domain.errors import Blocked, Fate, FileChanged, FileVanished, Interrupted, Rejected, Transient
from agent.protocol.paths import to_display
from agent.store import activity, copies, files, folders
from agent.store.db import Database, Tx
from agent.store.jobs import Claimed
from agent.work.bandwidth import Bandwidth
from agent.work.batch import Batched, Piece, learn_digests, load
from agent.work.sources import FileSource
from agent.work.transfers import Transfers
from agent.work.worker import Scope

#: Lines of a destination's inventory that are written together.
INVENTORY_TOGETHER = 500
#: Finished uploads are written together, but none waits longer than this for its neighbours.
FLUSH_EVERY_S = 1.0
#: A file that changed under our hands is looked at again after it had time to rest.
CHANGED_AGAIN_S = 2.0


class Upload:
    """The handler of `upload` for one destination."""

    def __init__(
        self,
        destination_id: str,
        destination: Destination,
        database: Database,
        clock: Clock,
        transfers: Transfers,
        *,
        senders: Callable[[], int],
        captured: Callable[[bytes], date | None],
        are_halves: Callable[[bytes, bytes], bool],
        arrange: Callable[[Tx, Batched, int], None] | None,
        bandwidth: Bandwidth | None,
        on_finished: Callable[[], None],
        checkpoint: Callable[[str], None],
    ) -> None:
        self._id = destination_id
        self._destination = destination
        self._database = database
        self._clock = clock
        self._transfers = transfers
        self._senders = senders
        self._captured = captured
        self._are_halves = are_halves
        self._arrange = arrange
        self._pace = bandwidth.paced if bandwidth is not None else _unpaced
        self._on_finished = on_finished
        self._checkpoint = checkpoint

    def __call__(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        """Run one batch."""
        self._checkpoint("claimed")
        self._take_inventory()
        assets = load(self._database, batch)
        learn_digests(scope, assets)
        self._checkpoint("hashed")
        self._ask(assets)
        self._checkpoint("checked")
        problem = self._send(scope, assets)
        if problem is not None:
            raise problem

    def _take_inventory(self) -> None:
        """A destination that cannot be asked by digest tells once all that it held before us."""
        if not self._destination.traits.has_inventory or folders.is_inventoried(self._database.read(), self._id):
            return
        inventory = self._destination.inventory()
        while some := list(islice(inventory, INVENTORY_TOGETHER)):
            with self._database.write() as tx:
                self._be_wanted(tx)
            copies.add_inventory(tx, self._id, some, self._clock.now_at())
        with self._database.write() as tx:
            folders.mark_inventoried(tx, self._id, self._clock.now_at())

    def _ask(self, assets: list[Batched]) -> None:
        """Settle what the ledger or the destination knows to be there: one question for the whole batch."""
        open_pieces = [piece for asset in assets for piece in asset.pieces if not piece.is_settled]
        ids = [piece.content_id for piece in open_pieces if piece.content_id is not None]
        known = copies.at(self._database.read(), self._id, ids)
        for piece in open_pieces:
            copy = known.get(piece.content_id or 0)
            if copy is not None:
                piece.outcome, piece.remote_id = copy.state, copy.remote_id
        asked = {
            piece.sha1: Wanted(piece.sha1, piece.member.size_bytes)
            for piece in open_pieces
            if piece.outcome is None and piece.sha1 is not None and not self._travels_along(piece)
        }
        if asked:
            found = self._destination.check(list(asked.values()))
            for piece in open_pieces:
                if piece.outcome is None and piece.sha1 in found:
                    piece.settle(found[piece.sha1])

    def _travels_along(self, piece: Piece) -> bool:
        return piece.member.role == "sidecar" and self._destination.traits.takes_sidecars

    def _send(self, scope: Scope, assets: list[Batched]) -> Fate | None:
        """Put what is missing and write down every asset that is through. Returns what stopped the batch."""
        first: dict[bytes, Batched] = {}
        waiting: list[Batched] = []
        done: list[Batched] = []
        twins: list[Batched] = []
        for asset in assets:
            digests = {piece.sha1 for piece in asset.pieces if not piece.is_settled and piece.sha1}
            if not digests or all(piece.is_settled for piece in asset.pieces):
                done.append(asset)
            elif any(digest in first for digest in digests):
                twins.append(asset)  # equal bytes are already on their way: asked for again afterwards
            else:
                first |= dict.fromkeys(digests, asset)
                waiting.append(asset)
        problem = self._send_all(scope, waiting, done)
        if twins and problem is None:
            self._ask(twins)
            still = [asset for asset in twins if not all(piece.is_settled for piece in asset.pieces)]
            through = [asset for asset in twins if asset not in still]
            self._finish(scope, through)
            for asset in still:
                problem = problem or self._send_all(scope, [asset], [])
        return problem

    def _send_all(self, scope: Scope, waiting: list[Batched], done: list[Batched]) -> Fate | None:
        """Put these, and write down what is through about once a second. `done` are through already."""
        senders = min(self._senders(), len(waiting))
        sent = self._side_by_side(scope, waiting, senders) if senders > 1 else self._in_turn(scope, waiting)
        flushed_s = self._clock.monotonic_s()
        problem: Fate | None = None
        for asset, error in sent:
            done.append(asset)
            problem = problem or error
            if self._clock.monotonic_s() - flushed_s >= FLUSH_EVERY_S and problem is None:
                problem = self._finish(scope, done)
                done, flushed_s = [], self._clock.monotonic_s()
            if problem is not None:
                break
        for asset, _ in sent:  # what was in flight when the batch stopped
            done.append(asset)
        return self._finish(scope, done) or problem

    def _in_turn(self, scope: Scope, waiting: list[Batched]) -> Iterator[tuple[Batched, Fate | None]]:
        for asset in waiting:
            error = self._send_asset(scope, asset)
            yield asset, error
            if error is not None:
                return

    def _side_by_side(
        self, scope: Scope, waiting: list[Batched], senders: int
    ) -> Iterator[tuple[Batched, Fate | None]]:
        """Several at once, to hide the server's delay. After an error no more take off, those in flight land."""
        queue = iter(waiting)
        flights: dict[Future[Fate | None], Batched] = {}
        with ThreadPoolExecutor(senders, thread_name_prefix=f"send-{self._id}") as pool:
            for asset in islice(queue, senders):
                flights[pool.submit(self._send_asset, scope, asset)] = asset
            while flights:
                for future in wait(flights, return_when=FIRST_COMPLETED).done:
                    asset, error = flights.pop(future), future.result()
                    if error is not None:
                        queue = iter(())
                    following = next(queue, None)
                    if following is not None:
                        flights[pool.submit(self._send_asset, scope, following)] = following
                    yield asset, error

    def _send_asset(self, scope: Scope, asset: Batched) -> Fate | None:
        """Put one asset's missing files, the moving half of a live photo first. Returns a fate that stops the batch."""
        still, video, sidecar = asset.of("still"), asset.of("video"), asset.of("sidecar")
        traits = self._destination.traits
        main = still or video
        try:
            scope.check(asset.job)
            live = asset.is_live = self._is_live(still, video)
            if live and video is not None and not video.is_settled:
                self._put(scope, asset.job, video, Item(self._source(scope, asset.job, video), is_live_video=True))
            if main is not None and not main.is_settled:
                along = sidecar if traits.takes_sidecars and sidecar is not None and sidecar.sha1 else None
                item = Item(
                    self._source(scope, asset.job, main),
                    sidecar=self._source(scope, asset.job, along) if along else None,
                    live_video_id=video.remote_id if live and video else None,
                )
                placed = self._put(scope, asset.job, main, item)
                asset.is_linked = placed is not None and placed.created and item.live_video_id is not None
                if along is not None and placed is not None and placed.sidecar_taken:
                    along.outcome, along.remote_id = "safe", placed.remote_id
            if not live and video is not None and video is not main and not video.is_settled:
                self._put(scope, asset.job, video, Item(self._source(scope, asset.job, video)))
            self._send_sidecar(scope, asset, sidecar, main)
        except (Blocked, Interrupted) as error:
            for piece in asset.pieces:
                if not piece.is_settled:
                    piece.error = error
            return error
        return None

    def _is_live(self, still: Piece | None, video: Piece | None) -> bool:
        """Whether the two are halves of one live photo, to a destination to which that means something."""
        if still is None or video is None or not self._destination.traits.links_live_photos:
            return False
        return self._are_halves(still.member.path, video.member.path)

    def _send_sidecar(self, scope: Scope, asset: Batched, sidecar: Piece | None, main: Piece | None) -> None:
        if sidecar is None or sidecar.is_settled:
            return
        if self._destination.traits.takes_sidecars or main is None:
            # It goes with its picture or not at all; what it says is brought there in another way.
            sidecar.outcome = "not_taken"
        elif main.remote_id is not None:
            item = Item(self._source(scope, asset.job, sidecar), beside=main.remote_id)
            self._put(scope, asset.job, sidecar, item)
        else:
            sidecar.error = main.error

    def _source(self, scope: Scope, job: Claimed, piece: Piece) -> FileSource:
        check = partial(scope.check, job)
        return FileSource(piece.member, piece.sha1 or b"", check, self._captured, self._pace, piece.content)

    def _put(self, scope: Scope, job: Claimed, piece: Piece, item: Item) -> Placed | None:
        """Put one file; errors that concern only this file are kept with it."""
        scope.check(job)
        flight = self._transfers.begin(to_display(piece.member.path), self._id, piece.member.size_bytes)
        try:
            placed = self._destination.put(item, lambda sent: self._transfers.moved(flight, sent))
        except (FileVanished, FileChanged, Rejected, Transient) as error:
            piece.error = error
            return None
        finally:
            self._transfers.end(flight)
            piece.content = None
        self._checkpoint("sent")
        piece.settle(Found(placed.remote_id, placed.in_trash))
        piece.is_new = placed.created
        return placed

    def _be_wanted(self, tx: Tx) -> None:
        """Raise Interrupted when the destination was removed meanwhile, and with it all that could be written down."""
        if not folders.is_destination(tx, self._id):
            raise Interrupted("cancel")

    def _finish(self, scope: Scope, assets: list[Batched]) -> Fate | None:
        """Prove the new copies and write everything down in one transaction."""
        if not assets:
            return None
        try:
            self._prove([piece for asset in assets for piece in asset.pieces if piece.is_new])
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
            self._be_wanted(tx)
            for asset in assets:
                done, lost = self._end(scope, tx, asset)
                completed, failed = completed + done, failed + lost
                size_bytes += asset.job.weight_bytes
            self._derive(tx, assets)
        self._checkpoint("finished")
        self._transfers.count(completed=completed, failed=failed, size_bytes=size_bytes)
        self._on_finished()
        return next((found for found in map(Batched.error, assets) if isinstance(found, Blocked)), None)

    def _prove(self, pieces: list[Piece]) -> None:
        """Ask the destination whether it has what we put: by digest, in one question."""
        if not pieces:
            return
        wanted = [Wanted(piece.sha1 or b"", piece.member.size_bytes, piece.remote_id) for piece in pieces]
        found = self._destination.check(wanted)
        for piece in pieces:
            proof = found.get(piece.sha1 or b"")
            if proof is None:
                piece.outcome, piece.error = None, Transient("not_proven")
            else:
                piece.settle(proof)

    def _end(self, scope: Scope, tx: Tx, asset: Batched) -> tuple[int, int]:
        """Write one asset's copies, failures, history and the end of its job. Returns (completed, failed)."""
        now_at = self._clock.now_at()
        for piece in asset.pieces:
            if piece.outcome is not None and piece.content_id is not None:
                copies.put(tx, piece.content_id, self._id, piece.outcome, piece.remote_id, now_at)
                copies.forgive(tx, [piece.member.id], self._id)
                if piece.is_new:
                    activity.note(tx, "uploaded", piece.member.id, self._id, {}, now_at)
            elif isinstance(piece.error, FileVanished):
                files.mark_gone(tx, [piece.member.id], now_at)
            elif isinstance(piece.error, FileChanged):
                files.distrust(tx, piece.member.id)
        if self._arrange is not None:
            self._arrange(tx, asset, now_at)
        error = asset.error()
        match error:
            case None:
                vanished = all(isinstance(piece.error, FileVanished) for piece in asset.pieces)
                scope.complete(tx, asset.job, {"outcome": "vanished" if vanished else "safe"})
                return 1, 0
            case Blocked() | Interrupted():
                scope.give_back(tx, asset.job)
                return 0, 0
            case FileChanged() | Transient(code="waits_for_route"):  # no attempt: it did not have its chance
                scope.give_back(tx, asset.job, after_s=getattr(error, "retry_after_s", None) or CHANGED_AGAIN_S)
                return 0, 0
            case Transient():
                if scope.retry(tx, asset.job, error):
                    return 0, 0
            case _:
                scope.fail(tx, asset.job, error)
        self._note_failure(tx, asset, now_at)
        return 0, 1

    def _note_failure(self, tx: Tx, asset: Batched, now_at: int) -> None:
        for piece in asset.pieces:
            if piece.error is not None and not isinstance(piece.error, FileVanished):
                copies.fail(tx, piece.member.id, self._id, piece.error.code, piece.error.args_, now_at)
                activity.note(tx, "failed", piece.member.id, self._id, {"code": piece.error.code}, now_at)

    def _derive(self, tx: Tx, assets: list[Batched]) -> None:
        pieces = [piece for asset in assets for piece in asset.pieces]
        contents = [piece.content_id for piece in pieces if piece.content_id is not None]
        files.derive(tx, sorted({piece.member.id for piece in pieces} | set(files.sharing(tx, contents))))


def _unpaced(chunks: Iterator[bytes], _: Callable[[], None]) -> Iterator[bytes]:
    """As fast as a local drive takes them."""
    return chunks
