"""Where everything lies, and that it is private."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.platforms import places
from agent.platforms.base import NotPrivate, make_private

if sys.platform == "win32":
    pytest.skip("the folders of Linux and macOS", allow_module_level=True)


def test_a_home_holds_everything(tmp_path: Path) -> None:
    spot = places(tmp_path / "home")
    inside = [getattr(spot, name) for name in spot.__struct_fields__ if name != "home_id"]
    assert all(Path(place).is_relative_to(tmp_path / "home") for place in inside)


def test_the_argument_goes_before_the_environment(home: Path, tmp_path: Path) -> None:
    assert places().data_dir == home.resolve()
    assert places(tmp_path).data_dir == tmp_path.resolve()


def test_one_home_has_one_name_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    written = [tmp_path / "a", Path("a"), tmp_path / "a" / ".." / "a", tmp_path / "link"]
    assert len({places(home) for home in written}) == 1
    assert places(Path()).data_dir == tmp_path.resolve()
    assert places(tmp_path).home_id != places(tmp_path / "a").home_id


def test_without_a_home_the_systems_folders_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SAFELIGHT_HOME", "")
    for name, value in (("HOME", tmp_path), ("XDG_CONFIG_HOME", tmp_path / "c"), ("XDG_DATA_HOME", tmp_path / "d")):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    spot = places()
    assert spot.home_id == "default"
    assert spot.settings_file == tmp_path / "c" / "safelight" / "settings.toml"
    assert spot.database_file == tmp_path / "d" / "safelight" / "safelight.db"
    assert spot.socket_address.endswith("/safelight/agent.sock")
    assert not (tmp_path / "c").exists(), "asking must not make anything"


def test_another_users_runtime_folder_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELIGHT_HOME", "")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nonexistent")
    assert not str(places().runtime_dir).startswith("/nonexistent")


def test_a_path_too_long_for_a_socket_gets_a_short_name_of_its_own(tmp_path: Path) -> None:
    deep = [tmp_path / ("x" * 100) / name for name in ("a", "b")]
    addresses = [places(home).socket_address for home in deep]
    assert len(set(addresses)) == 2
    assert all(len(os.fsencode(address)) < 104 for address in addresses)
    assert addresses[0] == places(deep[0]).socket_address


def test_both_sides_mean_the_same_socket_whatever_process_asks(tmp_path: Path) -> None:
    home = tmp_path / ("ü" * 80)
    script = "import sys; from agent.platforms import places; from pathlib import Path; print(places().socket_address)"
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "SAFELIGHT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == places(home).socket_address


def test_what_is_made_is_private_and_what_is_there_keeps_its_mode(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    spot = places(home)
    spot.create()
    spot.create()
    modes = {
        place: stat.S_IMODE(place.stat().st_mode) for place in (home, spot.cache_dir, spot.log_dir, spot.runtime_dir)
    }
    assert modes == {home: 0o755, spot.cache_dir: 0o700, spot.log_dir: 0o700, spot.runtime_dir: 0o700}


def test_a_runtime_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o777)
    make_private(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to somebody else")
def test_a_runtime_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(NotPrivate):
        make_private(folder)


def test_a_link_in_place_of_the_runtime_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotPrivate):
        make_private(tmp_path / "run")
