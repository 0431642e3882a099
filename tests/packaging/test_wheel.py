"""The wheel holds all that Safelight needs, and works where nothing of this checkout is at hand."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run to a good end and return what was printed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder)
    (built,) = folder.glob("safelight-*.whl")
    return built


def test_the_wheel_carries_every_module_and_resource_of_the_tree(wheel: Path) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in ("agent", "tray", "resources")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".mo"} and "screenshots" not in path.parts
    }
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert not expected - packed
    assert not any(name.startswith("resources/screenshots/") for name in packed)
    assert any(name.endswith(".sql") for name in packed)
    assert any(name.startswith("resources/icons/") for name in packed)


def test_the_wheel_carries_each_translation_compiled(wheel: Path) -> None:
    sources = {path.relative_to(ROOT) for path in (ROOT / "resources/locale").rglob("*.po")}
    assert {path.with_suffix(".mo").as_posix() for path in sources} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_carries_nothing_else(wheel: Path) -> None:
    folders = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"agent", "tray", "resources"}


@pytest.mark.timeout(600)
def test_the_demo_runs_from_the_wheel_in_a_bare_environment(wheel: Path, tmp_path: Path, home: Path) -> None:
    """Headless: without the tray's extra. The dependencies are those of the lock, so that this tests our wheel."""
    bare = tmp_path / "bare"
    uv = Path(sys.executable).with_name("uv")  # for its cache: the second run takes a second
    run(uv, "venv", "--quiet", "--python", sys.executable, bare)
    scripts = bare / ("Scripts" if os.name == "nt" else "bin")
    run(uv, "pip", "install", "--quiet", "--python", scripts / "python", "-c", ROOT / "requirements.lock", wheel)

    assert run(scripts / "python", "-c", "import agent; print(agent.__file__)", cwd=tmp_path).startswith(str(bare))
    printed = run(scripts / "safelight", "demo", cwd=tmp_path, SAFELIGHT_HOME=str(home))
    assert "safe" in printed.strip().splitlines()[-1]
