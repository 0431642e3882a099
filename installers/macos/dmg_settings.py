"""dmgbuild's settings for the disk image: the app, and beside it the folder to drag it into.

dmgbuild -s installers/macos/dmg_settings.py -D app=PATH/Safelight.app Safelight dist/Safelight.dmg
"""

from pathlib import Path

defines: dict[str, str]  # dmgbuild runs this file with what was given by -D
_app = Path(defines["app"])  # noqa: F821 - see above

files = [str(_app)]
symlinks = {"Applications": "/Applications"}
format = "UDZO"  # noqa: A001 - dmgbuild's name
filesystem = "HFS+"
icon_size = 96
icon_locations = {_app.name: (150, 140), "Applications": (410, 140)}
window_rect = ((200, 200), (560, 320))
default_view = "icon-view"
show_toolbar = show_status_bar = show_sidebar = False
