"""Which file system a folder lies on."""

from pathlib import Path

import pytest

from agent.files.mounts import find_mount, is_remote, is_remote_kind, root_identity
from agent.files.reach import Reach
from tests.silence import needs_silence, silent

TABLE = b"""\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /run rw,nosuid - tmpfs tmpfs rw
31 22 8:17 / /media/ada/My\\040Drive rw,nosuid shared:5 - exfat /dev/sdb1 rw
32 22 0:50 / /mnt/nas rw - autofs systemd-1 rw
33 32 0:51 /photos /mnt/nas rw,relatime shared:9 - nfs4 nas:/export/photos rw,vers=4.2
34 22 0:52 / /home/ada/remote rw shared:10 master:2 - fuse.sshfs ada@host:/srv rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind", "source"),
    [
        (b"/home/ada/Pictures", "ext4", b"/dev/vda"),
        (b"/media/ada/My Drive", "exfat", b"/dev/sdb1"),
        (b"/media/ada/My Drive/DCIM", "exfat", b"/dev/sdb1"),
        (b"/media/ada/My Drive 2", "ext4", b"/dev/vda"),
        (b"/mnt/nas/2024", "nfs4", b"nas:/export/photos"),
        (b"/home/ada/remote", "fuse.sshfs", b"ada@host:/srv"),
    ],
)
def test_the_innermost_and_latest_mount_counts(path: bytes, kind: str, source: bytes) -> None:
    found = find_mount(TABLE, path)
    assert found is not None
    assert (found.kind, found.source) == (kind, source)


def test_an_empty_table_has_no_mount() -> None:
    assert find_mount(b"", b"/home") is None


def test_network_file_systems_are_remote_and_drives_are_not() -> None:
    assert [kind for kind in ("nfs4", "cifs", "fuse.sshfs", "fuse.rclone", "9p") if not is_remote_kind(kind)] == []
    assert [
        kind for kind in ("ext4", "exfat", "fuseblk", "fuse.mergerfs", "btrfs", "tmpfs") if is_remote_kind(kind)
    ] == []


def test_a_share_of_another_machine_is_remote_by_its_name(tmp_path: Path) -> None:
    assert is_remote(b"\\\\nas\\photos")
    assert not is_remote(bytes(tmp_path))


def test_an_identity_is_the_same_for_the_same_file_system(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert root_identity(bytes(tmp_path)) == root_identity(bytes(tmp_path / "a"))
    assert root_identity(bytes(tmp_path)) != root_identity(b"/proc")


def test_a_folder_that_is_not_there_has_no_identity(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        root_identity(bytes(tmp_path / "gone"))


@needs_silence
def test_a_share_that_hangs_is_told_to_be_one_without_a_look_at_it(tmp_path: Path) -> None:
    with silent(tmp_path, "fuse.sshfs"):
        assert Reach(patience_s=5).ask(1, lambda _: is_remote(bytes(tmp_path / "Photos")))
    with silent(tmp_path, "fuse"):
        assert not Reach(patience_s=5).ask(1, lambda _: is_remote(bytes(tmp_path / "Photos")))
