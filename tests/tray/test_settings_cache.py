"""The media cache and the proof of backup in the settings: numbers, and passes that are followed to their end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from agent.protocol import wire
from agent.protocol.cache import CacheStats, CacheStore, CacheWish
from agent.protocol.methods import JobRef
from agent.protocol.server import Paths
from agent.protocol.types import JobRow
from tests.fakes.agent import FakeAgent
from tests.fakes.lists import CACHE_JOB, PROOF_JOB, furnish, job
from tests.fakes.scenes import NOW_AT, SAFE
from tests.tray.widgets_read import clipped, nameless, read, unreachable
from tray.pages.settings_cache import CacheCard
from tray.pages.settings_proof import ProofCard
from tray.widgets.settings_form import SettingsForm

Serve = Callable[..., FakeAgent]


@pytest.fixture
def agent(seam: Any, serve: Serve) -> FakeAgent:
    found = furnish(serve(SAFE))
    seam.connect()
    return found


@pytest.fixture
def cache(seam: Any, agent: FakeAgent, qtbot: QtBot) -> CacheCard:
    found = CacheCard(seam.model, SettingsForm())
    qtbot.addWidget(found)
    found.show()
    found.ask_numbers()
    qtbot.waitUntil(lambda: bool(found.amount.text()))
    return found


@pytest.fixture
def proof(seam: Any, agent: FakeAgent, qtbot: QtBot) -> ProofCard:
    found = ProofCard(seam.model)
    qtbot.addWidget(found)
    found.show()
    return found


def test_the_cache_says_how_large_it_is(cache: CacheCard) -> None:
    assert "12,390 thumbnails, 412 MB of 2.0 GB\n41 files gave no picture." in read(cache)
    assert cache.bar.value() == 20


def test_an_empty_cache_is_no_trouble(cache: CacheCard, agent: FakeAgent, qtbot: QtBot) -> None:
    nothing = CacheStore(exists=False, count=0, size_bytes=0)
    agent.answers["cache.stats"] = lambda _asked: CacheStats(nothing, nothing)
    cache.ask_numbers()
    qtbot.waitUntil(lambda: cache.amount.text().startswith("0 thumbnails"))
    assert not cache.failed.isVisible()


def test_what_is_missing_is_made_now(cache: CacheCard, agent: FakeAgent, qtbot: QtBot) -> None:
    cache.build.click()
    assert not cache.build.isEnabled()
    qtbot.waitUntil(lambda: "12 pictures made" in cache.said.text())
    assert agent.asked("cache.rebuild") == [CacheWish()]
    assert agent.asked("jobs.show") == [JobRef(CACHE_JOB)]
    assert cache.build.isEnabled()
    qtbot.waitUntil(lambda: len(agent.asked("cache.stats")) == 2)  # the numbers are others now


def test_making_all_anew_is_asked_about_first(cache: CacheCard, agent: FakeAgent, qtbot: QtBot) -> None:
    cache.rebuild.click()
    assert cache.question is not None
    assert "Photos and copies are not touched." in cache.question.informativeText()
    cache.question.defaultButton().click()
    assert not agent.asked("cache.rebuild")
    cache.rebuild.click()
    next(one for one in cache.question.buttons() if "anew" in one.text()).click()
    qtbot.waitUntil(lambda: agent.asked("cache.rebuild") == [CacheWish(anew=True)])


@pytest.mark.parametrize(
    ("row", "sentence", "is_over"),
    [
        pytest.param(job(CACHE_JOB, "RUNNING", progress=42), "Making thumbnails: 42 %", False, id="runs"),
        pytest.param(job(CACHE_JOB, "PENDING"), "as soon as copies and the battery leave room", False, id="waits"),
        pytest.param(job(CACHE_JOB, "CANCELLED"), "Stopped. The next pass goes on from here.", True, id="cancelled"),
        pytest.param(job(CACHE_JOB, "FAILED", last_error="disk_full"), "disk is full", True, id="failed"),
        pytest.param(job(CACHE_JOB, "COMPLETED", result={"busy": True}), "under way already", True, id="busy"),
    ],
)
def test_a_pass_says_how_it_stands(
    row: JobRow, sentence: str, is_over: bool, cache: CacheCard, agent: FakeAgent, qtbot: QtBot
) -> None:
    agent.answers["jobs.show"] = lambda _asked: row
    cache.build.click()
    qtbot.waitUntil(lambda: sentence in cache.said.text())
    assert cache.build.isEnabled() is is_over


def test_a_pass_is_followed_until_its_end(cache: CacheCard, agent: FakeAgent, qtbot: QtBot) -> None:
    ended = agent.answers["jobs.show"]
    agent.answers["jobs.show"] = lambda _asked: job(CACHE_JOB, "RUNNING", progress=99)
    cache.build.click()
    qtbot.waitUntil(lambda: "99 %" in cache.said.text())
    agent.answers["jobs.show"] = ended
    qtbot.waitUntil(lambda: "12 pictures made" in cache.said.text(), timeout=5_000)


def test_an_agent_that_goes_away_leaves_no_button_dead(cache: CacheCard, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.answers["jobs.show"] = lambda _asked: job(CACHE_JOB, "RUNNING", progress=1)
    cache.build.click()
    qtbot.waitUntil(lambda: "1 %" in cache.said.text())
    agent.stop()
    qtbot.waitUntil(cache.build.isEnabled, timeout=5_000)


def test_a_refusal_is_said_in_the_card(cache: CacheCard, agent: FakeAgent, qtbot: QtBot) -> None:
    agent.refusals["cache.rebuild"] = wire.Error(wire.MISTAKE, "stopping", {})
    cache.build.click()
    qtbot.waitUntil(lambda: "just stopping" in cache.said.text())
    assert cache.build.isEnabled()


def test_the_proof_ends_in_a_dated_statement_with_what_is_wrong(
    proof: ProofCard, agent: FakeAgent, qtbot: QtBot
) -> None:
    proof.check.click()
    qtbot.waitUntil(lambda: "12,429 of 12,431 photos and videos are proven" in read(proof))
    assert agent.asked("verify.start") == [Paths()]
    assert agent.asked("jobs.show") == [JobRef(PROOF_JOB)]
    assert "/home/ada/Pictures/2021/IMG_1177.HEIC: lost at the destination" in read(proof)
    assert proof.check.isEnabled()


def test_the_statement_can_be_saved_whole(proof: ProofCard, agent: FakeAgent, tmp_path: Path, qtbot: QtBot) -> None:
    found = [{"path": f"/home/ada/{number}.jpg", "verdict": "lost"} for number in range(30)]
    result = {"ended_at": NOW_AT, "files": 40, "whole": 10, "lost": 30, "found": found}
    agent.answers["jobs.show"] = lambda _asked: job(PROOF_JOB, "COMPLETED", result=result)
    names: list[str] = []

    def choose(_parent: object, name: str) -> str:
        names.append(name)
        return str(tmp_path / "statement.txt")

    proof._choose = choose
    assert not proof.save.isVisible()
    proof.check.click()
    qtbot.waitUntil(proof.save.isVisible)
    proof.save.click()
    lines = (tmp_path / "statement.txt").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "10 of 40 photos and videos are proven to be whole, here and at their destinations."
    assert lines[-1] == "/home/ada/29.jpg: lost at the destination"
    assert "/home/ada/29.jpg" not in read(proof)
    assert names == ["Proof of backup 2026-11-22.txt"]
    assert "Saved as " in read(proof)
    proof._choose = lambda _parent, _name: str(tmp_path)
    proof.save.click()
    assert "cannot be written" in read(proof)


def test_while_it_is_proven_the_files_are_counted(proof: ProofCard, agent: FakeAgent, qtbot: QtBot) -> None:
    payload = {"tally": {"files": 1_204}}
    agent.answers["jobs.show"] = lambda _asked: job(PROOF_JOB, "RUNNING", payload=payload)
    proof.check.click()
    qtbot.waitUntil(lambda: "Checked 1,204 of 12,431 photos and videos …" in read(proof))
    assert not proof.check.isEnabled()


def test_everything_has_a_name_and_is_reached_by_tab(cache: CacheCard, proof: ProofCard, qtbot: QtBot) -> None:
    for widget in (cache, proof):
        widget.resize(500, widget.heightForWidth(500))
    qtbot.wait(20)
    for widget in (cache, proof):
        assert nameless(widget) == []
        assert unreachable(widget) == []
        assert clipped(widget) == []
