"""Makes assets be at a destination: hash, ask, put, prove; one batch of `upload` jobs.

Runs on the destination's lane thread; one thread hashes ahead of it and a few send. Every step may run twice without
harm: what is there already is found by asking.
"""

import logging
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from queue import SimpleQueue

from agent.destinations.base import Destination, Found, Wanted
from agent.destinations.names import is_beside
from agent.domain.clock import Clock
from agent.domain.errors import Fate, Transient
from agent.domain.refusals import of_a_check
from agent.domain.sending import is_probe, is_waiting
from agent.files.reach import Reach
from agent.store import copies, folders
from agent.store.db import Database
from agent.store.jobs import Claimed
from agent.work.journey.ahead import digested
from agent.work.journey.batch import Batched, Piece, find_contents, load
from agent.work.journey.finish import Finish
from agent.work.journey.send import Sender
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: Lines of a destination's inventory that are written together.
INVENTORY_TOGETHER = 500
#: Finished uploads are written together, but none waits longer than this for its neighbours.
FLUSH_EVERY_S = 1.0
#: So many stand ready beside those in flight: who has sent one finds the next without asking the lane.
AT_THE_GATE = 2

Sent = Generator[tuple[Batched, Fate | None]]


class Upload:
    """The handler of `upload` for one destination. `senders` tells how many may send at once."""

    def __init__(
        self,
        destination_id: str,
        destination: Destination,
        database: Database,
        clock: Clock,
        reach: Reach,
        sender: Sender,
        finish: Finish,
        *,
        senders: Callable[[], int],
        checkpoint: Callable[[str], None],
    ) -> None:
        self._id = destination_id
        self._destination = destination
        self.database = database
        self._clock = clock
        self.reach = reach
        self.sender = sender
        self.finish = finish
        self.senders = senders
        self.checkpoint = checkpoint

    def __call__(self, scope: Scope, batch: Sequence[Claimed]) -> None:
        """Run one batch."""
        self.checkpoint("claimed")
        self._take_inventory()
        problem = _Passage(self, scope).run(load(self.database, batch))
        if problem is not None:
            raise problem

    def _take_inventory(self) -> None:
        """A destination that cannot be asked by digest tells once all that it held before us."""
        if not self._destination.traits.has_inventory or folders.is_inventoried(self.database.read(), self._id):
            return
        inventory = self._destination.inventory()
        while some := list(islice(inventory, INVENTORY_TOGETHER)):
            with self.database.write() as tx:
                self.finish.be_wanted(tx)
                copies.add_inventory(tx, self._id, some, self._clock.now_at())
        with self.database.write() as tx:
            folders.mark_inventoried(tx, self._id, self._clock.now_at())

    def ask(self, assets: list[Batched]) -> None:
        """Settle what the ledger or the destination knows to be there: one question for all of them."""
        open_pieces = [piece for asset in assets for piece in asset.pieces if not piece.is_settled]
        ids = [piece.content_id for piece in open_pieces if piece.content_id is not None]
        known = copies.at(self.database.read(), self._id, ids)
        stray = () if self._destination.traits.takes_sidecars else {id(one) for one in _stray(assets, known)}
        for piece in open_pieces:
            copy = known.get(piece.content_id or 0)
            if copy is not None and id(piece) not in stray:
                piece.outcome, piece.remote_id, piece.is_known = copy.state, copy.remote_id, True
        asked = {
            piece.sha1: Wanted(piece.sha1, piece.member.size_bytes)
            for piece in open_pieces
            if piece.outcome is None and piece.sha1 is not None and not self._travels_along(piece)
        }
        if asked:
            found = self._checked(list(asked.values()))
            log.debug("%s: asked for %d contents, %d are there", self._id, len(asked), len(found))
            for piece in open_pieces:
                if piece.outcome is None and piece.sha1 in found:
                    piece.settle(found[piece.sha1])
        for piece in open_pieces:
            if piece.is_settled:
                piece.content = None

    def _checked(self, asked: list[Wanted]) -> dict[bytes, Found]:
        """A question that broke off is no photo's fault: the destination is looked at until it answers again."""
        try:
            return self._destination.check(asked)
        except Transient as error:
            raise of_a_check(error) from error

    def _travels_along(self, piece: Piece) -> bool:
        return piece.member.role == "sidecar" and self._destination.traits.takes_sidecars


def _stray(assets: Sequence[Batched], known: Mapping[int, copies.Copy]) -> Iterator[Piece]:
    """Sidecars whose bytes are kept, but beside another picture: where they lie says what they belong to."""
    for asset in assets:
        sidecar, main = asset.of("sidecar"), asset.of("still") or asset.of("video")
        copy = known.get(sidecar.content_id or 0) if sidecar is not None else None
        if sidecar is None or main is None or copy is None:
            continue
        picture = known.get(main.content_id or 0)
        picture_id = main.remote_id or (picture.remote_id if picture is not None else None)
        if not is_beside(picture_id, copy.remote_id, os.path.basename(sidecar.member.path)):
            yield sidecar


class _Passage:
    """One batch on its way. `_done` is through and not yet written down; `_problem` what stopped the rest."""

    def __init__(self, upload: Upload, scope: Scope) -> None:
        self._upload = upload
        self._scope = scope
        self._done: list[Batched] = []
        self._twins: list[Batched] = []
        self._taken: set[bytes] = set()
        self._problem: Fate | None = None
        self._flushed_s = scope.clock.monotonic_s()

    def run(self, assets: list[Batched]) -> Fate | None:
        """Bring all to their ends; the fate that stopped some of them."""
        senders = min(self._upload.senders(), len(assets))
        with closing(self._ready(assets)) as ready:
            self._land(self._sent(ready, senders))
        if self._twins and self._problem is None:
            twins = [piece for asset in self._twins for piece in asset.pieces if piece.sha1 is not None]
            find_contents(self._upload.database.read(), twins)  # in the ledger by now
            self._upload.ask(self._twins)
            still = [asset for asset in self._twins if not all(piece.is_settled for piece in asset.pieces)]
            self._done += [asset for asset in self._twins if asset not in still]
            self._land(self._sent(iter(still), 1))
        return self._problem

    def _ready(self, assets: list[Batched]) -> Generator[Batched]:
        """Those that are to be sent, as soon as they are hashed and asked for; the others are set aside."""
        upload = self._upload
        try:
            with closing(digested(self._scope, upload.reach, assets, self._flush_when_due)) as parts:
                for part in parts:
                    upload.checkpoint("hashed")
                    upload.ask(part)
                    upload.checkpoint("checked")
                    for asset in part:
                        if self._is_to_be_sent(asset):
                            yield asset
        except Fate as problem:
            self._problem = self._problem or problem

    def _is_to_be_sent(self, asset: Batched) -> bool:
        digests = {piece.sha1 for piece in asset.pieces if not piece.is_settled and piece.sha1}
        if not digests or all(piece.is_settled for piece in asset.pieces):
            self._upload.sender.find_halves(asset)
            self._done.append(asset)
            return False
        if not self._taken.isdisjoint(digests):  # equal bytes are already on their way: asked for again afterwards
            asset.forget_contents()
            self._twins.append(asset)
            return False
        self._taken |= digests
        return True

    def _land(self, sent: Sent) -> None:
        """Write down what is through about once a second, and the rest at the end."""
        with closing(sent):  # whatever happens here, no thread is left waiting for the next photo
            for asset, error in sent:
                self._done.append(asset)
                self._problem = self._problem or error
                self._flush_when_due()
        self._flush()

    def _flush_when_due(self) -> None:
        if self._scope.clock.monotonic_s() - self._flushed_s >= FLUSH_EVERY_S and self._problem is None:
            self._flush()

    def _flush(self) -> None:
        error = self._upload.finish.finish(self._scope, self._done)
        self._problem = error or self._problem
        self._done, self._flushed_s = [], self._scope.clock.monotonic_s()

    def _sent(self, ready: Iterator[Batched], senders: int) -> Sent:
        """One after the other for as long as the destination answers at once, then up to `senders` side by side."""
        clock = self._scope.clock
        took_s = worked_s = 0.0
        for number, asset in enumerate(ready, 1):
            is_timed = senders > 1 and is_probe(number)
            began_s, before_s = (clock.monotonic_s(), clock.worked_s()) if is_timed else (0.0, 0.0)
            error = self._upload.sender.send(self._scope, asset)
            if is_timed:
                took_s += clock.monotonic_s() - began_s
                worked_s += clock.worked_s() - before_s
            yield asset, error
            if self._problem is not None:
                return
            if is_timed and is_waiting(number, took_s, worked_s):
                yield from self._side_by_side(ready, senders)
                return

    def _side_by_side(self, ready: Iterator[Batched], senders: int) -> Sent:
        """Several at once, to hide the server's delay. After an error no more take off, those in flight land."""
        outgoing: SimpleQueue[Batched | None] = SimpleQueue()
        landed: SimpleQueue[tuple[Batched, Fate | None, bool]] = SimpleQueue()

        def fly() -> None:
            while (asset := outgoing.get()) is not None:
                error, has_flown = None, False
                try:
                    if self._problem is None:
                        error, has_flown = self._upload.sender.send(self._scope, asset), True
                finally:
                    landed.put((asset, error, has_flown))

        with ThreadPoolExecutor(senders, thread_name_prefix=f"send-{self._scope.lane}") as pool:
            flyers = [pool.submit(fly) for _ in range(senders)]
            aloft = 0
            try:
                while True:
                    while aloft < senders + AT_THE_GATE and self._problem is None and (one := next(ready, None)):
                        outgoing.put(one)
                        aloft += 1
                    if not aloft:
                        break
                    asset, error, has_flown = landed.get()
                    aloft -= 1
                    if has_flown:
                        yield asset, error
                    elif self._problem is None:
                        break  # a bug ended the thread: it is raised below
            finally:
                for _ in flyers:
                    outgoing.put(None)
        for flyer in flyers:
            flyer.result()
