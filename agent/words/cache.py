"""The media cache in words: why a file gave no picture, and how a pass over the library ended. Pure; any thread."""

from agent.words.catalogue import N_, _, fill, ngettext, tell

#: The reasons of the decoders and of reading.
_REASONS = {
    "empty": N_("the file is empty"),
    "unknown_format": N_("no picture or video that can be opened here"),
    "broken": N_("the file is damaged"),
    "memory": N_("it would take too much memory"),
    "timeout": N_("opening it took too long"),
    "crash": N_("opening it made the decoder fail"),
    "unreadable": N_("the file may not be read"),
    "not_a_file": N_("it is not an ordinary file"),
    "vanished": N_("the file is no longer there"),
    "read_error": N_("the disk reported an error"),
    "in_use": N_("another program is using the file"),
}
#: Why a pass ended before its end.
_STOPPED = {
    "stop": N_("Stopped. The next pass goes on from here."),
    "charging": N_("Stopped, for the computer runs on its battery. The next pass goes on from here."),
    "battery_floor": N_("Stopped, for the battery is low. The next pass goes on from here."),
    "battery_saver": N_("Stopped, for the battery is being saved. The next pass goes on from here."),
}


def picture_reason(code: str) -> str:
    """Why there is no picture of a file, as the end of a sentence."""
    return tell(_REASONS, code, {}, N_("{code}"))


def no_picture(path: str, code: str) -> str:
    """A sentence about a file that gives no picture. `path` is display text."""
    return fill(_("There is no picture of {path}: {reason}."), {"path": path, "reason": picture_reason(code)})


def stopped(code: str) -> str:
    """Why a pass ended before its end."""
    return tell(_STOPPED, code, {}, _STOPPED["stop"])


def summary(done: int, skipped: int, failed: int) -> str:
    """What a pass came to."""
    parts = [
        fill(ngettext("{count} picture made", "{count} pictures made", done), {"count": done}),
        fill(ngettext("{count} file was as it should be", "{count} files were as they should be", skipped),
             {"count": skipped}),
    ]  # fmt: skip
    if failed:
        parts.append(fill(ngettext("{count} file gave none", "{count} files gave none", failed), {"count": failed}))
    return ", ".join(parts) + "."
