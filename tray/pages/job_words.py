"""A job of the queue in words: what it does, how it stands, what comes next, and its technical details. Pure."""

from collections.abc import Mapping
from datetime import datetime

from agent import words
from agent.protocol.types import JobRow, JobStatus
from agent.protocol.wire import as_json
from agent.words.catalogue import N_, _, fill, ngettext

#: status -> the drawing beside its word.
MARKS: dict[JobStatus, str] = {
    "PENDING": "badge-queued",
    "RUNNING": "badge-uploading",
    "COMPLETED": "badge-safe",
    "FAILED": "badge-failed",
    "CANCELLED": "badge-excluded",
}


_WHAT = {
    "upload": N_("A file"),
    "scan": N_("Looking through the folders"),
    "sync": N_("Asking the server for its changes"),
    "verify": N_("Proving the backup"),
    "organize": N_("Sorting into albums and stacks"),
    "describe": N_("Telling the server what a sidecar says"),
    "cache": N_("Making thumbnails"),
}
#: What works on no destination, see the queue's column `lane`.
_HERE = frozenset({"local", "cache"})
_STATES: dict[JobStatus, str] = {
    "PENDING": N_("waiting"),
    "RUNNING": N_("running"),
    "COMPLETED": N_("done"),
    "FAILED": N_("failed"),
    "CANCELLED": N_("cancelled"),
}


def what(job: JobRow) -> str:
    """What the job is about, in a line."""
    if job.path is not None:
        return words.display_path(job.path).replace("\\", "/").rpartition("/")[2]
    known = _WHAT.get(job.job_key.partition("_")[0])
    return _(known) if known else job.job_key


def where(job: JobRow, destinations: Mapping[str, str]) -> str:
    """The destination's name; `destinations` are the names by id."""
    return _("this computer") if job.lane in _HERE else destinations.get(job.lane, job.lane)


def state(job: JobRow, now_at: int) -> str:
    """How the job stands."""
    if job.status == "RUNNING" and job.progress:
        return fill(_("running, {percent} %"), {"percent": job.progress})
    if job.status == "PENDING" and job.run_after > now_at:
        sentence = _("next try {moment}") if job.last_error else _("due {moment}")
        return fill(sentence, {"moment": words.moment(job.run_after, now_at)})
    return _(_STATES[job.status])


def tries(job: JobRow) -> str:
    """How often it was tried: `1 of 3`."""
    return fill(_("{attempts} of {most}"), {"attempts": job.attempts, "most": job.max_attempts})


def reason(job: JobRow) -> str:
    """Why it failed, or waits for another try; empty where neither is so."""
    shown = job.status in {"FAILED", "PENDING"}
    return words.last_error(job.last_error, is_over=job.status == "FAILED") if shown else ""


def facts(job: JobRow, destinations: Mapping[str, str], now_at: int) -> str:
    """The rest of what a person may want to know, in a line."""
    said = [where(job, destinations), state(job, now_at)]
    if job.attempts:
        said.append(
            fill(
                ngettext("tried {count} time of {most}", "tried {count} times of {most}", job.attempts),
                {"count": job.attempts, "most": job.max_attempts},
            )
        )
    if job.last_attempt_at:
        said.append(fill(_("last {moment}"), {"moment": _moment(job.last_attempt_at, now_at)}))
    if job.interruptions:
        said.append(
            fill(
                ngettext("interrupted {count} time", "interrupted {count} times", job.interruptions),
                {"count": job.interruptions},
            )
        )
    return " · ".join(said)


def details(job: JobRow) -> str:
    """Everything, for a bug report. Jobs hold no secrets."""
    return as_json(job).decode()


def _moment(iso: str, now_at: int) -> str:
    try:
        at = round(datetime.fromisoformat(iso).timestamp() * 1_000)
    except ValueError:
        return iso
    return words.moment(at, now_at)
