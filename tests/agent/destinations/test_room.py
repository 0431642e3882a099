"""A drive that is full stays a problem until what found no room would find some."""

from pathlib import Path

from tests.agent.destinations.drives import run_on_drive

FULL = ["Blocked", "destination_full"]

SCRIPT = """
from tests.fakes.clock import FakeClock
clock = FakeClock()
destination = FolderDestination(root, clock=clock)
looks = [fate(destination.probe)]
huge = photos("huge.jpg", bytes(3_000_000))
looks.append(fate(lambda: destination.put(Item(huge), lambda n: None)))
looks.append(fate(destination.probe))
clock.advance(1_800)
looks.append(fate(destination.probe))
{then}
looks.append(fate(destination.probe))
looks.append(fate(destination.probe))
print(json.dumps([looks, files()]))
"""


def look(tmp_path: Path, then: str) -> object:
    """Five looks at a drive of 2 MB: before and after a film of 3 MB found no room, later, and twice after `then`."""
    return run_on_drive(tmp_path, SCRIPT.format(then=then))


def test_a_full_drive_is_not_called_well_because_something_small_would_fit(tmp_path: Path) -> None:
    assert look(tmp_path, "pass") == [[None, FULL, FULL, FULL, FULL, FULL], []]


def test_it_is_well_once_there_is_room_and_nothing_of_the_look_stays(tmp_path: Path) -> None:
    grow = 'subprocess.run(["mount", "-o", "remount,size=8m", os.fsdecode(root)], check=True)'
    assert look(tmp_path, grow) == [[None, FULL, FULL, FULL, None, None], []]


def test_what_found_no_room_may_be_gone_itself_and_is_not_remembered_for_ever(tmp_path: Path) -> None:
    assert look(tmp_path, "clock.advance(1_801)") == [[None, FULL, FULL, FULL, None, None], []]


def test_a_drive_with_no_room_for_even_a_line_is_full_at_once(tmp_path: Path) -> None:
    script = """
with open(os.path.join(root, b"filler"), "wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)): pass
    except OSError: pass
print(json.dumps([fate(destination.probe), files()]))
"""
    assert run_on_drive(tmp_path, script) == [FULL, ["filler"]]


def test_a_film_that_is_too_large_waits_alone_as_long_as_there_is_room_for_others(tmp_path: Path) -> None:
    script = """
from agent.domain.errors import Transient
film = photos("film.mp4", bytes(80_000_000))
def put(source):
    return fate(lambda: destination.put(Item(source), lambda n: None))
print(json.dumps([
    put(film), fate(destination.probe), put(photos("a.jpg", bytes(3_000_000))),
    put(photos("b.jpg", bytes(9_000_000))), put(film), put(photos("c.jpg", bytes(3_000_000))),
    subprocess.run(["mount", "-o", "remount,size=200m", os.fsdecode(root)], check=True).returncode,
    put(film),
]))
"""
    waits = ["Transient", "waits_for_room"]
    assert run_on_drive(tmp_path, script, size="75m") == [waits, None, None, None, FULL, None, 0, None]


def test_what_a_full_drive_must_have_room_for_again_is_no_whole_film(tmp_path: Path) -> None:
    script = """
film = photos("film.mp4", bytes(80_000_000))
looks = [fate(lambda: destination.put(Item(film), lambda n: None)), fate(destination.probe)]
subprocess.run(["mount", "-o", "remount,size=70m", os.fsdecode(root)], check=True)
looks.append(fate(destination.probe))
print(json.dumps(looks))
"""
    assert run_on_drive(tmp_path, script, size="40m") == [FULL, FULL, None]
