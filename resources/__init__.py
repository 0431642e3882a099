"""What Safelight shows but did not compute: icons, translations and the demo's sample pictures.

The folder travels inside the wheel as it lies here. This module only says where things are; it opens nothing.
"""

from importlib.resources import files
from pathlib import Path


def path(name: str) -> Path:
    """Return where the resource `name` lies on disk, for example ``path("icons/safe.svg")``.

    Safelight is always installed as plain files (a wheel, a checkout or a PyInstaller folder, never a zip), so a path
    can be given. A name that does not exist raises FileNotFoundError: a resource missing from a package is a mistake of
    the build and should be heard at once.
    """
    found = Path(str(files(__name__).joinpath(name)))
    if not found.exists():
        raise FileNotFoundError(f"Safelight was built without its resource {name!r}")
    return found
