"""How the sections that arrive become the snapshot that a client keeps.

Pure. The agent sends a section only when it differs, and then whole; the first message on a connection holds all.
"""

from msgspec import UNSET, structs

from agent.protocol.types import Changes, Snapshot


def sections(changes: Changes) -> frozenset[str]:
    """The names of the sections that these changes carry."""
    return frozenset(
        name for name in Changes.__struct_fields__ if name != "revision" and getattr(changes, name) is not UNSET
    )


def merge(snapshot: Snapshot | None, changes: Changes) -> Snapshot:
    """The snapshot after these changes; `ValueError` where there was none and the changes are not the whole."""
    given = sections(changes)
    missing = frozenset(Snapshot.__struct_fields__) - given - {"revision"}
    if snapshot is None and missing:
        raise ValueError(f"the first sections lack {', '.join(sorted(missing))}")
    fields = {name: getattr(changes if name in given else snapshot, name) for name in given | missing}
    return Snapshot(revision=changes.revision, **fields)


def with_sections(snapshot: Snapshot, **new: object) -> Snapshot:
    """The next revision of a snapshot, with these sections in place of the old ones."""
    return structs.replace(snapshot, revision=snapshot.revision + 1, **new)
