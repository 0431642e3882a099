"""The first run: five steps, each asked for at once, so that leaving at any of them loses nothing."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.methods import (
    BackupStart,
    DestinationAdded,
    DestinationAddFolder,
    DestinationAddImmich,
    FolderAdd,
    Nothing,
    ServerAddress,
    SettingValue,
)
from agent.protocol.server import OAuthBegun, OAuthEnded, OAuthRef
from agent.protocol.types import Args, Backup
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import FIRST_DAY, SAFE
from tests.tray.widgets_read import clipped, nameless, read, shared_keys, unreachable
from tray.wizard.wizard import Wizard

Serve = Callable[..., FakeAgent]
API = "https://photos.example.org/api"
USUAL = ("/home/ada/Pictures", "/home/ada/Videos")


@pytest.fixture
def agent(seam: Any, serve: Serve) -> FakeAgent:
    found = furnish(serve(FIRST_DAY))
    seam.connect()
    return found


@pytest.fixture
def wizard(seam: Any, agent: FakeAgent, qtbot: QtBot) -> Wizard:
    found = Wizard(
        seam.model,
        usual=lambda: USUAL,
        choose=lambda _parent: "/home/ada/Phone",
        choose_place=lambda _parent: "/media/nas",
    )
    qtbot.addWidget(found)
    found.show()
    return found


def go_on(wizard: Wizard, qtbot: QtBot) -> None:
    """Press 'Continue' and wait for the next step."""
    before = wizard.step
    wizard.onward.click()
    qtbot.waitUntil(lambda: wizard.step is not before or not wizard.isVisible())


def find_server(wizard: Wizard, qtbot: QtBot) -> None:
    wizard.address.form.url.setText("photos.example.org")
    go_on(wizard, qtbot)


def sign_in(wizard: Wizard, qtbot: QtBot) -> None:
    wizard.sign_in.form.email.setText("ada@example.org")
    wizard.sign_in.form.password.setText("secret")
    go_on(wizard, qtbot)


def test_from_the_address_to_the_first_backup(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    assert not wizard.onward.isEnabled()
    find_server(wizard, qtbot)
    assert agent.asked("server.find") == [ServerAddress("photos.example.org")]
    assert "Immich 2.3.1 answers at https://photos.example.org." in read(wizard)
    sign_in(wizard, qtbot)
    assert agent.asked("destination.add_immich") == [
        DestinationAddImmich(API, email="ada@example.org", password="secret")
    ]
    assert wizard.sign_in.form.password.text() == ""
    qtbot.waitUntil(lambda: read(wizard).count("1,204 photos and videos, 8.3 GB") == 2)
    go_on(wizard, qtbot)
    assert agent.asked("folder.add") == [FolderAdd(path) for path in USUAL]
    wizard.schedule.form.controls["require_charging"].setChecked(True)  # type: ignore[attr-defined]
    go_on(wizard, qtbot)
    qtbot.waitUntil(lambda: bool(agent.asked("settings.set")))
    assert agent.asked("settings.set") == [SettingValue("require_charging", True)]
    with qtbot.waitSignal(wizard.startup_asked) as heard, qtbot.waitSignal(wizard.accepted):
        wizard.onward.click()
    assert heard.args == [True]
    assert agent.asked("backup.enable") == [Nothing()]
    assert agent.asked("backup.start") == [BackupStart()]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        pytest.param("server_unreachable", "The server does not answer.", id="no-such-host"),
        pytest.param("not_immich", "There is no Immich server at this address.", id="not-immich"),
        pytest.param("server_too_old", "is too old for Safelight.", id="too-old"),
        pytest.param("certificate_untrusted", "certificate is not trusted.", id="certificate"),
    ],
)
def test_an_address_that_does_not_work_says_why(
    code: str, sentence: str, wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.refusals["server.find"] = wire.Error(wire.MISTAKE, code, {"version": "1.90.0"})
    wizard.address.form.url.setText("photos.example.org")
    wizard.onward.click()
    qtbot.waitUntil(lambda: sentence in read(wizard))
    assert wizard.step is wizard.address
    assert wizard.onward.isEnabled()
    wizard.address.form.url.setText("other.example.org")
    assert sentence not in read(wizard)


def test_while_it_waits_it_cannot_be_asked_twice_but_can_be_left(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    wizard.address.form.url.setText("photos.example.org")
    wizard.onward.click()
    assert "Looking for the server" in read(wizard)
    assert not wizard.onward.isEnabled()
    assert wizard.later.isEnabled()
    qtbot.waitUntil(lambda: wizard.step is wizard.sign_in)
    assert len(agent.asked("server.find")) == 1


def test_a_folder_on_a_drive_needs_no_sign_in(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    wizard.address.folder.click()
    qtbot.waitUntil(lambda: wizard.step is wizard.folders)
    assert agent.asked("destination.add_folder") == [DestinationAddFolder("/media/nas")]
    wizard.back.click()
    assert wizard.step is wizard.address


def test_going_back_and_on_does_not_sign_in_twice(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    find_server(wizard, qtbot)
    sign_in(wizard, qtbot)
    wizard.back.click()
    assert wizard.stack.currentIndex() == 1
    go_on(wizard, qtbot)
    assert wizard.stack.currentIndex() == 2
    assert len(agent.asked("destination.add_immich")) == 1


def test_only_ticked_folders_are_added_and_others_can_be_offered(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    wizard.address.folder.click()
    qtbot.waitUntil(lambda: wizard.step is wizard.folders)
    for offer in wizard.folders.offers:
        offer.box.setChecked(False)
    assert not wizard.onward.isEnabled()
    wizard.folders.add.click()
    wizard.folders.add.click()  # chosen twice is offered once
    assert [offer.path for offer in wizard.folders.offers] == [*USUAL, "/home/ada/Phone"]
    go_on(wizard, qtbot)
    assert agent.asked("folder.add") == [FolderAdd("/home/ada/Phone")]


def test_a_folder_that_is_refused_says_why_and_does_not_stop_the_others(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.refusals["folder.add"] = wire.Error(wire.MISTAKE, "folder_unreadable", {"path": USUAL[0]})
    wizard.address.folder.click()
    qtbot.waitUntil(lambda: wizard.step is wizard.folders)
    wizard.onward.click()
    qtbot.waitUntil(lambda: "Not every folder could be added." in read(wizard))
    assert "cannot be read" in wizard.folders.offers[0].detail.text()
    agent.refusals.clear()
    go_on(wizard, qtbot)
    assert agent.asked("folder.add")[-1] == FolderAdd(USUAL[1])


def test_who_has_a_destination_may_go_on_without_a_new_one(
    wizard: Wizard, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    seam.model.snapshot = SAFE
    wizard.show_step(0)
    assert "Copies go to Home server, NAS already." in read(wizard)
    go_on(wizard, qtbot)
    assert wizard.step is wizard.folders
    assert [offer.box.isEnabled() for offer in wizard.folders.offers] == [False, False, True]


def in_the_browser(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> threading.Event:
    """The person is sent to the browser; the event lets the agent's waiting end."""
    came = threading.Event()

    def end(_asked: OAuthRef) -> OAuthEnded:
        came.wait(10)
        return OAuthEnded("t0ken")

    agent.answers["destination.oauth_begin"] = lambda asked: OAuthBegun("b1", f"{asked.url}/authorize")
    agent.answers["destination.oauth_end"] = end
    wizard.sign_in.sign_in._open_url = lambda _url: True
    find_server(wizard, qtbot)
    wizard.sign_in.form.by_browser.setChecked(True)
    wizard.onward.click()
    qtbot.waitUntil(lambda: "then come back here" in read(wizard))
    return came


def test_who_does_not_come_back_from_the_browser_can_choose_another_way(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    came = in_the_browser(wizard, agent, qtbot)
    assert not wizard.onward.isEnabled()
    wizard.sign_in.form.by_password.setChecked(True)
    assert "come back here" not in read(wizard)
    assert wizard.back.isEnabled()
    came.set()
    qtbot.waitUntil(lambda: agent.asked("destination.oauth_cancel") == [OAuthRef("b1")])
    sign_in(wizard, qtbot)
    (wish,) = agent.asked("destination.add_immich")
    assert (wish.email, wish.oauth_token) == ("ada@example.org", None)  # type: ignore[attr-defined]


def test_leaving_while_the_browser_is_open_gives_that_up(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    came = in_the_browser(wizard, agent, qtbot)
    wizard.later.click()
    came.set()
    qtbot.waitUntil(lambda: agent.asked("destination.oauth_cancel") == [OAuthRef("b1")])
    assert not agent.asked("destination.add_immich")


def test_what_a_pasted_key_may_not_do_is_read_before_going_on(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.answers["destination.add_immich"] = lambda _asked: DestinationAdded("a1b2", "Home", None, ("tag.create",))
    find_server(wizard, qtbot)
    wizard.sign_in.form.by_key.setChecked(True)
    wizard.sign_in.form.key.setText("k3y")
    wizard.onward.click()
    qtbot.waitUntil(lambda: "tag.create: tags are not made" in read(wizard))
    assert wizard.stack.currentIndex() == 1
    go_on(wizard, qtbot)
    assert wizard.stack.currentIndex() == 2
    assert len(agent.asked("destination.add_immich")) == 1


@pytest.mark.parametrize("steps", range(5))
def test_leaving_at_any_step_loses_nothing(
    steps: int, wizard: Wizard, seam: Any, agent: FakeAgent, qtbot: QtBot
) -> None:
    """What was agreed to was asked for at once, so leaving asks for nothing more and takes nothing back."""
    ways: tuple[Callable[[], None], ...] = (
        lambda: find_server(wizard, qtbot),
        lambda: sign_in(wizard, qtbot),
        lambda: go_on(wizard, qtbot),
        lambda: go_on(wizard, qtbot),
    )
    asked = ("destination.add_immich", "folder.add")
    for way in ways[:steps]:
        way()
    kept = [agent.asked(method) for method in asked]
    assert [len(one) for one in kept] == [int(steps >= 2), 2 * int(steps >= 3)]
    wizard.later.click()
    qtbot.wait(20)
    assert [agent.asked(method) for method in asked] == kept
    assert not {name for name, _params in agent.calls} & {"destination.remove", "folder.remove", "backup.disable"}


def test_an_answer_that_is_refused_says_so_and_shows_again_what_is(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    wizard.show_step(3)
    box: Any = wizard.schedule.form.controls["require_charging"]
    qtbot.waitUntil(lambda: bool(agent.asked("settings.list")))
    agent.refusals["settings.set"] = wire.Error(wire.MISTAKE, "stopping", {})
    box.click()
    qtbot.waitUntil(lambda: "The agent is just stopping." in read(wizard))
    qtbot.waitUntil(lambda: not box.isChecked())


def test_the_keyboard_goes_on_in_each_step(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    for at, step in enumerate(wizard.steps):
        wizard.show_step(at)
        assert wizard.focusWidget() in [*step.findChildren(QWidget), wizard.onward], type(step)


def test_what_a_step_says_is_seen_however_far_it_is_scrolled(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    wizard.resize(wizard.minimumSize().expandedTo(wizard.minimumSizeHint()))
    find_server(wizard, qtbot)
    agent.refusals["destination.add_immich"] = wire.Error(wire.MISTAKE, "keyring_absent", {})
    wizard.sign_in.form.email.setText("ada@example.org")
    wizard.sign_in.form.password.setText("secret")
    wizard.onward.click()
    said, box = wizard.sign_in.said, wizard.sign_in.form.in_file.box
    qtbot.waitUntil(said.isVisible)
    assert said.visibleRegion().boundingRect() == said.rect()
    qtbot.waitUntil(lambda: box.visibleRegion().boundingRect() == box.rect())


def test_every_step_can_be_used_without_eyes_and_without_a_mouse(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    for at in range(5):
        wizard.show_step(at)
        qtbot.wait(20)
        assert nameless(wizard) == []
        assert unreachable(wizard) == []
        assert clipped(wizard) == []
        assert shared_keys(wizard) == {}
        assert wizard.line.accessibleName() == f"Step {at + 1} of 5"


def test_a_certificate_that_the_person_vouches_for_is_taken_along(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    args: Args = {"address": "https://nas.local", "fingerprint": "AB:CD"}
    agent.refusals["server.find"] = wire.Error(wire.MISTAKE, "certificate_untrusted", args)
    wizard.address.form.url.setText("nas.local")
    wizard.onward.click()
    qtbot.waitUntil(wizard.address.form.trust.isVisible)
    wizard.address.form.trust.box.setChecked(True)
    assert "AB:CD" in read(wizard)
    agent.refusals.clear()
    go_on(wizard, qtbot)
    assert agent.asked("server.find")[-1] == ServerAddress("nas.local", fingerprint="AB:CD")
    sign_in(wizard, qtbot)
    assert agent.asked("destination.add_immich") == [
        DestinationAddImmich(API, email="ada@example.org", password="secret", fingerprint="AB:CD")
    ]


def test_a_server_that_wants_a_certificate_or_headers_says_so_and_is_given_them(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    extras = wizard.address.form.extras
    assert not extras.client.isVisible()
    agent.refusals["server.find"] = wire.Error(wire.MISTAKE, "client_certificate_needed", {"address": "https://far"})
    wizard.address.form.url.setText("photos.example.org")
    wizard.onward.click()
    qtbot.waitUntil(extras.client.isVisible)
    assert "choose its file where you sign in" in read(wizard)
    assert (nameless(wizard), unreachable(wizard)) == ([], [])
    agent.refusals.clear()
    extras.client.choose = lambda _parent: "/home/ada/me.pem"
    extras.client.button.click()
    extras.authority.line.setText("~/own.pem")
    extras.headers_edit.setPlainText("CF-Access-Client-Id: me\n\n CF-Access-Client-Secret : a:b ")
    own = str(Path.home() / "own.pem")
    headers = {"CF-Access-Client-Id": "me", "CF-Access-Client-Secret": "a:b"}
    go_on(wizard, qtbot)
    assert agent.asked("server.find")[-1] == ServerAddress(
        "photos.example.org", headers, ca_file=own, client_certificate="/home/ada/me.pem"
    )
    sign_in(wizard, qtbot)
    (wish,) = agent.asked("destination.add_immich")
    assert wish == DestinationAddImmich(
        API,
        email="ada@example.org",
        password="secret",
        headers=headers,
        ca_file=own,
        client_certificate="/home/ada/me.pem",
    )


def test_who_was_here_before_sees_what_starts_at_login_now(wizard: Wizard, agent: FakeAgent, qtbot: QtBot) -> None:
    box = wizard.login.at_login.box
    wizard.login.show_startup(is_on=False)
    assert box.isChecked()  # the first time it is the wish that counts
    with qtbot.waitSignal(wizard.login.model.changed):
        agent.show(backup=Backup("safe", enabled=True))
    wizard.login.show_startup(is_on=False)
    assert not box.isChecked()
    box.click()
    wizard.login.show_startup(is_on=False)
    assert box.isChecked()  # chosen by hand
