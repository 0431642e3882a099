"""What the command line says of wrong words and in its help, which typer alone would say in English."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from agent import words
from agent.cli.arguments import Globals
from agent.cli.commands import invoke
from agent.cli.failure import USAGE, Failure


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("folder add --bogus", "There is no option --bogus. 'safelight folder add --help' shows how."),
        ("backup --cancell", "There is no option --cancell. Did you mean --cancel? 'safelight backup --help'"),
        ("folder add", "'PATH' is missing. 'safelight folder add --help' shows how."),
        ("jobs list --limit", "The option --limit needs a value."),
        ("jobs list --limit x", "'--limit' must be a whole number."),
        ("cache build --workers 0", "'--workers' must be 1 or more."),
        ("status extra", "That is too much: extra. 'safelight status --help' shows how."),
        ("status --watch=3", "The option --watch takes no value."),
        ("statuss", "There is no command 'statuss'. Did you mean 'status'"),
        ("qqq", "There is no command 'qqq'. 'safelight --help' shows how."),
    ],
)
def test_wrong_usage_is_told_in_a_sentence_of_ours(typed: str, said: str) -> None:
    with pytest.raises(Failure) as caught:
        invoke(Globals(), typed.split())
    assert caught.value.exit_code == USAGE
    assert caught.value.text.startswith(said)


@pytest.fixture
def loud(tmp_path: Path) -> Iterator[None]:
    """A language in which the frame of the help shouts."""
    catalogue = Catalog(locale="de")
    for text in ("Usage: ", "Options:", "Commands:", "Arguments:", "Show this help."):
        catalogue.add(text, text.upper())
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    target = tmp_path / "de" / "LC_MESSAGES" / "safelight.mo"
    target.parent.mkdir(parents=True)
    target.write_bytes(compiled.getvalue())
    words.use("de", str(tmp_path))
    yield
    words.use(None)


@pytest.mark.parametrize("typed", ["--help", "folder --help", "folder add --help", ""])
def test_the_frame_of_the_help_is_translated_too(typed: str, loud: None, capsys: pytest.CaptureFixture[str]) -> None:
    invoke(Globals(), typed.split())
    printed = capsys.readouterr().out
    assert "USAGE: safelight" in printed
    assert "OPTIONS:\n" in printed
    assert "SHOW THIS HELP." in printed
    assert "Usage" not in printed
    assert ("COMMANDS:\n" in printed) == (typed != "folder add --help")
