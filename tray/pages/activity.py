"""The queue, live: what runs, what waits and what failed, with why; retry, cancel, do next, copy details. GUI thread.

The table asks the agent again for what is on the screen when the queue moved, at most every second; what is not on the
screen costs nothing.
"""

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTabBar, QTableView, QVBoxLayout, QWidget

from agent import words
from agent.protocol.methods import JobPrioritise, JobRef, JobRows, JobsList
from agent.protocol.types import JobRow, JobStatus
from agent.words.catalogue import _, fill
from tray.model import Model
from tray.pages import job_words
from tray.pages.job_table import Column, JobTable
from tray.pages.page import Page
from tray.widgets.card import Card
from tray.widgets.flow import FlowLayout
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton

_PAGE = 100
_AGAIN_MS = 1_000
#: More urgent than anything that came by itself.
_NEXT = 1_000
_TABLE_LINES = 9
_FILTERS: tuple[JobStatus | None, ...] = (None, "RUNNING", "PENDING", "FAILED", "COMPLETED", "CANCELLED")


class Activity(Page):
    """The table, and what there is to say and do about the selected jobs."""

    scrolls_inside = True

    def __init__(self, model: Model, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.title = _("Activity")
        self.mark = "page-activity"
        self.status: JobStatus | None = None
        self._asked = 0

    def build(self) -> None:
        self.filters = QTabBar()
        self.filters.setAccessibleName(_("Which jobs"))
        self.filters.setDrawBase(False)
        self.filters.setExpanding(False)
        for _status in _FILTERS:
            self.filters.addTab("")
        self.jobs = JobTable(self.palette())
        self.table = self._make_table()
        self.nothing = Aside()
        self.details = _Details()
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._arrange()
        self._connect()

    def refresh(self, sections: frozenset[str]) -> None:
        snapshot = self.model.snapshot
        jobs = snapshot.jobs if snapshot else None
        names = (
            (_("All"), None),
            (_("Running"), jobs.running if jobs else None),
            (_("Waiting"), jobs.pending if jobs else None),
            (_("Failed"), jobs.failed if jobs else None),
            (_("Done"), None),
            (_("Cancelled"), None),
        )
        for at, (name, count) in enumerate(names):
            text = fill(_("{name} ({count})"), {"name": name, "count": count}) if count else name
            if text != self.filters.tabText(at):
                self.filters.setTabText(at, text)
        self.jobs.show_names(
            {one.id: one.name for one in snapshot.destinations} if snapshot else {}, self.model.now_at()
        )
        self.jobs.recolour(self.palette())
        if sections & {"jobs", "connection"} and snapshot is not None and not self._again.isActive():
            self._again.start(_AGAIN_MS if self.jobs.jobs else 0)
        self._show_details()

    def show_status(self, status: JobStatus | None) -> None:
        """Show the jobs that stand like this, None for all."""
        self.ready()
        self.filters.setCurrentIndex(_FILTERS.index(status))

    def selected(self) -> list[JobRow]:
        """The jobs that buttons are about."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.jobs.jobs[row] for row in rows]

    # --- asking -----------------------------------------------------------------------------------------------------

    def _ask(self, before: int | None) -> None:
        asked, status = self._asked, self.status
        params = JobsList(status, before, _PAGE)
        self.model.call("jobs.list", params, lambda rows: self._take(asked, before, rows), owner=self)

    def _take(self, asked: int, before: int | None, page: JobRows) -> None:
        if asked != self._asked:  # of another filter
            return
        self.jobs.take(before, page.rows, is_end=page.next is None)
        self.nothing.setVisible(not self.jobs.jobs)
        self.nothing.setText(_("There are no such jobs.") if self.status else _("There was nothing to do yet."))
        self._show_details()

    def _ask_again(self) -> None:
        """The newest, and what is on the screen further down."""
        if not self.isVisible():
            return
        self._ask(None)
        top = self.table.rowAt(0)
        if top >= _PAGE // 2:
            self._ask(self.jobs.jobs[top].id + 1)

    def _choose(self, at: int) -> None:
        self.status = _FILTERS[at]
        self._asked += 1
        self.jobs.clear()
        self._ask(None)

    # --- doing ------------------------------------------------------------------------------------------------------

    def _for_each(self, do: Callable[[JobRow], None]) -> None:
        for job in self.selected():
            do(job)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(job_words.details(job) for job in self.selected()))

    def _show_details(self) -> None:
        self.details.show_jobs(self.selected(), self.jobs.destinations, self.model.now_at())

    # --- putting together -------------------------------------------------------------------------------------------

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.jobs)
        table.setAccessibleName(_("Jobs"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setAlternatingRowColors(True)
        table.verticalHeader().hide()
        em = table.fontMetrics().height()
        table.verticalHeader().setDefaultSectionSize(round(em * 1.7))
        table.setMinimumHeight(em * _TABLE_LINES)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(em * 3)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width_em in ((Column.WHAT, 15), (Column.WHERE, 8), (Column.STATE, 10), (Column.TRIES, 5)):
            header.resizeSection(column, max(em * width_em, header.sectionSizeHint(column)))
        return table

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em // 2)
        column.addWidget(self.filters)
        column.addWidget(self.nothing)
        column.addWidget(self.table, 1)
        column.addWidget(self.details)
        self.nothing.hide()

    def _connect(self) -> None:
        call = self.model.call
        self.filters.currentChanged.connect(self._choose)
        self._again.timeout.connect(self._ask_again)
        self.jobs.more_wanted.connect(self._ask)
        self.table.selectionModel().selectionChanged.connect(self._show_details)
        self.details.retry.clicked.connect(lambda: self._for_each(lambda job: call("jobs.retry", JobRef(job.id))))
        self.details.cancel.clicked.connect(lambda: self._for_each(lambda job: call("jobs.cancel", JobRef(job.id))))
        self.details.sooner.clicked.connect(
            lambda: self._for_each(lambda job: call("jobs.prioritise", JobPrioritise(job.id, _NEXT)))
        )
        self.details.copy.clicked.connect(self._copy)
        copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.table)
        copy.activated.connect(self._copy)

    def select_row(self, row: int) -> None:
        """Select one job, as a click on it does."""
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.table.selectionModel().setCurrentIndex(self.jobs.index(row, 0), flags)


class _Details(Card):
    """What there is to say of the selected jobs, and what can be done with them."""

    def __init__(self) -> None:
        super().__init__()
        self.title = BreakableSentence(self)
        self.facts = Aside(self)
        self.reason = BreakableSentence(self)
        self.retry = TextButton(_("&Retry"), self)
        self.cancel = TextButton(_("&Cancel"), self)
        self.sooner = TextButton(_("Do it &next"), self)
        self.copy = TextButton(_("Co&py technical details"), self)
        for widget in (self.title, self.facts, self.reason):
            self.body.addWidget(widget)
        buttons = FlowLayout(self.fontMetrics().height() // 2)
        for button in (self.retry, self.cancel, self.sooner, self.copy):
            buttons.addWidget(button)
        self.body.addLayout(buttons)

    def show_jobs(self, jobs: list[JobRow], destinations: dict[str, str], now_at: int) -> None:
        """Show these; none hides everything."""
        self.setVisible(bool(jobs))
        if not jobs:
            return
        only = jobs[0] if len(jobs) == 1 else None
        if only is None:
            self.title.setText(fill(_("{count} jobs"), {"count": len(jobs)}))
        else:
            self.title.setText(words.display_path(only.path) if only.path else job_words.what(only))
        self.facts.setText(job_words.facts(only, destinations, now_at) if only else "")
        self.facts.setVisible(only is not None)
        reason = words.last_error(only.last_error) if only and only.status in {"FAILED", "PENDING"} else ""
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        statuses = {job.status for job in jobs}
        self.retry.setEnabled(bool(statuses) and statuses <= {"FAILED", "CANCELLED"})
        self.cancel.setEnabled(statuses <= {"PENDING", "RUNNING"})
        self.sooner.setEnabled(statuses <= {"PENDING"})
