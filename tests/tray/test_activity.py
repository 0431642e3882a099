"""The activity page: a live table that is paged, keeps its place, and what can be done with jobs."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from agent.protocol.history import RunRow, RunRows
from agent.protocol.methods import JobPrioritise, JobRef
from agent.protocol.types import Counts, Jobs, Library
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import RUNS, Queue, furnish, job, some_jobs
from tests.fakes.scenes import NOW_AT, WORKING
from tests.tray.widgets_read import read
from tray.pages import activity as activity_module
from tray.pages.activity import Activity
from tray.pages.job_table import Column, JobTable
from tray.pages.run_table import RunColumn, RunTable
from tray.pages.window import Window

Serve = Callable[..., FakeAgent]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_module, "_AGAIN_MS", 20)


@pytest.fixture
def page(seam: Any, qtbot: QtBot) -> Iterator[Activity]:
    found = Activity(seam.model)
    window = Window([found])
    qtbot.addWidget(window)
    window.show()
    yield found
    window.close()


@pytest.fixture
def agent(page: Activity, seam: Any, serve: Serve, qtbot: QtBot) -> FakeAgent:
    found = furnish(serve(WORKING))
    seam.connect()
    qtbot.waitUntil(lambda: bool(page.jobs.jobs))
    found.calls.clear()
    return found


def line(table: JobTable, row: int) -> list[str]:
    return [table.data(table.index(row, column)) for column in Column]


def _hides_errors(page: Activity, really: bool) -> bool:
    return page.table.isColumnHidden(Column.ERROR) is really


def row_of(page: Activity, number: int) -> int:
    return next(at for at, one in enumerate(page.jobs.jobs) if one.id == number)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(2080, ["IMG_2080.HEIC", "Home server", "waiting", "0 of 3", ""], id="waiting"),
        pytest.param(
            2044,
            ["IMG_2044.HEIC", "NAS", "next try 17:34", "1 of 3", "The destination's disk reported an error."],
            id="again",
        ),
        pytest.param(2042, ["IMG_2042.HEIC", "NAS", "running, 12 %", "0 of 3", ""], id="running"),
        pytest.param(
            2040,
            ["IMG_2040.HEIC", "Home server", "failed", "3 of 3", "The file is larger than the server"],
            id="failed",
        ),
        pytest.param(2037, ["Looking through the folders", "this computer", "done", "1 of 3", ""], id="scan"),
    ],
)
def test_a_line_says_what_where_how_and_why_not(
    number: int, expected: list[str], page: Activity, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    found = line(page.jobs, row_of(page, number))
    assert found[:2] == expected[:2]
    assert found[2].startswith(expected[2].rpartition(" ")[0])
    assert found[3] == expected[3]
    assert found[4].startswith(expected[4])


def test_the_next_page_comes_with_the_end_of_the_first(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    assert len(page.jobs.jobs) == 100
    page.table.scrollToBottom()
    qtbot.waitUntil(lambda: len(page.jobs.jobs) == len(some_jobs()))
    assert not page.jobs.canFetchMore(page.table.rootIndex())


def test_a_tab_shows_only_its_jobs_and_counts_them(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    assert page.filters.tabText(1) == "Running (2)"
    page.show_status("FAILED")
    qtbot.waitUntil(lambda: [one.id for one in page.jobs.jobs] == [2040, 2039])
    page.show_status("CANCELLED")
    qtbot.waitUntil(lambda: [one.id for one in page.jobs.jobs] == [2038])


def test_what_moved_is_shown_and_the_selection_stays(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    page.select_row(row_of(page, 2040))
    queue = agent.answers["jobs.list"]
    assert isinstance(queue, Queue)
    queue.jobs = [
        job(2081),
        *(job(2041, "COMPLETED") if one.id == 2041 else one for one in queue.jobs if one.id != 2080),
    ]
    agent.show(jobs=Jobs(13, 92, 1))
    qtbot.waitUntil(lambda: page.jobs.jobs[0].id == 2081)
    assert 2080 not in [one.id for one in page.jobs.jobs]
    assert page.jobs.jobs[row_of(page, 2041)].status == "COMPLETED"
    assert [one.id for one in page.selected()] == [2040]


def test_the_details_say_why_and_what_can_be_done(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    assert not page.details.isVisible()
    page.select_row(row_of(page, 2040))
    text = read(page.details)
    assert "/home/ada/Camera uploads/2026/IMG_2040.HEIC" in text
    assert "failed · tried 3 times of 3" in text
    assert "Raise the limit there, then retry." in text
    assert page.details.retry.isEnabled()
    assert not page.details.cancel.isEnabled()
    page.details.retry.click()
    qtbot.waitUntil(lambda: bool(agent.asked("jobs.retry")))
    assert agent.asked("jobs.retry") == [JobRef(2040)]


def test_a_waiting_job_can_be_cancelled_and_put_first(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    page.select_row(row_of(page, 2080))
    assert not page.details.retry.isEnabled()
    page.details.sooner.click()
    page.details.cancel.click()
    qtbot.waitUntil(lambda: bool(agent.asked("jobs.cancel")))
    assert agent.asked("jobs.cancel") == [JobRef(2080)]
    assert agent.asked("jobs.prioritise") == [JobPrioritise(2080, 1_000)]


def test_several_are_done_at_once(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    page.table.selectAll()
    assert read(page.details).startswith("100 jobs")
    assert not page.details.retry.isEnabled()
    assert not page.details.cancel.isEnabled()


def test_technical_details_are_copied(page: Activity, agent: FakeAgent) -> None:
    page.select_row(row_of(page, 2040))
    page.details.copy.click()
    copied = msgspec.json.decode(QGuiApplication.clipboard().text())
    assert copied["id"] == 2040
    assert copied["last_error"] == "too_large_for_server"


def test_files_whose_upload_was_cancelled_can_be_retried_too(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.show(jobs=Jobs(13, 92, 1, failed=0), library=Library(counts=Counts(failed=2)))
    qtbot.waitUntil(page.retry_all.isVisible)


def test_all_that_failed_is_retried_at_once(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    assert not page.retry_all.isVisible()
    agent.show(jobs=Jobs(13, 92, 1, failed=2))
    qtbot.waitUntil(page.retry_all.isVisible)
    page.show_status("PENDING")
    assert not page.retry_all.isVisible()
    page.show_status("FAILED")
    page.retry_all.click()
    qtbot.waitUntil(lambda: bool(agent.asked("jobs.retry_failed")))


def test_the_runs_that_are_over_are_listed_with_counts_bytes_and_time(
    page: Activity, agent: FakeAgent, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    page.select_row(0)
    page.switch.click()
    qtbot.waitUntil(lambda: len(page.runs.runs) == 100)
    assert (page.table.isVisible(), page.past.isVisible(), page.details.isVisible()) == (False, True, False)
    cells = [page.runs.data(page.runs.index(4, column)) for column in RunColumn]
    assert cells == ["2026-11-19 20:30", "1 minute 33 seconds", "103", "319 MB", "3.4 MB/s", "2"]
    page.past.scrollToBottom()
    qtbot.waitUntil(lambda: len(page.runs.runs) == RUNS)
    assert not page.runs.canFetchMore(page.past.rootIndex())
    assert page.switch.accessibleName() == "Show the queue"
    page.switch.click()
    assert (page.table.isVisible(), page.past.isVisible()) == (True, False)


def test_a_run_that_ends_comes_on_top(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    page.show_history()
    qtbot.waitUntil(lambda: len(page.runs.runs) == 100)
    newest = msgspec.structs.replace(page.runs.runs[0], id=RUNS + 1)
    agent.answers["runs.list"] = lambda _asked: RunRows((newest, *page.runs.runs[:9]), 122)
    agent.show(run=None)
    qtbot.waitUntil(lambda: page.runs.runs[0] == newest)
    assert len(page.runs.runs) == 101


def test_before_the_first_run_that_is_said(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.answers["runs.list"] = lambda _asked: RunRows(())
    page.show_history()
    qtbot.waitUntil(lambda: "Nothing was backed up yet." in read(page))


RUN_STEPS = [
    pytest.param([(None, (9, 8, 7), False), (7, (6, 5), True)], [9, 8, 7, 6, 5], id="pages-follow-each-other"),
    pytest.param([(None, (9, 8), True), (None, (10, 9), False)], [10, 9, 8], id="a-new-one-on-top"),
    pytest.param([(None, (9, 8), False), (None, (30, 29), False)], [30, 29], id="a-gap-forgets-the-rest"),
    pytest.param([(None, (9, 8), True), (None, (9, 8), True)], [9, 8], id="nothing-new"),
]


@pytest.mark.parametrize(("steps", "expected"), RUN_STEPS)
def test_pages_of_runs_follow_each_other(steps: list[Any], expected: list[int], qtbot: QtBot) -> None:
    table = RunTable()
    watcher = QAbstractItemModelTester(table)  # complains of every wrong signal
    for before, numbers, is_end in steps:
        table.take(before, [RunRow(number, 0, 1, 1, 0, 1) for number in numbers], is_end=is_end)
    assert [run.id for run in table.runs] == expected
    assert watcher.model() is table


# --- The table itself -------------------------------------------------------------------------------------------------


@pytest.fixture
def table(qtbot: QtBot) -> JobTable:
    found = JobTable(QPalette())
    found.now_at = NOW_AT
    found.tester = QAbstractItemModelTester(found)  # type: ignore[attr-defined] # complains of every wrong signal
    return found


def ids(table: JobTable) -> list[int]:
    return [one.id for one in table.jobs]


def page_of(*numbers: int) -> list[Any]:
    return [job(number) for number in numbers]


STEPS = [
    pytest.param([(None, (9, 8, 7), False), (7, (6, 5), True)], [9, 8, 7, 6, 5], id="pages-follow-each-other"),
    pytest.param([(None, (9, 8, 7), True), (None, (10, 9, 8), False)], [10, 9, 8, 7], id="a-new-one-on-top"),
    pytest.param([(None, (9, 8, 7), True), (None, (9, 7), True)], [9, 7], id="one-is-gone"),
    pytest.param([(None, (9, 8, 7), True), (None, (), True)], [], id="all-are-gone"),
    pytest.param([(None, (9, 8), False), (None, (30, 29), False)], [30, 29], id="a-gap-forgets-the-rest"),
    pytest.param([(None, (9, 8, 7, 6, 5), False), (8, (7, 5), False)], [9, 8, 7, 5], id="in-the-middle"),
    pytest.param([(None, (9, 7), False), (8, (7, 6, 5), True)], [9, 7, 6, 5], id="more-than-there-were"),
]


@pytest.mark.parametrize(("steps", "expected"), STEPS)
def test_a_page_replaces_exactly_its_stretch(steps: list[Any], expected: list[int], table: JobTable) -> None:
    for before, numbers, is_end in steps:
        table.take(before, page_of(*numbers), is_end=is_end)
    assert ids(table) == expected


def test_only_what_differs_is_drawn_anew(table: JobTable, qtbot: QtBot) -> None:
    table.take(None, page_of(9, 8, 7), is_end=True)
    changed: list[int] = []
    table.dataChanged.connect(lambda first, _last: changed.append(first.row()))
    table.take(None, [job(9), job(8, "FAILED"), job(7)], is_end=True)
    assert changed == [1]
    assert table.data(table.index(1, Column.STATE)) == "failed"
    assert table.data(table.index(1, Column.STATE), Qt.ItemDataRole.DecorationRole) is not None


def test_a_narrow_window_scrolls_the_table_and_nothing_else(page: Activity, agent: FakeAgent, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(page.jobs.jobs))
    page.select_row(row_of(page, 2040))
    window = page.window()
    window.show()
    for size, is_narrow in ((window.minimumSizeHint(), True), (window.sizeHint(), False)):
        window.resize(size)
        qtbot.waitUntil(partial(_hides_errors, page, is_narrow))
        qtbot.waitUntil(lambda: page.verticalScrollBar().maximum() == 0)
        qtbot.waitUntil(lambda: page.table.horizontalScrollBar().maximum() == 0)
        assert page.details.height() >= page.details.heightForWidth(page.details.width())  # and nothing is squeezed


def test_without_an_agent_the_table_says_so_and_cannot_be_used(
    page: Activity, agent: FakeAgent, seam: Any, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: bool(page.jobs.jobs))
    agent.stop()
    qtbot.waitUntil(lambda: "Start it in the overview." in read(page), timeout=20_000)
    assert not page.table.isEnabled()
