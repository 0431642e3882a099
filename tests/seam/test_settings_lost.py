"""Settings of which neither the file nor its good copy can be read: the agent waits, and forgets nothing."""

import sqlite3
from contextlib import closing

import pytest

from agent.protocol.server import Paths
from tests import pictures
from tests.seam.places import ServerPlace
from tests.seam.rig import Rig

#: All that would be lost with the folders and destinations, apart from when it was last looked at.
KNOWN = (
    "SELECT id, kind, inventoried_at FROM destinations ORDER BY id",
    "SELECT id, path, watched FROM folders ORDER BY id",
    "SELECT folder_id, destination_id FROM folder_destinations ORDER BY 1, 2",
    "SELECT content_id, destination_id, state, remote_id, placed_at FROM copies ORDER BY 1, 2",
    "SELECT id, sha1, hashed_at FROM contents ORDER BY id",
    "SELECT id, name, state, reason FROM files ORDER BY id",
    "SELECT at, what, file_id, destination_id FROM activity ORDER BY id",
)


def known(rig: Rig) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(rig.home / "safelight.db")) as ledger:
        return [ledger.execute(one).fetchall() for one in KNOWN]


@pytest.mark.slow  # a file that is mended by hand is looked at every half minute
def test_an_agent_whose_settings_are_lost_waits_for_them_and_then_goes_on_as_if_nothing_had_been(rig: Rig) -> None:
    rig.ready(["server", "folder"])
    pictures.bulk(rig.pictures, 6, 9_000)
    rig.wait_safe(6)
    rig.call("library.exclude", Paths((rig.wire(min(rig.pictures.rglob("*.*"))),)))
    rig.wait(lambda now: now.library.counts.excluded == 1 and not rig.is_busy(), "one left out")
    rig.stop()
    before = known(rig)
    assert all(before), "there is something to lose"
    server = rig.places["server"]
    assert isinstance(server, ServerPlace)
    sent = server.server.counters.requests["POST /api/assets"]
    settings, good = rig.home / "settings.toml", rig.home / "settings.toml.good"
    text = settings.read_bytes()
    settings.write_bytes(b"[[folders\n")
    good.write_bytes(b"\xff")
    rig.start()
    rig.wait(lambda now: "settings_unreadable" in {one.code for one in now.problems}, "the problem")
    rig.stop()
    assert known(rig) == before
    rig.start()
    refused = rig.safelight("settings", "set", "trigger_delay_s", "3")
    assert refused.returncode != 0, "one switch is no wish to begin anew"
    assert "settings file cannot be read" in refused.stderr
    settings.write_bytes(text)
    rig.wait(
        lambda now: (
            (now.library.counts.safe, now.library.counts.excluded) == (5, 1)
            and not now.problems
            and len(now.destinations) == 2
            and not rig.is_busy()
        ),
        "all as it was",
    )
    pictures.bulk(rig.pictures / "new", 1, 9_000, seed=5)
    rig.wait(lambda now: now.library.counts.safe == 6 and not rig.is_busy(), "the new one")
    rig.stop()
    after = known(rig)
    assert [rows[: len(old)] for rows, old in zip(after, before, strict=True)] == before
    assert server.server.counters.requests["POST /api/assets"] == sent + 1
