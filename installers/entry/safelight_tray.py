"""Where the packaged tray begins: `safelight-tray`. Says in a sentence what a system without a desktop lacks."""

import sys

MISSING = (
    "Safelight's tray needs libraries that every desktop has and that are missing here ({error}). "
    "On Debian and Ubuntu: sudo apt install --install-recommends --reinstall safelight. "
    "The command 'safelight' works without them.\n"
)


def begin() -> None:
    """Run the tray and end this process with its exit code."""
    try:
        from tray.__main__ import main
        from tray.app import run as _all_of_it  # noqa: F401 - loads the libraries, to hear here what is missing
    except ImportError as error:
        if sys.stderr is not None:
            sys.stderr.write(MISSING.format(error=error))
        sys.exit(1)
    main()


if __name__ == "__main__":
    begin()
