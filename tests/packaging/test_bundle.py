"""The bundle of `make package`, where there is one: it works, each program for itself, and the agent knows no Qt."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import __version__
from installers.bundle import BUNDLE
from tests.seam.command import LIMIT_S, photo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BUNDLE / "safelight").exists(), reason="no bundle: run make package first"),
]


def run(*words: str | Path, program: str = "safelight", check: bool = True, stdin: str = "") -> str:
    ended = subprocess.run(
        [BUNDLE / program, *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        input=stdin,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    assert not check or ended.returncode == 0, f"{words}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.fixture
def agent(home: Path) -> Iterator[int]:
    """The packaged agent, started; its process."""
    yield int(json.loads(run("start", "--json"))["pid"])
    run("stop")


def test_both_programs_carry_the_version() -> None:
    assert run("--version") == f"safelight {__version__}\n"
    assert run("--version", program="safelight-tray") == f"{__version__}\n"


def test_the_agent_and_its_decoders_load_nothing_of_qt(agent: int, tmp_path: Path) -> None:
    for name in ("Pictures", "Copies"):
        (tmp_path / name).mkdir()
    photo(tmp_path / "Pictures/a.jpg")
    run("destination", "add", "folder", tmp_path / "Copies")
    run("folder", "add", tmp_path / "Pictures")
    run("backup", "--wait", "--anyway")
    processes = [agent, *(int(one) for one in Path(f"/proc/{agent}/task/{agent}/children").read_text().split())]
    for process in processes:
        mapped = Path(f"/proc/{process}/maps").read_text()
        assert "safelight/_internal" in mapped
        assert "Qt" not in mapped
        assert "PySide6" not in mapped


def test_pictures_are_opened_by_decoders_that_are_the_program_itself(home: Path, tmp_path: Path) -> None:
    """The demo's samples hold HEIC, raw and videos; their dates come from decoders and are the copies' folders."""
    said = run("demo", "--keep", tmp_path / "demo").splitlines()[-1]
    assert said.startswith("All ")
    copies = [path for path in (tmp_path / "demo").rglob("*") if path.suffix.lower() in {".heic", ".mov", ".mp4"}]
    assert {path.parent.name for path in copies if "Copies" in path.parts} > {"2024-08"}
    assert "decod" not in (tmp_path / "demo/home/logs/agent.log").read_text().lower()


def test_the_doctor_and_the_zip_work_packaged(home: Path, tmp_path: Path) -> None:
    assert json.loads(run("doctor", "--json", check=False))["findings"][0]["code"] == "agent_stopped"
    run("diagnostics", tmp_path / "bug.zip")


def test_everything_that_is_bundled_has_its_licence() -> None:
    folder = BUNDLE / "_internal/licences"
    index = (folder / "INDEX.txt").read_text("utf-8")
    for part in ("Python", "pillow_heif", "av", "PySide6_Essentials", "requests", "watchdog", "libssl3"):
        assert f"\n{part}" in index
    for paper in ("safelight/LICENSE", "python", "av", "pillow_heif", "PySide6_Essentials", "system-libssl3/copyright"):
        assert (folder / paper).exists()


def test_nothing_in_the_bundle_names_the_machine_that_built_it() -> None:
    here = os.fsencode(Path(__file__).resolve().parents[2])
    named = [
        path for path in BUNDLE.rglob("*") if path.is_file() and path.suffix != ".txt" and here in path.read_bytes()
    ]
    assert not named


def test_the_folder_of_the_app_image_runs_as_window_and_as_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from installers.linux.package import build_app_dir

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795371635")
    folder = build_app_dir(tmp_path)
    assert {"AppRun", "safelight.desktop", "safelight.png", ".DirIcon"} <= {path.name for path in folder.iterdir()}
    for words, expected in (
        (("--version",), f"safelight {__version__}\n"),
        (("tray", "--version"), f"{__version__}\n"),
    ):
        ended = subprocess.run([folder / "AppRun", *words], capture_output=True, text=True, check=False)
        assert (ended.stdout, ended.returncode) == (expected, 0)
