"""What the headline says for each light, as a table of snapshots."""

from typing import Any

import pytest

from agent import words
from agent.protocol.types import (
    Agent,
    Backup,
    Counts,
    Destination,
    Folder,
    Hold,
    Library,
    Problem,
    Run,
    Snapshot,
)

NOW_AT = 1_795_360_720_000
HOUR_MS = 3_600_000
AGENT = Agent("0.1.0", 4711, NOW_AT, "running")
IMMICH = Destination("a1b2", "immich", "Home", "https://photos.example.org")
DISK = Destination("c3d4", "folder", "NAS", "/media/nas")
FOLDER = Folder(1, "/home/ada/Pictures", available=True, destinations=())


def snapshot(light: Any, *, total: int = 0, safe: int = 0, queued: int = 0, **sections: Any) -> Snapshot:
    counts = Counts(total=total, safe=safe, queued=queued, failed=sections.pop("failed", 0))
    backup = Backup(
        light,
        enabled=light != "off",
        paused=light == "paused",
        paused_until=sections.pop("paused_until", None),
        gathering_until=sections.pop("gathering_until", None),
    )
    return Snapshot(1, AGENT, backup, library=Library(counts), **sections)


def run(completed: int, total: int, rate: int, left_bytes: int) -> Run:
    return Run(1, NOW_AT, total, completed, 0, None, 0, left_bytes + 1_000, 1_000, rate)


HEADLINES = (
    (snapshot("safe", total=12_431, safe=12_431), "All 12,431 photos and videos are safe."),
    (snapshot("safe", total=1, safe=1), "The one photo or video is safe."),
    (
        snapshot("safe", total=12, safe=11),
        "11 of 12 photos and videos are safe; the others were deleted at the destination.",
    ),
    (snapshot("safe"), "No folder is watched yet. Add the folder that holds your pictures."),
    (snapshot("safe", folders=(FOLDER,)), "There are no photos or videos in your folders yet."),
    (
        snapshot("working", run=run(5, 100, 3_200_000, 768_000_000), destinations=(IMMICH, DISK)),
        "Uploading 5 of 100: 3.2 MB/s, about 4 minutes left.",
    ),
    (snapshot("working", run=run(5, 100, 0, 768), destinations=(DISK,)), "Copying 5 of 100."),
    (snapshot("working"), "Uploading."),
    (
        snapshot("waiting", total=38, queued=38, holds=(Hold("unmetered_network"),)),
        "38 photos and videos wait for Wi-Fi.",
    ),
    (snapshot("waiting", total=1, queued=1, holds=(Hold("charging"),)), "One photo or video waits for the charger."),
    (
        snapshot("waiting", total=9, queued=2, holds=(Hold("battery_floor", args={"percent": 12, "floor": 20}),)),
        "2 photos and videos wait for the charger.",
    ),
    (
        snapshot("waiting", total=9, queued=2, holds=(Hold("blocked", "a1b2", None, {"problem": "maintenance"}),)),
        "2 photos and videos wait for the server.",
    ),
    (
        snapshot(
            "waiting", total=9, queued=2, holds=(Hold("blocked", "c3d4", None, {"problem": "destination_missing"}),)
        ),
        "2 photos and videos wait for the destination.",
    ),
    (snapshot("waiting", total=9, queued=2), "2 photos and videos are about to be backed up."),
    (snapshot("waiting", total=9, queued=2, holds=(Hold("full_moon"),)), "2 photos and videos wait to be backed up."),
    (snapshot("off"), "Backup is off."),
    (snapshot("off", total=3, safe=3), "Backup is off. All 3 photos and videos are safe."),
    (snapshot("off", total=3, safe=2), "Backup is off. 2 of 3 photos and videos are safe."),
    (snapshot("off", total=3, safe=1), "Backup is off. 1 of 3 photos and videos is safe."),
    (snapshot("paused"), "Paused until you resume."),
    (snapshot("attention", failed=3), "3 files could not be uploaded."),
    (
        snapshot("attention", problems=(Problem("files_failed", "error", 1, {"count": 1}),)),
        "One file could not be uploaded.",
    ),
    (
        snapshot(
            "attention", problems=(Problem("server_unreachable", "warning", 1), Problem("signed_out", "error", 9))
        ),
        "You are signed out of the server.",
    ),
)


@pytest.mark.parametrize(("shown", "said"), HEADLINES)
def test_the_headline_says_how_it_is(shown: Snapshot, said: str) -> None:
    assert words.headline(shown, NOW_AT) == said
    assert words.tooltip(shown, NOW_AT).startswith(said)


def test_the_tooltip_names_the_next_step() -> None:
    signed_out = snapshot("attention", problems=(Problem("signed_out", "error", 1),))
    assert words.tooltip(signed_out) == "You are signed out of the server. Sign in again."
    assert words.tooltip(snapshot("off")) == "Backup is off. Turn backup on to keep new photos safe."


def test_a_pause_that_ends_tomorrow_says_so() -> None:
    until_at = NOW_AT + 24 * HOUR_MS
    clock = words.clock_time(until_at)
    assert words.headline(snapshot("paused", paused_until=until_at), NOW_AT) == f"Paused until {clock} tomorrow."
    assert words.headline(snapshot("paused", paused_until=until_at)) == f"Paused until {clock}."


def test_a_batch_that_gathers_says_when_it_starts() -> None:
    shown = snapshot("waiting", total=2, queued=2, gathering_until=NOW_AT + 30_000)
    clock = words.clock_time(NOW_AT + 30_000)
    assert words.headline(shown, NOW_AT) == f"2 photos and videos are backed up at {clock}."


def test_what_holds_everything_is_said_before_what_holds_one_folder_or_gathers() -> None:
    holds = (Hold("gathering", args={"until_at": NOW_AT}), Hold("charging", None, "1"), Hold("offline"))
    said = words.headline(snapshot("waiting", total=2, queued=2, holds=holds), NOW_AT)
    assert said == "2 photos and videos wait for a network connection."


HOLDS = (
    (Hold("backup_off"), "Backup is off. Turn it on, or back up once by hand."),
    (Hold("paused", args={"until_at": None}), "Backup is paused. Resume it to go on at once."),
    (Hold("unmetered_network", args={"network": "Phone"}), "Waiting for Wi-Fi or another network that is not metered."),
    (
        Hold("battery_floor", args={"percent": 12, "floor": 20}),
        "Waiting for the charger: the battery is at 12 %.",
    ),
    (Hold("battery_floor"), "Waiting for the charger: the battery is low."),
    (Hold("schedule", args={"opens_at": None}), "Waiting for the hours in which backup may run."),
    (Hold("blocked", "a1b2", None, {"problem": "signed_out"}), "You are signed out of the server. Sign in again."),
    (Hold("blocked", "a1b2"), "Waiting until the problem with the destination is solved."),
    (Hold("full_moon"), "Waiting: full moon. 'safelight status' shows more."),
)


@pytest.mark.parametrize(("held", "said"), HOLDS)
def test_a_hold_says_what_is_waited_for(held: Hold, said: str) -> None:
    assert words.hold(held) == said


def test_a_blocked_hold_takes_the_arguments_of_its_problem_from_the_snapshot() -> None:
    problem = Problem("destination_full", "error", 1, {"path": "/media/nas"}, blocks="c3d4")
    held = Hold("blocked", "c3d4", None, {"problem": "destination_full"})
    said = words.hold(held, snapshot("attention", problems=(problem,)))
    assert said == "The disk of the destination /media/nas is full. Free some space there."
