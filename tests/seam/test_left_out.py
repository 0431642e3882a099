"""Files left out by choice, as a whole agent keeps to it when its ledger is an older one."""

import shutil

from agent.protocol.server import Paths
from tests import pictures
from tests.seam.places import FolderPlace
from tests.seam.rig import Rig

FILES = 120


def test_an_agent_that_falls_back_to_an_older_ledger_sends_nothing_that_was_left_out(rig: Rig) -> None:
    rig.ready(["folder"], on=False)
    for number in range(FILES):
        pictures.bulk(rig.pictures / f"{number:03}", 1, 9_000, seed=number)
    rig.wait(lambda now: now.library.counts.queued == FILES, "all of them in the queue")
    rig.stop()
    ledger = rig.home / "safelight.db"
    older = shutil.copy(ledger, rig.base / "older")
    rig.start()
    rig.call("library.exclude", Paths(tuple(rig.wire(path) for path in rig.pictures.rglob("*.*"))))
    rig.enable()
    rig.stop()
    shutil.copy(older, ledger)
    rig.start()
    rig.wait(lambda now: now.library.counts.excluded == FILES and not rig.is_busy(), "all of them left out")
    place = rig.places["folder"]
    assert isinstance(place, FolderPlace)
    assert place.files() == []
