"""What was deleted at the server, put back by choice or let go; and the proof of backup."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from agent.protocol.paths import to_wire
from agent.store import copies, files, job_history, jobs, lost
from agent.work.asked.putback import PuttingBack
from tests.agent.work.server_stage import HERE, Stage

Expect = Callable[..., None]


def door(stage: Stage) -> PuttingBack:
    return PuttingBack(stage.database, stage.intent, stage.watched, stage.clock, lambda: {HERE: "Server"}, lambda: None)


def wire(stage: Stage, *names: str) -> tuple[str, ...]:
    return tuple(to_wire(os.fsencode(stage.root / name)) for name in names)


def copied(stage: Stage, *names: str) -> None:
    for name in names:
        stage.file(name)
    stage.back_up()


def mark(stage: Stage, name: str, state: str) -> None:
    """What a sync would write."""
    with stage.database.write() as tx:
        (row,) = lost.below(tx, stage.folder.id, name.encode())
        copies.set_state(tx, HERE, [row.content_id], state)
        if state == "deleted_at_destination":
            stage.intent.bury(HERE, [(row.sha1, row.size_bytes)], 1)
        files.derive(tx, [row.file_id])


def test_what_is_in_the_trash_is_taken_out_of_it(stage: Stage) -> None:
    copied(stage, "a.jpg", "b.jpg")
    stage.server.store.trash(stage.server.admin, [stage.at_server("a.jpg").id])
    mark(stage, "a.jpg", "in_trash")
    done = door(stage).restore(wire(stage, "a.jpg", "b.jpg"))
    assert (done.from_trash, done.again, done.untouched) == (1, 0, 1)
    stage.work()
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "safe"}
    assert not stage.at_server("a.jpg").is_trashed
    assert len(stage.server.assets) == 2


def test_what_was_thrown_out_of_the_trash_meanwhile_is_copied_again(stage: Stage) -> None:
    copied(stage, "a.jpg", "b.jpg")
    stage.server.store.trash(stage.server.admin, [stage.at_server(name).id for name in ("a.jpg", "b.jpg")])
    for name in ("a.jpg", "b.jpg"):
        mark(stage, name, "in_trash")
    stage.server.store.purge([stage.at_server("a.jpg").id])
    done = door(stage).restore(wire(stage, "a.jpg", "b.jpg"))
    assert (done.from_trash, done.again) == (2, 0)
    stage.work()
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "safe"}
    assert [one.is_trashed for one in stage.server.assets] == [False, False]


def test_what_is_put_back_out_of_the_trash_is_not_buried_any_more(stage: Stage) -> None:
    copied(stage, "a.jpg")
    stage.server.store.trash(stage.server.admin, [stage.at_server("a.jpg").id])
    mark(stage, "a.jpg", "deleted_at_destination")
    mark(stage, "a.jpg", "in_trash")
    door(stage).restore(wire(stage, "a.jpg"))
    stage.work()
    with stage.database.write() as tx:  # the next start of the agent
        copies.bury(tx, stage.intent.tombstones(), stage.clock.now_at())
    assert stage.states() == {"a.jpg": "safe"}
    assert stage.intent.tombstones() == {}


@pytest.mark.parametrize("state", ["deleted_at_destination", "missing_at_destination"])
def test_what_was_deleted_is_copied_again(stage: Stage, state: str) -> None:
    copied(stage, "Trip/a.jpg", "b.jpg")
    stage.server.store.purge([stage.at_server("a.jpg").id])
    mark(stage, "Trip/a.jpg", state)
    done = door(stage).restore(wire(stage, "Trip"))
    assert (done.from_trash, done.again) == (0, 1)
    assert stage.states()["a.jpg"] == "queued"
    stage.work()
    assert stage.states() == {"a.jpg": "safe", "b.jpg": "safe"}
    assert stage.intent.tombstones() == {}


def test_what_is_missing_can_be_let_go(stage: Stage) -> None:
    copied(stage, "a.jpg", "b.jpg")
    stage.server.store.purge([stage.at_server("a.jpg").id])
    mark(stage, "a.jpg", "missing_at_destination")
    assert door(stage).accept(()).files == 1
    assert stage.states() == {"a.jpg": "deleted_at_destination", "b.jpg": "safe"}
    assert len(stage.intent.tombstones()) == 1
    assert door(stage).accept(()).files == 0


# --- The proof -------------------------------------------------------------------------------------------------------


def prove(stage: Stage, *names: str, whole: bool = True) -> dict[str, Any]:
    """Run the proof to its end."""
    if whole:
        (job_id,) = door(stage).verify(wire(stage, *names)).ids
    else:
        with stage.database.write() as tx:
            job_id = jobs.enqueue(tx, jobs.NewJob("verify", {}), stage.clock.now_at())
    stage.prove()
    row = job_history.show(stage.database.read(), job_id)
    assert row is not None
    assert row.status == "COMPLETED", row
    assert row.result is not None
    return row.result


def test_a_sound_backup_is_proven_and_dated(stage: Stage) -> None:
    copied(stage, "a.jpg", "Trip/b.mp4")
    found = prove(stage)
    assert (found["files"], found["whole"], found["found"]) == (2, 2, [])
    assert found["ended_at"] == stage.clock.now_at()


def test_bit_rot_is_found_and_shown_and_nothing_is_overwritten(stage: Stage, expected_log: Expect) -> None:
    expected_log("holds other bytes than were copied")
    copied(stage, "a.jpg", "b.jpg")
    place = stage.root / "a.jpg"
    before = place.stat()
    content = bytearray(place.read_bytes())
    content[3] ^= 1
    place.write_bytes(content)
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = prove(stage)
    assert (found["whole"], found["rotten"]) == (1, 1)
    assert [one["verdict"] for one in found["found"]] == ["rotten"]
    assert lost.rotten(stage.database.read()) == (1, os.fsencode(place))
    stage.back_up()
    assert len(stage.server.assets) == 2, "the rotten bytes are not sent"
    place.write_bytes(b"edited on purpose")
    stage.take()
    assert lost.rotten(stage.database.read()) == (0, None)


def test_what_the_server_lost_is_found(stage: Stage, expected_log: Expect) -> None:
    expected_log("copies are missing")
    copied(stage, "a.jpg", "b.jpg", "c.jpg")
    stage.server.store.purge([stage.at_server("a.jpg").id])
    stage.server.store.trash(stage.server.admin, [stage.at_server("b.jpg").id])
    found = prove(stage)
    assert (found["lost"], found["in_trash"], found["whole"]) == (1, 1, 1)
    assert stage.states() == {"a.jpg": "missing_at_destination", "b.jpg": "in_trash", "c.jpg": "safe"}
    assert prove(stage)["lost"] == 1, "it stays lost until somebody says what to do"


def test_only_the_paths_that_were_asked_for(stage: Stage) -> None:
    copied(stage, "a.jpg", "Trip/b.jpg", "Trip/Deep/c.jpg", "Tripod.jpg")
    assert prove(stage, "Trip")["files"] == 2
    assert prove(stage, "a.jpg")["files"] == 1


def test_a_server_that_is_away_leaves_the_proof_open(stage: Stage) -> None:
    copied(stage, "a.jpg")
    stage.server.stop()
    found = prove(stage)
    assert (found["unsafe"], found["unreachable"]) == (1, [HERE])
    assert stage.states() == {"a.jpg": "safe"}


def test_a_share_takes_those_that_were_not_proven_for_longest(stage: Stage) -> None:
    copied(stage, *(f"{number:03}.jpg" for number in range(130)))
    seen = set()
    for _ in range(3):
        stage.clock.advance(86_400)
        assert prove(stage, whole=False)["files"] == 3
        rows = stage.database.read().execute("SELECT file_id FROM proofs")
        seen |= {row[0] for row in rows}
    assert len(seen) == 9


def test_a_file_that_left_does_not_stop_the_proof(stage: Stage) -> None:
    copied(stage, "a.jpg", "b.jpg")
    (stage.root / "a.jpg").unlink()
    assert prove(stage)["files"] == 1
    stage.clock.advance(60)
    assert prove(stage, whole=False)["files"] == 1
