"""The agent on a computer whose clock a test sets: `python -m tests.seam.shifted run`.

Only the wall clock is moved, by as many seconds as the file named in SAFELIGHT_TEST_CLOCK says at that moment; the
running clock is left alone, as when a person sets the time.
"""

import os
import sys
import time
from pathlib import Path

from agent.cli.entry import main

_REAL_NS = time.time_ns
_OFFSET = Path(os.environ["SAFELIGHT_TEST_CLOCK"])


def _time_ns() -> int:
    return _REAL_NS() + int(_OFFSET.read_text(encoding="ascii")) * 1_000_000_000


if __name__ == "__main__":
    time.time_ns = _time_ns
    sys.exit(main())
