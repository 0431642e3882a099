"""Puts one asset's files at the destination: the moving half of a live photo first, the sidecar with its picture.

Runs on the sender threads of a lane, several at once. What comes of a file is kept in its piece; writes nothing down.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

from agent.destinations.base import Chunk, Destination, Found, Item, Placed
from agent.domain.errors import Blocked, Fate, FileChanged, FileVanished, Interrupted, Rejected, Transient
from agent.domain.refusals import of_one_photo
from agent.protocol.paths import to_display
from agent.protocol.settings import FolderRules
from agent.record import replace
from agent.store.jobs import Claimed
from agent.work.journey.bandwidth import Bandwidth
from agent.work.journey.batch import Batched, Piece
from agent.work.journey.blame import Blame
from agent.work.journey.sources import FileSource
from agent.work.journey.transfers import Transfers
from agent.work.worker import Scope

log = logging.getLogger(__name__)

#: What was deleted or lost there is nothing that a still could be joined with.
_GONE = frozenset({"deleted_at_destination", "missing_at_destination"})

#: Of several that were not taken one after the other, each waits for so long.
OTHERS_FIRST_S = 600.0


class Sender:
    """The puts to one destination."""

    def __init__(
        self,
        destination_id: str,
        destination: Destination,
        transfers: Transfers,
        *,
        captured: Callable[[bytes], date | None],
        are_halves: Callable[[bytes, bytes], bool],
        bandwidth: Bandwidth | None,
        blame: Blame,
        checkpoint: Callable[[str], None],
        rules: Callable[[int | None], FolderRules] = lambda _: FolderRules(),
    ) -> None:
        self._id = destination_id
        self._destination = destination
        self._transfers = transfers
        self._captured = captured
        self._are_halves = are_halves
        self._pace = bandwidth.paced if bandwidth is not None else _unpaced
        self._blame = blame
        self._checkpoint = checkpoint
        self._rules = rules
        self._refusal: Blocked | None = None

    def send(self, scope: Scope, asset: Batched) -> Fate | None:
        """Put one asset's missing files, the moving half of a live photo first. Returns a fate that stops the batch."""
        still, video = asset.of("still"), asset.of("video")
        main = still or video
        try:
            scope.check(asset.job)
            asset.is_live = self._is_live(still, video)
            if asset.is_live and still is not None and video is not None and not video.is_settled:
                self._send_half(scope, asset.job, video, still)
            if main is not None and not main.is_settled:
                self._send_main(scope, asset, main)
            for piece in asset.pieces:  # a video that is no half; a second still, should there ever be one
                if not piece.is_settled and piece.member.role in ("still", "video"):
                    self._put(scope, asset.job, piece, self._item(scope, asset.job, piece))
            for piece in asset.pieces:
                if piece.member.role == "sidecar":
                    self._send_sidecar(scope, asset, piece, main)
        except (Blocked, Interrupted) as error:
            for piece in asset.pieces:
                if not piece.is_settled:
                    piece.error = error
            return error
        return self._judge(scope.lane, asset)

    def _send_half(self, scope: Scope, job: Claimed, video: Piece, still: Piece) -> None:
        """The moving half of a live photo, which is seen only in its still.

        One that broke off may have arrived all the same: the still waits, so that they come together. Not for ever: the
        last attempt brings it alone.
        """
        self._put(scope, job, video, replace(self._item(scope, job, video), is_live_video=True))
        if of_one_photo(video.error) is not None and not still.is_settled and job.attempts + 1 < job.max_attempts:
            still.error = video.error

    def _send_main(self, scope: Scope, asset: Batched, main: Piece) -> None:
        """What a person sees of an asset, with its sidecar, and with its moving half if it has one."""
        job, video, sidecar = asset.job, asset.of("video"), asset.of("sidecar")
        takes_along = sidecar is not None and sidecar.sha1 and self._destination.traits.takes_sidecars
        along = sidecar if takes_along else None
        half = video if asset.is_live and video is not None and video.outcome not in _GONE else None
        item = self._item(scope, job, main)
        if along is not None or half is not None:
            sidecar_source = self._source(scope, job, along) if along is not None else None
            item = replace(item, sidecar=sidecar_source, live_video_id=half.remote_id if half is not None else None)
        placed = self._put(scope, job, main, item)
        if isinstance(main.error, Rejected) and main.error.code == "live_video_missing":
            main.error = None  # refused for nothing but the half, which the server has lost
            item = replace(item, live_video_id=None)
            placed = self._put(scope, job, main, item)
        asset.is_linked = placed is not None and placed.created and item.live_video_id is not None
        if along is not None and placed is not None and placed.sidecar_taken:
            along.outcome, along.remote_id = "safe", placed.remote_id

    def _item(self, scope: Scope, job: Claimed, piece: Piece) -> Item:
        """A file as its folder wants it to be shown."""
        rules = self._rules(job.folder_id)
        source = self._source(scope, job, piece)
        return Item(source, is_favorite=rules.favorite, is_archived=rules.visibility == "archive")

    def _judge(self, lane: str, asset: Batched) -> Blocked | None:
        """Whether what failed was the destination's fault. Who finds it out has used up an attempt, nobody else."""
        doubted = [piece for piece in asset.pieces if piece.error is not None and of_one_photo(piece.error)]
        if not doubted or not self._blame.is_of_all(lane, asset.job.id):
            return None
        refusal = self._refusal or Blocked(
            "uploads_refused", reason=doubted[0].error.code if doubted[0].error else None
        )
        for piece in doubted:
            piece.error = self._refusal or _after_others(piece.error)
        self._refusal = refusal
        return refusal

    def find_halves(self, asset: Batched) -> None:
        """Of what is there already: whether it is one live photo. Files are looked into only where it matters."""
        still, video = asset.of("still"), asset.of("video")
        if still is None or video is None or all(piece.is_known for piece in asset.pieces):
            return
        rules = self._rules(asset.job.folder_id)
        if asset.job.attempts or rules.album != "none" or rules.tag:
            asset.is_live = self._is_live(still, video)

    def _is_live(self, still: Piece | None, video: Piece | None) -> bool:
        """Whether the two are halves of one live photo, to a destination to which that means something."""
        if still is None or video is None or not self._destination.traits.links_live_photos:
            return False
        if still.outcome in _GONE:  # a video that comes late has nothing to be hidden in
            return False
        return self._are_halves(still.member.path, video.member.path)

    def _send_sidecar(self, scope: Scope, asset: Batched, sidecar: Piece | None, main: Piece | None) -> None:
        if sidecar is None or sidecar.is_settled:
            return
        error = main.error if main is not None else None
        if isinstance(error, FileChanged | Transient):
            sidecar.error = error  # they are tried again together
        elif self._destination.traits.takes_sidecars or main is None or isinstance(error, FileVanished):
            # It goes with its picture or not at all; what it says is brought there in another way.
            sidecar.outcome, sidecar.is_untold = "not_taken", True
        elif main.remote_id is not None:
            item = Item(self._source(scope, asset.job, sidecar), beside=main.remote_id)
            self._put(scope, asset.job, sidecar, item)
        else:
            sidecar.error = error

    def _source(self, scope: Scope, job: Claimed, piece: Piece) -> FileSource:
        check = partial(scope.check, job)
        # A sidecar's bytes become a part of its picture there, for which no digest tells.
        again = piece.member.role == "sidecar" or not self._destination.traits.makes_digests
        return FileSource(piece.member, piece.sha1 or b"", check, self._captured, self._pace, again, piece.content)

    def _put(self, scope: Scope, job: Claimed, piece: Piece, item: Item) -> Placed | None:
        """Put one file; errors that concern only this file are kept with it."""
        scope.check(job)
        shown = to_display(piece.member.path)
        flight = self._transfers.begin(shown, self._id, piece.member.size_bytes)
        try:
            placed = self._destination.put(item, lambda sent: self._transfers.moved(flight, sent))
        except (FileVanished, FileChanged, Rejected, Transient, Blocked) as error:
            log.debug("%s: %s: %s", self._id, shown, error)
            piece.error = self._own(error)
            return None
        finally:
            self._transfers.end(flight)
            piece.content = None
        outcome = "new there" if placed.created else "was there"
        log.debug("%s: %s, %d bytes: %s", self._id, shown, piece.member.size_bytes, outcome)
        self._checkpoint("sent")
        self._blame.took(scope.lane)
        piece.settle(Found(placed.remote_id, placed.in_trash))
        piece.is_new = placed.created
        return placed

    def _own(self, error: Fate) -> Fate:
        """What of an error concerns this file alone; raises what concerns the destination."""
        own = of_one_photo(error)
        if own is not None:
            try:
                self._destination.probe()
            except Transient as outage:
                raise Blocked.by(outage) from outage
        elif isinstance(error, Blocked):
            raise error
        return own or error


def _after_others(error: Fate | None) -> Fate | None:
    """The same, tried again only when others had their turn: it may be that they go."""
    if isinstance(error, Transient):
        error.retry_after_s = max(OTHERS_FIRST_S, error.retry_after_s or 0.0)
    return error


def _unpaced(chunks: Iterator[Chunk], _: Callable[[], None]) -> Iterator[Chunk]:
    """As fast as a local drive takes them."""
    return chunks
