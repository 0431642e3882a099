"""The RPM of `make package`: what it says of itself, and installed into a small system by rpm, updated, removed.

There is no Fedora at hand: the system is the Debian of the other test, with rpm's own database in it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging import debian_root
from tests.packaging.debian_root import in_root

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def rpm(*words: str | Path, root: Path | None = None, check: bool = True) -> str:
    where: list[str | Path] = ["--root", root] if root else []
    ended = subprocess.run(["rpm", *where, *words], capture_output=True, text=True, check=False)
    assert not check or ended.returncode == 0, f"{words}: {ended.stdout}{ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def package() -> Path:
    if shutil.which("rpm") is None:
        pytest.skip("rpm is not installed")
    found = sorted((ROOT / "dist").glob("safelight-*.rpm"), key=lambda path: path.stat().st_mtime)
    if not found:
        pytest.skip("no package in dist/: run make package first")
    return found[-1]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[Path]:
    if reason := debian_root.why_not() or debian_root.copy_of_debian(tmp_path):
        pytest.skip(reason)
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_the_package_says_what_it_is_and_asks_for_nothing_that_it_brings(package: Path) -> None:
    shown = rpm("-qp", "--queryformat", "%{NAME} %{LICENSE} %{BUILDHOST}", package)
    assert shown == "safelight GPL-3.0-or-later localhost"
    asked = rpm("-qp", "--requires", package)
    assert "glibc >= 2.36" in asked
    assert "libQt6" not in asked
    files = set(rpm("-qpl", package).splitlines())
    assert {"/usr/bin/safelight", "/usr/lib/systemd/user/safelight.service"} <= files
    assert all(one.startswith("/usr/") for one in files)


def test_it_installs_runs_is_updated_and_goes(package: Path, system: Path) -> None:
    rpm("--install", "--nodeps", package, root=system)
    assert in_root(system, "/usr/bin/safelight", "--version").stdout.startswith("safelight ")
    assert rpm("--verify", "--nodeps", "safelight", root=system) == ""
    rpm("--upgrade", "--nodeps", "--force", package, root=system)
    assert in_root(system, "/usr/bin/safelight", "--version").stdout.startswith("safelight ")
    rpm("--erase", "safelight", root=system)
    left = [path for path in system.joinpath("usr").rglob("*safelight*") if "doc" not in path.parts]
    assert left == []
