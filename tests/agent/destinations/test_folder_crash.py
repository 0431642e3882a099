"""A process that dies at any moment of a put leaves a folder that heals: real processes, killed for real."""

import json
import os
import random
import subprocess
import sys
from datetime import UTC
from pathlib import Path

import pytest

from agent.destinations.base import Item
from agent.destinations.folder import FolderDestination
from tests.agent.destinations.sources import Photos
from tests.fakes.clock import FakeClock

SCRIPT = """
import os, sys
from datetime import timezone
from agent.destinations.base import Item
from agent.destinations.folder import FolderDestination
from agent.platforms.clock import SystemClock
from tests.agent.destinations.sources import FileSource
destination = FolderDestination(os.fsencode(sys.argv[1]), clock=SystemClock(), tz=timezone.utc)
print("begun", flush=True)
for path in sys.argv[2:]:
    print(destination.put(Item(FileSource(os.fsencode(path))), lambda n: None).remote_id, flush=True)
"""


@pytest.mark.slow
def test_what_was_reported_is_there_and_the_next_run_completes_the_rest(tmp_path: Path, photos: Photos) -> None:
    sources = [photos(f"IMG_{number % 7}.jpg", os.urandom(30_000 + number)) for number in range(60)]
    chance = random.Random(7)
    for round_ in range(12):
        root = tmp_path / f"nas{round_}"
        root.mkdir()
        command = [sys.executable, "-c", SCRIPT, str(root), *(os.fsdecode(source.path) for source in sources)]
        with subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            for _ in range(chance.randrange(40)):
                process.stdout.readline()
            process.kill()
            process.stdout.read()
        clock = FakeClock(now_at=4_000_000_000_000)
        destination = FolderDestination(os.fsencode(root), clock=clock, tz=UTC)
        ids = {destination.put(Item(source), lambda _: None).remote_id for source in sources}
        assert len(ids) == len(sources)
        month = root / "2023/2023-11"
        names = sorted(path.name for path in month.iterdir())
        assert len(names) == len(sources) + 1, f"nothing twice, nothing half: {json.dumps(names)}"
        done = subprocess.run(
            ["sha1sum", "-c", "--strict", "--quiet", ".safelight-sums"], cwd=month, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout
        assert sorted(entry[0] for entry in destination.inventory()) == sorted(source.sha1 for source in sources)
