"""Every code has its sentence, and a code that nobody knows gets one too."""

import re
from pathlib import Path

import pytest

from agent import words
from agent.domain.errors import FALTERED
from agent.domain.problems import CATALOGUE
from agent.protocol.types import Event, Problem
from agent.words import catalogue, files, headlines, holds, mistakes, problems

TABLES = {
    "mistakes": mistakes._MISTAKES,
    "reasons": files._REASONS,
    "passing": files._PASSING,
    "events": files._EVENTS,
    "warnings": files._WARNINGS,
    "holds": holds._HOLDS,
    "problems": {code: " ".join(both) for code, both in problems.PROBLEMS.items()},
}
#: Lights and states are words, not sentences.
SENTENCES = tuple((table, code, said) for table, rows in TABLES.items() for code, said in rows.items())


@pytest.mark.parametrize(("table", "code", "said"), SENTENCES)
def test_every_sentence_is_whole_and_short(table: str, code: str, said: str) -> None:
    assert said[0].isupper() or said[0] in "{'-", f"{table} {code}"
    assert said.endswith((".", ".'")), f"{table} {code}"
    assert len(said) < 200, f"{table} {code}"
    assert "  " not in said


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_problem_of_the_agent_has_its_words_and_its_next_step(code: str) -> None:
    text, step = words.problem(Problem(code, "error", 1, {"path": "/p", "version": "1", "count": 2, "detail": "d"}))
    assert code in problems.PROBLEMS
    assert text
    assert step


def test_an_unknown_code_gets_a_sentence() -> None:
    assert words.mistake("moon_missing", {}) == "That cannot be done: moon missing. 'safelight logs' tells more."
    assert words.problem(Problem("moon_missing", "error", 1))[0] == "Something is wrong: moon missing."
    assert "moon missing" in words.reason("moon_missing", {})
    assert words.event(Event(1, "moon_seen")) == "moon seen"
    assert words.state("moonlit") == "moonlit"
    assert words.light("moonlit") == "moonlit"
    assert words.warning("moon_near") == "Note: moon near."


def test_what_a_disk_says_for_a_while_is_said_to_be_tried_again_each_day() -> None:
    assert files._DAILY == FALTERED


@pytest.mark.parametrize("code", sorted(files._PASSING))
def test_what_failed_for_good_is_not_said_to_be_tried_again(code: str) -> None:
    daily = ", and is tried again within a day; or retry it now." if code in FALTERED else "; retry it."
    assert words.reason(code, {}).endswith(f" It failed each time{daily}")
    assert words.last_error(f"{code}(status=502)", is_over=True) == words.reason(code, {})
    assert words.last_error(f"{code}(status=502)", is_over=False).endswith(" It is tried again by itself.")


def test_a_missing_argument_leaves_a_gap_and_no_error() -> None:
    assert words.mistake("path_missing", {}) == "There is nothing at …. Check the path."


def test_paths_are_shown_without_control_characters() -> None:
    said = words.mistake("path_missing", {"path": "/a/\x1b[31mred"})
    assert "\x1b" not in said
    assert (
        words.mistake("path_missing", {"path": "file:///a/%ff.jpg"})
        == "There is nothing at /a/\ufffd.jpg. Check the path."
    )


def test_a_fate_that_answers_a_call_has_the_words_of_its_problem() -> None:
    assert words.mistake("destination_full", {"path": "/nas"}).startswith("The disk of the destination /nas is full.")


def test_an_event_names_its_destination_and_its_reason() -> None:
    assert words.event(Event(1, "uploaded", {"destination": "NAS"})) == "Copied to NAS."
    assert words.event(Event(1, "uploaded")) == "Copied to the destination."
    said = words.event(Event(1, "failed", {"destination": "NAS", "code": "empty"}))
    assert said == "Could not be copied to NAS. The file is empty. It is taken as soon as it has content."


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (None, ""),
        ("", ""),
        ("empty", "The file is empty. It is taken as soon as it has content."),
        (
            "server_unreachable(address='https://x', reason='no route')",
            (
                "The server does not answer. Check that it is on and that this computer reaches it;"
                " the backup goes on by itself then."
            ),
        ),
        ("no such thing", "no such thing"),
        ("ValueError: (bad)", "ValueError: (bad)"),
    ],
)
def test_the_last_error_of_a_job_is_told_in_words(kept: str | None, said: str) -> None:
    assert words.last_error(kept, is_over=False) == said


def test_what_is_named_in_a_sentence_is_a_plain_name() -> None:
    """`{name!r}` or `{name:x}` would not be filled by `catalogue.fill`."""
    for _table, _code, said in SENTENCES:
        assert re.findall(r"{[^}]*}", said) == re.findall(r"{[a-z_]+}", said)


def test_a_translation_with_a_broken_brace_is_shown_as_it_is() -> None:
    assert catalogue.fill("100 % {", {}) == "100 % {"


def test_every_light_has_a_word() -> None:
    assert set(headlines._LIGHTS) == {"safe", "working", "waiting", "paused", "attention", "off"}


def test_every_code_that_the_agent_raises_has_its_sentence() -> None:
    """Read from the sources: a new code needs its words in the same change."""
    raised = re.compile(r'\b(?:Mistake|Blocked|Rejected|Transient|FileChanged|FileVanished)\(\s*"([a-z_]+)"')
    agent = Path(__file__).resolve().parents[3] / "agent"
    codes = {code for source in agent.rglob("*.py") for code in raised.findall(source.read_text("utf-8"))}
    assert len(codes) > 40
    in_files = files._REASONS.keys() | files._PASSING.keys()
    assert not codes - mistakes._MISTAKES.keys() - in_files - problems.PROBLEMS.keys()
