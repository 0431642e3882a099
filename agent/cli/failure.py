"""How a command ends: its exit codes, and the one exception that carries a sentence to stderr. Pure."""

from collections.abc import Mapping

from agent import words
from agent.protocol.types import Args
from agent.protocol.wire import Mistake

DONE = 0
SOME_FAILED = 1
USAGE = 2
UNREACHABLE = 3
HELD = 4
SIGNED_OUT = 5
BY_SIGNAL = 130

#: Codes that are no fault in the wording of the command. Every other mistake is wrong usage.
_SIGN_IN = "oauth_failed signed_out wrong_password wrong_api_key permission_missing account_changed password_login_off"
_UNREACHABLE = "not_running not_answering"
_WORLD = """
    server_unreachable server_unavailable server_error server_too_old not_immich certificate_untrusted maintenance
    certificate_changed client_certificate_needed plain_http oauth_off oauth_timeout
    redirected connection_lost rate_limited timeout quota_exceeded keyring_locked disk_full
    destination_missing destination_full destination_read_only destination_unreadable destination_error destination_busy
    destination_io database_newer database_corrupt database_read_only
    internal bad_request already_running stopping start_failed stop_failed version_mismatch demo_failed no_log
    service_refused
"""
_EXITS: Mapping[str, int] = {
    **dict.fromkeys(_SIGN_IN.split(), SIGNED_OUT),
    **dict.fromkeys(_UNREACHABLE.split(), UNREACHABLE),
    **dict.fromkeys(_WORLD.split(), SOME_FAILED),
}


class Failure(Exception):
    """The command ends here: a sentence for stderr and an exit code; `code` names it for `--json`."""

    def __init__(self, exit_code: int, code: str, text: str) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        self.code = code
        self.text = text


def failure(code: str, **args: str | float | bool | None) -> Failure:
    """A mistake that the command itself found."""
    return from_code(code, args)


def from_mistake(error: Mistake) -> Failure:
    """What the agent refused."""
    return from_code(error.code, error.args_)


def from_code(code: str, args: Args) -> Failure:
    """The sentence and the exit code of a mistake or a fate."""
    return Failure(exit_for(code), code, words.mistake(code, args))


def exit_for(code: str) -> int:
    """The exit code that a mistake ends the command with."""
    return _EXITS.get(code, USAGE)
