"""Replacing a small file whole."""

import stat
from pathlib import Path

import pytest

from agent.platforms.disk import replace_file


def test_the_new_content_stands_alone_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    replace_file(path, b"old")
    path.chmod(0o644)
    replace_file(path, "neü".encode(), mode=0o600)
    assert path.read_text("utf-8") == "neü"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["settings.toml"]


def test_a_failure_leaves_the_old_content_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.mkdir()  # a rename onto a folder fails
    with pytest.raises(OSError, match="directory"):
        replace_file(path, b"new")
    assert [found.name for found in tmp_path.iterdir()] == ["settings.toml"]
