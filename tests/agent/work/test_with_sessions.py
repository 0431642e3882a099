"""With a session, on the stand-in as releases behave: sync, stacks, tags, sign-in by browser, upheavals, versions."""

import threading
import urllib.request
from collections.abc import Callable, Iterator

import pytest

from agent.destinations.immich.secret import Secret
from agent.domain.errors import Blocked
from agent.platforms.clock import SystemClock
from agent.protocol.methods import DestinationAddImmich
from agent.protocol.server import OAuthBegin
from agent.protocol.settings import FolderRules
from agent.store import remote
from agent.work.asked.browsing import Browsing
from agent.work.asked.signin import SignIn
from tests.agent.work.server_stage import HERE, Stage
from tests.fakes.immich import StandIn

Expect = Callable[..., None]
VERSIONS = ["1.144.1", "2.7.5", "3.1.0"]


def staged(server: StandIn, rules: FolderRules | None = None) -> Stage:
    return Stage(server, key=Secret("session", server.session()).to_text(), rules=rules)


@pytest.fixture(params=VERSIONS)
def versioned(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    with StandIn(version=request.param) as server:
        yield server


@pytest.fixture
def stage(server: StandIn) -> Iterator[Stage]:
    made = staged(server)
    yield made
    made.close()


def test_one_code_path_serves_every_version(versioned: StandIn) -> None:
    stage = staged(versioned, FolderRules(album="folder", stack=True, tag=True))
    for name in ("a.jpg", "Trip/b.CR2", "Trip/b.JPG"):
        stage.file(name)
    stage.back_up()
    stage.sync()
    assert stage.failures == []
    assert set(stage.states().values()) == {"safe"}
    versioned.store.trash(versioned.admin, [stage.at_server("a.jpg").id])
    stage.sync()
    assert stage.states()["a.jpg"] == "in_trash"
    versioned.store.purge([stage.at_server("a.jpg").id])
    stage.sync()
    assert stage.states()["a.jpg"] == "deleted_at_destination"
    assert remote.counts(stage.database.read(), HERE)["assets"] == 2
    assert stage.album("Trip") == ["b.CR2", "b.JPG"]
    assert stage.failures == []
    stage.close()


def test_raw_and_jpeg_become_one_stack_whichever_comes_last(server: StandIn) -> None:
    stage = staged(server, FolderRules(stack=True))
    stage.file("b.CR2")
    stage.back_up()
    assert server.stacks == []
    stage.file("b.JPG")
    stage.file("c.jpg")
    stage.back_up()
    (stack,) = server.stacks
    assert [stage.remote(one).filename for one in stack.asset_ids] == ["b.JPG", "b.CR2"]
    stage.close()


def test_tags_follow_the_folders(server: StandIn) -> None:
    stage = staged(server, FolderRules(tag=True))
    stage.file("Trip/Day 1/a.jpg")
    stage.back_up()
    assert "Pictures/Trip/Day 1" in {tag.value for tag in server.tags}
    assert stage.failures == []
    stage.close()


def test_a_server_restored_from_an_older_backup_makes_no_tombstones(
    server: StandIn, stage: Stage, expected_log: Expect
) -> None:
    expected_log("copies are missing", at_least=0)
    stage.file("a.jpg")
    stage.back_up()
    stage.sync()
    old = server.backup()
    stage.file("b.jpg")
    stage.back_up()
    stage.sync()
    stage.clock.advance(86_400)
    server.restore(old)
    stage.sync()
    assert stage.intent.tombstones() == {}
    assert stage.states()["a.jpg"] == "safe"
    assert stage.states()["b.jpg"] in ("safe", "missing_at_destination")


def test_a_wiped_server_makes_no_tombstones(server: StandIn, stage: Stage, expected_log: Expect) -> None:
    expected_log("copies are missing", at_least=0)
    for number in range(3):
        stage.file(f"{number}.jpg")
    stage.back_up()
    stage.sync()
    stage.clock.advance(86_400)
    server.exchange()
    stage.sync()
    assert stage.intent.tombstones() == {}
    assert stage.failures[-1][1].code in ("signed_out", "account_changed")
    assert set(stage.states().values()) == {"safe"}


def test_ten_thousand_deletions_are_asked_about_at_once(server: StandIn, stage: Stage, expected_log: Expect) -> None:
    expected_log("copies are missing")
    for number in range(200):
        stage.file(f"{number}.jpg")
    stage.back_up()
    crowd = server.add_crowd(10_000)
    assert crowd is not None
    stage.sync()
    server.store.purge([asset.id for asset in server.assets])
    stage.sync()
    assert set(stage.states().values()) == {"missing_at_destination"}
    assert stage.intent.tombstones() == {}


def test_a_reset_reads_everything_anew(server: StandIn, stage: Stage) -> None:
    stage.file("a.jpg")
    stage.back_up()
    stage.sync()
    server.ask_for_reset(stage.destination.secret.token)
    stage.sync()
    stage.sync()
    assert stage.failures == []
    assert stage.states() == {"a.jpg": "safe"}


def test_a_changed_password_is_signed_out_and_nothing_is_dropped(server: StandIn, stage: Stage) -> None:
    stage.file("a.jpg")
    stage.take()
    server.change_password("new")
    stage.sync()
    assert {error.code for _, error in stage.failures} == {"signed_out"}
    assert stage.states() == {"a.jpg": "queued"}


def test_maintenance_is_waited_for(server: StandIn, stage: Stage) -> None:
    server.start_maintenance()
    stage.sync()
    assert stage.failures[-1][1].code == "maintenance"
    server.end_maintenance()
    stage.sync()
    assert len(stage.failures) == 1


# --- Signing in -----------------------------------------------------------------------------------------------------


def test_the_device_list_names_this_computer_and_leaving_empties_it(server: StandIn) -> None:
    import platform

    door = SignIn(SystemClock(), lambda _: None)
    asked = DestinationAddImmich(server.url, email="admin@example.com", password="immich-admin")
    entered = door.enter(asked)
    assert entered.secret.parent is not None
    children = [one for one in server.sessions if one.parent is not None]
    assert [one.token for one in children] == [entered.secret.token]
    assert platform.node() in str(children[0])
    from tests.agent.work.asked.test_signin import setting_of

    door.leave(setting_of(entered), entered.secret.to_text())
    assert server.sessions == []


def test_the_browser_signs_in_over_loopback(server: StandIn) -> None:
    server.provider.enabled = True
    browsing = Browsing(SystemClock(), lambda _: None)
    begun = browsing.begin(OAuthBegin(server.url))
    pages: list[bytes] = []

    def visit() -> None:
        with urllib.request.urlopen(begun.page, timeout=20) as answer:
            pages.append(answer.read())

    browser = threading.Thread(target=visit)
    browser.start()
    token = browsing.end(begun.id)
    browser.join(20)
    assert b"You are signed in" in pages[0]
    entered = SignIn(SystemClock(), lambda _: None).enter(DestinationAddImmich(server.url, oauth_token=token))
    assert (entered.secret.kind, entered.account.email) == ("session", "admin@example.com")


@pytest.mark.parametrize("by", ["the provider", "the server, which does not believe the provider"])
def test_a_refused_browser_sign_in_is_told(server: StandIn, by: str) -> None:
    server.provider.enabled = True
    if by == "the provider":
        server.provider.refuses = "access_denied"
    else:
        server.faults.answer("POST /api/oauth/callback", 400, {"message": "OAuth authentication failed"})
    browsing = Browsing(SystemClock(), lambda _: None)
    begun = browsing.begin(OAuthBegin(server.url))
    browser = threading.Thread(target=lambda: urllib.request.urlopen(begun.page, timeout=20).close())
    browser.start()
    with pytest.raises(Blocked, match="oauth_failed"):
        browsing.end(begun.id)
    browser.join(20)


def test_a_server_without_it_says_so(server: StandIn) -> None:
    with pytest.raises(Blocked, match="oauth_off"):
        Browsing(SystemClock(), lambda _: None).begin(OAuthBegin(server.url))
