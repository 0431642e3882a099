"""Where the packaged command and agent begin: `safelight`."""

import sys

from agent.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
