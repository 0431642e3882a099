"""Another language: real translations, compiled for the test."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from agent import words
from agent.protocol.types import Problem


@pytest.fixture
def german(tmp_path: Path) -> Iterator[str]:
    """A folder with a little German in it."""
    catalogue = Catalog(locale="de")
    catalogue.add("Sign in again.", "Neu anmelden.")
    catalogue.add(("{count} day", "{count} days"), ("{count} Tag", "{count} Tage"))
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    target = tmp_path / "de" / "LC_MESSAGES" / "safelight.mo"
    target.parent.mkdir(parents=True)
    target.write_bytes(compiled.getvalue())
    yield str(tmp_path)
    words.use(None)


def test_sentences_plurals_and_numbers_follow_the_language(german: str) -> None:
    words.use("de", german)
    assert words.problem(Problem("signed_out", "error", 1))[1] == "Neu anmelden."
    assert words.duration_s(86_400) == "1 Tag"
    assert words.duration_s(2 * 86_400) == "2 Tage"
    assert words.number(12_431) == "12.431"
    assert words.size(3_200_000) == "3,2 MB"


def test_what_is_not_translated_stays_english(german: str) -> None:
    words.use("de", german)
    assert words.problem(Problem("signed_out", "error", 1))[0] == "You are signed out of the server."


def test_a_language_without_translations_is_english(german: str) -> None:
    words.use("eo", german)
    assert words.duration_s(86_400) == "1 day"


def test_the_environment_chooses_the_language(german: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de_DE:en")
    words.use(None, german)
    assert words.duration_s(86_400) == "1 Tag"


def test_sentences_follow_each_other_and_empty_ones_are_left_out() -> None:
    assert words.sentences("One.", "", "Two.", "Three.") == "One. Two. Three."
    assert words.sentences("", "Two.") == "Two."
    assert not words.sentences("", "")


def test_the_first_wanted_language_that_is_there_is_spoken(german: str) -> None:
    words.speak(words.wish({"LANGUAGE": "nl:de_AT:fr"}), german)
    assert (words.spoken(), words.duration_s(86_400)) == ("de", "1 Tag")
    words.speak(words.wish({"LANG": "nl_NL.UTF-8"}), german)
    assert (words.spoken(), words.number(12_431)) == ("en", "12.431")
