"""A file's facts as lines of text for the lightbox. Pure."""

from agent import words
from agent.protocol.cache import MediaInfo
from agent.protocol.types import FileDetail, FileRow, Snapshot
from agent.words.catalogue import _, fill
from tray.model import web_address

#: The reason of what a person chose to leave out, file by file.
_CHOSEN_OUT = "user_excluded"
#: A server has a page of what is there; of what was deleted or lost there is none.
_SHOWN = ("safe", "in_trash")


def is_chosen_out(file: FileRow) -> bool:
    """Whether a person chose not to back this file up, and no rule."""
    return file.state == "excluded" and file.reason == _CHOSEN_OUT


def about_file(file: FileRow) -> str:
    """State and why, size, date, folder."""
    said = [words.state(file.state)]
    if file.reason:
        said.append(words.reason(file.reason, file.args))
    said.append(f"{words.size(file.size_bytes)} · {words.date_time(file.modified_at)}")
    said.append(words.display_path(file.path))
    return "\n".join(said)


def about_content(detail: FileDetail) -> str:
    """What it is one with, and the checksum by which copies are told; empty where neither is known."""
    others = [words.display_path(one.path) for one in detail.members if one.id != detail.file.id]
    lines = [fill(_("belongs with {path}"), {"path": path}) for path in others]
    if detail.sha1:
        lines.append(fill(_("SHA-1 {digest}"), {"digest": detail.sha1}))
    return "\n".join(lines)


def about_media(media: MediaInfo) -> str:
    """What the file says of itself."""
    said = []
    if media.width and media.height:
        said.append(f"{media.width} × {media.height}")
    if media.duration:
        said.append(words.duration_s(media.duration))
    said.append(media.format)
    lines = [" · ".join(part for part in said if part)]
    if media.captured_at:
        lines.append(fill(_("taken {moment}"), {"moment": words.wall_time(media.captured_at)}))
    if media.camera:
        lines.append(media.camera)
    if media.has_gps:
        lines.append(_("with a place"))
    return "\n".join(lines)


def about_copies(detail: FileDetail, snapshot: Snapshot | None, now_at: int) -> str:
    """How each destination stands to it, and why one lacks it."""
    lines = [words.outstanding(one, detail, snapshot, now_at) for one in detail.outstanding]
    if not detail.copies and not lines:
        return _("There is no copy yet.")
    for copy in detail.copies:
        line = f"{copy.destination_name}: {words.state(copy.state)}"
        if copy.verified_at:
            line += fill(_(", shown to be whole {moment}"), {"moment": words.date_time(copy.verified_at)})
        lines.append(line)
    return "\n".join(lines)


def link_in_immich(detail: FileDetail, snapshot: Snapshot | None) -> str:
    """The address of its page at a server, one where it is safe before one that has it in the trash; empty without."""
    places = {one.id: one for one in snapshot.destinations if one.kind == "immich"} if snapshot else {}
    there = [copy for copy in detail.copies if copy.destination in places and copy.remote_id and copy.state in _SHOWN]
    for copy in sorted(there, key=lambda one: _SHOWN.index(one.state)):
        return f"{web_address(places[copy.destination])}/photos/{copy.remote_id}"
    return ""


def about_history(detail: FileDetail, now_at: int) -> str:
    """What happened to it, oldest first."""
    return "\n".join(f"{words.moment(event.at, now_at)}  {words.event(event)}" for event in detail.history)
