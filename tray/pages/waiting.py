"""What is waited for: each hold with the present value that it is about, and what is well. GUI thread."""

from agent import words
from agent.protocol.history import ConditionsNow
from agent.protocol.types import Hold, Snapshot
from agent.words.catalogue import _, fill
from tray.model import Model
from tray.widgets.drawing import light_colour
from tray.widgets.fact_card import FactCard
from tray.widgets.fact_row import FactRow
from tray.widgets.flow import FlowLayout
from tray.widgets.text_button import TextButton

#: Holds that the head says with the button that ends them, or a problem with its next step.
_SAID_ELSEWHERE = frozenset({"backup_off", "paused", "blocked"})
_NETWORK = frozenset({"offline", "unmetered_network", "network_kind", "allowed_networks"})
_POWER = frozenset({"charging", "battery_floor", "battery_saver"})

#: Whether it holds nothing back, what is so, and more about it.
Fact = tuple[bool, str, str]


class WaitingCard(FactCard):
    """There while something is waited for."""

    def __init__(self, model: Model) -> None:
        super().__init__(_("What are we waiting for"))
        self._model = model
        self._now = ConditionsNow()
        self.anyway = TextButton(_("Upload anyway this once"))
        self.cancel = TextButton(_("&Cancel “Back up now”"))
        buttons = FlowLayout(self.fontMetrics().height() // 2)
        for button in (self.anyway, self.cancel):
            buttons.addWidget(button)
        self.body.addLayout(buttons)

    def refresh(self, sections: frozenset[str]) -> None:
        """These sections are new."""
        self._show()
        if sections & {"holds", "connection"} and not self.isHidden():
            self._model.call("conditions.show", None, self._take, lambda _error: None, owner=self)

    def _take(self, now: ConditionsNow) -> None:
        self._now = now
        self._show()

    def _show(self) -> None:
        snapshot = self._model.snapshot
        holds = [hold for hold in snapshot.holds if hold.constraint not in _SAID_ELSEWHERE] if snapshot else []
        # While something runs, the card of the run offers it.
        self.cancel.setVisible(snapshot is not None and snapshot.backup.asked and snapshot.run is None)
        facts = [self._held(hold) for hold in holds]
        self.show_facts([*facts, *self._well(snapshot, holds)] if facts else (), self._fill)

    def _held(self, hold: Hold) -> Fact:
        snapshot = self._model.snapshot
        names = {one.id: one.name for one in snapshot.destinations} if snapshot else {}
        about = [names.get(hold.destination, hold.destination)] if hold.destination else []
        if hold.folder:
            about.append(words.display_path(hold.folder))
        value = self._value(hold.constraint)
        if value:
            about.append(fill(_("now: {value}"), {"value": value}))
        return False, words.hold(hold, snapshot, self._model.now_at()), " · ".join(about)

    def _value(self, constraint: str) -> str:
        """What is so now, where the hold's own sentence does not say it."""
        if constraint in _NETWORK - {"offline"}:
            return words.network_now(self._now)
        return words.power_now(self._now) if constraint in _POWER - {"battery_floor"} else ""

    def _well(self, snapshot: Snapshot | None, holds: list[Hold]) -> list[Fact]:
        """The network and the power, where they hold nothing back."""
        held = {hold.constraint for hold in holds}
        has_server = snapshot is not None and any(one.kind == "immich" for one in snapshot.destinations)
        network = words.network_now(self._now) if has_server and not held & _NETWORK else ""
        power = words.power_now(self._now) if not held & _POWER else ""
        said = []
        if network:
            said.append(fill(_("Network: {value}"), {"value": network}))
        if power:
            said.append(fill(_("Power: {value}"), {"value": power}))
        return [(True, one, _("This holds nothing back.")) for one in said]

    def _fill(self, row: FactRow, fact: Fact) -> None:
        is_well, said, more = fact
        colour = light_colour("safe" if is_well else "waiting", self.palette())
        row.show_fact("mark-ok" if is_well else "mark-waiting", colour, said, more)
