"""The language of the system's settings, where programs get none in their environment."""

import plistlib
from pathlib import Path

import pytest

from agent.platforms.language import Chosen, chosen, from_preferences


def test_the_preferences_of_a_mac_name_languages_and_formats(tmp_path: Path) -> None:
    file = tmp_path / "preferences.plist"
    said = {"AppleLanguages": ["fr-FR", "en-FR"], "AppleLocale": "fr_FR@currency=EUR"}
    file.write_bytes(plistlib.dumps(said, fmt=plistlib.FMT_BINARY))
    assert from_preferences(file) == Chosen(("fr-FR", "en-FR"), "fr_FR@currency=EUR")


def test_preferences_without_a_word_on_it_choose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "preferences.plist"
    file.write_bytes(plistlib.dumps({}))
    assert from_preferences(file) == Chosen()


def test_preferences_that_are_none_are_an_error_that_is_expected(tmp_path: Path) -> None:
    file = tmp_path / "preferences.plist"
    file.write_bytes(b"not a list of properties")
    with pytest.raises(ValueError, match="Invalid file"):
        from_preferences(file)


def test_asking_this_system_never_fails() -> None:
    assert isinstance(chosen(), Chosen)
