"""What should follow a copy at a server, written down in the copy's own transaction.

What a sidecar says that came too late to travel along is a job of its own; the rest goes into the queue of `organize`:
albums and tags by the folder's rules, stacks of stills that are all there by now, the link of a live photo whose halves
came one by one. Called by `upload` on the lane's thread; `whole_folder` when a person changes such a rule; `follow`
by `intake` when a picture that is safe was moved.
"""

import os
from collections.abc import Iterator, Sequence

from agent.domain.errors import FileVanished
from agent.domain.stacks import key_of, stack_of
from agent.protocol.paths import to_display
from agent.protocol.settings import FolderRules
from agent.store import jobs, organize
from agent.store.db import Tx
from agent.store.jobs import NewJob
from agent.store.organize import GATHER_MS, Placed, Wish
from agent.work.folders import Folders, Watched, relative_to
from agent.work.journey.batch import Batched, Piece

#: Files looked at in one transaction when a whole folder is arranged anew.
STRETCH = 1_000
#: What sidecars say is told after all pictures are safe, however many there are.
DESCRIBE_PRIORITY = -1


class Arrange:
    """Writes down what is to be arranged at one destination."""

    def __init__(self, destination_id: str, watched: Folders) -> None:
        self._id = destination_id
        self._folders = watched

    def __call__(self, tx: Tx, asset: Batched, now_at: int, has_failed: bool) -> None:  # noqa: FBT001
        """An asset's copies have just been written; `has_failed`: what is not there of it will not come by itself."""
        job = asset.job
        folder = self._folders.get(job.folder_id) if job.folder_id is not None else None
        wishes = list(_of_halves(asset, self._folders.rules(job.folder_id), has_failed=has_failed))
        for piece in asset.pieces:
            if folder is None or piece.outcome != "safe" or piece.remote_id is None or _was_arranged(asset, piece):
                continue
            place = relative_to(piece.member.path, folder.root)
            if place is None or not _is_shown(asset, piece.member.role):
                continue
            below = place.rpartition(b"/")[0]
            wishes += _of_place(folder, below, piece.remote_id)
            if folder.rules.stack and piece.member.role == "still":
                directory_id = _directory_of(tx, piece.member.id)
                key = key_of(piece.member.name)
                organize.keep_stack_key(tx, piece.member.id, directory_id, key)
                wishes += _of_stack(tx, self._id, directory_id, key)
        if _is_to_be_told(asset):
            told = _describe_job(self._id, asset.pieces[0].member.asset_id, job.folder_id, now_at, job.group_id)
            jobs.enqueue(tx, told, now_at)
        if wishes:
            organize.want(tx, self._id, wishes)
            jobs.enqueue(tx, organize.job(self._id, job.folder_id, now_at, job.group_id), now_at)

    def whole_folder(self, tx: Tx, folder: Watched, after: int) -> int | None:
        """Write down what a stretch of a folder asks for; returns where the next begins, None at the end."""
        found = organize.safe_of_folder(tx, folder.id, self._id, after, STRETCH)
        organize.want(tx, self._id, _of_placed(tx, self._id, folder, found))
        return found[-1].file_id if len(found) == STRETCH else None


def follow(tx: Tx, folder: Watched, file_ids: Sequence[int], now_at: int) -> set[str]:
    """Files were moved to where they are now: what is safe of them is arranged by its new place. Returns the lanes.

    What their old place led to stays, as with anything that a person may have wanted at the server.
    """
    lanes: set[str] = set()
    if not wants_anything(folder.rules):
        return lanes
    for destination_id in organize.servers_of(tx, folder.id):
        wishes = _of_placed(tx, destination_id, folder, organize.safe_of(tx, file_ids, destination_id))
        if wishes:
            organize.want(tx, destination_id, wishes)
            jobs.enqueue(tx, organize.job(destination_id, folder.id, now_at), now_at)
            lanes.add(destination_id)
    return lanes


def wants_anything(rules: FolderRules) -> bool:
    """Whether a folder's rules ask for albums, tags or stacks."""
    return rules.album != "none" or rules.stack or rules.tag


def _is_shown(asset: Batched, role: str) -> bool:
    """Whether a file is one that a person sees at the server: no sidecar, and not the hidden half of a live photo."""
    return role == "still" or (role == "video" and not asset.is_live)


def _was_arranged(asset: Batched, piece: Piece) -> bool:
    """Whether it was here before, and only something beside it is new: a sidecar, the other half of a live photo.

    What a person has made of it at the server since stays.
    """
    was_here = piece.is_known and not piece.is_fresh
    return was_here and any(not one.is_known or one.is_fresh for one in asset.pieces)


def _is_to_be_told(asset: Batched) -> bool:
    """Whether a picture is there and has a sidecar that did not travel along, and either is new to us."""
    main, sidecar = asset.of("still") or asset.of("video"), asset.of("sidecar")
    if main is None or sidecar is None or main.outcome != "safe" or sidecar.outcome is None:
        return False
    went_along = main.is_new and sidecar.remote_id == main.remote_id
    return sidecar.is_untold or ((sidecar.is_fresh or main.is_fresh) and not went_along)


def _of_halves(asset: Batched, rules: FolderRules, *, has_failed: bool) -> Iterator[Wish]:
    still, video = asset.of("still"), asset.of("video")
    if not asset.is_live or still is None or video is None or video.remote_id is None or video.outcome != "safe":
        return
    if still.outcome is not None and still.remote_id is not None:
        # What is found there after an attempt that broke off may have come by it, without its link.
        came_now = still.is_new or video.is_new or (asset.job.attempts > 0 and not (still.is_known and video.is_known))
        if not asset.is_linked and came_now:
            yield Wish("live", still.remote_id, video.remote_id)
    elif has_failed or isinstance(still.error, FileVanished):
        yield Wish("show", rules.visibility, video.remote_id)  # it was sent as a half, and the whole will not come


def _of_placed(tx: Tx, destination_id: str, folder: Watched, found: Sequence[Placed]) -> list[Wish]:
    """What a folder's rules ask for these, that are safe at a server."""
    wishes: list[Wish] = []
    stacks: set[tuple[int, bytes]] = set()
    for one in found:
        wishes += _of_place(folder, one.below, one.remote_id)
        if folder.rules.stack and one.role == "still":
            key = key_of(one.name)
            organize.keep_stack_key(tx, one.file_id, one.directory_id, key)
            stacks.add((one.directory_id, key))
    for directory_id, key in sorted(stacks):
        wishes += _of_stack(tx, destination_id, directory_id, key)
    return wishes


def _of_place(folder: Watched, below: bytes, remote_id: str) -> Iterator[Wish]:
    rules = folder.rules
    if rules.album != "none":
        yield Wish("album", _folder_name(folder, below) if rules.album == "folder" else rules.album, remote_id)
    if rules.tag:
        steps = [_folder_name(folder, b""), *(to_display(step) for step in below.split(b"/") if step)]
        yield Wish("tag", "/".join(steps), remote_id)


def _folder_name(folder: Watched, below: bytes) -> str:
    """The last name of a directory; a root that is a whole drive has none and goes by its path."""
    name = os.path.basename(below or folder.root.rstrip(b"/"))
    return to_display(name or folder.root)


def _directory_of(tx: Tx, file_id: int) -> int:
    return int(tx.execute("SELECT directory_id FROM files WHERE id = ?", (file_id,)).fetchone()[0])


def _of_stack(tx: Tx, destination_id: str, directory_id: int, key: bytes) -> Iterator[Wish]:
    """The stack that a still completes or joins; whichever of its stills comes last brings it about."""
    there = organize.stills_with_key(tx, destination_id, directory_id, key)
    together = stack_of(min(there), list(there)) if there else ()
    for rank, one in enumerate(together):
        yield Wish("stack", f"{directory_id}:{key.hex()}", there[one], rank)


def _describe_job(
    destination_id: str, asset_id: int, folder_id: int | None, now_at: int, group_id: int | None
) -> NewJob:
    """The job that tells a server what the sidecar of an asset says."""
    return NewJob(
        "describe",
        {"destination": destination_id, "asset_id": asset_id},
        lane=destination_id,
        folder_id=folder_id,
        group_id=group_id,
        priority=DESCRIBE_PRIORITY,
        run_after=now_at + GATHER_MS,
        unique_key=f"describe:{destination_id}:{asset_id}",
        max_attempts=8,
    )
