"""The window names no command where it has a button: each such sentence of the terminal has a twin."""

import re
from collections.abc import Iterator
from string import Formatter

import pytest

from agent import words
from agent.protocol.types import Problem
from agent.words import files, holds, mistakes, problems
from agent.words.window import IN_WINDOW
from installers import translations

COMMAND = re.compile(r"'safelight |(?<!\w)--\w|stdin")
#: Met only at a terminal, or there is nothing in the window that does it.
TERMINAL_ONLY = frozenset(
    {
        "already_running",
        "home_empty",
        "home_unwritable",
        "ledger_old",
        "not_private",
        "out_unwritable",
        "secret_empty",
        "service_own_home",
        "start_failed",
    }
)


@pytest.fixture
def in_window() -> Iterator[None]:
    words.speak_in_window()
    yield
    words.speak_in_window(really=False)


def fields(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name}


def test_every_sentence_that_has_a_twin_is_still_said() -> None:
    marked = {text for message in translations.collect() for text in translations.forms(message.id)}
    assert sorted(set(IN_WINDOW) - marked) == []
    assert sorted(set(IN_WINDOW.values()) - marked) == []


def test_no_twin_names_a_command_or_a_value_that_is_not_there() -> None:
    assert [twin for twin in IN_WINDOW.values() if COMMAND.search(twin)] == []
    assert [text for text, twin in IN_WINDOW.items() if not fields(twin) <= fields(text)] == []


def test_whatever_the_window_says_names_no_command(in_window: None) -> None:
    tables = {**mistakes._MISTAKES, **files._REASONS, **files._WARNINGS, **holds._HOLDS}
    steps = {code: step for code, (_text, step) in problems.PROBLEMS.items()}
    said = [(code, text) for table in (tables, steps) for code, text in table.items() if code not in TERMINAL_ONLY]
    assert [(code, text) for code, text in said if COMMAND.search(IN_WINDOW.get(text, text))] == []


def test_a_problem_is_told_to_whoever_reads_it(in_window: None) -> None:
    failed = Problem("files_failed", "error", 0, {"count": 3})
    assert words.problem(failed) == ("3 files could not be uploaded.", "See what each of them needs, then retry.")
    assert words.mistake("no_destination", {}) == "There is no place to back up to yet. Add one in the settings."
    words.speak_in_window(really=False)
    assert words.problem(failed)[1] == "See which with 'safelight library list --state failed', then retry."
