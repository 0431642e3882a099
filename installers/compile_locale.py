"""Compiles the translations: every .po file of `resources/locale` gets its .mo file beside it.

Runs by itself whenever the package is built or installed, editable too (a hook of the build backend), because gettext
reads .mo files alone and git holds none.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_locale(folder: Path) -> list[Path]:
    """Write the .mo file of each .po file below `folder` and return what was written."""
    written = []
    for source in sorted(folder.rglob("*.po")):
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parent.parent.name, abort_invalid=True)
        catalogue.creation_date = datetime.fromtimestamp(0, UTC)  # not now: two builds give the same bytes
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        target = source.with_suffix(".mo")
        target.write_bytes(compiled.getvalue())
        written.append(target)
    return written


class CompileLocale(BuildHookInterface[BuilderConfig]):
    """The build backend's way in."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - the backend's signature
        compile_locale(Path(self.root, "resources", "locale"))
