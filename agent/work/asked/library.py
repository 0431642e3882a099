"""What a person may ask about folders, destinations and files: add, remove, look at.

Called from the threads that answer clients. A mistake is a `Mistake` with a code. Adding and removing change the
settings; `apply` does the rest.
"""

import os
from collections import Counter
from collections.abc import Callable

from agent.credentials import Credentials
from agent.destinations.folder import FolderDestination
from agent.destinations.marker import claim_folder
from agent.domain.clock import Clock
from agent.domain.errors import Fate
from agent.domain.media_types import role_of
from agent.domain.rules import compile_rules
from agent.files.mounts import is_remote
from agent.files.scan import walk
from agent.protocol.methods import (
    DestinationAdded,
    DestinationReport,
    DestinationRow,
    LibraryFilter,
)
from agent.protocol.paths import from_wire, to_display, to_wire
from agent.protocol.settings import DestinationSetting, FolderRules, FolderSetting, Settings
from agent.protocol.types import FileDetail, FileRow, FileState, Preview
from agent.protocol.wire import Mistake
from agent.record import replace
from agent.store import activity, copies, files, library, outstanding
from agent.store.db import Database
from agent.store.settings import SettingsStore
from agent.work.asked import months
from agent.work.asked.accounts import free_name, leave, new_id
from agent.work.asked.signin import SignIn
from agent.work.destinations import Destinations
from agent.work.folders import Folders, relative_to

SAMPLES = 5


class Library:
    """Folders, destinations and files, as a person sees them."""

    def __init__(
        self,
        database: Database,
        settings: SettingsStore,
        credentials: Credentials,
        folders: Folders,
        destinations: Destinations,
        clock: Clock,
        on_secret: Callable[[str], None],
    ) -> None:
        self._database = database
        self._settings = settings
        self._credentials = credentials
        self._folders = folders
        self._destinations = destinations
        self._clock = clock
        self._sign_in = SignIn(clock, on_secret)

    # --- destinations -----------------------------------------------------------------------------------------------

    def add_folder_destination(self, wire_path: str, name: str | None) -> DestinationAdded:
        """Add a folder as a destination: it must be there, be writable, and lie apart from what is watched."""
        root = from_wire(wire_path)
        _require_folder(root)
        shown = to_display(root)
        for folder in self._settings.get().folders:
            other = from_wire(folder.path)
            if _overlap(root, other):
                raise Mistake("destination_inside_folder", path=shown, folder=to_display(other))
        for setting in self._settings.get().destinations:
            if setting.kind == "folder" and _is_same(from_wire(setting.location), root):
                raise Mistake("destination_exists", name=setting.name)
        free = free_name(self._settings.get(), name, to_display(os.path.basename(root)) or "Folder")
        destination_id = new_id()
        FolderDestination(root, clock=self._clock).probe()
        claim_folder(root, destination_id)
        setting = DestinationSetting(id=destination_id, kind="folder", name=free, location=wire_path)
        self._settings.change(lambda now: replace(now, destinations=(*now.destinations, setting)))
        return DestinationAdded(destination_id, free)

    def destination(self, named: str) -> DestinationSetting:
        """A destination by its id or name."""
        for setting in self._settings.get().destinations:
            if named in (setting.id, setting.name):
                return setting
        raise Mistake("destination_unknown", name=named)

    def list_destinations(self) -> list[DestinationRow]:
        """All destinations with the number of copies that are safe there."""
        tx = self._database.read()
        return [
            DestinationRow(
                one.id,
                one.kind,
                one.name,
                one.location,
                one.account,
                one.secret_store,
                copies.safe_files(tx, one.id),
                one.routes,
            )
            for one in self._settings.get().destinations
        ]

    def check_destination(self, named: str) -> DestinationReport:
        """Try a destination, all of the way."""
        setting = self.destination(named)
        try:
            report = self._destinations.get(setting.id).probe()
        except Fate as error:
            return DestinationReport(setting.id, ok=False, code=error.code, args=error.args_)
        return DestinationReport(
            setting.id,
            ok=True,
            server_version=report.server_version,
            account=report.account,
            missing_permissions=report.missing_permissions,
        )

    def remove_destination(self, named: str) -> None:
        """Forget a destination with its secret and what is known of its copies; its bytes stay."""
        gone = self.destination(named)
        # A folder that named only this one keeps the name, and so goes nowhere: an empty list would mean everywhere.
        self._settings.change(
            lambda now: replace(now, destinations=tuple(one for one in now.destinations if one.id != gone.id))
        )
        leave(self._sign_in, self._credentials, gone)

    # --- folders ----------------------------------------------------------------------------------------------------

    def add_folder(self, wire_path: str, named: tuple[str, ...], rules: FolderRules) -> Preview:
        """Watch a folder; answers what that means."""
        root = from_wire(wire_path)
        _require_folder(root)
        if any(_is_same(from_wire(folder.path), root) for folder in self._settings.get().folders):
            raise Mistake("folder_exists", path=to_display(root))
        for setting in self._settings.get().destinations:
            if setting.kind == "folder" and _overlap(root, from_wire(setting.location)):
                raise Mistake("folder_inside_destination", path=to_display(root), name=setting.name)
        ids = tuple(self.destination(name).id for name in named)
        preview = self.preview(wire_path, rules)
        folder = FolderSetting(wire_path, ids, rules)

        def edit(now: Settings) -> Settings:
            if any(one.path == wire_path for one in now.folders):  # by somebody else, while we looked through it
                raise Mistake("folder_exists", path=to_display(root))
            return replace(now, folders=(*now.folders, folder))

        self._settings.change(edit)
        return preview

    def set_folder(self, wire_path: str, named: tuple[str, ...] | None, rules: FolderRules | None) -> None:
        """Change a watched folder."""
        path = self._folder(wire_path).path
        ids = None if named is None else tuple(self.destination(name).id for name in named)

        def changed(old: FolderSetting) -> FolderSetting:
            new_ids, new_rules = old.destinations if ids is None else ids, old.rules if rules is None else rules
            return FolderSetting(path, new_ids, new_rules) if old.path == path else old

        self._settings.change(lambda now: replace(now, folders=tuple(changed(one) for one in now.folders)))

    def remove_folder(self, wire_path: str) -> None:
        """Stop watching a folder; its files and copies stay, and stay known."""
        path = self._folder(wire_path).path
        self._settings.change(lambda now: replace(now, folders=tuple(one for one in now.folders if one.path != path)))

    def list_folders(self) -> tuple[FolderSetting, ...]:
        """The watched folders as they were asked for."""
        return self._settings.get().folders

    def folder_warnings(self) -> dict[str, tuple[str, ...]]:
        """What deserves a word of the folders that are watched, by path."""
        paths = [folder.path for folder in self._settings.get().folders]
        return {path: found for path in paths if (found := self._warnings(from_wire(path)))}

    def preview(self, wire_path: str, rules: FolderRules) -> Preview:
        """What these rules would take of a folder, by looking at all of it."""
        root = from_wire(wire_path)
        _require_folder(root)
        matcher = compile_rules(rules)
        number = size = 0
        excluded: Counter[str] = Counter()
        samples: list[str] = []
        for listing in walk(root, lambda below: matcher.enters(os.fsdecode(below)), check=lambda: None):
            for entry in listing.entries:
                relative = b"/".join(part for part in (listing.relative, entry.name) if part)
                verdict = matcher.verdict(os.fsdecode(relative), entry.size_bytes)
                if verdict is None and role_of(entry.name) == "sidecar":
                    continue
                if verdict is None:
                    number, size = number + 1, size + entry.size_bytes
                    if len(samples) < SAMPLES:
                        samples.append(to_display(relative))
                elif verdict != "junk":
                    excluded[verdict] += 1
        return Preview(wire_path, number, size, dict(excluded), self._warnings(root), tuple(samples))

    def _warnings(self, root: bytes) -> tuple[str, ...]:
        found = []
        if is_remote(root):
            found.append("network_share")
        others = [from_wire(folder.path) for folder in self._settings.get().folders]
        if any(other != root and relative_to(root, other) is not None for other in others):
            found.append("inside_another_folder")
        return tuple(found)

    def _folder(self, wire_path: str) -> FolderSetting:
        for folder in self._settings.get().folders:
            if from_wire(folder.path) == from_wire(wire_path).rstrip(b"/"):
                return folder
        raise Mistake("folder_unknown", path=to_display(from_wire(wire_path)))

    # --- files ------------------------------------------------------------------------------------------------------

    def list_files(self, state: FileState | None, wire_folder: str | None, after: int, limit: int) -> list[FileRow]:
        """A page of files."""
        folder_id = None if wire_folder is None else self._folder_id(wire_folder)
        return library.page(self._database.read(), state=state, folder_id=folder_id, after=after, limit=limit)

    def months(self, only: LibraryFilter) -> list[tuple[str, int]]:
        """Every month that has such files, newest first, with how many."""
        return months.months(self._database.read(), self._filter(only))

    def month(self, name: str, only: LibraryFilter, offset: int, limit: int) -> list[FileRow]:
        """Files of one month, newest first."""
        return months.month(self._database.read(), name, self._filter(only), offset, limit)

    def recent(self, limit: int) -> list[FileRow]:
        """The files that were copied last, newest first."""
        tx = self._database.read()
        return [library.row_of(tx, file_id) for file_id in activity.recent(tx, limit)]

    def _filter(self, only: LibraryFilter) -> library.Filter:
        folder_id = None if only.folder is None else self._folder_id(only.folder)
        return library.Filter(only.state, folder_id, only.role, only.text.strip())

    def _folder_id(self, wire_path: str) -> int:
        place = self._folders.containing(from_wire(wire_path))
        if place is None or place[1]:
            raise Mistake("folder_unknown", path=to_display(from_wire(wire_path)))
        return place[0].id

    def show_file(self, wire_path: str) -> FileDetail:
        """All about one file."""
        path = from_wire(wire_path)
        place = self._folders.containing(path)
        tx = self._database.read()
        directory, _, name = place[1].rpartition(b"/") if place else (b"", b"", b"")
        row = files.find(tx, place[0].id, directory, name) if place else None
        if place is None or row is None or row.state == "gone":
            raise Mistake("file_unknown", path=to_display(path))
        names = {one.id: one.name for one in self._settings.get().destinations}
        return FileDetail(
            file=library.row_of(tx, row.id),
            folder=to_wire(place[0].root),
            sha1=library.sha1_of(tx, row.content_id).hex() if row.content_id and row.content_is_current else None,
            copies=tuple(copies.of_content(tx, row.content_id, names)) if row.content_id else (),
            members=_others(library.rows_of_asset(tx, row.asset_id), row.id) if row.asset_id else (),
            history=tuple(activity.of_file(tx, row.id, names)),
            outstanding=tuple(outstanding.of_file(tx, row, place[0].destinations, names)),
        )


def _is_same(one: bytes, other: bytes) -> bool:
    """Whether two paths lead to one folder, links or not."""
    return os.path.realpath(one) == os.path.realpath(other)


def _overlap(one: bytes, other: bytes) -> bool:
    """Whether one folder is, or lies in, the other; a link hides nothing."""
    one, other = os.path.realpath(one), os.path.realpath(other)
    return relative_to(one, other) is not None or relative_to(other, one) is not None


def _others(rows: list[FileRow], file_id: int) -> tuple[FileRow, ...]:
    return tuple(row for row in rows if row.id != file_id)


def _require_folder(path: bytes) -> None:
    if not os.path.lexists(path):
        raise Mistake("path_missing", path=to_display(path))
    if not os.path.isdir(path):
        raise Mistake("not_a_folder", path=to_display(path))
    if not os.access(path, os.R_OK | os.X_OK):
        raise Mistake("folder_unreadable", path=to_display(path))
