"""`python -m tests.bench [NAME...] [--quick | --full]`: runs benches one after the other and prints what they found.

Linux only: it reads /proc. Keep the machine quiet meanwhile; figures drift with it, ratios of one run hold.
"""

import argparse
import importlib
import signal
import sys
import traceback
from pathlib import Path

from tests.bench.table import Options, Row, machine, show

#: In the order in which they are run. `files` is the room's own (watching, scanning, hashing).
NAMES = ("queue", "upload", "again", "burst", "rest", "photo", "cache", "immich", "tray", "files")


def main() -> int:
    """The number of benches that could not be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Safelight against its peers.")
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME", help=", ".join(NAMES))
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--quick", action="store_true", help="small libraries, one round")
    scale.add_argument("--full", action="store_true", help="a million rows, ten minutes of rest")
    wanted = parser.parse_args()
    if sys.platform != "linux":
        print("The bench reads /proc and runs on Linux only.", file=sys.stderr)
        return 1
    # A bench that is told to end leaves no agent, sink or folder behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = Options(quick=wanted.quick, full=wanted.full)
    print(", ".join(f"{key} {value}" for key, value in machine().items()))
    failed = 0
    for name in wanted.names or NAMES:
        if not (Path(__file__).parent / f"{name}.py").exists():
            print(f"\n{name}: not here")
            continue
        try:
            _run(name, options)
        except Exception:  # noqa: BLE001 - one bench that cannot be run does not stop the others
            failed += 1
            print(f"\n{name} could not be measured")
            traceback.print_exc()
    return failed


def _run(name: str, options: Options) -> None:
    module = importlib.import_module(f"tests.bench.{name}")
    if name == "files":  # it can also be run by itself, and so knows nothing of our table
        rows = [Row(what, value, unit) for what, value, unit in module.run(10 if options.full else 1)]
    else:
        rows = module.run(options)
    show(name, rows)


if __name__ == "__main__":
    sys.exit(main())
