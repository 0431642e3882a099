"""Copies that a person wants to have again: what is known of their end is forgotten, and they are uploaded.

In the caller's transaction: a client's thread for what was deleted, the lane's for what was found gone from the trash.
"""

from collections.abc import Iterable, Sequence

from agent.store import copies, files, jobs
from agent.store.db import Tx
from agent.store.intent import IntentJournal
from agent.work.finding.intake import ASKED

#: (content id, sha1, size)
Content = tuple[int, bytes, int]


def copy_again(
    tx: Tx,
    intent: IntentJournal,
    destination_id: str,
    contents: Sequence[Content],
    assets: Iterable[tuple[int, int]],
    *,
    group_id: int | None,
    now_at: int,
) -> None:
    """Let these contents, of these assets as (asset id, folder id), be uploaded to a destination again."""
    intent.unbury(destination_id, [(sha1, size) for _, sha1, size in contents], now_at)
    copies.forget(tx, destination_id, [content_id for content_id, _, _ in contents])
    folders = dict(assets)
    for asset_id, weight in copies.lacking_of(tx, sorted(folders), destination_id):
        job = copies.upload_job(
            asset_id,
            destination_id,
            folders[asset_id],
            weight_bytes=weight,
            run_after=now_at,
            priority=ASKED,
            group_id=group_id,
        )
        jobs.enqueue(tx, job, now_at)
    files.derive(tx, files.sharing(tx, [content_id for content_id, _, _ in contents]))
