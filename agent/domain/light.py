"""Decides the light: what a person sees first. Pure."""

from agent.protocol.types import Counts, Light

#: States that a copy is still owed to.
OUTSTANDING = ("queued", "uploading")


def decide(*, must_act: bool, paused: bool, in_flight: bool, enabled: bool, asked: bool, counts: Counts) -> Light:
    """The first that holds: attention, paused, working, off, waiting, safe.

    `must_act`: a person must do something (a problem of severity error, or failed files). `in_flight`: a copy is under
    way. `asked`: a person's 'back up now' is open, which works although background backup is off.
    """
    if must_act:
        return "attention"
    if paused and (enabled or asked):
        return "working" if in_flight else "paused"
    if in_flight:
        return "working"
    if not enabled and not asked:
        return "off"
    if counts.queued or counts.uploading:
        return "waiting"
    return "safe"
