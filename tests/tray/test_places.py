"""The destinations in the settings: space, changes, addresses, signing out; each is one request to the agent."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.destination import AddressesKept, DestinationAddresses
from agent.protocol.methods import DestinationAdded, DestinationRef
from agent.protocol.server import JobIds, SyncStart
from agent.protocol.types import Args, JobRow, Problem
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish, job
from tests.fakes.scenes import ATTENTION, IMMICH, NAS, SAFE
from tests.tray.widgets_read import clipped, nameless, read, unreachable
from tray.pages.address_dialog import AddressDialog
from tray.pages.place_row import PlaceRow
from tray.pages.places import PlacesCard

Serve = Callable[..., FakeAgent]
HOME, AWAY = "https://photos.example.org", "http://nas.local:2283"


@pytest.fixture
def agent(serve: Serve) -> FakeAgent:
    return furnish(serve(SAFE))


@pytest.fixture
def card(seam: Any, agent: FakeAgent, qtbot: QtBot) -> Iterator[PlacesCard]:
    found = PlacesCard(seam.model)
    qtbot.addWidget(found)
    found.show()
    seam.connect()
    seam.model.changed.connect(lambda _sections: found.show_places(seam.model.snapshot))
    found.show_places(seam.model.snapshot)
    found.ask_more()
    qtbot.waitUntil(lambda: "used" in read(found))
    agent.calls.clear()
    yield found
    found.close()


def server(card: PlacesCard) -> PlaceRow:
    return card.rows.rows()[0]


def test_a_quota_is_a_bar_and_a_sentence(card: PlacesCard) -> None:
    assert "48.2 GB of 100 GB used" in read(server(card))
    assert server(card)._quota.isVisible()
    assert server(card)._quota.value() == 48
    assert not card.rows.rows()[1]._quota.isVisible()


def test_space_that_cannot_be_told_is_no_error(card: PlacesCard, agent: FakeAgent, seam: Any, qtbot: QtBot) -> None:
    told: list[str] = []
    seam.model.told.connect(told.append)
    agent.refusals["destination.space"] = wire.Error(wire.MISTAKE, "server_unreachable", {})
    card.ask_more()
    qtbot.waitUntil(lambda: len(agent.asked("destination.space")) == 2)
    qtbot.wait(50)
    assert told == []


def test_a_destination_that_is_away_is_not_asked_for_its_space(
    card: PlacesCard, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(seam.model.changed):
        agent.show(destinations=(msgspec.structs.replace(IMMICH, reachable=False), NAS))
    card.ask_more()
    qtbot.waitUntil(lambda: bool(agent.asked("destination.space")))
    assert agent.asked("destination.space") == [DestinationRef(NAS.id)]
    assert "not reachable now" in read(server(card))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        pytest.param(job(7, "COMPLETED"), "All changes are fetched.", id="done"),
        pytest.param(job(7, "PENDING"), "as soon as the server is free for it", id="waits"),
        pytest.param(job(7, "FAILED", last_error="server_error"), "could not be fetched", id="failed"),
        pytest.param(job(7, "CANCELLED"), "was cancelled", id="cancelled"),
    ],
)
def test_changes_are_fetched_on_request_and_it_says_how_far_that_is(
    row: JobRow, sentence: str, card: PlacesCard, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.answers["sync.start"] = lambda _asked: JobIds((7,))
    agent.answers["jobs.show"] = lambda _asked: row
    server(card).sync.click()
    qtbot.waitUntil(lambda: sentence in read(server(card)))
    assert agent.asked("sync.start") == [SyncStart(IMMICH.id)]


def test_only_a_server_has_changes_addresses_and_a_sign_in(card: PlacesCard) -> None:
    nas = card.rows.rows()[1]
    for button in (nas.sync, nas.addresses, nas.sign_out, nas.sign_in):
        assert not button.isVisible()
    assert nas.check.isVisible()
    assert nas.remove.isVisible()


def test_signing_out_asks_first_and_then_offers_to_sign_in(
    card: PlacesCard, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    server(card).sign_out.click()
    question = card.question
    assert question is not None
    assert "Nothing is deleted" in question.informativeText()
    assert "Cancel" in question.defaultButton().text()
    next(one for one in question.buttons() if "out" in one.text()).click()
    qtbot.waitUntil(lambda: bool(agent.asked("destination.sign_out")))
    assert agent.asked("destination.sign_out") == [DestinationRef(IMMICH.id)]
    with qtbot.waitSignal(seam.model.changed):
        agent.show(destinations=(msgspec.structs.replace(IMMICH, account=None), NAS))
    assert "signed out" in read(server(card))
    assert server(card).sign_in.isVisible()
    assert not server(card).sign_out.isVisible()


def test_a_question_answered_with_no_asks_nothing(card: PlacesCard, agent: FakeAgent, qtbot: QtBot) -> None:
    server(card).sign_out.click()
    assert card.question is not None
    card.question.defaultButton().click()
    qtbot.wait(50)
    assert not agent.calls


def test_a_problem_that_a_new_sign_in_ends_offers_one(
    card: PlacesCard, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(seam.model.changed):
        agent.show(problems=ATTENTION.problems)
    assert server(card).sign_in.isVisible()


@pytest.mark.parametrize(("button", "method"), [("check", "destination.check"), ("sync", "sync.start")])
def test_what_is_refused_is_said_where_it_was_asked(
    button: str, method: str, card: PlacesCard, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    told: list[str] = []
    seam.model.told.connect(told.append)
    agent.refusals[method] = wire.Error(wire.MISTAKE, "destination_busy", {"name": IMMICH.name})
    getattr(server(card), button).click()
    qtbot.waitUntil(lambda: "is still at work. Try again in a moment." in read(server(card)))
    assert "…" not in server(card)._report.text()
    assert told == []


@pytest.mark.parametrize(("button", "method"), [("sign_out", "destination.sign_out"), ("remove", "destination.remove")])
def test_what_was_agreed_to_and_is_refused_is_said_at_its_row(
    button: str, method: str, card: PlacesCard, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.refusals[method] = wire.Error(wire.MISTAKE, "destination_busy", {"name": IMMICH.name})
    getattr(server(card), button).click()
    assert card.question is not None
    next(one for one in card.question.buttons() if one is not card.question.defaultButton()).click()
    qtbot.waitUntil(lambda: "is still at work" in read(server(card)))


def test_a_folder_that_cannot_hold_copies_says_why_below_the_button(
    card: PlacesCard, agent: FakeAgent, qtbot: QtBot
) -> None:
    card._choose = lambda _parent: "/home/ada/Pictures/inner"
    args: Args = {"path": "/home/ada/Pictures/inner"}
    agent.refusals["destination.add_folder"] = wire.Error(wire.MISTAKE, "destination_inside_folder", args)
    card.add_folder.click()
    assert "Trying the folder" in card.said.text()
    qtbot.waitUntil(lambda: "lies inside a watched folder. Choose a place outside of it." in read(card))
    agent.refusals.clear()
    card.add_folder.click()
    qtbot.waitUntil(lambda: not card.said.isVisible())


def test_what_a_pasted_key_may_not_do_is_said_when_the_server_is_added(
    card: PlacesCard, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.answers["destination.add_immich"] = lambda _asked: DestinationAdded(
        IMMICH.id, IMMICH.name, IMMICH.account, ("album.create", "tag.create")
    )
    card.add_server.click()
    assert card.dialog is not None
    card.dialog.address.url.setText("photos.example.org")
    card.dialog.form.by_key.setChecked(True)
    card.dialog.form.key.setText("k3y")
    with qtbot.waitSignal(card.dialog.accepted):
        card.dialog.add.click()
    qtbot.waitUntil(lambda: "tag.create: tags are not made" in read(server(card)))


@pytest.mark.parametrize("code", ["certificate_changed", "client_certificate_needed", "certificate_file_unreadable"])
def test_a_certificate_that_is_wrong_is_mended_by_signing_in_again(
    code: str, card: PlacesCard, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(seam.model.changed):
        agent.show(problems=(Problem(code, "error", 0, {"path": "/x.pem"}, blocks=IMMICH.id),))
    server(card).sign_in.click()
    assert card.dialog is not None
    assert card.dialog.address.extras.wanted.isVisible()
    card.dialog.reject()


# --- Addresses --------------------------------------------------------------------------------------------------------


@pytest.fixture
def dialog(card: PlacesCard) -> AddressDialog:
    server(card).addresses.click()
    assert card.addresses is not None
    return card.addresses


def test_addresses_are_shown_as_people_know_them_and_sent_as_the_agent_does(
    dialog: AddressDialog, agent: FakeAgent, qtbot: QtBot
) -> None:
    assert dialog.addresses.texts() == (HOME, AWAY)
    dialog.addresses.list.setCurrentRow(1)
    dialog.addresses.up.click()
    dialog.addresses.new.setText(" https://photos.example.net ")  # 'Add' need not be pressed
    with qtbot.waitSignal(dialog.accepted):
        dialog.save.click()
    wanted = (f"{AWAY}/api", HOME, "https://photos.example.net")
    assert agent.asked("destination.set_addresses") == [DestinationAddresses(IMMICH.id, wanted)]


def test_addresses_are_added_moved_and_removed_but_one_stays(dialog: AddressDialog) -> None:
    one = dialog.addresses
    one.new.setText("https://third.example.org")
    one.add.click()
    assert one.texts() == (HOME, AWAY, "https://third.example.org")
    assert one.list.currentRow() == 2
    assert not one.down.isEnabled()
    one.remove.click()
    one.list.setCurrentRow(0)
    assert not one.up.isEnabled()
    one.down.click()
    assert one.texts() == (AWAY, HOME)
    one.remove.click()
    assert one.texts() == (AWAY,)
    assert not one.remove.isEnabled()
    dialog.reject()


@pytest.mark.parametrize(
    ("code", "url", "args", "said", "granted"),
    [
        pytest.param("plain_http", "http://far", {}, "unencrypted", {"plain_http": True}, id="without-encryption"),
        pytest.param(
            "certificate_untrusted",
            "https://nas",
            {"reason": "self", "fingerprint": "AB:CD"},
            "AB:CD",
            {"fingerprint": "AB:CD"},
            id="certificate-of-its-own",
        ),
    ],
)
def test_an_address_that_is_refused_says_why_and_may_be_allowed_with_a_word(
    dialog: AddressDialog,
    agent: FakeAgent,
    qtbot: QtBot,
    code: str,
    url: str,
    args: dict[str, str],
    said: str,
    granted: dict[str, Any],
) -> None:
    agent.refusals["destination.set_addresses"] = wire.Error(wire.MISTAKE, code, {"address": url, **args})
    dialog.addresses.new.setText(url)
    dialog.save.click()
    assert "Trying the new addresses" in dialog.said.text()
    word = dialog.trust if "fingerprint" in granted else dialog.unencrypted
    qtbot.waitUntil(word.isVisible)
    assert said in dialog.said.text()
    agent.refusals.clear()
    word.box.setChecked(True)
    with qtbot.waitSignal(dialog.accepted):
        dialog.save.click()
    wanted = DestinationAddresses(IMMICH.id, (HOME, f"{AWAY}/api", url), **granted)
    assert agent.asked("destination.set_addresses")[-1] == wanted


def test_an_address_that_does_not_answer_is_said_afterwards(
    dialog: AddressDialog, card: PlacesCard, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.answers["destination.set_addresses"] = lambda asked: AddressesKept(asked.addresses, ("https://far/api",))
    dialog.save.click()
    qtbot.waitUntil(lambda: "https://far/api does not answer from here now." in read(server(card)))


def test_everything_has_a_name_and_is_reached_by_tab(card: PlacesCard, dialog: AddressDialog, qtbot: QtBot) -> None:
    card.resize(500, card.heightForWidth(500))
    qtbot.wait(20)
    for widget in (card, dialog):
        assert nameless(widget) == []
        assert unreachable(widget) == []
        assert clipped(widget) == []
    dialog.reject()
