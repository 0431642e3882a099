"""What a copy that is no longer at its destination means: deleted on purpose, or missing and to be asked about.

Pure. A server that was wiped, restored or exchanged must never look like a person who deleted everything.
"""

from typing import Final, Literal

Gone = Literal["deleted_at_destination", "missing_at_destination"]

#: Up to this many at once, or this share of all, a person deletes; more is a server that lost something.
FEW: Final = 50
SHARE: Final = 0.02


def is_mass(gone: int, known: int) -> bool:
    """Whether so many removals between two looks, out of so many copies, are too many to be taken for deletions."""
    return gone > max(FEW, known * SHARE)


def judge(*, was_explicit: bool, gone: int, known: int) -> Gone:
    """The state of copies that are gone. `was_explicit`: the deletion itself was seen, not only that they lack."""
    if was_explicit and not is_mass(gone, known):
        return "deleted_at_destination"
    return "missing_at_destination"
