"""Which language is spoken, by what the environment and the system say."""

import pytest

from agent.words.language import Wish, tag, wish


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("de_AT.UTF-8@euro", "de_AT"),
        ("de-AT", "de_AT"),
        ("de", "de"),
        ("C.UTF-8", ""),
        ("POSIX", ""),
        ("", ""),
        ("zh-Hans-CN", "zh_CN"),
        ("zh-Hans", "zh_CN"),
        ("zh_Hans_SG", "zh_SG"),
        ("zh-Hant", "zh_TW"),
        ("zh-Hant-HK", "zh_HK"),
        ("zh", "zh_CN"),
        ("sr_RS@latin", "sr_RS"),
        ("sr-Latn-RS", "sr_RS"),
        ("es-419", "es_419"),
    ],
)
def test_every_system_s_spelling_becomes_one(name: str, plain: str) -> None:
    assert tag(name) == plain


@pytest.mark.parametrize(
    ("environment", "languages"),
    [
        pytest.param({}, (), id="nothing said"),
        pytest.param({"LANG": "de_AT.UTF-8"}, ("de_AT", "de"), id="usual"),
        pytest.param({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "fr_FR.UTF-8"}, ("fr_FR", "fr"), id="messages apart"),
        pytest.param({"LANG": "de_DE.UTF-8", "LC_ALL": "es_ES.UTF-8"}, ("es_ES", "es"), id="all"),
        pytest.param({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, (), id="all plain"),
        pytest.param({"LANGUAGE": "nl:de:en", "LANG": "en_US.UTF-8"}, ("nl", "de"), id="by preference"),
        pytest.param({"LANGUAGE": "en_GB:de", "LANG": "de_DE.UTF-8"}, (), id="English first"),
        pytest.param({"LANGUAGE": "", "LANG": "de_DE.UTF-8"}, ("de_DE", "de"), id="empty list"),
        pytest.param({"LANG": "zh_TW.UTF-8"}, ("zh_TW",), id="traditional Chinese is not simplified"),
        pytest.param({"LANG": "zh_SG.UTF-8"}, ("zh_CN",), id="simplified Chinese elsewhere"),
    ],
)
def test_the_environment_chooses(environment: dict[str, str], languages: tuple[str, ...]) -> None:
    assert wish(environment).languages == languages


def test_the_system_is_asked_where_the_environment_is_silent() -> None:
    assert wish({}, ("fr-CA", "en-CA"), "de-DE") == Wish(("fr_CA", "fr"), "de_DE", "de_DE")
    assert wish({}, ("fr-CA",)) == Wish(("fr_CA", "fr"), "fr_CA", "fr_CA")
    assert wish({"LANG": "en_US.UTF-8"}, ("fr-CA",), "de-DE") == Wish((), "en_US", "en_US")


@pytest.mark.parametrize(
    ("environment", "numbers", "times"),
    [
        pytest.param({"LANG": "en_US.UTF-8"}, "en_US", "en_US", id="usual"),
        pytest.param({"LANG": "en_US.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"}, "de_DE", "en_US", id="numbers apart"),
        pytest.param({"LANG": "en_US.UTF-8", "LC_TIME": "en_GB.UTF-8"}, "en_US", "en_GB", id="times apart"),
        pytest.param({"LANG": "en_US.UTF-8", "LANGUAGE": "de"}, "en_US", "en_US", id="words alone in German"),
        pytest.param({"LANG": "C.UTF-8", "LANGUAGE": "de"}, "de", "de", id="no country but a language"),
        pytest.param({"LC_ALL": "C", "LC_TIME": "en_GB.UTF-8"}, "", "", id="all plain"),
    ],
)
def test_numbers_and_times_follow_their_own_categories(environment: dict[str, str], numbers: str, times: str) -> None:
    wanted = wish(environment)
    assert (wanted.numbers, wanted.times) == (numbers, times)
