"""Why a file could not be opened, in the few words that travel from decoder to agent. Imports nothing of ours."""

from typing import Literal, get_args

#: empty: no bytes · unknown_format: not a picture or video that we can read · broken: one, but damaged ·
#: memory: it would take more than a decoder may have · timeout, crash: found by the pool, not by the decoder.
Reason = Literal["empty", "unknown_format", "broken", "memory", "timeout", "crash"]
REASONS: tuple[str, ...] = get_args(Reason)


class Undecodable(Exception):
    """The file gives nothing; another try would give the same."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason
