"""The one sentence that says how things are: headline and tooltip of the light.

Pure: everything comes from the snapshot; `now_at` (epoch ms) only lets a time be called 'tomorrow'. Any thread.
"""

from agent.protocol.types import Counts, Problem, Run, Snapshot
from agent.words.catalogue import N_, _, fill, ngettext, sentences, tell
from agent.words.holds import waiting
from agent.words.numbers import moment, rate, time_left
from agent.words.problems import problem

_LIGHTS = {
    "safe": N_("safe"),
    "working": N_("working"),
    "waiting": N_("waiting"),
    "paused": N_("paused"),
    "attention": N_("needs attention"),
    "off": N_("off"),
}
_URGENCY = {"error": 0, "warning": 1, "info": 2}


def headline(snapshot: Snapshot, now_at: int | None = None) -> str:
    """How the pictures are, in one sentence."""
    match snapshot.backup.light:
        case "attention":
            worst = worst_problem(snapshot)
            return problem(worst)[0] if worst else _failed(snapshot.library.counts)
        case "paused":
            return _paused(snapshot, now_at)
        case "working":
            return _working(snapshot)
        case "off":
            return _off(snapshot.library.counts)
        case "waiting":
            return waiting(snapshot, now_at)
        case _:
            return _safe(snapshot)


def tooltip(snapshot: Snapshot, now_at: int | None = None) -> str:
    """The headline, and with it the next step where a person has one to take."""
    said = headline(snapshot, now_at)
    step = ""
    if snapshot.backup.light == "attention":
        worst = worst_problem(snapshot)
        step = problem(worst)[1] if worst else _("Open Safelight to see which.")
    elif snapshot.backup.light == "off":
        step = _("Turn backup on to keep new photos safe.")
    return sentences(said, step)


def not_running() -> str:
    """The headline of a client that finds no agent."""
    return _("The background agent is not running.")


def light(code: str) -> str:
    """The light in a word or two."""
    return tell(_LIGHTS, code, {}, N_("{code}"))


def worst_problem(snapshot: Snapshot) -> Problem | None:
    """The problem to speak of first: by severity, then the oldest."""
    return min(snapshot.problems, key=lambda one: (_URGENCY.get(one.severity, 3), one.since_at), default=None)


def seconds_left(run: Run) -> float | None:
    """How long the run still takes at its present speed; None where nothing moves."""
    if run.bytes_per_second <= 0:
        return None
    return max(0, run.bytes_total - run.bytes_done) / run.bytes_per_second


def _failed(counts: Counts) -> str:
    count = counts.failed + counts.missing_at_destination
    return fill(
        ngettext("One file could not be uploaded.", "{count} files could not be uploaded.", count), {"count": count}
    )


def _paused(snapshot: Snapshot, now_at: int | None) -> str:
    until_at = snapshot.backup.paused_until
    if until_at is None:
        return _("Paused until you resume.")
    return fill(_("Paused until {until}."), {"until": moment(until_at, now_at)})


def _working(snapshot: Snapshot) -> str:
    run = snapshot.run
    uploads = any(one.kind == "immich" for one in snapshot.destinations) or not snapshot.destinations
    if run is None or run.total <= 0:
        return _("Uploading.") if uploads else _("Copying.")
    args: dict[str, str | int | float | bool | None] = {"completed": run.completed, "total": run.total}
    left_s = seconds_left(run)
    if left_s is None:
        return fill(_("Uploading {completed} of {total}.") if uploads else _("Copying {completed} of {total}."), args)
    args |= {"rate": rate(run.bytes_per_second), "left": time_left(left_s)}
    if uploads:
        return fill(_("Uploading {completed} of {total}: {rate}, {left}."), args)
    return fill(_("Copying {completed} of {total}: {rate}, {left}."), args)


def _off(counts: Counts) -> str:
    if counts.total == 0:
        return _("Backup is off.")
    if counts.safe == counts.total:
        said = ngettext(
            "Backup is off. The one photo or video is safe.",
            "Backup is off. All {total} photos and videos are safe.",
            counts.total,
        )
    else:
        said = ngettext(
            "Backup is off. {safe} of {total} photos and videos is safe.",
            "Backup is off. {safe} of {total} photos and videos are safe.",
            counts.safe,
        )
    return fill(said, {"safe": counts.safe, "total": counts.total})


def _safe(snapshot: Snapshot) -> str:
    counts = snapshot.library.counts
    if counts.total == 0:
        if not snapshot.folders:
            return _("No folder is watched yet. Add the folder that holds your pictures.")
        return _("There are no photos or videos in your folders yet.")
    if counts.safe >= counts.total:
        said = ngettext("The one photo or video is safe.", "All {total} photos and videos are safe.", counts.total)
    else:  # what was deleted at the destination does not change the light
        said = ngettext(
            "{safe} of {total} photos and videos is safe; the others were deleted at the destination.",
            "{safe} of {total} photos and videos are safe; the others were deleted at the destination.",
            counts.safe,
        )
    return fill(said, {"safe": counts.safe, "total": counts.total})
