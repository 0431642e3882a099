"""10,000 files written within a second into a watched folder: all of them safe, none of them sent twice."""

import contextlib
import subprocess
import sys
import time

from tests.bench import agent
from tests.bench.processes import cpu_s, environment, peak_bytes
from tests.bench.service import sink
from tests.bench.table import Options, Row, at_least, at_most

_WRITE = """
import sys
from pathlib import Path
from tests.bench import corpus
print(corpus.burst(Path(sys.argv[1]), int(sys.argv[2])))
"""


def run(options: Options) -> list[Row]:
    """One burst."""
    count = 2_000 if options.quick else 10_000
    with agent.room() as room, sink() as target, agent.home(room / "burst") as home:
        folder = room / "burst" / "photos"
        home.configure(target, folder, parallel_uploads=2)
        home.start()
        home.wait_idle()
        before_s = cpu_s(home.pid)
        began_s = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", _WRITE, str(folder), str(count)],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        with contextlib.suppress(TimeoutError):  # the rows below say how many
            home.wait_safe(count, 300.0)
        wall_s = time.monotonic() - began_s
        home.wait_idle()
        spent_s = cpu_s(home.pid) - before_s
        safe, counts = home.safe(), target.counts()
        peak = peak_bytes(home.pid) / 1024 / 1024
    return [
        Row(f"{count:,} files written in", float(done.stdout), "s"),
        at_least("safe in the ledger", float(safe), "files", count),
        at_least("different ones at the sink", float(counts["distinct"]), "files", count),
        at_most("sent twice", float(counts["uploads"] - counts["distinct"]), "files", 0),
        Row("first write to all safe", wall_s, "s"),
        Row("CPU", spent_s * 1_000 / count, "ms/file"),
        Row("agent's peak memory", peak, "MB"),
    ]
