"""`service` for the usual home, as a person types it, with a service manager that only keeps what it was told."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.seam.command import LIMIT_S, ROOT, Ended

if sys.platform != "linux":
    pytest.skip("the stand-in is systemd's", allow_module_level=True)

#: `systemctl --user`: enabled is what has a file in the folder; `show` says it as the real one does.
_SYSTEMCTL = """#!/bin/sh
shift
case "$1" in
enable) touch "$KEPT/$2" ;;
disable) shift; for one in "$@"; do rm -f "$KEPT/$one"; done ;;
show)
  for one in safelight.service safelight-cache.service safelight-cache.timer; do
    state=disabled
    [ -e "$KEPT/$one" ] && state=enabled
    printf 'Id=%s\\nLoadState=loaded\\nActiveState=inactive\\nUnitFileState=%s\\nMainPID=0\\n\\n' "$one" "$state"
  done ;;
esac
"""


Run = Callable[..., Ended]


@pytest.fixture
def service(tmp_path: Path) -> Run:
    """The command with the usual home of somebody who has nothing yet."""
    tools, kept = tmp_path / "bin", tmp_path / "kept"
    for folder in (tools, kept):
        folder.mkdir()
    systemctl = tools / "systemctl"
    systemctl.write_text(_SYSTEMCTL)
    systemctl.chmod(0o755)
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SAFELIGHT_"))},
        **{f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "CACHE", "STATE")},
        "XDG_RUNTIME_DIR": str(runtime),
        "HOME": str(tmp_path),
        "KEPT": str(kept),
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }

    def run(*typed: str) -> Ended:
        argv = [sys.executable, "-m", "agent", "service", *typed]
        ended = subprocess.run(
            argv, capture_output=True, check=False, text=True, timeout=LIMIT_S, env=environment, cwd=ROOT
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def at_login(service: Run) -> Callable[[], dict[str, bool]]:
    def read() -> dict[str, bool]:
        found: dict[str, bool] = json.loads(service("status", "--json").out)["at_login"]
        return found

    return read


def test_the_agent_and_the_tray_start_at_login_each_by_itself(
    service: Run, at_login: Callable[[], dict[str, bool]], tmp_path: Path
) -> None:
    assert at_login() == {"agent": False, "tray": False}
    assert service("install", "--no-agent").code == 0
    assert at_login() == {"agent": False, "tray": True}
    assert service("install", "--no-tray", "--no-start").code == 0
    assert at_login() == {"agent": True, "tray": True}
    assert service("uninstall", "--no-stop", "--no-tray", "--json").document["removed"]
    assert at_login() == {"agent": False, "tray": True}
    assert "Removed: " in service("uninstall", "--no-agent").out
    assert at_login() == {"agent": False, "tray": False}
    assert not list((tmp_path / "config").rglob("*safelight*"))


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_neither_of_the_two_is_nothing_to_do(service: Run, verb: str) -> None:
    ended = service(verb, "--no-agent", "--no-tray")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
