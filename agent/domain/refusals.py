"""What a refusal says: nothing works here, or only this one question or photo is refused. Pure.

A lane that is shut stops the backup itself. So a question that is no part of a backup (what changed there, which albums
there are) never shuts it by an answer that concerns that question alone, and one photo never stops all others; whoever
asks proves that the server itself is to be had.
"""

from typing import Final

from agent.domain.errors import Blocked, Fate, Rejected, Transient

#: Problems that an answer to one question may look like: a route that this server, or a proxy before it, has not.
_OF_ONE_QUESTION: Final = frozenset({"server_too_old", "not_immich", "redirected"})

#: The trouble of a destination, not of the photos that it is asked for.
_OUTAGES: Final = frozenset({"server_unavailable", "server_error", "connection_lost"})
_ON_THE_WAY: Final = "refused_on_the_way"


def of_a_check(error: Transient) -> Blocked | Transient:
    """The fate behind the question which contents are there: where it breaks off, that is no photo's fault."""
    return Blocked.by(error) if error.code in _OUTAGES else error


def of_one_photo(error: Fate | None) -> Transient | None:
    """What a photo met if its upload may have failed by itself, at a destination that answers; None of all else.

    A proxy or a virus scanner has a page of its own for what it does not like; a server stumbles over one picture.
    """
    if isinstance(error, Blocked) and error.code in _OF_ONE_QUESTION:
        return Transient(_ON_THE_WAY, status=error.args_.get("status"))
    return error if isinstance(error, Transient) and error.code in _OUTAGES | {_ON_THE_WAY} else None


def of_one_question(error: Fate, code: str) -> Fate:
    """The fate of a step that is no part of a backup, after a question of it ended in `error`.

    A missing permission fails the step, any other refusal lets it be tried again by the name of `code`; what concerns
    the server as a whole stays what it is.
    """
    said = error.args_.get("message")
    if isinstance(error, Blocked) and error.code == "permission_missing":
        return Rejected("permission_missing", permission=error.args_.get("permission"), message=said)
    if isinstance(error, Rejected) or (isinstance(error, Blocked) and error.code in _OF_ONE_QUESTION):
        return Transient(code, reason=error.code, message=said)
    return error
