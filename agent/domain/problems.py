"""The catalogue of problems: lasting states that the user should know, by code. Pure.

The agent keeps code and arguments only; `agent.words` makes the sentences.
"""

from collections.abc import Sequence

from agent.protocol.types import Problem, Severity
from agent.record import Record


class Kind(Record, frozen=True):
    """What is known of a kind of problem.

    `must_act`: a person has to do something, and the light shows it. `visible_after_s`: a shorter one is not told.
    `hidden_by`: a problem that explains this one.
    """

    severity: Severity
    must_act: bool
    visible_after_s: int = 0
    hidden_by: str | None = None


_ACT = Kind("error", must_act=True)
_PASSES = Kind("warning", must_act=False)

#: With these a destination is out of reach; with any other it answers, and something else is wrong.
OUT_OF_REACH = frozenset(
    "server_unreachable server_unavailable connection_lost not_immich redirected address_invalid certificate_untrusted"
    " certificate_changed client_certificate_needed destination_missing destination_unreadable".split()
)

CATALOGUE: dict[str, Kind] = {
    "server_unreachable": Kind("warning", must_act=False, visible_after_s=10),
    "server_unavailable": Kind("warning", must_act=False, visible_after_s=10, hidden_by="server_unreachable"),
    "server_error": Kind("warning", must_act=False, visible_after_s=10, hidden_by="server_unreachable"),
    "connection_lost": Kind("warning", must_act=False, visible_after_s=10, hidden_by="server_unreachable"),
    "uploads_refused": Kind("error", must_act=True, visible_after_s=90),
    "maintenance": _PASSES,
    "not_immich": _ACT,
    "redirected": _ACT,
    "address_invalid": _ACT,
    "server_too_old": _ACT,
    "certificate_untrusted": _ACT,
    "certificate_changed": _ACT,
    "certificate_file_unreadable": _ACT,
    "client_certificate_needed": _ACT,
    "account_changed": _ACT,
    "missing_at_destination": _ACT,
    "bit_rot": _ACT,
    "signed_out": _ACT,
    "permission_missing": _ACT,
    "quota_exceeded": _ACT,
    "destination_missing": _PASSES,
    "destination_full": _ACT,
    "waits_for_room": _ACT,
    "destination_read_only": _ACT,
    "destination_unreadable": _ACT,
    "keyring_absent": _ACT,
    "keyring_locked": _ACT,
    "secret_missing": _ACT,
    "folder_missing": _PASSES,
    "folder_silent": _PASSES,
    "folder_unreadable": _ACT,
    "folder_replaced": _ACT,
    "files_failed": _ACT,
    "no_destination": _ACT,
    "settings_unreadable": _ACT,
    "watch_limit": Kind("warning", must_act=False),
    "watch_failed": Kind("warning", must_act=False),
    "disk_full": _ACT,
    "database_unreadable": _ACT,
    "database_corrupt": _ACT,
    "database_read_only": _ACT,
    "database_newer": _ACT,
}


def kind_of(code: str) -> Kind:
    """What is known of a problem; an unknown one needs a person."""
    return CATALOGUE.get(code, _ACT)


def visible(problems: Sequence[Problem], now_at: int) -> tuple[Problem, ...]:
    """Those worth telling: they have lasted long enough, and no other one explains them."""
    lasting = [one for one in problems if now_at - one.since_at >= kind_of(one.code).visible_after_s * 1000]
    codes = {one.code for one in lasting}
    return tuple(one for one in lasting if kind_of(one.code).hidden_by not in codes)
