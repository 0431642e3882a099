"""What the window says and leads to of one file."""

import pytest

from agent.protocol.types import Agent, Backup, CopyRow, Destination, FileDetail, FileRow, Snapshot
from tray.pages.file_facts import link_in_immich

HOME = Destination("home", "immich", "Home", "https://home.example.org/api")
CLOUD = Destination("cloud", "immich", "Cloud", "https://cloud.example.org/api")
DRIVE = Destination("drive", "folder", "Drive", "/media/drive")


def copy(of: Destination, state: str, remote_id: str | None) -> CopyRow:
    return CopyRow(of.id, of.name, state, remote_id)


@pytest.mark.parametrize(
    ("copies", "link"),
    [
        ([], ""),
        ([copy(DRIVE, "safe", "a.jpg")], ""),
        ([copy(HOME, "safe", "1"), copy(DRIVE, "safe", "a.jpg")], "https://home.example.org/photos/1"),
        ([copy(HOME, "safe", "1"), copy(CLOUD, "safe", "2")], "https://home.example.org/photos/1"),
        ([copy(HOME, "in_trash", "1"), copy(CLOUD, "safe", "2")], "https://cloud.example.org/photos/2"),
        ([copy(HOME, "in_trash", "1")], "https://home.example.org/photos/1"),
        ([copy(HOME, "deleted", "1")], ""),
        ([copy(HOME, "safe", None)], ""),
    ],
)
def test_the_link_to_immich_leads_to_where_the_picture_really_is(copies: list[CopyRow], link: str) -> None:
    snapshot = Snapshot(1, Agent("1", 1, 1, "running"), Backup("safe", enabled=True), destinations=(HOME, CLOUD, DRIVE))
    detail = FileDetail(FileRow(1, "/photos/a.jpg", "a.jpg", "safe", 1, 1, "still"), "/photos", None, tuple(copies))
    assert link_in_immich(detail, snapshot) == link
    assert link_in_immich(detail, None) == ""
