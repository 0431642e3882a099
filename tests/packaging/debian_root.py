"""A small Debian in a folder, to install our package into: made once with debootstrap, copied for each test.

Needs root, debootstrap and a Debian mirror (MIRROR names one other than the usual). What this machine trusts goes
along, so that it works behind a proxy with its own certificate.
"""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Survives between runs; delete it to have it made anew.
PRISTINE = Path(os.environ.get("SAFELIGHT_TEST_ROOT") or ROOT / "build" / "debian-root")
_PACKAGES = "systemd,dbus,dbus-user-session,libpam-systemd,init-system-helpers,util-linux,ca-certificates"


def why_not() -> str | None:
    """Why there can be none here; None where there can."""
    if getattr(os, "geteuid", int)() != 0 or os.sep != "/":
        return "a Debian in a folder needs root"
    if shutil.which("debootstrap") is None and not PRISTINE.exists():
        return "debootstrap is not installed"
    return None


def copy_of_debian(target: Path) -> str | None:
    """Put a fresh system at `target`; a reason when no mirror could be reached."""
    if not (PRISTINE / "usr/bin/systemctl").exists():
        shutil.rmtree(PRISTINE, ignore_errors=True)
        mirror = [os.environ["MIRROR"]] if os.environ.get("MIRROR") else []
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", PRISTINE, *mirror],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            shutil.rmtree(PRISTINE, ignore_errors=True)
            return f"debootstrap failed: {made.stdout.strip().splitlines()[-1:]}"
    subprocess.run(["cp", "-a", "--reflink=auto", f"{PRISTINE}/.", target], check=True)
    for name in ("resolv.conf", "hosts"):
        shutil.copyfile(f"/etc/{name}", target / "etc" / name)
    shutil.copyfile("/etc/ssl/certs/ca-certificates.crt", target / "etc/ssl/certs/ca-certificates.crt")
    return None


def in_root(root: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command in the system below `root`, as root."""
    ended = subprocess.run(
        [
            *("chroot", root, "env", "-i", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "LANG=C.UTF-8"),
            *("PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not check or ended.returncode == 0, f"{command}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended
