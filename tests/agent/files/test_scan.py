"""Walks through real folders."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from agent.domain.errors import Blocked, Interrupted
from agent.files.scan import (
    FolderMissing,
    Listing,
    changed_directories,
    list_directory,
    trusted_mtime_ns,
    walk,
    walk_changed,
)

OLD_NS = 1_600_000_000_000_000_000


def nothing() -> None:
    """Nobody stops the walk."""


def everywhere(relative: bytes) -> bool:
    return True


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def files(listings: Iterable[Listing]) -> set[bytes]:
    return {os.path.join(one.relative, entry.name) for one in listings for entry in one.entries}


def walked(root: Path) -> list[Listing]:
    return list(walk(bytes(root), everywhere, check=nothing))


def test_a_walk_finds_every_file_with_its_facts(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "x/b.jpg", "x/y/c.txt")
    (tmp_path / "empty").mkdir()
    listings = walked(tmp_path)
    assert files(listings) == {b"a.jpg", b"x/b.jpg", b"x/y/c.txt"}
    assert {one.relative for one in listings} == {b"", b"x", b"x/y", b"empty"}
    (root,) = [one for one in listings if one.relative == b""]
    entry = next(one for one in root.entries if one.name == b"a.jpg")
    found = (tmp_path / "a.jpg").stat()
    assert entry[1:] == (5, found.st_mtime_ns, found.st_ino)
    assert all(one.trouble is None for one in listings)


def test_names_that_are_no_utf_8_are_found(tmp_path: Path) -> None:
    folder = bytes(tmp_path) + b"/\xfe"
    os.mkdir(folder)
    with open(folder + b"/\xff.jpg", "wb"):
        pass
    assert files(walked(tmp_path)) == {b"\xfe/\xff.jpg"}


def test_a_folder_that_is_not_let_in_is_not_listed(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "b/2.jpg", "a/b/3.jpg")
    asked: list[bytes] = []

    def enters(relative: bytes) -> bool:
        asked.append(relative)
        return relative != b"a/b"

    assert files(walk(bytes(tmp_path), enters, check=nothing)) == {b"a/1.jpg", b"b/2.jpg"}
    assert sorted(asked) == [b"a", b"a/b", b"b"]


def test_links_to_files_are_files_and_links_to_folders_are_not_entered(tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(tmp_path, "root/a.jpg", "outside/b.jpg")
    (root / "link.jpg").symlink_to(tmp_path / "outside/b.jpg")
    (root / "nowhere.jpg").symlink_to(tmp_path / "gone.jpg")
    (root / "circle").symlink_to(root)
    (root / "self.jpg").symlink_to(root / "self.jpg")
    (root / "out").symlink_to(tmp_path / "outside")
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "pipe.jpg")
    listings = walked(root)
    assert files(listings) == {b"a.jpg", b"link.jpg"}
    assert [one.trouble for one in listings] == [None]
    sizes = {entry.name: entry.size_bytes for entry in listings[0].entries}
    assert sizes[b"link.jpg"] == len(b"outside/b.jpg")


def test_a_missing_root_is_a_missing_folder_and_so_is_a_file(tmp_path: Path) -> None:
    make(tmp_path, "file")
    for path in (tmp_path / "gone", tmp_path / "file"):
        with pytest.raises(FolderMissing) as caught:
            walked(path)
        assert caught.value.code == "folder_missing"
        assert isinstance(caught.value, Blocked)


def test_a_folder_that_goes_during_the_walk_comes_with_trouble_and_the_rest_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "b/2.jpg")
    listings: list[Listing] = []
    for one in walk(bytes(tmp_path), everywhere, check=nothing):
        if one.relative == b"":
            (tmp_path / "a/1.jpg").unlink()
            (tmp_path / "a").rmdir()
        listings.append(one)
    assert files(listings) == {b"b/2.jpg"}
    assert {one.relative: one.trouble for one in listings} == {b"": None, b"a": "vanished", b"b": None}


def test_a_folder_that_cannot_be_read_comes_with_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/1.jpg", "b/2.jpg")
    real = os.scandir
    locked = bytes(tmp_path / "a")

    def scandir(path: bytes) -> object:
        # Tests may run as a user for whom nothing is locked; so the system's answer is given in its place.
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listings = walked(tmp_path)
    assert {one.relative: one.trouble for one in listings} == {b"": None, b"a": "unreadable", b"b": None}


def test_a_walk_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg")

    def stop() -> None:
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        list(walk(bytes(tmp_path), everywhere, check=stop))


def remembered(root: Path) -> dict[bytes, int]:
    """What a ledger knows after a walk long ago."""
    return {one.relative: one.mtime_ns for one in walked(root)}


def changed(root: Path, known: dict[bytes, int]) -> dict[bytes, str | None]:
    return {one.relative: one.trouble for one in walk_changed(bytes(root), known, everywhere, check=nothing)}


def test_nothing_is_listed_where_no_folder_changed(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "b/c/2.jpg")
    known = remembered(tmp_path)
    assert changed(tmp_path, known) == {}
    assert list(changed_directories(bytes(tmp_path), known)) == []


def test_a_new_a_deleted_and_a_renamed_file_are_found_by_their_folders(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "b/2.jpg", "c/3.jpg", "d/4.jpg")
    known = remembered(tmp_path)
    make(tmp_path, "a/new.jpg")
    (tmp_path / "b/2.jpg").unlink()
    (tmp_path / "c/3.jpg").rename(tmp_path / "c/5.jpg")
    assert changed(tmp_path, known) == {b"a": None, b"b": None, b"c": None}


def test_a_file_that_is_rewritten_in_place_is_not_seen_by_its_folder(tmp_path: Path) -> None:
    """Why the full comparison is still needed now and then."""
    make(tmp_path, "a/1.jpg")
    known = remembered(tmp_path)
    (tmp_path / "a/1.jpg").write_bytes(b"other")
    assert changed(tmp_path, known) == {}


def test_a_new_folder_is_listed_with_all_below_it(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg")
    known = remembered(tmp_path)
    make(tmp_path, "a/n/o/2.jpg")
    assert changed(tmp_path, known) == {b"a": None, b"a/n": None, b"a/n/o": None}


def test_a_folder_that_went_is_named(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "a/b/2.jpg")
    known = remembered(tmp_path)
    (tmp_path / "a/b/2.jpg").unlink()
    (tmp_path / "a/b").rmdir()
    assert changed(tmp_path, known) == {b"a": None, b"a/b": "vanished"}
    assert dict(changed_directories(bytes(tmp_path), known))[b"a/b"] is None


def test_a_program_that_sets_a_folders_time_back_hides_nothing(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg")
    os.utime(tmp_path / "a", ns=(OLD_NS, OLD_NS))
    known = remembered(tmp_path)
    make(tmp_path, "a/2.jpg")
    os.utime(tmp_path / "a", ns=(OLD_NS, OLD_NS))
    assert changed(tmp_path, known) == {b"a": None}


def test_a_folder_that_was_young_when_it_was_listed_is_listed_again() -> None:
    now_at = OLD_NS // 1_000_000
    assert trusted_mtime_ns(OLD_NS - 1_000_000_000, now_at) == -1
    assert trusted_mtime_ns(OLD_NS + 1_000_000_000, now_at) == -1
    assert trusted_mtime_ns(OLD_NS - 5_000_000_000, now_at) == OLD_NS - 5_000_000_000


def test_one_folder_can_be_listed_alone(tmp_path: Path) -> None:
    make(tmp_path, "a/1.jpg", "a/b/2.jpg", "a/c/3.jpg")
    listing, folders = list_directory(bytes(tmp_path), b"a")
    assert (listing.relative, [one.name for one in listing.entries]) == (b"a", [b"1.jpg"])
    assert sorted(folders) == [b"a/b", b"a/c"]


def deep(top: Path) -> bytes:
    """A folder with room for a short name, but for no long one."""
    folder = bytes(top)
    while (left := 4_080 - len(folder) - 1) > 0:
        folder += b"/" + b"d" * (left if left <= 200 else min(200, left - 2))
        os.mkdir(folder)
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits")
def test_a_folder_whose_path_is_too_long_is_known_to_be_gone_when_it_or_one_above_it_is_renamed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    folder, name = deep(top), b"a-long-name-for-a-folder"
    relative = os.path.relpath(folder, bytes(tmp_path)) + b"/" + name
    known = {relative: -1}
    inside = os.open(folder, os.O_RDONLY)
    try:
        os.mkdir(name, dir_fd=inside)
        assert dict(changed_directories(bytes(tmp_path), known)) == {relative: 0}, "there, though unseen"
        os.rename(name, b"short", src_dir_fd=inside, dst_dir_fd=inside)
        assert dict(changed_directories(bytes(tmp_path), known)) == {relative: None}
        os.rename(b"short", name, src_dir_fd=inside, dst_dir_fd=inside)
        top.rename(tmp_path / "t")
        assert dict(changed_directories(bytes(tmp_path), known)) == {relative: None}
    finally:
        os.rmdir(name, dir_fd=inside)
        os.close(inside)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits")
def test_a_file_whose_path_is_too_long_for_the_system_is_trouble_and_not_nothing(tmp_path: Path) -> None:
    folder = deep(tmp_path)
    inside = os.open(folder, os.O_RDONLY)
    try:
        for name in ("ok.jpg", "a-long-name-for-a-photo.jpg"):
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=inside))
        found, _folders = list_directory(folder, b"")
        assert [entry.name for entry in found.entries] == [b"ok.jpg"]
        assert found.trouble is not None
    finally:
        os.unlink("a-long-name-for-a-photo.jpg", dir_fd=inside)
        os.close(inside)
