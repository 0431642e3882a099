"""The operating systems: the only room that knows which one this is.

One class for each, all of the shape `base.Platform`. What differs between systems belongs here; what to do about it
never does.
"""

import sys

from agent.platforms.base import Places, Platform, places

__all__ = ["Places", "Platform", "current", "places"]


def current() -> Platform:
    """The system that this process runs on."""
    if sys.platform == "win32":
        from agent.platforms.windows import Windows

        return Windows()
    elif sys.platform == "darwin":  # noqa: RET505 - mypy leaves out a branch for another system, not what follows one
        from agent.platforms.macos import MacOS

        return MacOS()
    else:
        from agent.platforms.linux import Linux

        return Linux()
