"""The status as a person sees it, at 80 columns and in a pipe."""

import pytest
from msgspec import structs

from agent.cli.output import print_table
from agent.cli.screen import drawn, print_status
from agent.cli.status import document
from agent.protocol.types import Snapshot
from agent.protocol.wire import as_json, from_json
from tests.fakes.scenes import ATTENTION, NOW_AT, SCENES, WORKING


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_nothing_is_wider_than_the_screen_but_what_cannot_be_folded(scene: str) -> None:
    lines = drawn(SCENES[scene], NOW_AT, 80).plain.splitlines()
    assert all(len(line) <= 80 for line in lines), lines


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_into_a_pipe_goes_no_colour_and_nothing_is_cut(scene: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_status(SCENES[scene], NOW_AT)
    out, err = capsys.readouterr()
    assert "\x1b" not in out
    assert err == ""
    for folder in SCENES[scene].folders:
        assert folder.path in out
    assert not [line for line in out.splitlines() if line != line.rstrip()]


def test_a_problem_names_its_destination_and_is_not_told_again_as_a_hold() -> None:
    text = drawn(ATTENTION, NOW_AT, 1_000).plain
    assert text.count("You are signed out of the server. Sign in again.") == 1
    assert "Home server: You are signed out" in text
    assert "NAS: The destination folder /media/nas/photos is not there." in text


def test_a_server_without_a_sign_in_says_so() -> None:
    server, *others = WORKING.destinations
    snapshot = structs.replace(WORKING, destinations=(structs.replace(server, account=None), *others))
    (line,) = [one for one in drawn(snapshot, NOW_AT, 1_000).plain.splitlines() if server.location in one]
    assert line.endswith("signed out")


def test_a_long_name_on_the_way_keeps_its_beginning_and_its_end() -> None:
    text = drawn(WORKING, NOW_AT, 80).plain
    assert "A very long name o…ee, final (2).mov" in text


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_the_document_has_the_published_shape(scene: str) -> None:
    snapshot: Snapshot = SCENES[scene]
    shown = from_json(as_json(document(snapshot, NOW_AT)))
    assert isinstance(shown["headline"], str)
    assert shown["light"] == snapshot.backup.light
    assert set(shown["counts"]) == {
        "total", "safe", "queued", "uploading", "failed", "excluded", "deleted_at_destination", "in_trash",
        "missing_at_destination",
    }  # fmt: skip
    assert set(shown["bytes"]) == {"total", "safe"}
    assert all({"constraint", "detail"} <= set(hold) for hold in shown["holds"])
    assert all({"code", "severity", "text"} <= set(problem) for problem in shown["problems"])
    assert {"version", "pid", "started_at"} <= set(shown["agent"])
    if shown["run"] is not None:
        assert {"id", "total", "completed", "failed", "current_file", "progress"} <= set(shown["run"])
    assert all({"path", "progress", "bytes_per_second"} <= set(one) for one in shown["transfers"])


ROWS = [("a", "1", "plain"), ("a longer name", "1,200", ""), ("日本語 été", "7", "wide"), ("🌵 cactus", "33", "")]


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], [("tab\tand\x1bescape", "2", "is left to rich")]])
def test_a_table_in_a_pipe_is_the_table_of_a_wide_terminal(
    rows: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = ("Name", "Count", "Why")
    print_table(heads, rows, right=(1,), folding=(2,))
    plain = capsys.readouterr().out
    monkeypatch.setattr("agent.cli.output.is_plain", lambda: False)
    print_table(heads, rows, right=(1,), folding=(2,))
    assert plain == capsys.readouterr().out
