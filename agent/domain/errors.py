"""The four fates of an error, as types; whoever catches one knows what to do without looking inside.

    Fate
    +-- Transient    try again later, with backoff
    +-- Rejected     this file cannot be taken; shown at the file, not tried again by itself
    +-- Blocked      nothing for this destination can work until a problem is mended; the job goes back untouched
    +-- Interrupted  a hold, a stop, a suspend or a cancel; the job goes back and no attempt is counted
    anything else    a bug: traceback in the log, the job fails

Codes are words of `agent.words`; only borders (destinations, the store, file reading) make these out of foreign errors.
"""

from typing import Final

Scalar = str | int | float | bool | None

#: What a file that failed says where a disk or a share faltered for long: it is tried again each day.
FALTERED: Final = frozenset({"read_error", "in_use"})


class Fate(Exception):
    """An error whose consequence is known. `code` names it, `args_` fill its sentence."""

    #: For how long the other side asked to be left alone, if it did.
    retry_after_s: float | None = None

    def __init__(self, code: str, **args: Scalar) -> None:
        super().__init__(code)
        self.code = code
        self.args_: dict[str, Scalar] = dict(args)

    def __str__(self) -> str:
        shown = ", ".join(f"{key}={value!r}" for key, value in self.args_.items())
        return f"{self.code}({shown})"


class Transient(Fate):
    """May pass by itself."""

    def __init__(self, code: str, *, retry_after_s: float | None = None, **args: Scalar) -> None:
        super().__init__(code, **args)
        self.retry_after_s = retry_after_s


class Rejected(Fate):
    """Final for this content; another try would get the same answer."""


class Blocked(Fate):
    """The destination is not to be had until something changes; `code` is a problem of `domain.problems`."""

    @classmethod
    def by(cls, error: Fate) -> "Blocked":
        """What is no photo's fault, as the destination's."""
        made = cls(error.code, **error.args_)
        made.retry_after_s = error.retry_after_s
        return made


class Interrupted(Fate):
    """Not an error: the work was asked to stand back (`hold`, `stop`, `cancel`, `suspend`)."""


class FileChanged(Fate):
    """The bytes on disk are no longer the ones that were hashed; the file is looked at again."""


class FileVanished(Fate):
    """The file is not there any more; what waits for it ends as vanished."""
