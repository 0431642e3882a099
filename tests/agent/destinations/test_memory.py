"""A film of any length in the memory of a photo: whole processes, measured by the system."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.immich import StandIn

SCRIPT = """
import json, os, sys
from agent.destinations.base import Item
from agent.destinations.folder import FolderDestination
from agent.destinations.immich import ImmichDestination
from agent.platforms.clock import SystemClock
from tests.agent.destinations.sources import FileSource

def peak_kb():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))

kind, where, key, small, large = sys.argv[1:]
clock = SystemClock()
destination = FolderDestination(os.fsencode(where), clock=clock) if kind == "folder" else ImmichDestination(
    where, key, clock=clock)
peaks = []
for path in (small, large):
    source = FileSource(os.fsencode(path), chunk_bytes=1024 * 1024)
    placed = destination.put(Item(source), lambda n: None)
    peaks.append(peak_kb())
destination.close()
print(json.dumps([placed.created, *peaks]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
@pytest.mark.parametrize(("kind", "size_bytes"), [("immich", 2 << 30), ("folder", 1 << 30)])
def test_a_long_film_takes_no_more_memory_than_a_photo(
    tmp_path: Path, server: StandIn, kind: str, size_bytes: int
) -> None:
    small, large, folder = tmp_path / "small.jpg", tmp_path / "large.mov", tmp_path / "drive"
    small.write_bytes(b"x" * 3_000_000)
    with large.open("wb") as file:
        file.truncate(size_bytes)
    folder.mkdir()
    where = str(folder) if kind == "folder" else server.url
    command = [sys.executable, "-c", SCRIPT, kind, where, server.api_key(), str(small), str(large)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    created, before_kb, after_kb = json.loads(done.stdout)
    assert created
    assert after_kb - before_kb < 8 * 1024, f"{before_kb} kB for a photo, {after_kb} kB for the film"
