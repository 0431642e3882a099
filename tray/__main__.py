"""`safelight-tray`, and `python -m tray`."""

import gc
import sys


def main() -> None:
    """Run the tray and end this process with its exit code."""
    gc.disable()  # until all is there: what is made at the start stays
    from tray.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
