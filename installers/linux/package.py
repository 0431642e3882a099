"""Packages the bundle for Linux: `python -m installers.linux.package` -> dist/*.deb, *.rpm, *.AppImage.

`tree` lays out what every package installs; each format then wraps the same tree. A format whose tool is not installed
is left out and named. The units are those of `agent.platforms.systemd_units`, for the place where packages install.
"""

import argparse
import gzip
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from agent.platforms import systemd_units as units
from agent.platforms.registration import NIGHTLY
from installers.bundle import BUNDLE, ROOT, WORK, commit_time_s, version

HERE = Path(__file__).resolve().parent
PREFIX = "usr/lib/safelight"
PROGRAM = f"/{PREFIX}/safelight"
ICON_SIZES_PX = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ABOUT = "keeps every photo and video safe on your Immich server"
MORE = """\
A light in the system tray says whether the pictures are safe. A small agent
in the background notices new photos and videos and copies them to an Immich
server, to another drive, or to both, and proves that they arrived.
"""
#: What the command needs is in the bundle; these are what the tray asks of a desktop.
DESKTOP = (
    "libgl1, libegl1, libxkbcommon-x11-0, libxcb-cursor0, libxcb-icccm4, libxcb-keysyms1, libfontconfig1, "
    "libdbus-1-3, libglib2.0-0 | libglib2.0-0t64, gnome-keyring | kwalletmanager | libsecret-1-0"
)
#: The C library that the bundle was built on, Debian 12's.
GLIBC = "2.36"
DEB_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def tree(target: Path, bundle: Path = BUNDLE) -> None:
    """Lay out below `target` everything as it is to be installed."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(bundle, target / PREFIX, symlinks=True)
    (target / "usr/bin").mkdir(parents=True)
    for name in ("safelight", "safelight-tray"):
        (target / "usr/bin" / name).symlink_to(f"../lib/safelight/{name}")
    _write(target / "usr/lib/systemd/user" / units.AGENT, units.agent_unit([PROGRAM, "run"]))
    _write(target / "usr/lib/systemd/user" / units.CACHE, units.cache_unit([PROGRAM, *NIGHTLY]))
    _write(target / "usr/lib/systemd/user" / units.TIMER, units.timer_unit(units.NIGHTLY_AT))
    share = target / "usr/share"
    _copy(HERE / "safelight.desktop", share / "applications/safelight.desktop")
    _copy(HERE / "org.safelight.Safelight.metainfo.xml", share / "metainfo/org.safelight.Safelight.metainfo.xml")
    _copy(ROOT / "resources/icons/safelight.svg", share / "icons/hicolor/scalable/apps/safelight.svg")
    for size in ICON_SIZES_PX:
        _copy(WORK / f"icons/{size}.png", share / f"icons/hicolor/{size}x{size}/apps/safelight.png")
    document = share / "doc/safelight"
    _copy(HERE / "debian/copyright", document / "copyright")
    (document / "changelog.gz").write_bytes(gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), mtime=0))
    _same_times(target)


def build_deb(target: Path, label: str, scratch: Path = WORK, *, bundle: Path = BUNDLE, quick: bool = False) -> Path:
    """The Debian package of the tree; `label` is its version."""
    root = scratch / "deb"
    tree(root, bundle)
    architecture = DEB_ARCHITECTURES[platform.machine()]
    kilobytes = sum(path.lstat().st_size for path in root.rglob("*") if not path.is_dir()) // 1024
    control = {
        "Package": "safelight",
        "Version": label,
        "Architecture": architecture,
        "Maintainer": "The Safelight developers <safelight@localhost>",
        "Installed-Size": str(kilobytes),
        "Depends": f"libc6 (>= {GLIBC}), util-linux",
        "Recommends": DESKTOP,
        "Section": "utils",
        "Priority": "optional",
        "Description": ABOUT + "\n" + "".join(f" {line}\n" for line in MORE.splitlines()).rstrip(),
    }
    _write(root / "DEBIAN/control", "".join(f"{key}: {value}\n" for key, value in control.items()))
    for script in ("postinst", "prerm", "postrm"):
        _copy(HERE / "debian" / script, root / "DEBIAN" / script, 0o755)
    _same_times(root / "DEBIAN")
    target.mkdir(parents=True, exist_ok=True)
    package = target / f"safelight_{label}_{architecture}.deb"
    compression = ["-Zzstd", "-z3"] if quick else ["-Zxz", "-z6"]
    _run(["dpkg-deb", "--root-owner-group", *compression, "--build", root, package])
    shutil.rmtree(root)
    return package


def build_rpm(target: Path, label: str) -> Path:
    """The RPM of the tree."""
    top = WORK / "rpm"
    shutil.rmtree(top, ignore_errors=True)
    tree(top / "tree")
    home = top / "top"
    home.mkdir()
    _run(
        [
            *("rpmbuild", "-bb", "--quiet"),
            *("--define", f"_topdir {home}", "--define", f"safelight_tree {top / 'tree'}"),
            *("--define", f"safelight_version {label}", "--define", "_binary_payload w12.zstdio"),
            *("--define", "_buildhost localhost", "--define", "use_source_date_epoch_as_buildtime 1"),
            *("--define", "clamp_mtime_to_source_date_epoch 1", HERE / "safelight.rpm.spec"),
        ]
    )
    (built,) = (home / "RPMS").rglob("*.rpm")
    target.mkdir(parents=True, exist_ok=True)
    package = Path(shutil.move(built, target / built.name))
    shutil.rmtree(top)
    return package


def build_app_dir(target: Path) -> Path:
    """The folder that an AppImage is made of."""
    folder = target / "Safelight.AppDir"
    tree(folder)
    shutil.rmtree(folder / "usr/lib/systemd")  # an image is registered by itself, under its own path
    _copy(HERE / "AppRun", folder / "AppRun", 0o755)
    _copy(HERE / "safelight.desktop", folder / "safelight.desktop")
    _copy(WORK / "icons/256.png", folder / "safelight.png")
    (folder / ".DirIcon").symlink_to("safelight.png")
    _same_times(folder)
    return folder


def build_app_image(target: Path, label: str) -> Path:
    """The AppImage; needs appimagetool and its runtime, see README.md."""
    folder = build_app_dir(WORK)
    image = target / f"Safelight-{label}-{platform.machine()}.AppImage"
    target.mkdir(parents=True, exist_ok=True)
    runtime = os.environ.get("APPIMAGE_RUNTIME")
    _run(["appimagetool", "--no-appstream", *(["--runtime-file", runtime] if runtime else []), folder, image])
    return image


def main() -> None:
    """Build whatever can be built here, and say what cannot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", type=Path, default=ROOT / "dist")
    parser.add_argument("--quick", action="store_true", help="compress less")
    parser.add_argument("formats", nargs="*", help="deb, rpm, appimage; all by default")
    chosen = parser.parse_args()
    os.environ["SOURCE_DATE_EPOCH"] = str(commit_time_s())
    for name, tool in (("deb", "dpkg-deb"), ("rpm", "rpmbuild"), ("appimage", "appimagetool")):
        if chosen.formats and name not in chosen.formats:
            continue
        if shutil.which(tool) is None:
            print(f"no {name}: {tool} is not installed (installers/linux/README.md says more)")
            continue
        if name == "deb":
            print(build_deb(chosen.target, version(), quick=chosen.quick))
        elif name == "rpm":
            print(build_rpm(chosen.target, version()))
        else:
            print(build_app_image(chosen.target, version()))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o644)


def _copy(source: Path, path: Path, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
    path.chmod(mode)


def _same_times(folder: Path) -> None:
    """Modes and times that do not depend on who built, and when."""
    moment = commit_time_s()
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
        elif not path.is_symlink():
            path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)


def _run(command: list[str | Path]) -> None:
    subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    main()
