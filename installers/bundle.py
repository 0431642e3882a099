"""Builds the folder with the two programs for the system at hand: `python -m installers.bundle` -> build/package/dist.

In a virtual environment of its own, made with the system's Python and the locked packages, so that what is packaged
does not depend on how the developer's Python was built. Two builds of one commit give the same files, as far as
PyInstaller does: times are those of the commit, and hashes are seeded.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from installers.compile_locale import compile_locale

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "package"
BUNDLE = WORK / "dist" / "safelight"
#: What building needs of the lock's development part; the rest is left out.
TOOLS = ("pyinstaller", "pyinstaller-hooks-contrib", "altgraph", "packaging", "setuptools")


def version() -> str:
    """Safelight's version, read without importing it."""
    text = (ROOT / "agent" / "__init__.py").read_text("utf-8")
    return text.partition('__version__ = "')[2].partition('"')[0]


def commit_time_s() -> int:
    """When the commit was made that is built; of an export without git, when its version was written."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    said = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return int(said) if said.isdigit() else int((ROOT / "agent" / "__init__.py").stat().st_mtime)


def main() -> None:
    """Make the environment, the icons and the bundle."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = "/usr/bin/python3" if Path("/usr/bin/python3").exists() and sys.platform == "linux" else sys.executable
    parser.add_argument("--python", default=default, help="the Python that is packaged")
    chosen = parser.parse_args()
    python = _environment(chosen.python)
    environment = os.environ | {
        "SAFELIGHT_WORK": str(WORK),
        "SOURCE_DATE_EPOCH": str(commit_time_s()),
        "PYTHONHASHSEED": "0",
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    _run([python, ROOT / "installers" / "icons.py", WORK], environment)
    compile_locale(ROOT / "resources" / "locale")
    (WORK / "version.txt").write_text(_windows_version(version()), "utf-8")
    shutil.rmtree(WORK / "dist", ignore_errors=True)
    _run(
        [
            *(python, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "WARN"),
            *("--distpath", WORK / "dist", "--workpath", WORK / "work", ROOT / "installers" / "safelight.spec"),
        ],
        environment,
    )
    print(f"built {BUNDLE}")


def _environment(base: str) -> Path:
    """The Python of the building environment, made anew when the lock has changed. uv comes with `make setup`."""
    folder = WORK / "venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / ".lock"
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    if stamp.exists() and stamp.read_text("utf-8") == base + lock:
        return python
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if uv is None:
        raise SystemExit("uv is missing: run make setup first")
    WORK.mkdir(parents=True, exist_ok=True)
    wanted = WORK / "requirements.txt"
    wanted.write_text(only_packaged(lock), "utf-8")
    _run([uv, "venv", "--quiet", "--clear", "--python", base, folder], dict(os.environ))
    _run(
        [uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--require-hashes", "-r", wanted],
        dict(os.environ),
    )
    stamp.write_text(base + lock, "utf-8")
    return python


def only_packaged(lock: str) -> str:
    """The lock without what only developing needs: what neither Safelight, a package of it, nor building asks for."""
    blocks: list[tuple[str, list[str]]] = []  # a package may stand there twice, for two versions of Python
    for line in lock.splitlines():
        if line and not line.startswith((" ", "#")):
            blocks.append((line.partition("==")[0].strip().lower(), []))
        if blocks:
            blocks[-1][1].append(line)
    asked_by: dict[str, set[str]] = {}
    for name, lines in blocks:
        who = {line.split("#")[1].strip().removeprefix("via").strip() for line in lines if "#" in line}
        asked_by.setdefault(name, set()).update(who - {""})
    kept = {one for one in asked_by if one in TOOLS or "safelight (pyproject.toml)" in asked_by[one]}
    while more := {one for one, asking in asked_by.items() if one not in kept and asking & kept}:
        kept |= more
    return "\n".join(line for name, lines in blocks if name in kept for line in lines) + "\n"


def _windows_version(text: str) -> str:
    """The resource that Windows shows under Properties, as PyInstaller reads it."""
    numbers = ", ".join([*text.partition("+")[0].split(".")[:3], "0", "0", "0"][:4])
    strings = {
        "CompanyName": "Safelight",
        "FileDescription": "Safelight",
        "FileVersion": text,
        "LegalCopyright": "GPL-3.0-or-later",
        "ProductName": "Safelight",
        "ProductVersion": text,
    }
    rows = ", ".join(f"StringStruct({name!r}, {value!r})" for name, value in strings.items())
    return (
        f"VSVersionInfo(ffi=FixedFileInfo(filevers=({numbers}), prodvers=({numbers}), mask=0x3f, flags=0, OS=0x40004, "
        f"fileType=1, subtype=0, date=(0, 0)), kids=[StringFileInfo([StringTable('040904B0', [{rows}])]), "
        "VarFileInfo([VarStruct('Translation', [1033, 1200])])])\n"
    )


def _run(command: list[str | Path], environment: dict[str, str]) -> None:
    subprocess.run([str(word) for word in command], check=True, env=environment, cwd=ROOT)


if __name__ == "__main__":
    main()
