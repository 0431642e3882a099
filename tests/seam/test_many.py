"""More files at once than anybody copies by hand: every one is found, and sent once."""

import time

import pytest

from tests import pictures
from tests.bench.corpus import burst
from tests.seam.places import ServerPlace
from tests.seam.rig import Rig

pytestmark = [pytest.mark.slow, pytest.mark.timeout(590)]


def test_ten_thousand_pictures_that_are_copied_in_at_once_are_safe_and_were_sent_once(rig: Rig) -> None:
    rig.ready(["server"])
    pictures.bulk(rig.pictures / "trip", 10_000, 12_000)
    rig.wait_safe(10_000, 500)
    server = rig.places["server"]
    assert isinstance(server, ServerPlace)
    assert server.uploads() == 10_000
    assert server.server.counters.requests["POST /api/assets/bulk-upload-check"] < 10_000 / 10
    rig.assert_arrived()


def test_of_a_hundred_thousand_files_written_at_full_speed_every_one_is_found(rig: Rig) -> None:
    rig.ready(["folder"], on=False)
    for number in range(100):
        burst(rig.pictures / f"{number:03}", 1_000)
    rig.wait(lambda now: now.library.counts.total == 100_000, "all files known", 500)
    now = rig.wait(lambda now: now.library.counts.queued == 100_000, "all files waiting", 60)
    assert now.library.counts.excluded == 0
    time.sleep(5)
    assert rig.snapshot().library.counts.total == 100_000
    with rig.client() as client:
        assert client.call("state.get").jobs.pending >= 100_000
