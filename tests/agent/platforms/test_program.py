"""Which words start this installation: Python with our modules, the packaged program, an AppImage."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.platforms import program
from agent.platforms.registration import plan_of_this_program


def test_from_a_checkout_or_a_wheel_it_is_python_and_nothing_that_lies_where_it_is_started(tmp_path: Path) -> None:
    assert program.command() == [sys.executable, "-P", "-m", "agent"]
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent/__init__.py").write_text("raise SystemExit('the wrong one')")
    ended = subprocess.run([*program.command(), "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_packaged_it_is_the_program_itself_and_the_tray_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "safelight"))
    monkeypatch.delenv("APPIMAGE", raising=False)
    assert program.command() == [str(tmp_path / "safelight")]
    assert program.tray() is None
    (tmp_path / "safelight-tray").touch()
    assert program.tray() == [str(tmp_path / "safelight-tray")]


def test_an_app_image_is_named_and_not_the_mount_that_goes_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("APPIMAGE", "/home/ada/Safelight.AppImage")
    plan = plan_of_this_program("03:00")
    assert plan.agent == ("/home/ada/Safelight.AppImage", "run")
    assert plan.nightly == ("/home/ada/Safelight.AppImage", "cache", "build", "--spare-battery")
    assert plan.tray == ("/home/ada/Safelight.AppImage", "tray")
