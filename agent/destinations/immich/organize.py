"""Arranging what is at the server: albums, tags, stacks, live photos, the trash.

Every step may be repeated without doubles. Runs in the destination's lane. Facts: names of albums are not unique and
are compared here; an album's answer tells each id's fate; a stack swallows those whose cover it is given.
"""

from collections.abc import Sequence

from agent.destinations.immich.http import Server
from agent.domain.errors import Blocked, Rejected, Transient

#: Ids in one request: its body stays far below the 10 MB that the server reads.
TOGETHER = 1_000


class Gone(Exception):
    """What was to be arranged is not there (any more)."""


def find_album(server: Server, name: str, user_id: str) -> str | None:
    """The oldest own album of this name, None if there is none."""
    found = [album for album in _list(server, "GET", "/albums") if album.get("albumName") == name]
    own = [album for album in found if _owner_of(album) in (None, user_id)]
    return str(min(own, key=lambda album: (str(album.get("createdAt")), str(album.get("id"))))["id"]) if own else None


def make_album(server: Server, name: str) -> str:
    """A new, empty album."""
    answer = server.ask("POST", "/albums", {"albumName": name}, once=True)
    if not isinstance(answer, dict) or not answer.get("id"):
        raise Blocked("not_immich", address=server.address, status=200)
    return str(answer["id"])


def add_to_album(server: Server, album_id: str, ids: Sequence[str]) -> list[str]:
    """Put these into an album; returns those that the server refused. Raises `Gone` when the album is."""
    refused: list[str] = []
    for start in range(0, len(ids), TOGETHER):
        some = list(dict.fromkeys(ids[start : start + TOGETHER]))
        try:
            results = _list(server, "PUT", f"/albums/{album_id}/assets", {"ids": some})
        except (Rejected, Transient) as error:
            raise _gone_or(error) from error
        good = {str(one.get("id")) for one in results if one.get("success") or one.get("error") == "duplicate"}
        refused += [one for one in some if one not in good]
    return refused


def tag(server: Server, name: str, ids: Sequence[str]) -> None:
    """Give these the tag `name`, a path with slashes, made where it is missing."""
    tags = _list(server, "PUT", "/tags", {"tags": [name]})
    tag_id = next((one.get("id") for one in tags if one.get("value") == name), tags[-1].get("id") if tags else None)
    if tag_id is None:
        raise Blocked("not_immich", address=server.address, status=200)
    for start in range(0, len(ids), TOGETHER):
        some = list(ids[start : start + TOGETHER])
        _try(server, "PUT", "/tags/assets", {"tagIds": [tag_id], "assetIds": some})


def stack(server: Server, ids: Sequence[str]) -> None:
    """Make these one stack, the first its cover; raises `Gone` when one of them is not there."""
    _try(server, "POST", "/stacks", {"assetIds": list(ids)})


def facts(server: Server, asset_id: str) -> dict[str, object]:
    """All that the server says of an asset; raises `Gone`."""
    try:
        answer = server.ask("GET", f"/assets/{asset_id}")
    except (Rejected, Transient) as error:
        raise _gone_or(error) from error
    return answer if isinstance(answer, dict) else {}


def link_live(server: Server, still_id: str, video_id: str) -> None:
    """Make a video the moving half of a still; raises `Gone` when either is not there."""
    _try(server, "PUT", f"/assets/{still_id}", {"livePhotoVideoId": video_id})


def show(server: Server, asset_id: str, visibility: str) -> None:
    """Let a hidden video be seen in the timeline or the archive; raises `Gone`."""
    _try(server, "PUT", f"/assets/{asset_id}", {"visibility": visibility})


def restore(server: Server, ids: Sequence[str]) -> None:
    """Take these out of the trash; raises `Gone` when one of them is not there."""
    for start in range(0, len(ids), TOGETHER):
        _try(server, "POST", "/trash/restore/assets", {"ids": list(ids[start : start + TOGETHER])})


def _try(server: Server, method: str, path: str, body: dict[str, object]) -> None:
    try:
        server.tell(method, path, body)
    except (Rejected, Transient) as error:
        raise _gone_or(error) from error


def _gone_or(error: Rejected | Transient) -> Exception:
    """The server answers 400 for what it does not have or show us; any other refusal stays what it is."""
    said = str(error.args_.get("message") or "")
    gone = error.code in ("copy_vanished", "live_video_missing") or "not found" in said.lower()
    return Gone(said) if gone else error


def _owner_of(album: dict[str, object]) -> object:
    """The owner's id; version 3 names them as the first of the album's users."""
    if album.get("ownerId"):
        return album["ownerId"]
    users = album.get("albumUsers")
    for user in users if isinstance(users, list) else ():
        if isinstance(user, dict) and user.get("role") == "owner" and isinstance(user.get("user"), dict):
            return user["user"].get("id")
    return None


def _list(server: Server, method: str, path: str, body: dict[str, object] | None = None) -> list[dict[str, object]]:
    answer = server.ask(method, path, body)
    if not isinstance(answer, list):
        raise Blocked("not_immich", address=server.address, status=200)
    return [one for one in answer if isinstance(one, dict)]
