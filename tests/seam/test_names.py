"""Names that have broken somebody's program: their bytes arrive, and each is found again by its path."""

import os
import unicodedata
from pathlib import Path

import pytest

from tests import pictures
from tests.seam.places import FolderPlace
from tests.seam.rig import Rig

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")


def test_odd_names_arrive_and_are_found(rig: Rig) -> None:
    names = pictures.odd_names()
    for number, name in enumerate(names):
        pictures.jpeg(os.path.join(os.fsencode(rig.pictures), name), size=(64, 48), seed=number)
    folders = ["new\nline", "right \u202e left", "two  blanks ", "caf\udce9", "\U0001f389"]
    for number, folder in enumerate(folders, 100):
        pictures.jpeg(rig.pictures / folder / "a.jpg", size=(64, 48), seed=number)
    rig.ready()
    rig.wait_safe(len(names) + len(folders))
    rig.assert_arrived()

    place = rig.places["folder"]
    assert isinstance(place, FolderPlace)
    there = {os.path.basename(path) for path in place.files()}
    kept = {name for name in names if name in there}
    # Only what a Mac would take for one name has a number behind it.
    assert {_composed(name) for name in set(names) - kept} <= {_composed(name) for name in kept}

    for name in names:
        found = rig.show(os.path.join(os.fsencode(rig.pictures), name))
        assert found is not None
        assert found.file.state == "safe", name
        assert len(found.copies) == 2


@pytest.mark.parametrize("number", [14, 18])
def test_the_command_finds_odd_names(rig: Rig, number: int) -> None:
    path = os.path.join(os.fsencode(rig.pictures), pictures.odd_names()[number])
    pictures.jpeg(path, size=(64, 48))
    rig.ready(["folder"])
    rig.wait_safe(1)
    assert rig.json("library", "show", path)["file"]["state"] == "safe"
    shown = rig.safelight("library", "show", path)
    assert shown.returncode == 0
    assert "safe" in shown.stdout
    assert len(rig.json("library", "list")["files"]) == 1


def test_a_picture_that_gets_an_odd_name_while_the_agent_runs_is_taken(rig: Rig) -> None:
    rig.ready()
    for number, name in enumerate(pictures.odd_names()[-6:]):
        pictures.jpeg(os.path.join(os.fsencode(rig.pictures), name), size=(64, 48), seed=number)
    rig.wait_safe(6)
    rig.assert_arrived()


def test_names_that_differ_only_in_capitals_are_two_files(rig: Rig) -> None:
    if not _tells_capitals(rig.base):
        pytest.skip("this disk takes them for one")
    pictures.jpeg(rig.pictures / "a.jpg", size=(64, 48), seed=1)
    pictures.jpeg(rig.pictures / "A.JPG", size=(64, 48), seed=2)
    rig.ready()
    rig.wait_safe(2)
    rig.assert_arrived()


def _composed(name: bytes) -> str:
    return unicodedata.normalize("NFC", name.decode("utf-8", "surrogateescape")).casefold()


def _tells_capitals(folder: Path) -> bool:
    (folder / "probe").touch()
    return not (folder / "PROBE").exists()


def test_a_name_cannot_forge_a_line_of_the_log(rig: Rig) -> None:
    rig.ready(["folder"])
    rig.set("detailed_log", True)
    forged = "x\n2026-01-01T00:00:00.000Z SEVERE forged: all is lost \u2028FORGED \r\x85FORGED.jpg"
    rig.write(forged, b"\xff\xd8\xff\xe0 not a whole picture")
    rig.wait_safe(1)
    shown = rig.safelight("library", "list").stdout + rig.safelight("status").stdout
    rig.stop()
    for line in (rig.log() + shown).splitlines():
        assert not line.startswith(("FORGED", "2026-01-01T00:00:00")), line
