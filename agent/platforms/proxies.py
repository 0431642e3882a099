"""Whether the system sends its programs through proxies at all.

Asked before every new connection, so it is kept cheap: what Python brings for it is half a web client, which a process
that knows no proxy does not have to load. Opens nothing. Any thread.
"""

import os
import sys


def are_named() -> bool:
    """Whether there are settings of proxies, for whatever address."""
    if sys.platform in {"win32", "darwin"}:
        from urllib.request import getproxies

        return bool(getproxies())
    return any(value and name.lower().endswith("_proxy") for name, value in os.environ.items())
