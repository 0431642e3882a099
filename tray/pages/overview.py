"""The first page: whether the pictures are safe, what goes on, what is waited for and what is wrong. GUI thread."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from agent import words
from agent.protocol.methods import BackupStart, Pause
from agent.protocol.types import Destination, Folder, Light, Problem, Severity, Snapshot
from agent.words.catalogue import _, fill
from tray.model import Model, web_address
from tray.pages.folder_card import safe_of
from tray.pages.hero import Hero
from tray.pages.lightbox import Reveal
from tray.pages.page import Page
from tray.pages.progress import ProgressCard
from tray.pages.recent import RecentCard
from tray.pages.revealing import Revealer
from tray.pages.waiting import WaitingCard
from tray.widgets.card import Card
from tray.widgets.drawing import light_colour
from tray.widgets.fact_card import FactCard
from tray.widgets.fact_row import FactRow
from tray.widgets.text_button import TextButton

_TWO_COLUMNS_EM = 38
_MARKS: dict[Severity, tuple[str, Light]] = {
    "error": ("light-attention", "attention"),
    "warning": ("mark-warning", "waiting"),
    "info": ("mark-info", "working"),
}


class Overview(Page):
    """The overview.

    Signals:
        start_asked(): start the agent.
        tour_asked(): go through the first steps.
        place_asked(str): the person wants to see the page of this name, which helps with a problem.
    """

    start_asked = Signal()
    tour_asked = Signal()
    place_asked = Signal(str)

    def __init__(self, model: Model, reveal: Reveal | None = None, parent: QWidget | None = None) -> None:
        """`reveal` shows a path of the system's in its file manager."""
        super().__init__(model, parent)
        self.title = _("Overview")
        self.mark = "page-overview"
        self.hero = Hero(model.now_at)
        self.progress = ProgressCard()
        self.problems = FactCard(_("What needs you"), self._ask_for_place)
        self.waiting = WaitingCard(model)
        self.beginning = FactCard(_("How to begin"))
        self.tour = TextButton(_("Set &up Safelight …"), primary=True)
        self.beginning.body.addWidget(self.tour)
        self.recent = RecentCard(model, reveal or Revealer(model.told.emit, self))
        self.destinations = FactCard(_("Where the copies go"))
        self.folders = FactCard(_("What is kept safe"))
        self._cards: tuple[Card, ...] = (
            self.hero,
            self.progress,
            self.problems,
            self.waiting,
            self.beginning,
            self.recent,
            self.folders,
            self.destinations,
        )
        self._places: list[str] = []
        self._arrange()
        self._connect()

    def refresh(self, sections: frozenset[str]) -> None:
        snapshot, palette = self.model.snapshot, self.palette()
        self.hero.show_state(self.model)
        self.progress.show_run(snapshot)
        self.recent.refresh(sections)
        problems = snapshot.problems if snapshot else ()
        self._places = [_place_for(problem) for problem in problems]
        self.problems.show_facts(problems, lambda row, item: _show_problem(row, item, palette))
        self.waiting.refresh(sections)
        self.beginning.show_facts(_missing(snapshot), lambda row, item: row.show_fact("mark-info", None, *item))
        if "destinations" in sections or "problems" in sections:
            self.destinations.show_facts(
                snapshot.destinations if snapshot else (), lambda row, item: self._show_destination(row, item, palette)
            )
        if sections & {"folders", "destinations"}:
            self.folders.show_facts(
                snapshot.folders if snapshot else (), lambda row, item: _show_folder(row, item, palette)
            )

    def least_width(self) -> int:
        """That of the widest card, for in a narrow window they stand one below the other."""
        return max(card.minimumSizeHint().width() for card in self._cards) + 2 * self.fontMetrics().height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        em = self.fontMetrics().height()
        least = sum(card.minimumSizeHint().width() for card in self._cards[-2:]) + 3 * em
        wide = self.viewport().width() >= max(least, em * _TWO_COLUMNS_EM)
        self._pair.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.setSpacing(em)
        for card in self._cards[-2:]:
            card.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            self._pair.addWidget(card, 1)
        cards = self.stack(self._cards[:-2])
        cards.addLayout(self._pair)
        cards.addStretch(1)

    def _connect(self) -> None:
        call = self.model.call
        self.hero.start.clicked.connect(self.start_asked)
        self.hero.enable.clicked.connect(lambda: call("backup.enable"))
        self.hero.back_up.clicked.connect(lambda: call("backup.start", BackupStart()))
        for cancel in (self.progress.cancel, self.waiting.cancel):
            cancel.clicked.connect(lambda: call("backup.cancel"))
        self.hero.pause_menu.chosen.connect(lambda until_at: call("backup.pause", Pause(until_at)))
        self.hero.resume.clicked.connect(lambda: call("backup.resume"))
        self.tour.clicked.connect(self.tour_asked)
        self.waiting.anyway.clicked.connect(lambda: call("backup.start", BackupStart(anyway=True)))

    def _ask_for_place(self, at: int) -> None:
        self.place_asked.emit(self._places[at])

    def _show_destination(self, row: FactRow, destination: Destination, palette: QPalette) -> None:
        mark = "server" if destination.kind == "immich" else "folder"
        colour = light_colour("attention", palette) if destination.reachable is False else None
        is_server = destination.kind == "immich"
        where = web_address(destination) if is_server else words.display_path(destination.location)
        said = [where]
        if destination.account:
            said.append(fill(_("signed in as {account}"), {"account": destination.account}))
        elif is_server:
            said.append(_("signed out"))
        if destination.reachable is False:
            said.append(_("not reachable now"))
        row.show_fact(mark, colour, destination.name, " · ".join(said))


def _missing(snapshot: Snapshot | None) -> tuple[tuple[str, str], ...]:
    """What is needed before anything can be kept safe: what, and how to add it."""
    if snapshot is None:
        return ()
    said = []
    if not snapshot.destinations:
        said.append((_("There is no place to back up to yet."), _("Your own Immich server, or a folder or drive.")))
    if not snapshot.folders:
        said.append((_("No folder is watched yet."), _("Pictures and Videos, or any other folder.")))
    return tuple(said)


def _show_problem(row: FactRow, problem: Problem, palette: QPalette) -> None:
    mark, light = _MARKS[problem.severity]
    text, step = words.problem(problem)
    row.show_fact(mark, light_colour(light, palette), text, step)
    row.offer(_("&Show me") if _place_for(problem) else "")


def _place_for(problem: Problem) -> str:
    """The page where something can be done about a problem; empty where that is elsewhere."""
    if problem.code == "files_failed":
        return "activity"
    if problem.code == "missing_at_destination":
        return "library"
    if problem.code.startswith("folder_"):
        return "folders"
    return "settings" if problem.blocks or problem.code in {"no_destination", "keyring_locked"} else ""


def _show_folder(row: FactRow, folder: Folder, palette: QPalette) -> None:
    path, counts = words.display_path(folder.path), folder.counts
    if not folder.available:
        row.show_fact(
            "folder", light_colour("attention", palette), path, _("Not there now: connect the drive or the share.")
        )
        return
    done = counts.total > 0 and counts.safe == counts.total
    row.show_fact("folder", light_colour("safe", palette) if done else None, path, safe_of(counts))
