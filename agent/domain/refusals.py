"""What a refused question says: nothing works here, or only this one question is not answered. Pure.

A lane that is shut stops the backup itself. So a question that is no part of a backup (what changed there, which albums
there are) never shuts it by an answer that concerns that question alone; whoever asks proves beforehand that the
server itself is to be had.
"""

from typing import Final

from agent.domain.errors import Blocked, Fate, Rejected, Transient

#: Problems that an answer to one question may look like: a route that this server, or a proxy before it, has not.
_OF_ONE_QUESTION: Final = frozenset({"server_too_old", "not_immich", "redirected"})


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
