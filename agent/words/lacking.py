"""Why a file is not at one of its destinations, and what happens next: of its job, and of what holds all. Pure."""

from agent.protocol.types import FileDetail, Outstanding, Problem, Snapshot
from agent.words.catalogue import _, display_path, fill, sentences
from agent.words.files import last_error, reason, state
from agent.words.holds import hold
from agent.words.numbers import moment
from agent.words.problems import problem


def outstanding(one: Outstanding, detail: FileDetail, snapshot: Snapshot | None, now_at: int) -> str:
    """The destination, how things stand there, and why."""
    said = fill(_("{name}: {state}."), {"name": one.destination_name, "state": state(one.state)})
    return sentences(said, why_outstanding(one, detail, snapshot, now_at))


def why_outstanding(one: Outstanding, detail: FileDetail, snapshot: Snapshot | None, now_at: int) -> str:
    """What it waits for, or why it failed, and the next step; empty while it is on its way."""
    if one.state == "uploading":
        return ""
    is_over = one.state == "failed"
    kept = reason(one.reason, one.args, is_over=is_over) if one.reason else last_error(one.last_error, is_over=is_over)
    if is_over:
        return kept
    if snapshot is not None:
        lasting = [found for found in snapshot.problems if _stops(found, one, detail)]
        if lasting:
            return sentences(*problem(lasting[0]))
        held = [
            found
            for found in snapshot.holds
            if found.destination in (None, one.destination) and found.folder in (None, detail.folder)
        ]
        if held:
            return sentences(kept, hold(held[0], snapshot, now_at))
    if one.run_after is not None and one.run_after > now_at:
        return sentences(kept, fill(_("It is its turn at {at}."), {"at": moment(one.run_after, now_at)}))
    return sentences(kept, _("Its turn comes as soon as those before it are done."))


def _stops(found: Problem, one: Outstanding, detail: FileDetail) -> bool:
    """Whether a problem is of the destination, or of the file's folder."""
    if found.blocks is not None:
        return found.blocks == one.destination
    return found.code.startswith("folder_") and found.args.get("path") == display_path(detail.folder)
