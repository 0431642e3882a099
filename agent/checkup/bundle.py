"""Makes the zip for a bug report: versions, findings, settings, state and log, each redacted on its way in.

Nothing goes in that did not pass the redactor; there is no picture, no database and no settings file as such. Main
thread of the command, with the agent or without.
"""

import contextlib
import json
import locale
import os
import platform
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from agent import __version__, logs
from agent.checkup.redact import Redactor
from agent.domain.checkup import Finding
from agent.platforms.base import Places
from agent.platforms.person import full_name
from agent.platforms.program import is_frozen
from agent.protocol.paths import from_wire, to_display
from agent.protocol.settings import Settings
from agent.protocol.types import Snapshot
from agent.protocol.wire import to_plain
from agent.store.look import names_of_files
from agent.store.settings import SettingsStore

#: The end of each log file that goes in.
LOG_BYTES = 1_000_000
_README = """\
This is what Safelight collected for a bug report. Look through it before you send it: secrets, names, addresses and
paths were taken out and replaced by placeholders like <path 3>, the same thing always by the same placeholder.

about.json     versions of Safelight, Python and the system
doctor.json    what 'safelight doctor' found
settings.json  the settings
status.json    what the agent shows of itself, if it ran
files.json     how large Safelight's own files are
logs/          the end of the logs
"""


def write_bundle(file: Path, where: Places, found: tuple[Finding, ...], snapshot: Snapshot | None) -> tuple[str, ...]:
    """Write the zip, readable by its user alone; the names of what is in it. Raises `OSError`, `FileExistsError`."""
    settings = SettingsStore(where.settings_file).get()
    names = frozenset(to_display(one) for one in names_of_files(where.database_file))
    redactor = Redactor(_private_words(where, settings), names, os.path.lexists)
    contents = dict(_contents(where, settings, found, snapshot, redactor))
    number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in contents.items():
                archive.writestr(name, text)
    except BaseException:
        with contextlib.suppress(OSError):
            file.unlink()
        raise
    return tuple(contents)


def _contents(
    where: Places, settings: Settings, found: tuple[Finding, ...], snapshot: Snapshot | None, redactor: Redactor
) -> Iterator[tuple[str, str]]:
    yield "README.txt", _README
    yield "about.json", _json(_about())
    yield (
        "doctor.json",
        _json(redactor.value([{"code": one.code, "severity": one.severity, "args": one.args} for one in found])),
    )
    yield "settings.json", _json(redactor.value(to_plain(settings)))
    if snapshot is not None:
        yield "status.json", _json(redactor.value(to_plain(snapshot)))
    yield "files.json", _json(_sizes(where))
    for path in sorted(where.log_dir.glob("*.log*")) if where.log_dir.is_dir() else ():
        with contextlib.suppress(OSError):
            yield f"logs/{path.name}", redactor.text(_end_of(path))


def _about() -> dict[str, object]:
    return {
        "safelight": __version__,
        "packaged": is_frozen(),
        "python": sys.version,
        "system": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "language": locale.getlocale()[0],
        "desktop": os.environ.get("XDG_CURRENT_DESKTOP"),
        "session": os.environ.get("XDG_SESSION_TYPE"),
    }


def _sizes(where: Places) -> dict[str, int]:
    """Safelight's own files by name, in bytes; caches as they lie."""
    found: dict[str, int] = {}
    for folder in dict.fromkeys((where.config_dir, where.data_dir, where.cache_dir, where.log_dir)):
        with contextlib.suppress(OSError):
            found |= {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    return found


def _private_words(where: Places, settings: Settings) -> Iterator[tuple[str, str]]:
    """What is known to be private here, by kind."""
    for value in _secrets(where):
        logs.add_secret(value)
    yield "home", str(Path.home())
    for folder in (where.config_dir, where.data_dir, where.cache_dir, where.log_dir, where.runtime_dir):
        yield "home", str(folder)
    for one in settings.folders:
        yield "folder", one.path
        yield "folder", to_display(from_wire(one.path))
        if one.rules.album not in {"none", "folder"}:
            yield "album", one.rules.album
    for destination in settings.destinations:
        yield "destination", destination.name
        yield "account", destination.account or ""
        if destination.kind == "folder":
            yield "folder", to_display(from_wire(destination.location))
        else:
            yield "server", destination.location.partition("://")[2].partition("/")[0].rpartition("@")[2]
    # shorter names are parts of ordinary words
    for name in (Path.home().name, os.environ.get("USER", ""), os.environ.get("USERNAME", "")):
        if len(name) > 2 and name != "root":
            yield "user", name
    yield "user", full_name()
    if len(platform.node()) > 2 and platform.node() != "localhost":
        yield "computer", platform.node()


def _secrets(where: Places) -> list[str]:
    """The values of the secrets file, to be blotted out wherever they stand."""
    try:
        found = json.loads(where.secrets_file.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [value for value in found.values() if isinstance(value, str)] if isinstance(found, dict) else []


def _end_of(path: Path) -> str:
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - LOG_BYTES))
        data = log.read()
    if len(data) == LOG_BYTES:
        data = data.partition(b"\n")[2]  # half a line could hide what is private from the redactor
    return data.decode("utf-8", "replace")


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
