"""The file that says "this is the destination": without it an empty mount point would be filled instead of a drive.

`.safelight-destination` in the root, one destination's id a line: several computers may keep photos in one folder.
"""

import os

from agent.destinations.disk import fates, sync_folder

MARKER = b".safelight-destination"
_MAX_BYTES = 65_536


def claim_folder(root: bytes, destination_id: str) -> None:
    """Write a destination's id into its folder, when it is added. Raises `Blocked` or `Transient`."""
    path = os.path.join(root, MARKER)
    with fates(root):
        if destination_id in claims(root):
            return
        with open(path, "ab") as marker:
            marker.write(destination_id.encode() + b"\n")
            marker.flush()
            os.fsync(marker.fileno())
        sync_folder(root)


def claims(root: bytes) -> list[str]:
    """The ids that stand in a folder; raises OSError for anything but a file that is not there."""
    try:
        with open(os.path.join(root, MARKER), "rb") as marker:
            return marker.read(_MAX_BYTES).decode("utf-8", "replace").split()
    except FileNotFoundError:
        return []
