"""Everything that a person may choose: places for copies, when to back up, notifications, start-up. GUI thread.

Each control is one setting of the agent: a change is one request, and what is shown is what the agent then says.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QWidget

from agent.protocol.methods import SettingsRows, SettingValue
from agent.protocol.wire import Error
from agent.words.catalogue import _
from tray.model import Model, explained
from tray.pages.log_dialog import LogDialog
from tray.pages.page import Page
from tray.pages.places import PlacesCard
from tray.pages.settings_cache import CacheCard
from tray.pages.settings_proof import ProofCard
from tray.pages.settings_startup import StartupCard
from tray.widgets.card import Card
from tray.widgets.flow import FlowLayout
from tray.widgets.settings_form import SettingsForm
from tray.widgets.telling import tell
from tray.widgets.text import Aside, Line, Sentence
from tray.widgets.text_button import TextButton

if TYPE_CHECKING:
    from tray.pages.checkup_dialog import CheckupDialog

_MB = 1_000_000
_GB = 1_000_000_000
AnyWidget = TypeVar("AnyWidget", bound=QWidget)


class SettingsPage(Page):
    """The cards of the settings.

    Signals:
        startup_asked(str, bool): have the `agent` or the `tray` start at login, or not.
        startup_wanted(): say by `show_startup` how that is now.
        diagnostics_asked(): save a diagnostics file.
        tour_asked(): go through the first steps again.
    """

    startup_asked = Signal(str, bool)
    startup_wanted = Signal()
    diagnostics_asked = Signal()
    tour_asked = Signal()

    def __init__(
        self,
        model: Model,
        log_folder: str = "",
        log_command: Sequence[str] = (),
        parent: QWidget | None = None,
        *,
        doctor_command: Sequence[str] = (),
    ) -> None:
        """`log_folder` and `log_command` (see `LogDialog`) are for who wants to read the log; empty: not offered.

        So is `doctor_command` (see `CheckupDialog`).
        """
        super().__init__(model, parent)
        self.title = _("Settings")
        self.mark = "page-settings"
        self._log_folder = log_folder
        self._log_command = log_command
        self._doctor_command = doctor_command
        self.log_window: LogDialog | None = None
        self.checkup: CheckupDialog | None = None
        self.is_complete = False

    def build(self) -> None:
        self.form = SettingsForm(self)
        self.places = PlacesCard(self.model)
        self.startup = StartupCard()
        self.absent = Sentence()
        self.absent.hide()
        self._column = self.stack((self.absent, self.places))
        self._column.addStretch(1)
        #: What only the agent can do. The rest is wanted most when there is none: the log, say, or the start at login.
        self._agents: list[QWidget] = [self.places]
        #: What is further down is made while the person looks at what is above, so that nothing halts.
        self._unmade: deque[Callable[[], Card]] = deque(
            (
                lambda: self._of_agent(_when(self.form)),
                lambda: self._of_agent(_network(self.form)),
                lambda: self._of_agent(_notifications(self.form)),
                lambda: self._of_agent(self._cache()),
                lambda: self._of_agent(self._proof()),
                lambda: self.startup,
                self._troubleshooting,
            )
        )
        self._making = QTimer(self, interval=0)
        self._making.timeout.connect(self._make_next)
        self._making.start()
        self.form.chosen.connect(self._set)
        self.startup.asked.connect(self.startup_asked)

    def _make_next(self) -> None:
        self._column.insertWidget(self._column.count() - 1, self._unmade.popleft()())
        if not self._unmade:
            self._making.stop()
            self.updateGeometry()
            self.is_complete = True
            self.startup_wanted.emit()
            if self.model.snapshot is not None:
                self._ask()

    def refresh(self, sections: frozenset[str]) -> None:
        snapshot = self.model.snapshot
        for widget in self._agents:
            widget.setEnabled(snapshot is not None)
        self.places.show_places(snapshot)
        tell(self.absent, self.model.without_agent)
        if snapshot is None:
            return
        if self.is_complete and sections & {"settings_revision", "connection"}:
            self._ask()
        if sections & {"destinations", "connection"} or ("run" in sections and snapshot.run is None):
            self.places.ask_more()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.is_complete:
            return
        self.startup_wanted.emit()  # what the snapshot does not hold may be another now
        if self.model.snapshot is not None:
            self.places.ask_more()
            self.cache.ask_numbers()

    def close_windows(self) -> None:
        """Have the windows that look closed, where they are open, and what they run ended."""
        for window in (self.log_window, self.checkup):
            if window is not None:
                window.close()

    def show_startup(self, *, agent: bool | None, tray: bool | None, said: str = "") -> None:
        """How the start at login is, as the system itself says; None where it cannot be said."""
        self.ready()
        self.startup.show_startup(agent=agent, tray=tray, said=said)

    def _ask(self, refused: str | None = None) -> None:
        def listed(rows: SettingsRows) -> None:
            self.form.show_values(rows.values, refused)

        self.model.call("settings.list", None, listed, owner=self)
        self.cache.ask_numbers()

    def _set(self, key: str, value: object) -> None:
        self.form.say_at(key, "")
        self.model.call(
            "settings.set", SettingValue(key, value), None, lambda error: self._refused(key, error), owner=self
        )

    def _refused(self, key: str, error: Error) -> None:
        self.form.say_at(key, explained(error))
        self._ask(key)  # the control shows again what is

    def _of_agent(self, widget: AnyWidget) -> AnyWidget:
        """Can be used while there is an agent."""
        widget.setEnabled(self.model.snapshot is not None)
        self._agents.append(widget)
        return widget

    def _cache(self) -> Card:
        self.cache = CacheCard(self.model, self.form)
        return self.cache

    def _proof(self) -> Card:
        self.proof = ProofCard(self.model)
        return self.proof

    def _check_up(self) -> None:
        from tray.pages.checkup_dialog import CheckupDialog  # seldom wanted, and not at every start

        self.checkup = CheckupDialog(self._doctor_command, self.window())
        self.checkup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.checkup.finished.connect(self._checked_up)
        self.checkup.open()

    def _checked_up(self) -> None:
        self.checkup = None

    def _show_log(self) -> None:
        if self.log_window is None:
            self.log_window = LogDialog(self._log_command, self.window())
        self.log_window.show()
        self.log_window.raise_()

    def _troubleshooting(self) -> Card:
        card = Card(_("Troubleshooting"))
        levels = (("info", _("Everything")), ("warning", _("Warnings")), ("severe", _("Errors only")))
        card.body.addWidget(self._of_agent(self.form.choice("log_level", _("What the log holds"), levels)))
        why = _("For a while, to find a fault: every request with its answer.")
        card.body.addWidget(self._of_agent(self.form.check("detailed_log", _("Detailed log"), why)))
        self.show_log = TextButton(_("Show the &log …"))
        self.show_log.clicked.connect(self._show_log)
        self.diagnostics = TextButton(_("Save a &diagnostics file …"))
        self.diagnostics.setToolTip(_("A zip for a bug report, without secrets, names and paths."))
        self.diagnostics.clicked.connect(self.diagnostics_asked)
        self.tour = TextButton(_("Show the first s&teps again …"))
        self.tour.clicked.connect(self.tour_asked)
        buttons = FlowLayout(self.fontMetrics().height() // 2)
        if self._doctor_command:
            self.check_up = TextButton(_("Check what usually goes &wrong …"))
            self.check_up.clicked.connect(self._check_up)
            buttons.addWidget(self.check_up)
        if self._log_command:
            buttons.addWidget(self.show_log)
        buttons.addWidget(self.diagnostics)
        if self._log_folder:
            self.log = TextButton(_("Open the lo&g folder"))
            self.log.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(self._log_folder)))
            buttons.addWidget(self.log)
        buttons.addWidget(self.tour)
        card.body.addLayout(buttons)
        return card


def _when(form: SettingsForm) -> Card:
    card = Card(_("When to back up"))
    for row in (
        form.check("background_backup", _("Back up by itself"), _("New photos are copied without being asked for.")),
        form.check("require_charging", _("Only while charging")),
        form.number(
            "battery_floor_percent",
            _("Not when the battery is below"),
            (0, 100),
            _(" %"),
            zero=_("never mind"),
        ),
        form.check("pause_on_battery_saver", _("Not while the battery saver is on")),
        form.number(
            "trigger_delay_s",
            _("Gather new photos for"),
            (0, 86_400),
            _(" s"),
            detail=_("Copies begin this long after the first new photo, so that many go together."),
            zero=_("not at all"),
        ),
    ):
        card.body.addWidget(row)
    hours = Line(_("Only at these times"))
    card.body.addWidget(hours)
    hint = Aside()
    hint.setText(_("Without any, at all times."))
    card.body.addWidget(hint)
    card.body.addWidget(form.windows("schedule", hours.text(), _("Add a tim&e"), with_rate=False))
    return card


def _network(form: SettingsForm) -> Card:
    card = Card(_("Network and speed"))
    card.body.addWidget(
        form.check(
            "require_unmetered_network",
            _("Only on networks that are not metered"),
            _("Not over a phone's hotspot or any connection that the system calls metered."),
        )
    )
    networks = Line(_("On these kinds of network"))
    card.body.addWidget(networks)
    kinds = (("wifi", _("Wi-Fi")), ("ethernet", _("Cable")), ("cellular", _("Cellular")), ("vpn", _("VPN")))
    card.body.addWidget(form.checks("network_kinds", networks.text(), kinds))
    card.body.addWidget(
        form.words("allowed_networks", _("Only in these networks"), _("any"), _("Names of Wi-Fi networks, by commas."))
    )
    card.body.addWidget(
        form.decimal("bandwidth_limit_bytes_s", _("At most"), (0, 10_000), _(" MB/s"), scale=_MB, zero=_("no limit"))
    )
    times = Line(_("Other limits at these times"))
    card.body.addWidget(times)
    card.body.addWidget(form.windows("bandwidth_timetable", times.text(), _("Add a li&mit"), with_rate=True))
    card.body.addWidget(form.number("parallel_uploads", _("Files at the same time"), (1, 8), ""))
    card.body.addWidget(
        form.decimal(
            "min_free_disk_bytes",
            _("Leave free on a destination's disk"),
            (0, 10_000),
            _(" GB"),
            scale=_GB,
            zero=_("never mind"),
        )
    )
    return card


def _notifications(form: SettingsForm) -> Card:
    card = Card(_("Notifications"))
    for row in (
        form.check("total_progress", _("Progress of the whole")),
        form.check("single_progress", _("Progress of each file")),
        form.check("notify_done", _("When all is safe")),
        form.number(
            "error_grace_uploads",
            _("Tell of failures from"),
            (0, 1_000),
            "",
            detail=_("So many uploads may fail in a row before a notification comes; the Activity page shows all."),
            zero=_("the first"),
        ),
    ):
        card.body.addWidget(row)
    return card
