"""What a person types, made exact."""

import os
from pathlib import Path

import pytest

from agent.cli.arguments import (
    absolute,
    folder_argument,
    json_argument,
    path_argument,
    patterns,
    setting_value,
    take_globals,
)
from agent.cli.failure import USAGE, Failure
from agent.protocol.paths import from_wire


@pytest.mark.parametrize(
    ("typed", "json", "rest"),
    [
        (["--json", "status"], True, ["status"]),
        (["status", "--json"], True, ["status"]),
        (["jobs", "list", "--status", "FAILED", "--json"], True, ["jobs", "list", "--status", "FAILED"]),
        (["backup", "--", "--json"], False, ["backup", "--", "--json"]),
        ([], False, []),
    ],
)
def test_json_may_stand_anywhere(typed: list[str], json: bool, rest: list[str]) -> None:
    chosen, left = take_globals(typed)
    assert (chosen.json, left) == (json, rest)


@pytest.mark.parametrize("typed", [["--home", "/h", "run"], ["run", "--home", "/h"], ["--home=/h", "run"]])
def test_home_may_stand_anywhere(typed: list[str]) -> None:
    chosen, left = take_globals(typed)
    assert chosen.home == Path("/h")
    assert left == ["run"]


@pytest.mark.parametrize("typed", [["run", "--home"], ["--home", "", "run"], ["--home=", "run"]])
def test_home_needs_a_folder(typed: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        take_globals(typed)
    assert caught.value.exit_code == USAGE


def test_a_path_becomes_absolute_by_the_links_that_the_shell_came_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    monkeypatch.chdir(link)
    monkeypatch.setenv("PWD", str(link))
    assert absolute("a.jpg") == str(link / "a.jpg")
    assert absolute(".") == str(link)
    monkeypatch.setenv("PWD", "/somewhere/else")
    assert absolute("a.jpg") == str(real / "a.jpg")


def test_links_in_a_path_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert absolute(str(tmp_path / "link")) == str(tmp_path / "link")


def test_two_dots_behind_a_link_mean_what_they_mean_on_disk(tmp_path: Path) -> None:
    (tmp_path / "deep" / "real").mkdir(parents=True)
    (tmp_path / "deep" / "a.jpg").touch()
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "real")
    typed = f"{tmp_path}/link/../a.jpg"
    assert absolute(typed) == str(tmp_path / "deep" / "a.jpg")
    assert absolute(f"{tmp_path}/deep/real/../a.jpg") == str(tmp_path / "deep" / "a.jpg")


def test_a_tilde_is_the_home_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert absolute("~/Pictures") == "/home/ada/Pictures"


def test_a_name_that_is_not_utf_8_survives(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(name)).touch()
    wire = path_argument(os.fsdecode(name))
    assert wire.startswith("file://")
    assert from_wire(wire) == name


def test_a_path_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        path_argument(str(tmp_path / "missing"))
    assert caught.value.exit_code == USAGE
    assert "missing" in caught.value.text
    assert path_argument(str(tmp_path / "missing"), must_exist=False) == str(tmp_path / "missing")
    with pytest.raises(Failure):
        path_argument("")


def test_a_link_that_leads_nowhere_exists(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    assert path_argument(str(tmp_path / "dangling"))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(Failure) as caught:
        folder_argument(str(tmp_path / "a.jpg"))
    assert caught.value.code == "not_a_folder"
    assert folder_argument(str(tmp_path)) == str(tmp_path)


def test_one_empty_pattern_empties_the_list() -> None:
    assert patterns(None) is None
    assert patterns([]) is None
    assert patterns(["*.jpg", "*.png"]) == ("*.jpg", "*.png")
    assert patterns([""]) == ()


@pytest.mark.parametrize(
    ("typed", "default", "value"),
    [
        ("on", False, True),
        ("No", True, False),
        ("true", False, True),
        ("45", 30, 45),
        ("-1", 30, -1),
        ("500_000", 30, 500_000),
        ("300, 600", [300], [300, 600]),
        ("[300,600]", [300], [300, 600]),
        ("wifi,ethernet", [], ["wifi", "ethernet"]),
        ("", ["wifi"], []),
        ('[{"since":"22:00","until":"06:00"}]', [], [{"since": "22:00", "until": "06:00"}]),
        ("04:30", "03:00", "04:30"),
    ],
)
def test_a_setting_is_typed_by_its_default(typed: str, default: object, value: object) -> None:
    assert setting_value("key", typed, default) == value


@pytest.mark.parametrize(("typed", "default"), [("maybe", True), ("many", 30), ("[1,", [])])
def test_a_value_of_another_type_is_wrong_usage(typed: str, default: object) -> None:
    with pytest.raises(Failure) as caught:
        setting_value("the_key", typed, default)
    assert caught.value.exit_code == USAGE
    assert "the_key" in caught.value.text


def test_a_payload_is_an_object_or_nothing() -> None:
    assert json_argument('{"a": 1}') == {"a": 1}
    assert json_argument("null") is None
    for typed in ("{", "[1]", "1", "\udcff"):
        with pytest.raises(Failure) as caught:
            json_argument(typed)
        assert caught.value.exit_code == USAGE
