"""The tray and the agent as two processes: what a person does in one place is seen in the other."""

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from agent.platforms.base import places
from agent.protocol.methods import BackupStart, DestinationAddFolder, DestinationAddImmich, FolderAdd
from tests.fakes.immich import StandIn
from tests.fakes.immich.certificates import Authority
from tests.pictures import jpeg
from tests.tray.widgets_read import read
from tray.app import App
from tray.command import Command, command_line
from tray.pages.server_dialog import ServerDialog
from tray.wizard.wizard import Wizard

_PATIENCE_MS = 30_000
_MANY = 10_000
_LONGEST_STALL_S = 0.050


@pytest.fixture
def agent(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real agent in a home of its own."""
    process = subprocess.Popen([sys.executable, "-m", "agent", "run"], env={**os.environ, "SAFELIGHT_HOME": str(home)})
    yield process
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:  # nothing that a test started outlives it
        process.kill()
        process.wait(20)
        raise


@pytest.fixture
def app(home: Path, qtbot: QtBot) -> Iterator[App]:
    """A whole tray of the same home, looking for its agent."""
    built = App(home, places(home).socket_address)
    qtbot.addWidget(built.window)
    built.start(show_window=False)
    yield built
    built.close()


@pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)
def test_the_light_follows_a_pause_and_its_end(agent: subprocess.Popen[bytes], app: App, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: app.model.snapshot is not None, timeout=_PATIENCE_MS)
    assert app.model.snapshot is not None
    qtbot.waitUntil(
        lambda: app.model.snapshot is not None and app.model.snapshot.agent.phase == "running", timeout=_PATIENCE_MS
    )
    assert app.model.snapshot.agent.pid == agent.pid
    app.overview.hero.enable.click()
    qtbot.waitUntil(lambda: app.model.light == "safe", timeout=_PATIENCE_MS)
    app.menu.pause.actions()[-1].trigger()
    qtbot.waitUntil(lambda: app.model.light == "paused", timeout=_PATIENCE_MS)
    assert app.overview.hero.headline.text() == "Paused until you resume."
    app.overview.hero.resume.click()
    qtbot.waitUntil(lambda: app.model.light == "safe", timeout=_PATIENCE_MS)


@pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)
def test_an_agent_that_is_killed_is_missed_and_can_be_started(
    home: Path, agent: subprocess.Popen[bytes], app: App, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: app.model.connection == "present", timeout=_PATIENCE_MS)
    agent.kill()
    agent.wait(10)
    qtbot.waitUntil(lambda: app.model.connection == "absent", timeout=_PATIENCE_MS)
    assert app.overview.hero.headline.text() == "The background agent is not running."
    app.overview.hero.start.click()
    try:
        qtbot.waitUntil(lambda: app.model.connection == "present", timeout=_PATIENCE_MS)
    finally:
        stop = Command(command_line(home))
        with qtbot.waitSignal(stop.succeeded, timeout=_PATIENCE_MS):
            stop.run("stop")


@pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)
def test_what_the_agent_refuses_is_said_in_the_window(agent: subprocess.Popen[bytes], app: App, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: app.model.connection == "present", timeout=_PATIENCE_MS)
    with qtbot.waitSignal(app.model.told, timeout=_PATIENCE_MS):
        app.overview.hero.back_up.click()
    assert "No folder is watched yet" in app.window.notice.text() or "no place to back up" in app.window.notice.text()


_SCHEDULE = Path("/proc/thread-self/schedstat")


@pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)
def test_the_first_run_leads_from_an_address_to_pictures_that_are_safe(
    home: Path, agent: subprocess.Popen[bytes], app: App, qtbot: QtBot, tmp_path: Path
) -> None:
    photos = tmp_path / "Pictures"
    photos.mkdir()
    for number in range(3):
        jpeg(photos / f"IMG_{number}.jpg", seed=number)
    with StandIn() as server:
        qtbot.waitUntil(lambda: app.wizard is not None, timeout=_PATIENCE_MS)
        assert app.wizard is not None
        app.wizard.reject()
        wizard = Wizard(app.model, app.window, usual=lambda: [str(photos)])
        wizard.show()
        wizard.address.form.url.setText(server.url)
        press_on(wizard, 1, qtbot)
        wizard.sign_in.form.email.setText(server.admin.email)
        wizard.sign_in.form.password.setText(server.admin.password)
        wizard.onward.click()  # this machine of the tests has no keyring, and it says so
        qtbot.waitUntil(wizard.sign_in.form.in_file.isVisible, timeout=_PATIENCE_MS)
        wizard.sign_in.form.in_file.box.setChecked(True)
        press_on(wizard, 2, qtbot)
        qtbot.waitUntil(lambda: "3 photos and videos" in wizard.folders.offers[0].detail.text(), timeout=_PATIENCE_MS)
        press_on(wizard, 3, qtbot)
        press_on(wizard, 4, qtbot)
        wizard.login.at_login.box.setChecked(False)
        with qtbot.waitSignal(wizard.accepted, timeout=_PATIENCE_MS):
            wizard.onward.click()
        qtbot.waitUntil(lambda: app.model.light == "safe" and _safe(app) == 3, timeout=_PATIENCE_MS)
        assert len(server.assets) == 3
        app.open(app.library)
        qtbot.waitUntil(lambda: len(app.library.pages.rows) == 3, timeout=_PATIENCE_MS)
        assert {row.state for row in app.library.pages.rows.values()} == {"safe"}
        qtbot.waitUntil(
            lambda: app.library.shelf.picture(app.library.pages.rows[0].id) is not None, timeout=_PATIENCE_MS
        )
        app.open(app.activity)
        qtbot.waitUntil(lambda: any(job.path for job in app.activity.jobs.jobs), timeout=_PATIENCE_MS)


@pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)
def test_an_account_is_looked_at_proven_and_left_in_the_settings(
    agent: subprocess.Popen[bytes], app: App, qtbot: QtBot, tmp_path: Path
) -> None:
    jpeg(tmp_path / "Pictures" / "IMG_1.jpg", seed=1)
    with StandIn() as server:
        server.set_quota(1_000_000)
        qtbot.waitUntil(lambda: app.wizard is not None, timeout=_PATIENCE_MS)
        assert app.wizard is not None
        app.wizard.reject()
        account = DestinationAddImmich(server.url, name="Home", api_key=server.api_key(), store="file")
        answered: list[object] = []
        for number, (method, params) in enumerate(
            (
                ("destination.add_immich", account),
                ("folder.add", FolderAdd(str(tmp_path / "Pictures"))),
                ("backup.start", BackupStart()),
            )
        ):
            app.model.call(method, params, answered.append)
            qtbot.waitUntil(lambda number=number: len(answered) > number, timeout=_PATIENCE_MS)  # type: ignore[misc]
        app.open(app.settings)
        page = app.settings

        def says(part: QWidget, words: str) -> None:
            qtbot.waitUntil(lambda: words in read(part), timeout=_PATIENCE_MS)

        qtbot.waitUntil(lambda: page.is_complete and _safe(app) == 1, timeout=_PATIENCE_MS)
        says(page.places, "of 1.0 MB used")
        [row] = page.places.rows.rows()
        row.sync.click()
        says(row, "All changes are fetched.")
        row.addresses.click()
        assert page.places.addresses is not None
        page.places.addresses.addresses.new.setText(server.url.replace("127.0.0.1", "localhost"))
        page.places.addresses.save.click()
        says(row, "1 further address")
        page.proof.check.click()
        says(page.proof, "The one photo or video is whole here and at its destinations.")
        page.cache.rebuild.click()
        assert page.cache.question is not None
        next(one for one in page.cache.question.buttons() if "anew" in one.text()).click()
        says(page.cache, "1 picture made")
        says(page.cache, "1 thumbnail, ")
        row.sign_out.click()
        assert page.places.question is not None
        next(one for one in page.places.question.buttons() if "out" in one.text()).click()
        says(row, "signed out")
        qtbot.waitUntil(row.sign_in.isVisible, timeout=_PATIENCE_MS)


@pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)
def test_a_server_behind_certificates_and_a_proxy_is_reached_from_the_window(
    agent: subprocess.Popen[bytes], app: App, qtbot: QtBot
) -> None:
    theirs, mine, headers = Authority("Theirs"), Authority("Mine"), {"CF-Access-Client-Id": "me"}
    with StandIn() as server:
        door = server.address(certificate=theirs.server(), clients_of=mine, needed_headers=headers)
        qtbot.waitUntil(lambda: app.wizard is not None, timeout=_PATIENCE_MS)
        assert app.wizard is not None
        app.wizard.reject()
        app.open(app.settings)
        page = app.settings
        qtbot.waitUntil(lambda: page.is_complete, timeout=_PATIENCE_MS)

        def sign_in(dialog: ServerDialog) -> None:
            dialog.form.by_key.setChecked(True)
            dialog.form.key.setText(server.api_key())
            dialog.address.extras.wanted.box.setChecked(True)
            dialog.address.extras.headers_edit.setPlainText("CF-Access-Client-Id: me")

        def refused(dialog: ServerDialog, words: str) -> None:
            dialog.add.click()
            qtbot.waitUntil(lambda: words in dialog.said.text(), timeout=_PATIENCE_MS)

        page.places.add_server.click()
        dialog = page.places.dialog
        assert dialog is not None
        dialog.address.url.setText(door.url)
        sign_in(dialog)
        refused(dialog, "The server's certificate is not trusted.")
        dialog.address.extras.authority.line.setText(str(theirs.public))
        dialog.address.extras.client.line.setText(str(mine.client().pem))
        refused(dialog, "no keyring")
        dialog.form.in_file.box.setChecked(True)
        with qtbot.waitSignal(dialog.accepted, timeout=_PATIENCE_MS):
            dialog.add.click()
        qtbot.waitUntil(lambda: "signed in as" in read(page.places), timeout=_PATIENCE_MS)
        [row] = page.places.rows.rows()
        row.sign_out.click()
        assert page.places.question is not None
        next(one for one in page.places.question.buttons() if "out" in one.text()).click()
        qtbot.waitUntil(row.sign_in.isVisible, timeout=_PATIENCE_MS)
        row.sign_in.click()  # the certificates are those of before
        dialog = page.places.dialog
        assert dialog is not None
        sign_in(dialog)
        refused(dialog, "no keyring")
        dialog.form.in_file.box.setChecked(True)
        with qtbot.waitSignal(dialog.accepted, timeout=_PATIENCE_MS):
            dialog.add.click()
        row.check.click()
        qtbot.waitUntil(lambda: "All is well" in read(row), timeout=_PATIENCE_MS)


def press_on(wizard: Wizard, step: int, qtbot: QtBot) -> None:
    """Press 'Continue' until the step at this place is shown."""
    qtbot.waitUntil(wizard.onward.isEnabled, timeout=_PATIENCE_MS)
    wizard.onward.click()
    qtbot.waitUntil(lambda: wizard.stack.currentIndex() == step, timeout=_PATIENCE_MS)


def _safe(app: App) -> int:
    return app.model.snapshot.library.counts.safe if app.model.snapshot else 0


class Pulse:
    """Beats in the event loop and remembers how long it was kept waiting, in seconds.

    The time for which the kernel let others run, though this thread was ready, is taken off: it says how loaded the
    machine is, not what the window does.
    """

    def __init__(self) -> None:
        self.waits_s: list[float] = []
        self.doing = ""
        self.slow: list[tuple[str, float]] = []
        self._last_s = self._now_s()
        self._timer = QTimer(interval=5, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now_s = self._now_s()
        self.waits_s.append(now_s - self._last_s)
        if self.waits_s[-1] > _LONGEST_STALL_S / 2:
            self.slow.append((self.doing, round(self.waits_s[-1], 3)))
        self._last_s = now_s

    @staticmethod
    def _now_s() -> float:
        _run_ns, queued_ns, _slices = _SCHEDULE.read_text().split()
        return time.perf_counter() - int(queued_ns) / 1_000_000_000


@pytest.mark.slow
@pytest.mark.skipif(not _SCHEDULE.exists(), reason="only Linux tells how long a thread had to wait for the processor")
@pytest.mark.timeout(600)
@pytest.mark.qt_log_ignore("^This plugin does not support", extend=True)
def test_the_window_is_never_blocked_while_ten_thousand_jobs_run(
    home: Path, agent: subprocess.Popen[bytes], app: App, qtbot: QtBot, tmp_path: Path
) -> None:
    """All pages are leafed through meanwhile. A stall that only the machine's load makes is not the window's fault."""
    photos, place = tmp_path / "photos", tmp_path / "copies"
    place.mkdir()
    for number in range(_MANY):
        folder = photos / f"{number // 500:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"IMG_{number:05}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + number.to_bytes(4, "big") * 64)
    qtbot.waitUntil(lambda: app.model.connection == "present", timeout=_PATIENCE_MS)
    if app.wizard is not None:
        app.wizard.reject()
    app.model.call("destination.add_folder", DestinationAddFolder(str(place)))
    app.model.call("folder.add", FolderAdd(str(photos)))
    qtbot.waitUntil(lambda: _jobs(app) >= _MANY, timeout=120_000)
    app.overview.hero.back_up.click()
    qtbot.waitUntil(lambda: app.model.snapshot is not None and app.model.snapshot.run is not None, timeout=_PATIENCE_MS)
    gc.collect()
    gc.freeze()  # as the tray does: what the test's own process holds is not looked through meanwhile
    pulse = Pulse()
    busy_s = time.thread_time()
    seen_at_work = set()
    for _round in range(3):
        for page in (app.overview, app.library, app.folders, app.activity, app.settings):
            pulse.doing = page.title
            app.window.show_page(page)
            qtbot.wait(600)
            if page is app.library:
                bar = app.library.grid.verticalScrollBar()
                for share in range(0, 101, 10):
                    bar.setValue(bar.maximum() * share // 100)
                    qtbot.wait(40)
            if page is app.activity:
                app.activity.table.scrollToBottom()
                qtbot.wait(300)
            if _jobs(app) > 0:
                seen_at_work.add(page.title)
    busy_s = time.thread_time() - busy_s
    gc.unfreeze()
    assert len(seen_at_work) == 5, "the run was over too soon to say anything"
    waits_s = sorted(pulse.waits_s)
    print(f"{len(waits_s)} beats, longest {waits_s[-1] * 1000:.0f} ms, busy {busy_s:.1f} s, slow: {pulse.slow}")
    assert waits_s[-1] < _LONGEST_STALL_S


def _jobs(app: App) -> int:
    jobs = app.model.snapshot.jobs if app.model.snapshot else None
    return jobs.pending + jobs.running if jobs else 0
