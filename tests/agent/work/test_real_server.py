"""The agent's own way with a server, from sign-in to sign-out, by nothing but the server's API.

Against the stand-in as if it were a real server; against a real one where IMMICH_TEST_URL, IMMICH_TEST_EMAIL and
IMMICH_TEST_PASSWORD name an account for tests. What was made there is removed at the end, and nothing else.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import cast

import pytest

from agent.destinations.base import Wanted
from agent.destinations.immich import ImmichDestination
from agent.destinations.immich import organize as arranging
from agent.destinations.immich.live import Live
from agent.domain.errors import Blocked
from agent.platforms.clock import SystemClock
from agent.protocol.methods import DestinationAddImmich
from agent.protocol.settings import FolderRules
from agent.store import copies, organize, remote
from agent.work.asked.signin import Entered, SignIn
from tests import pictures
from tests.agent.work.asked.test_signin import setting_of
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import StandIn
from tests.fakes_check.real import RUN, RealServer, real_server

pytestmark = [pytest.mark.network_guard_off] if real_server() is not None else []

ALBUM = f"Safelight test {RUN}"
PATIENCE_S = 60.0


@pytest.fixture
def real() -> Iterator[RealServer]:
    named = real_server()
    if named is not None:
        with RealServer(*named) as asked:
            yield asked
        return
    with StandIn() as running, RealServer(running.url, "admin@example.com", "immich-admin") as asked:
        running.add_crowd(20)
        yield asked


@pytest.fixture
def door() -> SignIn:
    return SignIn(SystemClock(), lambda _: None)


def enter(door: SignIn, real: RealServer, **more: str) -> Entered:
    wish = DestinationAddImmich(real.url, email=real.email, password=real.password, plain_http=True, **more)  # type: ignore[arg-type]
    return door.enter(wish)


@pytest.fixture
def stage(door: SignIn, real: RealServer) -> Iterator[Stage]:
    """A folder with three pictures that no server has seen, signed in with a session of its own."""
    entered = enter(door, real)
    rules = FolderRules(album=ALBUM, stack=True)
    made = Stage(cast(StandIn, real), rules=rules, key=entered.secret.to_text(), url=entered.account.api_url)
    for seed, name in enumerate(("a.jpg", "b.jpg", "b.CR2")):
        pictures.jpeg(made.root / name, seed=seed)
        with (made.root / name).open("ab") as file:
            file.write(RUN.encode())
    yield made
    remove_all(made)
    door.leave(setting_of(entered), entered.secret.to_text())
    with pytest.raises(Blocked, match="signed_out"):
        made.destination.probe()
    made.close()


def ids(stage: Stage) -> dict[str, str]:
    """Name -> id at the server, as the ledger has it."""
    rows = stage.database.read().execute(
        "SELECT f.name, c.remote_id FROM files f JOIN copies c ON c.content_id = f.content_id"
    )
    return {row[0].decode(): str(row[1]) for row in rows if row[1]}


def wanted(stage: Stage) -> dict[str, Wanted]:
    tx = stage.database.read()
    rows = tx.execute("SELECT name, content_id FROM files WHERE content_id IS NOT NULL").fetchall()
    known = {content_id: (sha1, size) for content_id, sha1, size in copies.contents(tx, [row[1] for row in rows])}
    return {row[0].decode(): Wanted(*known[row[1]]) for row in rows}


def wait_for(condition: Callable[[], bool]) -> None:
    """A server works off some things behind its answers."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.2)


def remove(stage: Stage, name: str, *, force: bool) -> None:
    stage.destination.server.tell("DELETE", "/assets", {"ids": [ids(stage)[name]], "force": force})
    if force:
        one = wanted(stage)[name]
        wait_for(lambda: one.sha1 not in stage.destination.check([one]))


def remove_all(stage: Stage) -> None:
    """What these tests have put there."""
    found = stage.destination.check(list(wanted(stage).values())) if wanted(stage) else {}
    if found:
        gone = {"ids": [one.remote_id for one in found.values()], "force": True}
        stage.destination.server.tell("DELETE", "/assets", gone)
    album = organize.album(stage.database.read(), HERE, ALBUM)
    if album is not None:
        stage.destination.server.tell("DELETE", f"/albums/{album}")


def test_pictures_go_there_once_into_their_album_and_their_stack(stage: Stage) -> None:
    stage.back_up()
    assert (stage.failures, set(stage.states().values()), stage.left()) == ([], {"safe"}, 0)
    first = ids(stage)
    assert set(stage.destination.check(list(wanted(stage).values()))) == {one.sha1 for one in wanted(stage).values()}
    stage.file("again.jpg", (stage.root / "a.jpg").read_bytes())
    stage.back_up()
    assert ids(stage) == first | {"again.jpg": first["a.jpg"]}, "the same bytes are not sent again"

    stage.sync()
    assert stage.failures == []
    tx = stage.database.read()
    assert remote.counts(tx, HERE)["assets"] >= 3
    album = organize.album(tx, HERE, ALBUM)
    assert (album, ALBUM) in remote.albums(tx, HERE)
    members = tx.execute("SELECT remote_id FROM remote_album_assets WHERE album_id = ?", (album,)).fetchall()
    assert {row[0] for row in members} == set(first.values())
    shown = stage.destination.server.ask("GET", f"/assets/{first['b.jpg']}")
    assert isinstance(shown, dict)
    assert shown["stack"]["primaryAssetId"] == first["b.jpg"]


def test_trash_restore_and_removal_there_are_followed_and_nothing_is_put_back(stage: Stage) -> None:
    stage.back_up()
    stage.sync()
    remove(stage, "a.jpg", force=False)
    stage.sync()
    assert stage.states() == {"a.jpg": "in_trash", "b.jpg": "safe", "b.CR2": "safe"}
    arranging.restore(stage.destination.server, [ids(stage)["a.jpg"]])
    stage.sync()
    assert set(stage.states().values()) == {"safe"}
    remove(stage, "a.jpg", force=True)
    stage.sync()
    stage.back_up()
    assert stage.states() == {"a.jpg": "deleted_at_destination", "b.jpg": "safe", "b.CR2": "safe"}
    assert stage.failures == []


def test_a_session_is_let_in_to_live_events(stage: Stage) -> None:
    live = Live(stage.destination.server, lambda _: None)
    live.connect()
    assert not live.closed.is_set()
    live.close()


def test_a_narrow_key_that_we_make_is_enough_and_ends_itself(door: SignIn, real: RealServer) -> None:
    entered = enter(door, real, sign_in="key")
    assert (entered.secret.kind, entered.account.lacks_useful) == ("key", ())
    secret = entered.secret.to_text()
    with closing(ImmichDestination(entered.account.api_url, secret, clock=SystemClock())) as account:
        assert account.probe().account == real.email
        with pytest.raises(Blocked, match="live_refused"):
            Live(account.server, lambda _: None).connect()
        door.leave(setting_of(entered), secret)
        with pytest.raises(Blocked, match="signed_out"):
            account.probe()
