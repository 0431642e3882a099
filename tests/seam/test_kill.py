"""The agent ends at the worst moment, by force or when asked: nothing is lost, nothing arrives twice.

Deaths at each single step of a photo's journey are stories: `tests/scenarios/3_deaths.toml`.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import pictures
from tests.seam.places import ServerPlace
from tests.seam.rig import Rig, until


def server_of(rig: Rig) -> ServerPlace:
    """The rig's one server."""
    place = rig.places["server"]
    assert isinstance(place, ServerPlace)
    return place


def test_a_kill_in_the_middle_of_200_uploads_loses_nothing_and_brings_nothing_twice(rig: Rig) -> None:
    pictures.bulk(rig.pictures, 200, 20_000)
    rig.ready()
    server = server_of(rig)
    for goal in (25, 90, 150):
        until(lambda goal=goal: len(server.server.assets) >= goal)  # type: ignore[misc]
        rig.kill()
        rig.start()
    rig.wait_safe(200)
    rig.assert_arrived()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kills_at_moments_that_nobody_chose_lose_nothing(rig: Rig) -> None:
    chance = random.Random(7)
    rig.ready()
    for number in range(25):
        pictures.bulk(rig.pictures / str(number), 10, 15_000, seed=number)
        time.sleep(chance.uniform(0.0, 3.0))
        rig.kill()
        rig.launch()
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0.0, 0.8))
            rig.kill()
            rig.launch()
    until(rig.answers)
    rig.wait_safe(250, 120)
    rig.assert_arrived()


def test_what_the_agent_dies_of_again_and_again_is_set_aside_with_its_reason(rig: Rig) -> None:
    rig.ready(["folder"])
    pictures.jpeg(rig.pictures / "a.jpg", size=(64, 48))
    rig.wait_safe(1)
    rig.stop()
    pictures.jpeg(rig.pictures / "b.jpg", size=(64, 48), seed=1)
    for _ in range(10):
        rig.start(die_at="hashed")
        assert rig.wait_dead() == -9
    rig.start()
    found = rig.wait_state(rig.pictures / "b.jpg", "failed")
    assert found.file.reason == "set_aside"
    assert rig.wait(lambda now: now.backup.light == "attention").library.counts.failed == 1
    rig.backup()
    rig.wait_safe(2)
    rig.assert_arrived()


def test_what_may_have_killed_the_agent_is_tried_alone_and_takes_no_neighbours_with_it(rig: Rig) -> None:
    rig.ready(["folder"])
    rig.stop()
    pictures.bulk(rig.pictures, 6, 9_000)
    for _ in range(3):
        rig.start(die_at="claimed")
        assert rig.wait_dead() == -9
    rig.start(die_at="claimed:4")
    assert rig.wait_dead() == -9
    assert len(rig.places["folder"].names()) == 3
    rig.start()
    rig.wait_safe(6)
    rig.assert_arrived()


def test_a_second_agent_says_so_and_ends(rig: Rig) -> None:
    rig.start()
    second = rig.safelight("run")
    assert second.returncode == 1
    assert "already running" in second.stderr
    assert rig.answers()


def test_of_agents_that_start_at_once_one_lives(rig: Rig) -> None:
    rigs = [Rig() for _ in range(4)]
    try:
        for other in rigs:
            other.home = rig.home
            other.launch()
        until(rig.answers)
        until(lambda: sum(other.is_alive() for other in rigs) == 1)
        assert rig.answers()
        for other in rigs:
            if not other.is_alive():
                assert other.wait_dead() == 1
                assert "already running" in other.said()
    finally:
        for other in rigs:
            other.close()


@pytest.mark.parametrize("after_s", [0.3, 0.6, 0.9])
def test_sigterm_at_any_moment_of_the_start_ends_it(rig: Rig, after_s: float) -> None:
    rig.ready()
    pictures.bulk(rig.pictures, 30, 9_000)
    rig.wait_safe(30)
    rig.stop()
    for number in range(2):
        rig.launch()
        time.sleep(after_s + number * 0.1)
        assert rig.end() in {0, -15}
    rig.start()
    rig.wait_safe(30)
    rig.assert_arrived()


@pytest.mark.parametrize("hangs", [False, True])
def test_sigterm_in_the_middle_of_an_upload_ends_within_ten_seconds(rig: Rig, hangs: bool) -> None:
    rig.ready(["server", "server-2", "folder"])
    faults = []
    for place in rig.places.values():
        if isinstance(place, ServerPlace):
            upload = "POST /api/assets"
            faults.append(place.server.faults.hold(upload) if hangs else place.server.faults.throttle(40_000, upload))
    pictures.bulk(rig.pictures, 6, 800_000)
    until(lambda: rig.snapshot().transfers)
    rig.stop()
    for fault in faults:
        fault.remove()
    rig.start()
    rig.wait_safe(6)
    rig.assert_arrived()


@pytest.mark.parametrize("how", ["disable", "pause"])
@pytest.mark.parametrize("hangs", [False, True])
def test_what_is_switched_off_during_an_upload_stops_at_once_and_stays_so(rig: Rig, how: str, hangs: bool) -> None:
    rig.ready()
    server = server_of(rig)
    pictures.jpeg(rig.pictures / "a.jpg", size=(64, 48))
    rig.wait_safe(1)
    faults = server.server.faults
    fault = faults.hold("POST /api/assets") if hangs else faults.throttle(20_000, "POST /api/assets")
    pictures.bulk(rig.pictures, 5, 600_000)  # each takes it half a minute
    rig.wait(lambda now: any(one.destination != "folder" for one in now.transfers), "an upload under way")
    rig.call(f"backup.{how}")
    rig.wait(lambda now: not now.transfers and now.backup.light in {"off", "paused"}, "all at rest", 15)
    fault.remove()
    rig.stop()
    # What lies in the system's buffers may still arrive; once it has, or not, nothing is sent that is there.
    until(lambda: server.server.counters.uploads_now == 0)
    begun = server.server.counters.requests["POST /api/assets"]
    rig.start()
    time.sleep(1)
    assert server.server.counters.requests["POST /api/assets"] == begun
    assert rig.snapshot().backup.light in {"off", "paused"}
    rig.call("backup.enable" if how == "disable" else "backup.resume")
    rig.wait_safe(6)
    rig.assert_arrived()


def test_a_server_that_hangs_does_not_keep_a_folder_waiting(rig: Rig) -> None:
    rig.ready()
    server = server_of(rig)
    fault = server.server.faults.hold("POST *")
    pictures.bulk(rig.pictures, 15, 12_000)
    until(lambda: len(rig.places["folder"].names()) == 15)
    assert not server.names()
    assert rig.snapshot().library.counts.safe == 0
    fault.release()
    rig.wait_safe(15)
    rig.assert_arrived()


def test_settings_that_change_during_an_upload_take_effect_and_break_nothing(rig: Rig) -> None:
    rig.ready(["server", "server-2", "folder"])
    for place in rig.places.values():
        if isinstance(place, ServerPlace):
            place.server.faults.throttle(50_000, "POST /api/assets")
    pictures.bulk(rig.pictures / "one", 8, 200_000)
    rig.wait(lambda now: len(now.transfers) >= 2, "uploads")
    rig.set("parallel_uploads", 1)
    pictures.bulk(rig.base / "two", 4, 30_000, seed=3)
    rig.watch(rig.base / "two")
    rig.remove(rig.leave("server-2"))
    rig.set("log_level", "severe")
    rig.set("parallel_uploads", 4)
    server_of(rig).server.faults.clear()
    rig.wait_safe(12)
    rig.assert_arrived(rig.sources(rig.pictures, rig.base / "two"))
    for place in rig.places.values():
        if isinstance(place, ServerPlace):
            place.server.faults.throttle(40_000, "POST /api/assets")
    pictures.bulk(rig.base / "two" / "more", 4, 200_000, seed=4)  # five seconds each; the answer to one may be awaited
    rig.wait(lambda now: now.transfers, "uploads")
    rig.unwatch(rig.base / "two")
    rig.wait(lambda now: not now.transfers and now.library.counts.total == 8, "the folder gone, nothing going on", 15)


def test_a_command_that_waits_says_so_when_the_agent_dies(rig: Rig) -> None:
    rig.ready(["server"])
    server_of(rig).server.faults.hold("POST /api/assets")
    pictures.bulk(rig.pictures, 3, 9_000)
    rig.wait(lambda now: now.transfers, "uploads")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(rig.safelight, "backup", "--wait")
        time.sleep(2)
        rig.kill()
        done = waiting.result(30)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_two_computers_may_use_one_folder(rig: Rig) -> None:
    rig.ready(["folder"], watch=False)
    place = rig.places["folder"]
    other = Rig()
    try:
        other.ready([], watch=False)
        other.places["folder"] = place
        other.add(place)
        pictures.bulk(rig.pictures, 40, 9_000)
        pictures.bulk(other.pictures, 40, 9_000)
        pictures.bulk(other.pictures / "own", 10, 9_000, seed=9)
        rig.watch()
        other.watch()
        rig.wait_safe(40)
        other.wait_safe(50)
        wanted = rig.sources(rig.pictures, other.pictures)
        arrived = place.arrived()
        assert set(arrived) == set(wanted)
        assert not rig.bugs() + other.bugs()
        assert sum(arrived.values()) == len(wanted), "whoever comes second finds it there"
    finally:
        other.close()
