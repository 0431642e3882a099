"""A single file in words: its state, why it is not safe, and the lines of its history. Pure; any thread."""

import re

from agent.protocol.types import Args, Event
from agent.words.catalogue import N_, _, sentences, tell
from agent.words.problems import PROBLEMS, problem_text

_KEPT = r"(?s)(\w+)(?:\((.*)\))?$"
_KEPT_ARGS = r"(\w+)=(?:'([^']*)'|([^,]+))"

_STATES = {
    "safe": N_("safe"),
    "queued": N_("waiting"),
    "uploading": N_("uploading"),
    "failed": N_("failed"),
    "excluded": N_("not backed up"),
    "deleted_at_destination": N_("deleted at the destination"),
    "in_trash": N_("in the destination's trash"),
    "missing_at_destination": N_("missing at the destination"),
    "not_taken": N_("not at the destination: a sidecar is taken only along with a new picture"),
}

#: Why a file is not safe: rules first, then the file itself, then what the destination said.
_REASONS = {
    "hidden": N_("Hidden files are left out. Allow them with 'safelight folder set PATH --hidden'."),
    "excluded": N_("A rule of the folder leaves it out. Change the rule to back it up."),
    "not_included": N_("The folder takes only certain files, and this is none of them. Change the rule to back it up."),
    "subfolder": N_("Subfolders are left out. Take them with 'safelight folder set PATH --recursive'."),
    "user_excluded": N_("You chose not to back it up."),
    "unsupported": N_("Neither a photo nor a video that Immich knows. Nothing needs to be done."),
    "sidecar": N_("It goes along with the photo it belongs to."),
    "temporary": N_("A file that another program is still writing. It is taken when it is finished."),
    "empty": N_("The file is empty. It is taken as soon as it has content."),
    "unreadable": N_("The file could not be read. Check its permissions and the disk, then retry."),
    "permission_denied": N_("The file may not be read. Give yourself permission to read it, then retry."),
    "disk_error": N_("The disk reported an error while the file was read. Copy it elsewhere if you can, then retry."),
    "vanished": N_("The file is no longer there. Nothing needs to be done."),
    "file_vanished": N_("The file is no longer there. Nothing needs to be done."),
    "changed": N_("The file changed while it was copied. It is copied again when it rests."),
    "file_changed": N_("The file changed while it was copied. It is copied again when it rests."),
    "not_a_file": N_("It is not an ordinary file. Nothing needs to be done."),
    "symlink": N_("It is a link to another file. Links are not followed; add the folder that it points to."),
    "placeholder": N_("Its content is in the cloud, not on this computer. Download it, and it is backed up."),
    "too_large": N_("The file is too large for the destination. Raise the limit there, then retry."),
    "too_large_for_server": N_(
        "The file is larger than the server, or a proxy before it, allows. Raise the limit there, then retry."
    ),
    "too_large_for_disk": N_(
        "The file is larger than the destination's file system allows. Use another destination for it."
    ),
    "undecodable": N_("The file is damaged or no real picture or video. Open it to see whether it is whole."),
    "unsupported_by_server": N_(
        "The server does not take files of this kind. Update the server, or leave the file out."
    ),
    "name_not_allowed": N_("The destination cannot store this name. Rename the file."),
    "checksum_mismatch": N_("The copy did not match the file. Retry; if it happens again, check memory and disk."),
    "rejected": N_("The destination refused the file: {detail}. Retry, or look at the server's log."),
    "rejected_by_server": N_("The server refused the file: {detail}. Retry, or look at the server's log."),
    "copy_damaged": N_("The copy at the destination is damaged. Retry to make it anew."),
    "waits_for_route": N_("It is too large for the way to the server just now. It waits for another way there."),
    "waits_for_room": N_(
        "It is too large for the space that is left at {path}. Free some there; it goes on by itself then."
    ),
    "live_lost": N_("The line for changes at the server broke. It is made again by itself."),
    "live_refused": N_("The API key may not hear of changes at once. The server is looked at every 15 minutes."),
    "sync_refused": N_("The server did not say what changed there. It is asked again by itself; backups go on."),
    "organize_refused": N_("The server did not let this be arranged. It is tried again by itself; backups go on."),
    "not_proven": N_("The destination could not prove that the copy is whole. Retry; nothing was lost."),
    "junk": N_("A leftover of a system or a program. Nothing needs to be done."),
    "name_refused": N_("The destination cannot store this name. Rename the file."),
    "refused_by_server": N_("The server refused the file. Retry, or look at the server's log."),
    "too_large_for_destination": N_(
        "The file is larger than the destination's file system allows. Use another destination for it."
    ),
    "set_aside": N_("The agent stopped too often while it worked on this file. Retry, or report it."),
    "job_key_unknown": N_("There is no handler for this kind of job. Cancel it."),
    "payload_invalid": N_("The job's payload does not fit its handler. Cancel it and enqueue it anew."),
    "too_many_attempts": N_("It failed too often. Retry it with 'safelight jobs retry'."),
    "too_many_deaths": N_("The agent stopped too often while it worked on this file. Retry, or report it."),
    "internal_error": N_("Something unexpected happened; the log tells what. Retry, or report it."),
    "bug": N_("Something unexpected happened; the log tells what. Retry, or report it."),
    "queued": N_("It waits for its turn."),
    "held": N_("It waits for the conditions that you set. 'safelight status' shows which."),
    "uploading": N_("It is being copied now."),
    "no_destination": N_("There is no destination yet. Add one with 'safelight destination add'."),
    "deleted_at_destination": N_("It was deleted at the destination and is not put back by itself."),
    "in_trash": N_("It is in the destination's trash and is not put back by itself."),
    "missing_at_destination": N_("It is missing at the destination though nobody was seen deleting it."),
    "cancelled": N_("Its job was cancelled. Back up again to take it."),
}

#: What may pass: it is tried a few times, and said what comes next.
_PASSING = {
    "server_error": N_("The server had an error with this file; its log tells more."),
    "refused_on_the_way": N_(
        "A proxy or firewall before the server does not let this file through; its log tells more."
    ),
    "sync_garbled": N_("The server sent something that makes no sense."),
    "describe_refused": N_("The server did not take what the sidecar says."),
    "timeout": N_("The destination took too long to answer."),
    "connection_lost": N_("The connection broke."),
    "rate_limited": N_("The server asks to go slower."),
    "copy_vanished": N_("The copy disappeared while it was made."),
    "decoder_unavailable": N_("The picture could not be looked into just now."),
    "in_use": N_("Another program is using the file."),
    "read_error": N_("The disk reported an error while the file was read."),
    "destination_io": N_("The destination's disk reported an error."),
    "server_unavailable": N_("The server does not work just now."),
}

#: Of these what the disk says: tried again each day, even where it failed.
_DAILY = frozenset({"in_use", "read_error"})

_EVENTS = {
    "seen": N_("Seen for the first time."),
    "changed": N_("Changed on disk."),
    "renamed": N_("Renamed."),
    "hashed": N_("Read and fingerprinted."),
    "queued": N_("Put in the queue."),
    "uploaded": N_("Copied to {destination}."),
    "in_album": N_("In the album “{album}” at {destination}."),
    "described": N_("What it says was written to its picture at {destination}."),
    "found": N_("Found at {destination}: nothing to send."),
    "adopted": N_("Found at {destination}: nothing to send."),
    "failed": N_("Could not be copied to {destination}."),
    "retried": N_("Tried again."),
    "cancelled": N_("Cancelled."),
    "verified": N_("Checked at {destination}: the copy is whole."),
    "deleted": N_("Deleted at {destination}."),
    "trashed": N_("Moved to the trash at {destination}."),
    "restored": N_("Restored at {destination}."),
    "missing": N_("Missing at {destination}, though nobody was seen deleting it."),
    "gone": N_("No longer on this computer."),
    "returned": N_("Back on this computer."),
    "excluded": N_("Left out of the backup."),
    "included": N_("Taken into the backup."),
}

#: What deserves a word when a folder is added.
_WARNINGS = {
    "network_share": N_("The folder is on a network share: changes there are noticed only when it is looked through."),
    "polling": N_("Changes in this folder are noticed only when it is looked through, not at once."),
    "folder_inside_folder": N_("The folder lies inside another watched one; its own rules hold for it."),
    "inside_another_folder": N_("The folder lies inside another watched one; its own rules hold for it."),
    "nested": N_("The folder lies inside another watched one; its own rules hold for it."),
    "placeholder": N_("Some files are in the cloud, not on this computer. Download them, and they are backed up."),
    "cloud_placeholders": N_(
        "Some files are in the cloud, not on this computer. Download them, and they are backed up."
    ),
    "watch_limit": N_("The system allows too few file watches: raise fs.inotify.max_user_watches."),
    "no_destination": N_("There is no place to back up to yet. Add one with 'safelight destination add'."),
    "backup_off": N_("Background backup is off. Turn it on with 'safelight enable'."),
    "unreadable": N_("Some folders inside cannot be read. Give yourself permission to read them."),
}


def state(code: str) -> str:
    """A file's state in a word or two."""
    return tell(_STATES, code, {}, N_("{code}"))


def reason(code: str, args: Args, *, is_over: bool = True) -> str:
    """Why a file is not safe, and what to do; unless it `is_over`, it is tried again by itself."""
    if code in _PASSING:
        if not is_over:
            next_step = _("It is tried again by itself.")
        elif code in _DAILY:
            next_step = _("It failed each time, and is tried again within a day; or retry it now.")
        else:
            next_step = _("It failed each time; retry it.")
        return sentences(_(_PASSING[code]), next_step)
    if code in PROBLEMS and code not in _REASONS:
        return sentences(*problem_text(code, args))
    return tell(_REASONS, code, args, N_("It could not be copied: {code}. Retry, or look at 'safelight logs'."))


def warning(code: str) -> str:
    """What deserves a word when a folder is added."""
    return tell(_WARNINGS, code, {}, N_("Note: {code}."))


def last_error(kept: str | None, *, is_over: bool) -> str:
    """A job's last error, which the queue keeps as `code(name=value, ...)`; other text stays as it is."""
    if not kept:
        return ""
    found = re.match(_KEPT, kept)
    if found is None or found[1] not in _REASONS.keys() | _PASSING.keys() | PROBLEMS.keys():
        return kept
    args: Args = {name: text or number for name, text, number in re.findall(_KEPT_ARGS, found[2] or "")}
    return reason(found[1], args, is_over=is_over)


def event(happened: Event) -> str:
    """A line of a file's history; `args` may name the destination and, for a failure, the code of its reason."""
    args: Args = {"destination": _("the destination"), **happened.args}
    said = tell(_EVENTS, happened.what, args, N_("{code}"))
    code = happened.args.get("code") or happened.args.get("reason")
    return sentences(said, reason(code, args)) if isinstance(code, str) else said
