"""`doctor`, `diagnostics` and `service` as a person types them, with a real agent and without one."""

import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.immich import StandIn
from tests.seam.command import Command, photo

PASSWORD = "correct-horse-battery"
PLANTED = (
    "x-api-key: PLANTEDplantedPLANTED0123456789planted",
    f'POST /auth/login {{"email": "ada@lovelace.example", "password": "{PASSWORD}"}}',
    f"GET https://ada:{PASSWORD}@photos.lovelace.example/api/x?key=PLANTEDsharedlink99 failed",
    "Authorization: Bearer PLANTEDbearer0123456789abcdef",
    "could not read /home/ada/Pictures/Our Wedding/first kiss.jpg: gone",
    "the album 'Secret Holiday' of ada@lovelace.example at 192.168.178.77",
)
PRIVATE = "PLANTED correct-horse lovelace wedding kiss holiday 192.168.178.77 private-folder diary attic".split()


@pytest.fixture
def safelight(home: Path) -> Iterator[Command]:
    command = Command(home)
    yield command
    command("stop")


def findings(command: Command) -> dict[str, dict[str, object]]:
    ended = command("doctor", "--json")
    document = ended.document
    assert ended.code == (0 if document["ok"] else 1)
    for one in document["findings"]:
        assert one["text"]
        assert one["next_step"]
    return {one["code"]: one for one in document["findings"]}


def test_without_an_agent_the_doctor_says_so_first_and_looks_at_the_rest(safelight: Command) -> None:
    found = findings(safelight)
    assert next(iter(found)) == "agent_stopped"
    assert {"no_folder", "no_destination"} <= set(found)
    told = safelight("doctor")
    assert told.code == 1
    assert "safelight start" in told.out
    assert "In order: " in told.out


def test_with_everything_well_the_doctor_finds_nothing(safelight: Command, tmp_path: Path) -> None:
    pictures, copies = tmp_path / "Pictures", tmp_path / "Copies"
    for folder in (pictures, copies):
        folder.mkdir()
    safelight.process("start")
    safelight.done("destination", "add", "folder", copies)
    safelight.done("folder", "add", pictures)
    assert {code for code, one in findings(safelight).items() if one["severity"] != "info"} == set()


def test_a_server_that_is_gone_a_folder_that_is_away_and_open_secrets_are_found(
    safelight: Command, home: Path, tmp_path: Path
) -> None:
    pictures = tmp_path / "Pictures"
    pictures.mkdir()
    safelight.process("start")
    with StandIn() as server:
        add = ("destination", "add", "immich", server.url, "--api-key-stdin", "--store", "file")
        safelight.done(*add, stdin=server.api_key())
        safelight.done("folder", "add", pictures)
        assert "server_unreachable" not in findings(safelight)
    pictures.rmdir()
    (home / "secrets.json").chmod(0o644)
    found = findings(safelight)
    assert {"server_unreachable", "folder_missing", "secrets_readable"} <= set(found)
    assert "chmod 600" in str(found["secrets_readable"]["next_step"])
    safelight.done("stop")
    assert {"agent_stopped", "server_unreachable"} <= set(findings(safelight))


def test_broken_settings_are_found_with_the_place(safelight: Command, home: Path) -> None:
    home.joinpath("settings.toml").write_text("values = what\n")
    assert "at line 1" in str(findings(safelight)["settings_unreadable"]["text"])


def test_nothing_that_was_planted_is_in_the_bundle(safelight: Command, home: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "private-folder"
    pictures.mkdir()
    photo(pictures / "my diary.jpg")
    attic = tmp_path / "attic copies"
    attic.mkdir()
    safelight.process("start")
    with StandIn() as server:
        key = server.api_key()
        name = "Lovelace Server"
        add = ("destination", "add", "immich", server.url, "--name", name, "--api-key-stdin", "--store", "file")
        safelight.done(*add, stdin=key)
        safelight.done("destination", "add", "folder", attic, "--name", "Attic")
        safelight.done("folder", "add", pictures, "--album", "Secret Holiday", "--exclude", "Wedding*")
        safelight.done("backup", "--wait", "--anyway")
        with (home / "logs/agent.log").open("a", encoding="utf-8") as log:
            log.writelines(f"2026-11-22T00:00:00.000Z INFO MainThread x: {line}\n" for line in (*PLANTED, key))
        file = tmp_path / "bug.zip"
        written = safelight.done("diagnostics", file, "--json").document
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with zipfile.ZipFile(file) as archive:
        assert archive.namelist() == written["contents"]
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    for name, text in texts.items():
        for private in (*PRIVATE, key):
            assert private.lower() not in text.lower(), f"{private} in {name}: {text}"
    assert {"about.json", "doctor.json", "settings.json", "status.json", "logs/agent.log"} <= set(texts)
    assert "Safelight 0" in texts["logs/agent.log"]
    assert json.loads(texts["settings.json"])["values"]["trigger_delay_s"] == 30
    assert json.loads(texts["status.json"])["library"]["counts"]["safe"] == 1


def test_a_bundle_is_written_without_an_agent_and_never_over_something(safelight: Command, tmp_path: Path) -> None:
    file = tmp_path / "bug.zip"
    assert safelight("diagnostics", file).code == 0
    again = safelight("diagnostics", file)
    assert (again.code, again.out) == (2, "")
    assert "already" in again.err
    nowhere = safelight("diagnostics", tmp_path / "nowhere" / "bug.zip")
    assert nowhere.code == 2
    assert nowhere.err.count("\n") == 1


@pytest.mark.parametrize("verb", ["install", "uninstall", "status"])
def test_a_home_of_its_own_is_never_registered(safelight: Command, verb: str) -> None:
    ended = safelight("service", verb)
    assert (ended.code, ended.out) == (2, "")
    assert "usual home" in ended.err
