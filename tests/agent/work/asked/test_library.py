"""Folders and destinations that a person adds, changes and removes, while others do so too."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent.credentials import Credentials
from agent.platforms.clock import SystemClock
from agent.protocol.settings import DestinationSetting, FolderRules, FolderSetting
from agent.store.db import Database
from agent.store.settings import SettingsStore
from agent.work.asked.library import Library
from agent.work.destinations import Destinations
from agent.work.folders import Folders


class Desk:
    """A library with one folder and one destination, and somebody else who types into the same settings."""

    def __init__(self, base: Path, ledger: Database) -> None:
        self.base = base
        self.settings = SettingsStore(base / "settings.toml")
        credentials = Credentials("test", base / "secrets.json")
        places = Destinations(credentials, SystemClock())
        self.library = Library(ledger, self.settings, credentials, Folders(), places, SystemClock(), lambda _: None)
        self.library.add_folder(self.folder("old"), (), FolderRules())
        self.library.add_folder_destination(self.folder("nas"), "NAS")

    def folder(self, name: str) -> str:
        (self.base / name).mkdir(exist_ok=True)
        return str(self.base / name)

    def somebody_types(self) -> None:
        typed = FolderSetting(self.folder("typed"))
        place = DestinationSetting("typed", "folder", "Typed", self.folder("place"))
        other = SettingsStore(self.base / "settings.toml")
        other.change(lambda now: replace(now, folders=(*now.folders, typed), destinations=(*now.destinations, place)))

    def names(self) -> tuple[set[str], set[str]]:
        now = self.settings.get()
        return {Path(one.path).name for one in now.folders}, {one.name for one in now.destinations}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with closing(Database(tmp_path / "x.db")) as ledger:
        yield Desk(tmp_path, ledger)


@pytest.mark.parametrize(
    ("deed", "folders", "places"),
    [
        (lambda desk: desk.library.add_folder(desk.folder("new"), (), FolderRules()), {"old", "new"}, {"NAS"}),
        (lambda desk: desk.library.set_folder(desk.folder("old"), (), FolderRules(album="folder")), {"old"}, {"NAS"}),
        (lambda desk: desk.library.remove_folder(desk.folder("old")), set(), {"NAS"}),
        (lambda desk: desk.library.add_folder_destination(desk.folder("usb"), "USB"), {"old"}, {"NAS", "USB"}),
        (lambda desk: desk.library.remove_destination("NAS"), {"old"}, set()),
    ],
    ids=["a new folder", "a changed folder", "a removed folder", "a new place", "a removed place"],
)
def test_what_somebody_else_added_a_moment_ago_stays_beside(
    desk: Desk, deed: Callable[[Desk], None], folders: set[str], places: set[str]
) -> None:
    desk.somebody_types()
    deed(desk)
    assert desk.names() == (folders | {"typed"}, places | {"Typed"})
