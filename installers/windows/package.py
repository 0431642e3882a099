"""Makes the installer for Windows: `python -m installers.windows.package` -> dist/Safelight-VERSION-setup.exe.

With SAFELIGHT_SIGNTOOL, a command that signs the file named after it, the programs and the installer are signed.
Needs makensis (NSIS 3) and a bundle built on Windows; the script alone can be compiled on Linux too, with any folder
as the bundle, which is how it is tested.
"""

import argparse
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from installers.bundle import BUNDLE, ROOT, WORK, version

SCRIPT = Path(__file__).resolve().with_name("safelight.nsi")


def build_installer(target: Path, bundle: Path, icon: Path, label: str) -> Path:
    """Compile the installer around a bundle. Warnings are errors."""
    target.mkdir(parents=True, exist_ok=True)
    installer = target / f"Safelight-{label}-setup.exe"
    mark = "/" if os.name == "nt" else "-"
    names = {"VERSION": label, "BUNDLE": bundle, "ICON": icon, "OUTPUT": installer}
    defined = [f"{mark}D{name}={value}" for name, value in names.items()]
    subprocess.run(["makensis", f"{mark}WX", f"{mark}V2", *defined, str(SCRIPT)], check=True)
    return installer


def sign(files: Iterable[Path], command: str) -> None:
    """Sign each file, as the command does it; a refusal ends the build."""
    for file in files:
        subprocess.run(f'{command} "{file}"', shell=True, check=True)  # noqa: S602 - the builder's own words


def main() -> None:
    """Build it, or say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=ROOT / "dist")
    chosen = parser.parse_args()
    if shutil.which("makensis") is None:
        raise SystemExit("no installer: makensis is not installed (installers/windows/README.md says more)")
    if not (BUNDLE / "safelight.exe").exists():
        raise SystemExit("no installer: there is no bundle built on Windows; run python -m installers.bundle there")
    command = os.environ.get("SAFELIGHT_SIGNTOOL")
    if command:
        sign(sorted(BUNDLE.glob("*.exe")), command)
    installer = build_installer(chosen.target, BUNDLE, WORK / "safelight.ico", version())
    if command:
        sign([installer], command)
    print(installer)


if __name__ == "__main__":
    main()
