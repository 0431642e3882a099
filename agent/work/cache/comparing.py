"""Compares files of the ledger with the media cache: what lacks something, and what is there under another name.

A file that moved, a twin of another file, or one whose digest has become known costs some rows and no decoding. Blocks
its thread; any thread.
"""

from collections.abc import Callable, Sequence

from agent.domain.cache import Lacks, lacks
from agent.record import MutableRecord, Record, field
from agent.store import media_metadata, places, thumbnails
from agent.store.cache_db import MOST_ROWS
from agent.store.db import Tx
from agent.store.picturable import Picturable
from agent.store.places import Known
from agent.work.cache.making import Making


class Compared(MutableRecord):
    """`wanting` lack something; `bare` are the ids of stills without any picture; `known_failures` failed before."""

    wanting: list[Picturable] = field(default_factory=list)
    bare: set[int] = field(default_factory=set)
    known_failures: set[bytes] = field(default_factory=set)


class _State(Record, frozen=True):
    """What the cache knows of some files."""

    pictured: dict[bytes, Known]
    described: dict[bytes, Known]
    bounds: dict[str, frozenset[int]]
    present: set[str]
    tiny: set[bytes]


def compare(making: Making, files: Sequence[Picturable], *, forgive: bool = False) -> Compared:
    """Look at some files, and write down what needs no decoding. `forgive`: failures count as not tried."""
    state = _look(making, files)
    compared = Compared()
    adopting: list[tuple[Picturable, Lacks]] = []
    for one in files:
        picture, fact = _of(state.pictured, one), _of(state.described, one)
        if any(known is not None and known.failure is not None for known in (picture, fact)):
            compared.known_failures.add(one.version.path)
        found = lacks(
            picture_key=picture.key if picture else None,
            picture_failure=picture.failure if picture and not forgive else None,
            metadata_key=fact.key if fact else None,
            metadata_failure=fact.failure if fact and not forgive else None,
            digest=one.sha1.hex() if one.sha1 else None,
            bounds=state.bounds,
            described=state.present,
            wanted=making.sizes(),
        )
        if found.picture or found.metadata:
            compared.wanting.append(one)
            if picture is None and one.version.path not in state.tiny and one.role == "still":
                compared.bare.add(one.id)
        if one.sha1 is not None and (found.adopts or _is_by_path(picture) or _is_by_path(fact)):
            adopting.append((one, found))
    _adopt(making, adopting, state)
    return compared


def _look(making: Making, files: Sequence[Picturable]) -> _State:
    paths = [one.version.path for one in files]
    digests = [one.sha1.hex() for one in files if one.sha1 is not None]
    with making.thumbs.read() as tx:
        pictured = places.known(tx, paths)
        bounds = thumbnails.bounds(tx, [*{known.key for known in pictured.values() if known.key}, *digests])
        without = [path for path in paths if path not in pictured]
        tiny = thumbnails.have_first(tx, without)
    with making.facts.read() as tx:
        described = places.known(tx, paths)
        keys = {known.key for known in described.values() if known.key}
        present = media_metadata.present(tx, [*keys, *digests])
    return _State(pictured, described, bounds, present, tiny)


def _of(known: dict[bytes, Known], file: Picturable) -> Known | None:
    """What is known of this very version of the file."""
    found = known.get(file.version.path)
    return found if found is not None and found.is_of(file.version) else None


def _is_by_path(known: Known | None) -> bool:
    return known is not None and known.key is not None and places.is_by_path(known.key)


def _adopt(making: Making, files: Sequence[tuple[Picturable, Lacks]], state: _State) -> None:
    for start in range(0, len(files), MOST_ROWS):
        some = files[start : start + MOST_ROWS]
        with making.thumbs.write() as tx:
            for one, found in some:
                old = _of(state.pictured, one)
                _settle(tx, one, old, found.adopt_picture, thumbnails.place, thumbnails.rename_key)
        with making.facts.write() as tx:
            for one, found in some:
                old = _of(state.described, one)
                _settle(tx, one, old, found.adopt_metadata, media_metadata.place, media_metadata.rename_key)


def _settle(
    tx: Tx,
    file: Picturable,
    old: Known | None,
    adopts: bool,  # noqa: FBT001 - one of the facts
    place: Callable[[Tx, places.Version, str], None],
    rename_key: Callable[[Tx, str, str], None],
) -> None:
    """File what is known of a path under its digest, or the path under what is known of the digest."""
    digest = (file.sha1 or b"").hex()
    if adopts:
        place(tx, file.version, digest)
    elif old is not None and old.key is not None and places.is_by_path(old.key):
        rename_key(tx, old.key, digest)
