"""A picture that was half written when it was taken, and whole later: the server has both, and keeps both."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from agent.destinations.immich.secret import Secret
from agent.protocol.settings import FolderRules
from agent.store import activity, jobs, organize
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import Asset, StandIn

HALF, WHOLE = b"half of it", b"half of it and the other half"


@pytest.fixture(params=["session", "key"])
def torn(server: StandIn, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A stage where this has happened, in a folder with stacks and a raw version of the picture."""
    key = Secret("session", server.session()).to_text() if request.param == "session" else None
    with closing(Stage(server, key=key, rules=FolderRules(stack=True, album="folder"))) as stage:
        stage.file("a.cr2")
        stage.file("a.jpg", HALF)
        stage.back_up()
        stage.file("a.jpg", WHOLE)
        stage.back_up()
        yield stage


def assets(stage: Stage) -> dict[bytes, Asset]:
    """The half and the whole at the server."""
    by_id = {asset.id: asset for asset in stage.server.assets}
    rows = stage.database.read().execute(
        "SELECT c.size, p.remote_id FROM copies p JOIN contents c ON c.id = p.content_id WHERE destination_id = ?",
        (HERE,),
    )
    sizes = {len(HALF): HALF, len(WHOLE): WHOLE}
    return {sizes[row[0]]: by_id[row[1]] for row in rows if row[0] in sizes}


def test_both_stay_and_the_history_tells_of_both(torn: Stage) -> None:
    found = assets(torn)
    assert set(found) == {HALF, WHOLE}
    assert not any(asset.is_trashed for asset in found.values())
    assert torn.states() == {"a.cr2": "safe", "a.jpg": "safe"}
    tx = torn.database.read()
    superseded = dict(
        tx.execute("SELECT c.size, p.superseded_at FROM copies p JOIN contents c ON c.id = p.content_id").fetchall()
    )
    assert superseded[len(HALF)] is not None
    assert superseded[len(WHOLE)] is None
    (file_id,) = tx.execute("SELECT id FROM files WHERE name = ?", (b"a.jpg",)).fetchone()
    told = [entry.what for entry in activity.of_file(tx, file_id, {HERE: "Server"})]
    assert told.count("uploaded") == 2


def test_the_whole_picture_is_the_one_in_the_stack(torn: Stage) -> None:
    torn.back_up()
    found = assets(torn)
    with_raw = [stack.asset_ids for stack in torn.server.stacks if found[WHOLE].id in stack.asset_ids]
    assert len(with_raw) == 1
    assert with_raw[0][0] == found[WHOLE].id, "it is what is shown"
    assert torn.failures == []


def test_a_half_that_was_not_arranged_yet_stays_out_of_the_stack(server: StandIn) -> None:
    with closing(Stage(server, rules=FolderRules(stack=True))) as stage:
        away = server.faults.answer("POST /api/stacks", 503, times=None)
        stage.file("a.cr2")
        for content in (HALF, WHOLE):
            stage.file("a.jpg", content)
            stage.back_up()
        assert stage.left() == 2, "the stack as it is now, not what it was to be"
        away.remove()
        stage.failures.clear()
        with stage.database.write() as tx:
            jobs.enqueue(tx, organize.job(HERE, stage.folder.id, stage.clock.now_at()), stage.clock.now_at())
        stage.work()
        (made,) = server.stacks
        found = assets(stage)
        assert made.asset_ids[0] == found[WHOLE].id
        assert found[HALF].id not in made.asset_ids
        assert (stage.left(), stage.failures) == (0, [])


def test_who_deletes_the_half_at_the_server_loses_nothing(torn: Stage) -> None:
    torn.sync(thorough=True)
    found = assets(torn)
    torn.server.store.trash(torn.server.admin, [found[HALF].id])
    torn.sync(thorough=True)
    torn.server.store.purge([found[HALF].id])
    torn.sync(thorough=True)
    torn.back_up()
    assert torn.states() == {"a.cr2": "safe", "a.jpg": "safe"}
    assert len(torn.server.assets) == 2
    assert torn.failures == []
