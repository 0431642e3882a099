"""Step 4: when to back up. Every answer is sent as it is given."""

from agent.protocol.methods import SettingsRows, SettingValue
from agent.protocol.wire import Error
from agent.words.catalogue import _
from tray.model import Model, explained
from tray.widgets.settings_form import SettingsForm
from tray.wizard.step import Step


class ScheduleStep(Step):
    """The few conditions that most people want; the settings hold the rest."""

    def __init__(self, model: Model) -> None:
        super().__init__(
            model,
            _("When may Safelight back up?"),
            _("What is held back waits and is never forgotten. All of this can be changed later in the settings."),
        )
        self.form = SettingsForm(self)
        for row in (
            self.form.check(
                "require_unmetered_network",
                _("Only on networks that are not metered"),
                _("Not over a phone's hotspot or any connection that the system calls metered."),
            ),
            self.form.check("require_charging", _("Only while charging")),
            self.form.check("pause_on_battery_saver", _("Not while the battery saver is on")),
            self.form.number(
                "battery_floor_percent",
                _("Not when the battery is below"),
                (0, 100),
                _(" %"),
                zero=_("never mind"),
            ),
        ):
            self.column.addWidget(row)
        self.form.chosen.connect(self._set)
        self.close_column()

    def enter(self) -> None:
        self._ask()

    def _ask(self, refused: str | None = None) -> None:
        def listed(rows: SettingsRows) -> None:
            self.form.show_values(rows.values, refused)

        self.model.call("settings.list", None, listed, self.refuse, owner=self)

    def proceed(self) -> None:
        self.go_on()

    def _set(self, key: str, value: object) -> None:
        self.form.say_at(key, "")
        self.model.call(
            "settings.set", SettingValue(key, value), None, lambda error: self._not_set(key, error), owner=self
        )

    def _not_set(self, key: str, error: Error) -> None:
        self.form.say_at(key, explained(error))
        self._ask(key)  # the control shows again what is
