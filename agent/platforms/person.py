"""Who uses this computer, by the name that the system knows. Any thread."""

import os
import sys


def full_name() -> str:
    """The person's name; empty where the system does not know it."""
    if sys.platform == "win32":
        return ""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_gecos.partition(",")[0].strip()
    except KeyError:
        return ""
