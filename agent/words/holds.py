"""What is waited for, in words: each hold by itself, and the headline of the waiting light.

Pure: times are epoch ms; `now_at` only lets one be called 'tomorrow'. A hold that is not known here still gets a
sentence. Any thread.
"""

from collections.abc import Callable

from agent.protocol.types import Args, Hold, Problem, Snapshot
from agent.words.catalogue import N_, _, fill, ngettext, sentences, tell
from agent.words.numbers import moment
from agent.words.problems import problem

_HOLDS = {
    "backup_off": N_("Backup is off. Turn it on, or back up once by hand."),
    "paused": N_("Backup is paused. Resume it to go on at once."),
    "gathering": N_("New files gather into one batch, which starts by itself soon."),
    "unmetered_network": N_("Waiting for Wi-Fi or another network that is not metered."),
    "network_kind": N_("Waiting for a kind of network that you allow."),
    "allowed_networks": N_("Waiting for one of the networks that you allow."),
    "offline": N_("Waiting for a network connection."),
    "charging": N_("Waiting for the charger."),
    "battery_floor": N_("Waiting for the charger: the battery is low."),
    "battery_saver": N_("Waiting until the system's battery saver is off."),
    "schedule": N_("Waiting for the hours in which backup may run."),
    "free_disk": N_("Waiting for free space on this computer's disk. Delete something or empty the trash."),
    "blocked": N_("Waiting until the problem with the destination is solved."),
}
#: The same where the present value is known: the argument that is needed, and the sentence.
_HOLDS_WITH = {
    "paused": ("until_at", N_("Backup is paused until {until_at}. Resume it to go on at once.")),
    "gathering": ("until_at", N_("New files gather into one batch, which starts at {until_at}.")),
    "battery_floor": ("percent", N_("Waiting for the charger: the battery is at {percent} %.")),
    "schedule": ("opens_at", N_("Waiting until {opens_at}, when backup may run again.")),
}

#: The waiting light's headline, whole for each reason so that each can be translated whole.
_WAITING: dict[str, Callable[[int], str]] = {
    "unmetered_network": lambda n: ngettext(
        "One photo or video waits for Wi-Fi.", "{count} photos and videos wait for Wi-Fi.", n
    ),
    "network_kind": lambda n: ngettext(
        "One photo or video waits for a network that you allow.",
        "{count} photos and videos wait for a network that you allow.",
        n,
    ),
    "offline": lambda n: ngettext(
        "One photo or video waits for a network connection.",
        "{count} photos and videos wait for a network connection.",
        n,
    ),
    "charging": lambda n: ngettext(
        "One photo or video waits for the charger.", "{count} photos and videos wait for the charger.", n
    ),
    "battery_saver": lambda n: ngettext(
        "One photo or video waits until the battery saver is off.",
        "{count} photos and videos wait until the battery saver is off.",
        n,
    ),
    "schedule": lambda n: ngettext(
        "One photo or video waits for the hours of backup.",
        "{count} photos and videos wait for the hours of backup.",
        n,
    ),
    "free_disk": lambda n: ngettext(
        "One photo or video waits for free disk space.", "{count} photos and videos wait for free disk space.", n
    ),
    "blocked": lambda n: ngettext(
        "One photo or video waits for the destination.", "{count} photos and videos wait for the destination.", n
    ),
    "gathering": lambda n: ngettext(
        "One new photo or video is about to be backed up.", "{count} photos and videos are about to be backed up.", n
    ),
}
_WAITING_UNTIL: dict[str, Callable[[int], str]] = {
    "schedule": lambda n: ngettext(
        "One photo or video waits for {opens_at}.", "{count} photos and videos wait for {opens_at}.", n
    ),
    "gathering": lambda n: ngettext(
        "One new photo or video is backed up at {until_at}.",
        "{count} photos and videos are backed up at {until_at}.",
        n,
    ),
}
_SAME = {"battery_floor": "charging", "allowed_networks": "network_kind"}
_SERVER_AWAY = {"server_unreachable", "maintenance"}


def hold(held: Hold, snapshot: Snapshot | None = None, now_at: int | None = None) -> str:
    """What is waited for. The snapshot lets a blocked destination say its problem and the next step."""
    args = _with_moments(held.args, now_at)
    if held.constraint == "blocked":
        found = _blocking(held, snapshot)
        if found is not None:
            return sentences(*problem(found))
    needed, sentence = _HOLDS_WITH.get(held.constraint, ("", ""))
    if needed and args.get(needed) is not None:
        return fill(_(sentence), args)
    return tell(_HOLDS, held.constraint, args, N_("Waiting: {code}. 'safelight status' shows more."))


def waiting(snapshot: Snapshot, now_at: int | None = None) -> str:
    """The headline while copies are outstanding and nothing is in flight."""
    counts = snapshot.library.counts
    count = counts.queued + counts.uploading or max(0, counts.total - counts.safe)
    held = _first(snapshot)
    if held is None:
        return _fill_count(_WAITING["gathering"](count), count, {})
    if held.constraint == "blocked" and held.args.get("problem") in _SERVER_AWAY:
        said = ngettext(
            "One photo or video waits for the server.", "{count} photos and videos wait for the server.", count
        )
        return _fill_count(said, count, {})
    args = _with_moments(held.args, now_at)
    code = _SAME.get(held.constraint, held.constraint)
    for needed in ("opens_at", "until_at"):
        if args.get(needed) is not None and code in _WAITING_UNTIL:
            return _fill_count(_WAITING_UNTIL[code](count), count, args)
    if code in _WAITING:
        return _fill_count(_WAITING[code](count), count, args)
    said = ngettext(
        "One photo or video waits to be backed up.", "{count} photos and videos wait to be backed up.", count
    )
    return _fill_count(said, count, {})


def _first(snapshot: Snapshot) -> Hold | None:
    """The hold to speak of: one for everything before one for a folder; gathering only where nothing else holds."""
    held = sorted(snapshot.holds, key=lambda one: (one.constraint == "gathering", one.folder is not None))
    if held:
        return held[0]
    if snapshot.backup.gathering_until is not None:
        return Hold("gathering", args={"until_at": snapshot.backup.gathering_until})
    return None


def _fill_count(said: str, count: int, args: Args) -> str:
    return fill(said, {**args, "count": count})


def _with_moments(args: Args, now_at: int | None) -> Args:
    """Times as one says them."""
    return {
        name: moment(value, now_at) if name.endswith("_at") and isinstance(value, int) else value
        for name, value in args.items()
    }


def _blocking(held: Hold, snapshot: Snapshot | None) -> Problem | None:
    """The problem that a blocked hold speaks of: the snapshot's own with its arguments, else one of the bare code."""
    code = held.args.get("problem")
    known = snapshot.problems if snapshot else ()
    if not isinstance(code, str):
        return next((one for one in known if one.blocks is not None and one.blocks == held.destination), None)
    fitting = [one for one in known if one.code == code]
    exact = [one for one in fitting if one.blocks == held.destination]
    return next(iter(exact or fitting), Problem(code, "error", 0, {**held.args}))
