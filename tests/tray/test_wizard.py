"""The first run: five steps, each asked for at once, so that leaving at any of them loses nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.methods import (
    BackupStart,
    DestinationAddFolder,
    DestinationAddImmich,
    FolderAdd,
    Nothing,
    ServerAddress,
    SettingValue,
)
from agent.protocol.types import Args
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import furnish
from tests.fakes.scenes import FIRST_DAY, SAFE
from tests.tray.widgets_read import clipped, nameless, read, unreachable
from tray.wizard.wizard import Wizard

Serve = Callable[..., FakeAgent]
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
    api = "https://photos.example.org/api"
    assert agent.asked("destination.add_immich") == [
        DestinationAddImmich(api, email="ada@example.org", password="secret")
    ]
    assert wizard.sign_in.form.password.text() == ""
    qtbot.waitUntil(lambda: read(wizard).count("1,204 photos and videos, 8.3 GB") == 2)
    go_on(wizard, qtbot)
    assert agent.asked("folder.add") == [FolderAdd(path) for path in USUAL]
    wizard.schedule.form.controls["require_charging"].setChecked(True)  # type: ignore[attr-defined]
    go_on(wizard, qtbot)
    qtbot.waitUntil(lambda: bool(agent.asked("settings.set")))
    assert agent.asked("settings.set") == [SettingValue("require_charging", True)]
    with qtbot.waitSignals([wizard.startup_asked, wizard.accepted]):
        wizard.onward.click()
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


def test_every_step_can_be_used_without_eyes_and_without_a_mouse(
    wizard: Wizard, agent: FakeAgent, qtbot: QtBot
) -> None:
    for at in range(5):
        wizard.show_step(at)
        qtbot.wait(20)
        assert nameless(wizard) == []
        assert unreachable(wizard) == []
        assert clipped(wizard) == []
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
    go_on(wizard, qtbot)
    sign_in(wizard, qtbot)
    assert agent.asked("destination.add_immich") == [
        DestinationAddImmich("nas.local", email="ada@example.org", password="secret", fingerprint="AB:CD")
    ]
