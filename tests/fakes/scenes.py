"""Snapshots for the eye and for tests: one for each way that Safelight can stand. Times are fixed."""

import msgspec

from agent.protocol.types import (
    Agent,
    Backup,
    Bytes,
    Counts,
    Destination,
    Folder,
    Hold,
    Jobs,
    Library,
    Problem,
    Run,
    Snapshot,
    Transfer,
)

#: 2026-11-22 17:30 UTC.
NOW_AT = 1_795_368_600_000
_HOUR_MS = 3_600_000

IMMICH = Destination("a1b2", "immich", "Home server", "https://photos.example.org", "ada@example.org", "keyring", True)
NAS = Destination("c3d4", "folder", "NAS", "/media/nas/photos", reachable=True)
_PICTURES = Folder(1, "/home/ada/Pictures", True, (), Counts(11_998, 11_998))
_CAMERA = Folder(2, "/home/ada/Camera uploads/2026", True, (), Counts(433, 433))

SAFE = Snapshot(
    1,
    Agent("0.1.0", 4711, NOW_AT - 9 * _HOUR_MS, "running"),
    Backup("safe", True, last_backup_at=NOW_AT - _HOUR_MS // 3, last_check_at=NOW_AT - 14 * _HOUR_MS),
    Library(Counts(12_431, 12_431, excluded=12), Bytes(48_211_034_000, 48_211_034_000)),
    destinations=(IMMICH, NAS),
    folders=(_PICTURES, _CAMERA),
)


def _with(light: str, **sections: object) -> Snapshot:
    backup = msgspec.structs.replace(SAFE.backup, light=light)
    return msgspec.structs.replace(SAFE, **{"backup": backup, **sections})


_SOME_LEFT = Library(Counts(12_531, 12_436, queued=93, uploading=2), Bytes(48_691_034_000, 48_242_034_000))
_CAMERA_LEFT = msgspec.structs.replace(_CAMERA, counts=Counts(533, 438, queued=93, uploading=2))

WORKING = _with(
    "working",
    library=_SOME_LEFT,
    run=Run(7, NOW_AT - 60_000, 100, 5, 1, "IMG_2041.HEIC", 31, 480_000_000, 148_800_000, 3_200_000),
    transfers=(
        Transfer("/home/ada/Camera uploads/2026/IMG_2041.HEIC", "a1b2", 4_310_000, 64, 2_100_000),
        Transfer(
            "/home/ada/Camera uploads/2026/A very long name of a summer evening by the lake, take three, final (2).mov",
            "c3d4",
            182_000_000,
            12,
            1_100_000,
        ),
    ),
    folders=(_PICTURES, _CAMERA_LEFT),
    jobs=Jobs(12, 93, 2),
)
WAITING = _with(
    "waiting",
    library=Library(Counts(12_469, 12_431, queued=38), Bytes(48_391_034_000, 48_211_034_000)),
    holds=(Hold("unmetered_network", "a1b2"), Hold("battery_floor", args={"percent": 14})),
)
PAUSED = msgspec.structs.replace(
    SAFE, backup=Backup("paused", True, True, NOW_AT + 14 * _HOUR_MS + _HOUR_MS // 2, last_backup_at=NOW_AT - _HOUR_MS)
)
ATTENTION = _with(
    "attention",
    library=Library(Counts(12_431, 12_428, failed=3), Bytes(48_211_034_000, 48_200_034_000)),
    problems=(
        Problem("signed_out", "error", NOW_AT - _HOUR_MS, blocks="a1b2"),
        Problem("destination_missing", "warning", NOW_AT - 2 * _HOUR_MS, {"path": "/media/nas/photos"}, "c3d4"),
    ),
    holds=(Hold("blocked", "a1b2"),),
    destinations=(IMMICH, msgspec.structs.replace(NAS, reachable=False)),
    folders=(_PICTURES, msgspec.structs.replace(_CAMERA, available=False)),
)
OFF = msgspec.structs.replace(SAFE, backup=Backup("off", False))
FIRST_DAY = Snapshot(1, SAFE.agent, Backup("off", False))

#: One for each light, then what else a person may meet.
SCENES: dict[str, Snapshot] = {
    "safe": SAFE,
    "working": WORKING,
    "waiting": WAITING,
    "paused": PAUSED,
    "attention": ATTENTION,
    "off": OFF,
    "first-day": FIRST_DAY,
}
