"""The way in: `safelight`, or `python -m agent`. Thin: all else is in `agent.cli`."""

import sys

from agent.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
