"""The bundle of `make package`, where there is one: it works, each program for itself, and the agent knows no Qt."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import __version__
from installers.bundle import BUNDLE, ROOT
from tests.fakes.immich import StandIn
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


def libraries(process: int) -> str:
    """The files that a process has loaded, by its map of memory."""
    return Path(f"/proc/{process}/maps").read_text()


def modules(program: str) -> set[str]:
    """The Python modules in a program's archive."""
    from PyInstaller.archive.readers import CArchiveReader

    return set(CArchiveReader(str(BUNDLE / program)).open_embedded_archive("PYZ.pyz").toc)


def written(room: str) -> set[str]:
    """The modules that lie in a folder of the checkout."""
    found = (path.relative_to(ROOT).with_suffix("") for path in (ROOT / room).rglob("*.py"))
    return {".".join(path.parts).removesuffix(".__init__") for path in found}


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
        mapped = libraries(process)
        assert "safelight/_internal" in mapped
        assert "Qt" not in mapped
        assert "PySide6" not in mapped


def test_what_is_loaded_only_when_it_is_needed_is_there_all_the_same() -> None:
    """Imports inside functions: a bundle that misses one fails on the day that somebody signs in."""
    command, tray = modules("safelight"), modules("safelight-tray")
    assert written("agent") - command == {"agent.__main__", "agent.platforms.reveal"}  # the tray alone reveals files
    assert not written("tray") - tray
    assert {"requests", "socketio", "truststore", "keyring.backends.SecretService", "jeepney"} <= command
    assert {"av", "pillow_heif", "pillow_jxl"} <= command
    assert {"agent.platforms.reveal", "PySide6", "desktop_notifier"} <= tray
    assert not {name.partition(".")[0] for name in command} & {"PySide6", "shiboken6", "desktop_notifier", "tray"}


def test_requests_is_loaded_for_signing_in_and_for_the_check_up_alone(agent: int, tmp_path: Path) -> None:
    """Seen by a library that it brings along; none of its pure Python shows in the map of memory."""
    requests = "charset_normalizer"
    (tmp_path / "Pictures").mkdir()
    photo(tmp_path / "Pictures/a.jpg")
    with StandIn() as server:
        assert requests not in libraries(agent)
        run("destination", "add", "immich", server.url, "--api-key-stdin", "--store", "file", stdin=server.api_key())
        assert requests in libraries(agent)
        run("stop")
        restarted = int(json.loads(run("start", "--json"))["pid"])
        run("folder", "add", tmp_path / "Pictures")
        run("backup", "--wait", "--anyway")
        assert [asset.filename for asset in server.assets] == ["a.jpg"]
        assert requests not in libraries(restarted)
        seen = json.loads(run("doctor", "--json", check=False))["findings"]
        assert not [one for one in seen if one["code"].startswith("server")]


def test_qt_speaks_the_languages_of_the_tray() -> None:
    spoken = {path.name for path in (ROOT / "resources/locale").iterdir() if path.is_dir()}
    catalogues = {path.name for path in (BUNDLE / "_internal/PySide6").rglob("*.qm")}
    assert catalogues == {f"qtbase_{language}.qm" for language in spoken}
    ours = {path.parts[-3] for path in (BUNDLE / "_internal/resources/locale").rglob("*.mo")}
    assert ours == spoken


def test_the_packaged_tray_loads_the_catalogue_of_its_language(home: Path) -> None:
    tray = subprocess.Popen(
        [BUNDLE / "safelight-tray"],
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "LANGUAGE": "de"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end_s = time.monotonic() + LIMIT_S
    try:
        while "qtbase_de.qm" not in libraries(tray.pid):  # Qt maps a catalogue into memory
            assert tray.poll() is None
            assert time.monotonic() < end_s
            time.sleep(0.1)
    finally:
        tray.kill()
        tray.wait()


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
    here = os.fsencode(ROOT)
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
