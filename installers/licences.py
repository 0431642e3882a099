"""The licences of everything that a bundle carries, collected from where each part came from.

Used by the PyInstaller recipe. Python packages bring their licence files in their metadata; libraries of the system
are asked of Debian's package database, whose copyright files name the terms; Python itself brings its own.
A part whose terms cannot be found fails the build: a bundle must not carry what nobody may pass on.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

_PAPERS = re.compile(r"(licen[cs]e|copying|copyright|notice|authors)", re.IGNORECASE)

_ROOT = Path(__file__).resolve().parent.parent
#: The texts for packages that name their terms and bring no text; Qt for Python is one.
_TEXTS = {"LGPL-3.0": _ROOT / "installers/texts/LGPL-3.0.txt", "GPL-3.0": _ROOT / "LICENSE"}
#: For packages whose wheels hold the code of others, and not their texts.
_ALSO = {"pillow-jxl-plugin": _ROOT / "installers/texts/libjxl.txt"}


def collect_licences(analyses: Iterable[Any], target: Path, version: str) -> list[Path]:
    """Fill `target` with one folder for each part and an index; every file written."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    modules: set[str] = set()
    files: set[str] = set()
    for one in analyses:
        modules |= {entry[0].partition(".")[0] for entry in one.pure}
        files |= {entry[1] for entry in one.binaries if entry[1]}
    index = [f"Safelight {version}: GPL-3.0-or-later. What it carries, and under which terms:", ""]
    _copy([_ROOT / "LICENSE"], target / "safelight")
    index += _of_python(target)
    index += _of_packages(modules, files, target)
    index += _of_system(files, target)
    (target / "INDEX.txt").write_text("\n".join(index) + "\n", "utf-8")
    return sorted(path for path in target.rglob("*") if path.is_file())


def _of_packages(modules: set[str], files: set[str], target: Path) -> list[str]:
    """The Python packages, found by their modules and by the files that their wheels brought."""
    owners = metadata.packages_distributions()
    names = {name for module in modules for name in owners.get(module, ())}
    names |= {name for file in files for name in owners.get(_top_folder(file), ())}
    lines = []
    for name in sorted(names - {"safelight", "pyinstaller-hooks-contrib"}, key=str.lower):
        found = metadata.distribution(name)
        papers = [Path(str(file.locate())) for file in found.files or () if _PAPERS.search(file.name)]
        papers = [path for path in papers if path.suffix not in {".py", ".pyc", ".pyi"} and path.is_file()]
        terms = _terms(found)
        papers = papers or [text for family, text in _TEXTS.items() if family in terms]
        if not papers:
            raise SystemExit(f"no licence found for {name} ({terms}): the bundle must not be passed on")
        also = _ALSO.get(name)
        _copy([*papers, *([also] if also else [])], target / name)
        lines.append(f"{found.metadata['Name']} {found.version}: {terms or 'see its folder'}")
    return lines


def _top_folder(file: str) -> str:
    """The package of a wheel's file: what follows site-packages, `av.libs` counting as `av`."""
    rest = file.replace("\\", "/").rpartition("/site-packages/")[2]
    return rest.partition("/")[0].partition(".")[0] if rest != file else ""


def _terms(found: metadata.Distribution) -> str:
    """What the metadata says, in one line."""
    said: dict[str, list[str]] = {}
    for key, value in found.metadata.json.items():
        said[key] = [value] if isinstance(value, str) else list(value)
    kinds = [one.rpartition(" :: ")[2] for one in said.get("classifier", ()) if one.startswith("License")]
    choices = (said.get("license_expression"), [", ".join(kinds)], said.get("license"))
    lines = [one[0].strip().splitlines()[0] for one in choices if one and one[0].strip()]
    return lines[0] if lines else ""


def _of_python(target: Path) -> list[str]:
    """The interpreter and its standard library."""
    places = [Path(sys.base_prefix, "lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "LICENSE.txt")]
    places += [Path(sys.base_prefix, "LICENSE.txt"), *Path("/usr/share/doc").glob("python3.*/copyright")]
    places += [Path(os.__file__).with_name("LICENSE.txt")]
    found = [path for path in places if path.is_file()][:1]
    _copy(found, target / "python")
    return [f"Python {sys.version.split()[0]}: PSF-2.0"]


def _of_system(files: set[str], target: Path) -> list[str]:
    """Libraries of the system (Linux, with dpkg); elsewhere Python and the wheels bring all."""
    own = sorted({file for file in files if file.startswith(("/usr/lib", "/lib", "/usr/local/lib"))})
    own = [file for file in own if "/site-packages/" not in file]
    if not own or shutil.which("dpkg-query") is None:
        return []
    packages = set()
    for file in own:
        for path in dict.fromkeys((os.path.realpath(file), file, file.removeprefix("/usr"))):
            said = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True, check=False).stdout
            if said:
                packages.add(said.splitlines()[0].partition(":")[0])
                break
        else:
            raise SystemExit(f"no package owns {file}: its licence is unknown")
    lines = []
    for name in sorted(packages):
        paper = Path("/usr/share/doc", name, "copyright")
        if not paper.is_file():
            raise SystemExit(f"{name} has no copyright file")
        _copy([paper], target / f"system-{name}")
        version = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True, check=True
        ).stdout
        lines.append(f"{name} {version} (of the system): see its folder")
    return lines


def _copy(papers: list[Path], folder: Path) -> None:
    for paper in papers:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / paper.name
        count = 1
        while target.exists():
            count += 1
            target = folder / f"{paper.stem}-{count}{paper.suffix}"
        shutil.copyfile(paper, target)
