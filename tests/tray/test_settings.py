"""The settings page: every setting has its control, a change is one request, a refusal shows again what is."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QSignalBlocker, Qt, QTime, QUrl
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QLineEdit, QSpinBox, QTimeEdit, QWidget
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.methods import (
    DestinationAddFolder,
    DestinationAddImmich,
    DestinationRef,
    DestinationReport,
    SettingsRows,
    SettingValue,
)
from agent.protocol.server import OAuthBegin, OAuthBegun, OAuthEnded, OAuthRef
from agent.protocol.settings import Values
from agent.protocol.types import Args
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import VALUES, furnish
from tests.fakes.scenes import ATTENTION, IMMICH, NAS, SAFE, WORKING
from tests.tray.widgets_read import clipped, controls, nameless, read, shared_keys, unreachable
from tray.pages.server_dialog import ServerDialog
from tray.pages.settings import SettingsPage
from tray.pages.window import Window
from tray.widgets.settings_form import SettingsForm
from tray.widgets.time_windows import TimeWindows

Serve = Callable[..., FakeAgent]


@pytest.fixture
def page(seam: Any, qtbot: QtBot) -> Iterator[SettingsPage]:
    nothing = [sys.executable, "-c", ""]
    found = SettingsPage(seam.model, "/home/ada/logs", nothing, doctor_command=nothing)
    window = Window([found])
    qtbot.addWidget(window)
    window.show()
    yield found
    window.close()


@pytest.fixture
def agent(page: SettingsPage, seam: Any, serve: Serve, qtbot: QtBot) -> FakeAgent:
    found = furnish(serve(SAFE))
    seam.connect()
    qtbot.waitUntil(lambda: page.is_complete and _control(page, "background_backup", QCheckBox).isChecked())
    found.calls.clear()
    return found


def _control(page: SettingsPage, key: str, kind: type[Any]) -> Any:
    found = page.form.controls[key]
    assert isinstance(found, kind)
    return found


def test_every_setting_can_be_changed_in_the_window(page: SettingsPage, agent: FakeAgent) -> None:
    assert {*Values.__struct_fields__} == page.form.controls.keys()


def test_the_controls_show_what_the_agent_says(page: SettingsPage, agent: FakeAgent) -> None:
    assert _control(page, "bandwidth_limit_bytes_s", QDoubleSpinBox).value() == 2.5
    assert _control(page, "trigger_delay_s", QSpinBox).value() == 30
    assert _control(page, "cache_time", QTimeEdit).time() == QTime(3, 0)
    assert _control(page, "log_level", QComboBox).currentData() == "info"
    assert _control(page, "schedule", TimeWindows).windows() == msgspec.json.decode(
        msgspec.json.encode(VALUES.schedule)
    )
    assert not agent.asked("settings.set")


def _set_time(control: Any) -> None:
    control.setTime(QTime(4, 30))


def _type_names(control: QLineEdit) -> None:
    control.setText("Home, Studio")
    control.setModified(True)
    control.editingFinished.emit()


def _choose_log(control: QComboBox) -> None:
    control.setCurrentIndex(1)
    control.activated.emit(1)


CHANGES = [
    pytest.param("require_charging", lambda one: one.setChecked(True), True, id="switch"),
    pytest.param("battery_floor_percent", lambda one: one.setValue(35), 35, id="number"),
    pytest.param("bandwidth_limit_bytes_s", lambda one: one.setValue(1.5), 1_500_000, id="scaled"),
    pytest.param("min_free_disk_bytes", lambda one: one.setValue(2), 2_000_000_000, id="gigabytes"),
    pytest.param("cache_time", _set_time, "04:30", id="time"),
    pytest.param("allowed_networks", _type_names, ["Home", "Studio"], id="names"),
    pytest.param("log_level", _choose_log, "warning", id="choice"),
]


@pytest.mark.parametrize(("key", "change", "value"), CHANGES)
def test_a_change_is_one_request(
    key: str, change: Callable[[QWidget], None], value: object, page: SettingsPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    change(page.form.controls[key])
    qtbot.waitUntil(lambda: bool(agent.asked("settings.set")))
    assert agent.asked("settings.set") == [SettingValue(key, value)]


def test_all_kinds_of_network_are_any(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    boxes = page.form.controls["network_kinds"].findChildren(QCheckBox)
    assert all(box.isChecked() for box in boxes)
    boxes[2].setChecked(False)
    boxes[2].setChecked(True)
    qtbot.waitUntil(lambda: len(agent.asked("settings.set")) == 2)
    assert agent.asked("settings.set") == [
        SettingValue("network_kinds", ["wifi", "ethernet", "vpn"]),
        SettingValue("network_kinds", []),
    ]


FINE = [
    pytest.param("bandwidth_limit_bytes_s", 40_000, "0.04 MB/s", id="slow"),
    pytest.param("bandwidth_limit_bytes_s", 1_234_000, "1.234 MB/s", id="odd"),
    pytest.param("bandwidth_limit_bytes_s", 0, "no limit", id="none"),
    pytest.param("min_free_disk_bytes", 40_000_000, "0.04 GB", id="small-disk"),
    pytest.param("cache_limit_bytes", 10_000_000, "0.01 GB", id="least-cache"),
    pytest.param("cache_limit_bytes", 2_000_000_000, "2.0 GB", id="usual-cache"),
]


@pytest.mark.parametrize(("key", "value", "text"), FINE)
def test_a_number_finer_than_usual_is_shown_as_it_is(key: str, value: int, text: str, page: SettingsPage) -> None:
    page.ready()
    while not page.is_complete:
        page._make_next()
    page.form.show_values({key: value})
    box = _control(page, key, QDoubleSpinBox)
    assert box.text() == text
    with QSignalBlocker(box):
        box.stepUp()
        page.form.show_values({key: value})
    assert box.text() == text


def test_a_finer_limit_of_some_hours_is_kept_when_the_hours_change(qtbot: QtBot) -> None:
    editor = TimeWindows("Limits", "Add", with_rate=True)
    qtbot.addWidget(editor)
    editor.show_windows([{"since": "08:00", "until": "18:00", "bytes_s": 48_000}])
    editor._rows[0].until.setTime(QTime(19, 0))
    assert editor.windows() == [{"since": "08:00", "until": "19:00", "bytes_s": 48_000}]


def test_no_day_at_all_is_every_day_and_shown_so(qtbot: QtBot) -> None:
    editor = TimeWindows("Times", "Add", with_rate=False)
    qtbot.addWidget(editor)
    editor.show_windows([{"since": "22:00", "until": "06:00", "days": ["sat"]}])
    with qtbot.waitSignal(editor.edited):
        editor._rows[0].days[5].click()
    assert all(box.isChecked() for box in editor._rows[0].days)
    assert len(editor.windows()[0]["days"]) == 7


def test_times_are_added_changed_and_removed(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    editor = _control(page, "bandwidth_timetable", TimeWindows)
    editor.add.click()
    editor._rows[0].rate.setValue(3)
    editor._rows[0].remove.click()
    qtbot.waitUntil(lambda: len(agent.asked("settings.set")) == 3)
    windows: Any = [one.value for one in agent.asked("settings.set")]  # type: ignore[attr-defined]
    assert windows == [
        [{"since": "08:00", "until": "18:00", "bytes_s": 1_000_000}],
        [{"since": "08:00", "until": "18:00", "bytes_s": 3_000_000}],
        [],
    ]


@pytest.mark.parametrize("key", ["require_charging", "background_backup", "pause_on_battery_saver"])
def test_a_refusal_is_said_at_the_control_which_shows_again_what_is(
    key: str, page: SettingsPage, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    told: list[str] = []
    seam.model.told.connect(told.append)
    agent.refusals["settings.set"] = wire.Error(wire.MISTAKE, "stopping", {})
    box = _control(page, key, QCheckBox)
    before = box.isChecked()
    box.click()
    qtbot.waitUntil(lambda: "The agent is just stopping." in read(page.form.rows[key]))
    qtbot.waitUntil(lambda: box.isChecked() is before)
    assert (told, clipped(page.form.rows[key])) == ([], [])
    agent.refusals.clear()
    box.click()
    assert "stopping" not in read(page.form.rows[key])


def test_a_control_with_the_focus_shows_again_what_is_too(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    """As after a click, or while a number is typed."""
    agent.refusals["settings.set"] = wire.Error(wire.MISTAKE, "stopping", {})
    page.window().activateWindow()
    box, number = _control(page, "require_charging", QCheckBox), _control(page, "battery_floor_percent", QSpinBox)
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    box.click()
    qtbot.waitUntil(lambda: "The agent is just stopping." in read(page.form.rows["require_charging"]))
    qtbot.waitUntil(lambda: not box.isChecked())
    number.setFocus()
    qtbot.waitUntil(number.hasFocus)
    number.setValue(33)
    qtbot.waitUntil(lambda: number.value() == VALUES.battery_floor_percent)


@pytest.mark.parametrize("key", Values.__struct_fields__)
def test_every_setting_has_room_for_what_was_refused(
    key: str, page: SettingsPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    page.form.say_at(key, "It stays as it was.")
    assert "It stays as it was." in read(page.form.rows[key])


def test_what_another_changed_is_followed(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    values = msgspec.to_builtins(msgspec.structs.replace(VALUES, require_charging=True))
    agent.answers["settings.list"] = lambda _asked: SettingsRows(values, values)
    agent.show(settings_revision=9)
    qtbot.waitUntil(_control(page, "require_charging", QCheckBox).isChecked)
    assert not agent.asked("settings.set")


def test_a_value_that_is_being_typed_is_not_torn_away(qtbot: QtBot) -> None:
    form = SettingsForm()
    row = form.number("battery_floor_percent", "Floor", (0, 100), "")
    qtbot.addWidget(row)
    row.show()
    row.activateWindow()
    box = form.controls["battery_floor_percent"]
    assert isinstance(box, QSpinBox)
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    box.lineEdit().setText("44")
    form.show_values({"battery_floor_percent": 20})
    assert box.lineEdit().text() == "44"


# --- Destinations -----------------------------------------------------------------------------------------------------


def test_destinations_say_who_is_signed_in_and_how_much_is_there(
    page: SettingsPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: "12,431 files are safe there" in read(page.places))
    text = read(page.places)
    assert "https://photos.example.org · 1 further address · signed in as ada@example.org" in text
    assert "12,431 files are safe there · 48.2 GB of 100 GB used" in text
    assert "11,998 files are safe there · 812 GB free" in text


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        pytest.param(
            DestinationReport(IMMICH.id, ok=True, server_version="2.3.1"),
            "All is well; the server's version",
            id="well",
        ),
        pytest.param(
            DestinationReport(IMMICH.id, ok=False, code="signed_out"), "You are signed out of the server.", id="not"
        ),
        pytest.param(
            DestinationReport(IMMICH.id, ok=True, missing_permissions=("album.create",)),
            "album.create: albums are not made",
            id="lacking",
        ),
    ],
)
def test_a_check_says_what_it_found(
    report: DestinationReport, sentence: str, page: SettingsPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.answers["destination.check"] = lambda _asked: report
    page.places.rows.rows()[0].check.click()
    qtbot.waitUntil(lambda: sentence in read(page.places))
    assert agent.asked("destination.check") == [DestinationRef(IMMICH.id)]


def test_a_folder_is_added_as_a_destination(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.places._choose = lambda _parent: "/media/disk"
    page.places.add_folder.click()
    qtbot.waitUntil(lambda: bool(agent.asked("destination.add_folder")))
    assert agent.asked("destination.add_folder") == [DestinationAddFolder("/media/disk")]


def test_removing_a_destination_says_that_its_copies_stay(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.places.rows.rows()[1].remove.click()
    question = page.places.question
    assert question is not None
    assert "Nothing is deleted" in question.informativeText()
    next(one for one in question.buttons() if "Remove" in one.text()).click()
    qtbot.waitUntil(lambda: bool(agent.asked("destination.remove")))
    assert agent.asked("destination.remove") == [DestinationRef(NAS.id)]


@pytest.fixture
def server(page: SettingsPage, agent: FakeAgent) -> ServerDialog:
    page.places.add_server.click()
    assert page.places.dialog is not None
    return page.places.dialog


def test_signing_in_by_password_hands_it_over_once_and_forgets_it(
    server: ServerDialog, agent: FakeAgent, qtbot: QtBot
) -> None:
    assert not server.add.isEnabled()
    server.address.url.setText(" photos.example.org ")
    server.form.email.setText("ada@example.org")
    server.form.password.setText("pass word ")
    with qtbot.waitSignal(server.accepted):
        server.add.click()
    asked = agent.asked("destination.add_immich")
    assert asked == [DestinationAddImmich("photos.example.org", email="ada@example.org", password="pass word ")]


def test_signing_in_by_key(server: ServerDialog, agent: FakeAgent, qtbot: QtBot) -> None:
    server.address.url.setText("photos.example.org")
    server.form.by_key.setChecked(True)
    server.form.key.setText(" k3y\n")
    with qtbot.waitSignal(server.accepted):
        server.add.click()
    assert agent.asked("destination.add_immich") == [DestinationAddImmich("photos.example.org", api_key="k3y")]


def test_what_goes_wrong_is_said_and_a_file_is_offered_only_without_a_keyring(
    server: ServerDialog, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.refusals["destination.add_immich"] = wire.Error(wire.MISTAKE, "keyring_absent")
    server.address.url.setText("photos.example.org")
    server.form.by_key.setChecked(True)
    server.form.key.setText("k3y")
    assert not server.form.in_file.isVisible()
    server.add.click()
    qtbot.waitUntil(server.form.in_file.isVisible)
    assert "no keyring" in server.said.text()
    server.form.in_file.box.setChecked(True)
    assert server.form.wish("x", server.address, None).store == "file"
    server.reject()


def test_a_certificate_is_trusted_by_its_fingerprint_and_only_for_this_address(
    server: ServerDialog, agent: FakeAgent, qtbot: QtBot
) -> None:
    args: Args = {"address": "https://nas.local", "fingerprint": "AB:CD"}
    agent.refusals["destination.add_immich"] = wire.Error(wire.MISTAKE, "certificate_untrusted", args)
    server.address.url.setText("nas.local")
    server.form.by_key.setChecked(True)
    server.form.key.setText("k3y")
    server.add.click()
    qtbot.waitUntil(server.address.trust.isVisible)
    assert "AB:CD" in server.said.text()
    assert server.form.wish("x", server.address, None).fingerprint is None
    server.address.trust.box.setChecked(True)
    assert server.form.wish("x", server.address, None).fingerprint == "AB:CD"
    server.address.url.setText("other.local")
    assert not server.address.trust.isVisible()
    assert server.form.wish("x", server.address, None).fingerprint is None
    server.reject()


def test_all_that_a_server_may_want_is_asked_for(server: ServerDialog, agent: FakeAgent, qtbot: QtBot) -> None:
    extras = server.address.extras
    server.address.url.setText("photos.example.org")
    server.address.name.setText(" Home ")
    server.form.email.setText("ada@example.org")
    server.form.password.setText("secret")
    server.form.narrow.box.setChecked(True)
    extras.wanted.box.setChecked(True)
    extras.authority.line.setText("/etc/own.pem")
    extras.client.line.setText("/home/ada/me.pem")
    extras.headers_edit.setPlainText("X-Key: s3cret")
    qtbot.wait(20)
    assert server.focusWidget() is server.address.url
    assert (nameless(server), unreachable(server), clipped(server), shared_keys(server)) == ([], [], [], {})
    with qtbot.waitSignal(server.accepted):
        server.add.click()
    assert agent.asked("destination.add_immich") == [
        DestinationAddImmich(
            "photos.example.org",
            name="Home",
            email="ada@example.org",
            password="secret",
            sign_in="key",
            headers={"X-Key": "s3cret"},
            ca_file="/etc/own.pem",
            client_certificate="/home/ada/me.pem",
        )
    ]


def test_enter_signs_in_and_never_cancels(server: ServerDialog, agent: FakeAgent, qtbot: QtBot) -> None:
    server.address.url.setText("photos.example.org")
    server.form.email.setText("ada@example.org")
    qtbot.keyClick(server.form.email, Qt.Key.Key_Return)  # type: ignore[no-untyped-call]
    assert server.isVisible()
    server.form.password.setText("secret")
    with qtbot.waitSignal(server.accepted):
        qtbot.keyClick(server.form.password, Qt.Key.Key_Return)  # type: ignore[no-untyped-call]
    assert len(agent.asked("destination.add_immich")) == 1


def test_what_is_not_wanted_after_all_is_not_sent(server: ServerDialog) -> None:
    extras = server.address.extras
    extras.wanted.box.setChecked(True)
    extras.client.line.setText("/home/ada/me.pem")
    extras.headers_edit.setPlainText("X-Key: s3cret")
    extras.wanted.box.setChecked(False)
    wish = server.form.wish("x", server.address, None)
    assert (wish.headers, wish.ca_file, wish.client_certificate) == ({}, None, None)
    server.reject()


def test_signing_in_in_the_browser_takes_its_token_to_the_agent(
    server: ServerDialog, agent: FakeAgent, qtbot: QtBot
) -> None:
    opened: list[str] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url.toString())
        return True

    server.sign_in._open_url = open_url
    agent.answers["destination.oauth_begin"] = lambda asked: OAuthBegun("b1", f"{asked.url}/authorize")
    agent.answers["destination.oauth_end"] = lambda _asked: OAuthEnded("t0ken")
    server.address.url.setText("https://photos.example.org")
    server.address.extras.wanted.box.setChecked(True)
    server.address.extras.client.line.setText("/home/ada/me.pem")
    server.form.by_browser.setChecked(True)
    with qtbot.waitSignal(server.accepted):
        server.add.click()
    assert opened == ["https://photos.example.org/authorize"]
    where, me = "https://photos.example.org", "/home/ada/me.pem"
    assert agent.asked("destination.oauth_begin") == [OAuthBegin(where, client_certificate=me)]
    assert agent.asked("destination.add_immich") == [
        DestinationAddImmich(where, oauth_token="t0ken", client_certificate=me)
    ]


def test_a_browser_that_nobody_comes_back_from_is_given_up(
    server: ServerDialog, agent: FakeAgent, qtbot: QtBot
) -> None:
    server.sign_in._open_url = lambda _url: True
    server.sign_in._begun = "b1"  # the page is open
    server.reject()
    qtbot.waitUntil(lambda: agent.asked("destination.oauth_cancel") == [OAuthRef("b1")])


def test_who_is_signed_out_can_sign_in_again(page: SettingsPage, agent: FakeAgent, seam: Any, qtbot: QtBot) -> None:
    row = page.places.rows.rows()[0]
    assert not row.sign_in.isVisible()
    with qtbot.waitSignal(seam.model.changed):
        agent.show(problems=ATTENTION.problems)
    assert row.sign_in.isVisible()
    row.sign_in.click()
    again = page.places.dialog
    assert again is not None
    assert again.form.email.text() == "ada@example.org"
    again.form.password.setText("new")
    with qtbot.waitSignal(again.accepted):
        again.add.click()
    wish = DestinationAddImmich("https://photos.example.org", email="ada@example.org", password="new", renew=IMMICH.id)
    assert agent.asked("destination.add_immich") == [wish]


# --- Start-up ---------------------------------------------------------------------------------------------------------


def test_the_start_at_login_shows_what_the_system_says(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    boxes = {"agent": page.startup.agent.box, "tray": page.startup.tray.box}
    assert not any(box.isEnabled() for box in boxes.values())
    page.show_startup(agent=True, tray=False)
    assert [box.isChecked() for box in boxes.values()] == [True, False]
    for part, wanted in (("agent", False), ("tray", True)):
        with qtbot.waitSignal(page.startup_asked) as heard:
            boxes[part].click()
        assert heard.args == [part, wanted]
    page.show_startup(agent=None, tray=None, said="The system refused.")
    assert not any(box.isEnabled() for box in boxes.values())
    assert "The system refused." in read(page)


def test_the_start_at_login_is_looked_at_again_with_each_look_at_the_page(
    page: SettingsPage, agent: FakeAgent, qtbot: QtBot
) -> None:
    page.hide()
    with qtbot.waitSignal(page.startup_wanted):
        page.show()


def test_an_opened_page_asks_what_may_be_another_by_now(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.hide()
    page.show()
    qtbot.waitUntil(lambda: bool(agent.asked("cache.stats")) and bool(agent.asked("destination.space")))


def test_the_log_is_one_window(page: SettingsPage, agent: FakeAgent, qtbot: QtBot) -> None:
    page.show_log.click()
    first = page.log_window
    assert first is not None
    assert first.isVisible()
    page.show_log.click()
    assert page.log_window is first
    page.close_windows()
    assert not first.isVisible()


def test_the_check_up_is_a_button_away(page: SettingsPage, agent: FakeAgent) -> None:
    page.check_up.click()
    assert page.checkup is not None
    assert page.checkup.isVisible()
    page.checkup.reject()


def test_without_an_agent_nothing_can_be_set_but_the_log_can_be_read(
    page: SettingsPage, seam: Any, serve: Serve, qtbot: QtBot
) -> None:
    seam.connect()
    qtbot.waitUntil(lambda: page.is_complete)
    always = [page.check_up, page.show_log, page.diagnostics, page.log, page.tour]
    qtbot.waitUntil(lambda: [one for one in controls(page) if one.isEnabled()] == always)
    page.show_startup(agent=False, tray=True)
    assert page.startup.agent.box.isEnabled()
    assert "The background agent is not running. Start it in the overview." in read(page)
    furnish(serve(SAFE))
    seam.client.retry()
    qtbot.waitUntil(lambda: all(one.isEnabled() for one in page.form.controls.values()))
    assert "not running" not in read(page)


def test_while_a_run_goes_on_nothing_is_asked_again_and_again(
    page: SettingsPage, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    for _round in range(5):
        with qtbot.waitSignal(seam.model.changed):
            agent.show(run=WORKING.run, library=WORKING.library, jobs=WORKING.jobs)
    assert agent.calls == []
