"""Which file system a folder lies on: to notice that its drive is another one or not there, and that it is remote.

An unmounted drive leaves its mount point behind: an empty folder on the file system below. Blocks; any thread.
Facts from `/proc/self/mountinfo` and `/dev/disk/by-uuid` where there are such, else from the system's own numbers.
"""

import os
import re
from typing import Final, NamedTuple

_MOUNTS: Final = b"/proc/self/mountinfo"
_UUIDS: Final = b"/dev/disk/by-uuid"
#: File systems whose changes by others no system tells us about.
_REMOTE: Final = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs afs ceph 9p davfs lustre gfs2 ocfs2 glusterfs vboxsf vmhgfs prl_fs".split()
)
_REMOTE_FUSE: Final = frozenset(
    "sshfs rclone gvfsd-fuse glusterfs s3fs davfs2 ceph curlftpfs smbnetfs kio-fuse vmhgfs-fuse".split()
)
_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")


class Mount(NamedTuple):
    """A line of the mount table: where, what kind, from what."""

    point: bytes
    kind: str
    source: bytes


def root_identity(root: bytes) -> str:
    """Text that stays the same while `root` lies on the same file system. Raises OSError when it cannot be looked at.

    `uuid=` and `net=` outlive a reboot, `fs=` does on most file systems, `dev=` where the number is a serial (Windows).
    The folder's inode is no part of it: exFAT and SMB give another one at every mount.
    """
    device = os.stat(root).st_dev
    if (uuid := _uuid_of(device)) is not None:
        return f"uuid={uuid}"
    mount = mount_of(root)
    if mount is not None and is_remote_kind(mount.kind):
        return f"net={os.fsdecode(mount.source)}"
    number = os.statvfs(root).f_fsid if hasattr(os, "statvfs") else 0
    return f"fs={number:x}" if number else f"dev={device:x}"


def is_remote(root: bytes) -> bool:
    """Whether changes that others make there stay unheard, so that only looking helps.

    The table of mounts mostly tells, without a look at a share that may hang.
    """
    if root.startswith((b"\\\\", b"//")):
        return True
    mount = _mount_of(os.path.abspath(root))
    if mount is None or is_remote_kind(mount.kind):
        return mount is not None
    if mount.kind.startswith("fuse"):  # what serves it may hang, and a link in it is a rare way to a share
        return False
    mount = mount_of(root)
    return mount is not None and is_remote_kind(mount.kind)


def is_remote_kind(kind: str) -> bool:
    """The same by the file system's kind."""
    return kind in _REMOTE or (kind.startswith("fuse.") and kind.removeprefix("fuse.") in _REMOTE_FUSE)


def mount_of(path: bytes) -> Mount | None:
    """The mount that a path lies on; None where the system has no such table."""
    return _mount_of(os.path.realpath(path))


def _mount_of(path: bytes) -> Mount | None:
    try:
        with open(_MOUNTS, "rb") as file:
            table = file.read()
    except OSError:
        return None
    return find_mount(table, path)


def find_mount(table: bytes, path: bytes) -> Mount | None:
    """The innermost, latest mount of a real path in a mount table (`man 5 proc_pid_mountinfo`)."""
    best: Mount | None = None
    for line in table.splitlines():
        before, _, after = line.partition(b" - ")
        fields, rest = before.split(b" "), after.split(b" ")
        if len(fields) < 5 or len(rest) < 2:
            continue
        point = _ESCAPED.sub(lambda code: bytes([int(code[1], 8)]), fields[4])
        is_above = path == point or path.startswith(point.rstrip(b"/") + b"/")
        if is_above and (best is None or len(point) >= len(best.point)):
            best = Mount(point, os.fsdecode(rest[0]), rest[1])
    return best


def _uuid_of(device: int) -> str | None:
    try:
        names = os.listdir(_UUIDS)
    except OSError:
        return None
    for name in names:
        try:
            if getattr(os.stat(os.path.join(_UUIDS, name)), "st_rdev", None) == device:
                return os.fsdecode(name)
        except OSError:
            continue
    return None
