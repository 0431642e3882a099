"""Files left out by choice, as a whole agent keeps to it when its ledger is an older one."""

import shutil

from agent.protocol.methods import FolderSet
from agent.protocol.server import Paths
from agent.protocol.settings import FolderRules
from tests import pictures
from tests.fakes.immich.faults import Fault
from tests.seam.places import FolderPlace, ServerPlace
from tests.seam.rig import Rig

FILES = 120
#: More than are ever sent at once.
ON_THEIR_WAY = 8


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


def sending(rig: Rig) -> tuple[ServerPlace, Fault]:
    """Thirty private pictures and five others of which the first are on their way to a server that does not answer."""
    rig.ready(["server"], on=False)
    pictures.bulk(rig.pictures / "private", 30, 9_000, seed=1)
    pictures.bulk(rig.pictures / "public", 5, 9_000, seed=2)
    rig.wait(lambda now: now.library.counts.queued == 35, "all of them in the queue")
    place = rig.places["server"]
    assert isinstance(place, ServerPlace)
    fault = place.server.faults.hold("POST /api/assets")
    rig.enable()
    rig.wait(lambda now: now.transfers, "the first on their way")
    return place, fault


def assert_little_came(rig: Rig, place: ServerPlace) -> None:
    """All that is wanted is there, and of what was left out no more than was on its way."""
    rig.wait(
        lambda now: (now.library.counts.safe, now.library.counts.excluded) == (5, 30) and not rig.is_busy(),
        "five safe and thirty left out",
    )
    arrived = place.arrived()
    assert rig.sources(rig.pictures / "public") <= arrived
    assert len(arrived) <= 5 + ON_THEIR_WAY


def test_a_folder_that_is_removed_while_it_is_sent_stops_and_comes_again_by_its_new_rules(rig: Rig) -> None:
    place, fault = sending(rig)
    rig.unwatch()
    fault.release()
    rig.watch(rules=FolderRules(exclude=("private/**",)))
    assert_little_came(rig, place)


def test_what_a_new_rule_leaves_out_is_not_sent_any_more(rig: Rig) -> None:
    place, fault = sending(rig)
    rig.call("folder.set", FolderSet(rig.wire(rig.pictures), rules=FolderRules(exclude=("private/**",))))
    fault.release()
    assert_little_came(rig, place)
