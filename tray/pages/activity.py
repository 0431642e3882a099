"""The queue, live: what runs, what waits and what failed, with why; and the runs that are over. GUI thread.

Jobs can be retried, cancelled, done next, and their details copied; all that failed can be retried at once.

The table asks the agent again for what is on the screen when the queue moved, at most every second; what is not on the
screen costs nothing.
"""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QAbstractItemModel, QItemSelectionModel, QSize, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTabBar, QTableView, QVBoxLayout, QWidget

from agent import words
from agent.protocol.history import RunRows, RunsList
from agent.protocol.methods import JobPrioritise, JobRef, JobRows, JobsList
from agent.protocol.types import JobRow, JobStatus
from agent.words.catalogue import _, fill
from tray.model import Model
from tray.pages import job_words
from tray.pages.job_table import Column, JobTable
from tray.pages.page import Page
from tray.pages.run_table import RunColumn, RunTable
from tray.widgets.card import Card
from tray.widgets.flow import FlowLayout
from tray.widgets.labelled import plain
from tray.widgets.text import Aside, BreakableSentence
from tray.widgets.text_button import TextButton

_PAGE = 100
_AGAIN_MS = 1_000
#: More urgent than anything that came by itself.
_NEXT = 1_000
_TABLE_LINES = 6
#: Widths of the columns in em.
_WIDE = ((Column.WHAT, 15), (Column.WHERE, 8), (Column.STATE, 10), (Column.TRIES, 5))
#: In a narrow window only the first three are there, for the details say the rest: in hundredths of what there is.
_NARROW = ((Column.WHAT, 38), (Column.WHERE, 22))
_WIDE_EM = 44
_FILTERS: tuple[JobStatus | None, ...] = (None, "RUNNING", "PENDING", "FAILED", "COMPLETED", "CANCELLED")


class Activity(Page):
    """The table, and what there is to say and do about the selected jobs."""

    scrolls_inside = True

    def __init__(self, model: Model, parent: QWidget | None = None) -> None:
        super().__init__(model, parent)
        self.title = _("Activity")
        self.mark = "page-activity"
        self.status: JobStatus | None = None
        self._has_failed = False
        self.is_history = False
        self._asked = 0
        self._is_narrow: bool | None = None

    def build(self) -> None:
        self.filters = QTabBar()
        self.filters.setAccessibleName(_("Which jobs"))
        self.filters.setDrawBase(False)
        self.filters.setExpanding(False)
        for _status in _FILTERS:
            self.filters.addTab("")
        # Where the tabs have no room Qt adds two arrows, which it names in English.
        for name, text in (("ScrollLeftButton", _("&Previous")), ("ScrollRightButton", _("&Next"))):
            for arrow in self.filters.findChildren(QAbstractButton, name):
                arrow.setAccessibleName(plain(text))
        self.jobs = JobTable(self.palette())
        self.table = _make_table(self.jobs, _("Jobs"))
        self._give_width()
        self.runs = RunTable()
        self.past = _make_table(self.runs, _("Runs that are over"))
        when, took, files, size, speed, _failed = RunColumn
        _set_widths(self.past, ((when, 11), (took, 11), (files, 5), (size, 6), (speed, 7)))
        self.past.setHidden(True)
        self.switch = TextButton(_("Sho&w past runs"))
        self.retry_all = TextButton(_("Retry &all that failed"))
        self.nothing = Aside()
        self.details = _Details()
        self._again = QTimer(self, singleShot=True, interval=_AGAIN_MS)
        self._arrange()
        self._connect()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._is_built:
            self._give_width()

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
        # An upload that was cancelled leaves no failed job, but its file waits for a retry all the same.
        self._has_failed = bool((jobs and jobs.failed) or (snapshot and snapshot.library.counts.failed))
        for at, (name, count) in enumerate(names):
            text = fill(_("{name} ({count})"), {"name": name, "count": count}) if count else name
            if text != self.filters.tabText(at):
                self.filters.setTabText(at, text)
        self.jobs.show_names(
            {one.id: one.name for one in snapshot.destinations} if snapshot else {}, self.model.now_at()
        )
        for widget in (self.filters, self.table, self.past, self.details):
            widget.setEnabled(snapshot is not None)  # what is shown may be over by now
        if snapshot is None or "connection" in sections:
            self._say_nothing(self.model.without_agent)
        self.jobs.recolour(self.palette())
        self.runs.now_at = self.model.now_at()
        wanted = {"run", "connection"} if self.is_history else {"jobs", "connection"}
        if sections & wanted and snapshot is not None and not self._again.isActive():
            self._again.start(_AGAIN_MS if self.jobs.jobs else 0)
        self._offer()
        self._show_details()

    def show_status(self, status: JobStatus | None) -> None:
        """Show the jobs that stand like this, None for all."""
        self.ready()
        self._show(history=False)
        self.filters.setCurrentIndex(_FILTERS.index(status))

    def show_history(self) -> None:
        """Show the runs that are over instead of the queue."""
        self.ready()
        self._show(history=True)

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
        none = _("There are no such jobs.") if self.status else _("There was nothing to do yet.")
        if not self.is_history:
            self._say_nothing("" if self.jobs.jobs else none)
        self._show_details()

    def _ask_runs(self, before: int | None) -> None:
        self.model.call("runs.list", RunsList(before, _PAGE), lambda found: self._take_runs(before, found), owner=self)

    def _take_runs(self, before: int | None, page: RunRows) -> None:
        self.runs.take(before, page.rows, is_end=page.next is None)
        if self.is_history:
            self._say_nothing("" if self.runs.runs else _("Nothing was backed up yet."))

    def _say_nothing(self, text: str) -> None:
        """Why there is nothing to see; empty where there is something."""
        self.nothing.setText(text)
        self.nothing.setVisible(bool(text))

    def _ask_again(self) -> None:
        """The newest, and what is on the screen further down."""
        if not self.isVisible():
            return
        if self.is_history:
            self._ask_runs(None)
            return
        self._ask(None)
        top = self.table.rowAt(0)
        if top >= _PAGE // 2:
            self._ask(self.jobs.jobs[top].id + 1)

    def _choose(self, at: int) -> None:
        self.status = _FILTERS[at]
        self._asked += 1
        self.jobs.clear()
        self._offer()
        self._ask(None)

    def _show(self, *, history: bool) -> None:
        """The runs that are over, or the queue."""
        if history == self.is_history:
            return
        self.is_history = history
        for widget in (self.filters, self.table):
            widget.setHidden(history)
        self.past.setHidden(not history)
        self.switch.setText(_("Show the &queue") if history else _("Sho&w past runs"))
        self.switch.setAccessibleName(self.switch.text().replace("&", ""))
        self._say_nothing("")
        self._offer()
        self._show_details()
        if history:
            self._ask_runs(None)
        else:
            self._ask(None)

    # --- doing ------------------------------------------------------------------------------------------------------

    def _for_each(self, do: Callable[[JobRow], None]) -> None:
        for job in self.selected():
            do(job)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(job_words.details(job) for job in self.selected()))

    def _offer(self) -> None:
        self.retry_all.setVisible(self._has_failed and not self.is_history and self.status in {None, "FAILED"})

    def _show_details(self) -> None:
        self.details.show_jobs([] if self.is_history else self.selected(), self.jobs.destinations, self.model.now_at())

    # --- putting together -------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        em = self.fontMetrics().height()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(em, em, em, em)
        column.setSpacing(em // 2)
        column.addWidget(self.filters)
        buttons = FlowLayout(em // 2)
        for button in (self.switch, self.retry_all):
            buttons.addWidget(button)
        column.addLayout(buttons)
        column.addWidget(self.nothing)
        column.addWidget(self.table, 1)
        column.addWidget(self.past, 1)
        column.addWidget(self.details)
        for widget in (self.nothing, self.retry_all):
            widget.hide()

    def _give_width(self) -> None:
        """Show the columns that have room; in a wide window a person's own widths stay until it is narrow again."""
        em = self.fontMetrics().height()
        is_narrow = self.width() < em * _WIDE_EM
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            for column in (Column.TRIES, Column.ERROR):
                self.table.setColumnHidden(column, is_narrow)
            if not is_narrow:
                _set_widths(self.table, _WIDE)
        if is_narrow:
            _set_widths(self.table, [(column, self.width() / em * share / 100) for column, share in _NARROW])

    def _connect(self) -> None:
        call = self.model.call
        self.filters.currentChanged.connect(self._choose)
        self._again.timeout.connect(self._ask_again)
        self.jobs.more_wanted.connect(self._ask)
        self.runs.more_wanted.connect(self._ask_runs)
        self.switch.clicked.connect(lambda: self._show(history=not self.is_history))
        self.retry_all.clicked.connect(lambda: call("jobs.retry_failed"))
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


class _Table(QTableView):
    """Takes what is left and wishes for no more: with the usual wish of a table the page would scroll around it."""

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.fontMetrics().height() * _TABLE_LINES)


def _make_table(rows: QAbstractItemModel, name: str) -> QTableView:
    table = _Table()
    table.setModel(rows)
    table.setAccessibleName(name)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setAlternatingRowColors(True)
    table.verticalHeader().hide()
    em = table.fontMetrics().height()
    table.verticalHeader().setDefaultSectionSize(round(em * 1.7))
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setMinimumSectionSize(em * 3)
    header.setStretchLastSection(True)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    return table


def _set_widths(table: QTableView, widths_em: Iterable[tuple[int, float]]) -> None:
    header, em = table.horizontalHeader(), table.fontMetrics().height()
    for column, width_em in widths_em:
        header.resizeSection(column, max(round(em * width_em), header.sectionSizeHint(column)))


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
        reason = job_words.reason(only) if only else ""
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        statuses = {job.status for job in jobs}
        self.retry.setEnabled(bool(statuses) and statuses <= {"FAILED", "CANCELLED"})
        self.cancel.setEnabled(statuses <= {"PENDING", "RUNNING"})
        self.sooner.setEnabled(statuses <= {"PENDING"})
