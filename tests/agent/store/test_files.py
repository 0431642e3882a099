"""Files and copies: a file's state always follows from what is known, and the running totals from the states."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.store import copies, files, folders, library
from agent.store.db import Database, Tx

NOW = 1_795_000_000_000
DESTINATIONS = ("immich", "nas")


def attach(tx: Tx, **wanted: tuple[str, ...]) -> dict[str, int]:
    ids = folders.attach(
        tx,
        {f"/{name}".encode(): links for name, links in wanted.items()},
        {"immich": "immich", "nas": "folder"},
    )
    return {path[1:].decode(): number for path, number in ids.items()}


def add(tx: Tx, folder_id: int, name: str, *, role: str = "still", size: int = 10) -> tuple[int, int]:
    """A new file and its asset."""
    directory = folders.directory(tx, folder_id, b"")
    file_id = files.add(tx, directory, folder_id, name.encode(), role, size, 1, 1, NOW)
    asset_id = files.add_asset(tx, folder_id, NOW)
    files.set_asset(tx, file_id, asset_id)
    return file_id, asset_id


def digest(text: str) -> bytes:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()


def state(ledger: Database, file_id: int) -> str:
    return library.row_of(ledger.read(), file_id).state


def test_a_file_is_safe_only_at_every_destination_of_its_folder(ledger: Database) -> None:
    with ledger.write() as tx:
        folder = attach(tx, pics=DESTINATIONS)["pics"]
        file_id, _ = add(tx, folder, "a.jpg")
        content = files.set_content(tx, file_id, digest("a"), 10, 1, NOW)
        copies.put(tx, content, "immich", "safe", "r", NOW)
        files.derive(tx, [file_id])
    assert state(ledger, file_id) == "queued"
    with ledger.write() as tx:
        copies.put(tx, content, "nas", "safe", "r", NOW)
        files.derive(tx, [file_id])
    assert state(ledger, file_id) == "safe"


def test_a_changed_file_waits_again_and_its_old_copy_is_superseded(ledger: Database) -> None:
    with ledger.write() as tx:
        folder = attach(tx, pics=("immich",))["pics"]
        file_id, asset = add(tx, folder, "a.jpg")
        old = files.set_content(tx, file_id, digest("a"), 10, 1, NOW)
        copies.put(tx, old, "immich", "safe", "r", NOW)
        files.observe(tx, file_id, 11, 2, 1, same_bytes=False)
        files.derive(tx, [file_id])
        assert copies.lacking_of(tx, [asset], "immich") == [(asset, 11)]
    assert state(ledger, file_id) == "queued"
    with ledger.write() as tx:
        new = files.set_content(tx, file_id, digest("b"), 11, 2, NOW)
        copies.put(tx, new, "immich", "safe", "s", NOW)
        files.derive(tx, [file_id])
        (superseded,) = tx.execute("SELECT superseded_at FROM copies WHERE content_id = ?", (old,)).fetchone()
    assert state(ledger, file_id) == "safe"
    assert superseded == NOW


def test_two_paths_with_equal_bytes_are_one_content_and_settle_together(ledger: Database) -> None:
    with ledger.write() as tx:
        folder = attach(tx, pics=("immich",))["pics"]
        one, _ = add(tx, folder, "a.jpg")
        two, _ = add(tx, folder, "b.jpg")
        content = files.set_content(tx, one, digest("same"), 10, 1, NOW)
        assert files.set_content(tx, two, digest("same"), 10, 1, NOW) == content
        copies.put(tx, content, "immich", "safe", "r", NOW)
        files.derive(tx, files.sharing(tx, [content]))
    assert state(ledger, one) == state(ledger, two) == "safe"


def test_a_file_that_is_gone_and_comes_back_is_safe_without_work(ledger: Database) -> None:
    with ledger.write() as tx:
        folder = attach(tx, pics=("immich",))["pics"]
        file_id, asset = add(tx, folder, "a.jpg")
        content = files.set_content(tx, file_id, digest("a"), 10, 1, NOW)
        copies.put(tx, content, "immich", "safe", "r", NOW)
        files.mark_gone(tx, [file_id], NOW)
        files.observe(tx, file_id, 10, 1, 1, same_bytes=True)
        files.derive(tx, [file_id])
        assert copies.lacking_of(tx, [asset], "immich") == []
    assert state(ledger, file_id) == "safe"


def test_a_tombstone_counts_as_a_copy_and_is_not_put_back(ledger: Database) -> None:
    with ledger.write() as tx:
        folder = attach(tx, pics=("immich",))["pics"]
        file_id, asset = add(tx, folder, "a.jpg")
        content = files.set_content(tx, file_id, digest("a"), 10, 1, NOW)
        copies.put(tx, content, "immich", "deleted_at_destination", "r", NOW)
        files.derive(tx, [file_id])
        assert copies.lacking_of(tx, [asset], "immich") == []
    assert state(ledger, file_id) == "deleted_at_destination"


def test_a_failure_is_shown_with_its_reason_until_forgiven(ledger: Database) -> None:
    with ledger.write() as tx:
        folder = attach(tx, pics=("immich",))["pics"]
        file_id, asset = add(tx, folder, "a.jpg")
        copies.fail(tx, file_id, "immich", "too_large_for_server", {"size_bytes": 5}, NOW)
        files.derive(tx, [file_id])
        assert copies.lacking_of(tx, [asset], "immich") == []
    row = library.row_of(ledger.read(), file_id)
    assert (row.state, row.reason, row.args) == ("failed", "too_large_for_server", {"size_bytes": 5})
    with ledger.write() as tx:
        copies.forgive(tx, [file_id], "immich")
        files.derive(tx, [file_id])
        assert copies.lacking_of(tx, [asset], "immich") == [(asset, 10)]


def test_sidecars_and_folders_no_longer_watched_are_not_counted(ledger: Database) -> None:
    with ledger.write() as tx:
        ids = attach(tx, pics=("immich",), old=("immich",))
        add(tx, ids["pics"], "a.jpg")
        add(tx, ids["pics"], "a.xmp", role="sidecar")
        add(tx, ids["old"], "b.jpg")
        attach(tx, pics=("immich",))
    counts, sizes, by_folder = library.counts(ledger.read())
    assert (counts.total, counts.queued, sizes.total) == (1, 1, 10)
    assert list(by_folder) == [ids["pics"]]


def test_a_removed_destination_takes_its_copies_along_but_a_removed_folder_keeps_its_files(ledger: Database) -> None:
    with ledger.write() as tx:
        folder = attach(tx, pics=DESTINATIONS)["pics"]
        file_id, _ = add(tx, folder, "a.jpg")
        content = files.set_content(tx, file_id, digest("a"), 10, 1, NOW)
        for destination in DESTINATIONS:
            copies.put(tx, content, destination, "safe", "r", NOW)
        folders.attach(tx, {}, {"nas": "folder"})
    assert set(copies.at(ledger.read(), "nas", [content])) == {content}
    with ledger.write() as tx:
        again = attach(tx, pics=DESTINATIONS)["pics"]
        files.derive(tx, [file_id])
    assert again == folder
    assert state(ledger, file_id) == "queued", "the copy at the destination that was removed is forgotten"


STATES = ("safe", "in_trash", "deleted_at_destination", "missing_at_destination")


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[str, int, str, str]]:
    """What may happen to files: (what, which file, at which destination, to which state)."""
    step = st.tuples(
        st.sampled_from(["hash", "copy", "fail", "forgive", "change", "gone", "back", "exclude"]),
        st.integers(0, 3),
        st.sampled_from(DESTINATIONS),
        st.sampled_from(STATES),
    )
    return draw(st.lists(step, max_size=25))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(life=lives())
def test_whatever_happens_states_and_totals_follow_from_what_is_known(
    tmp_path_factory: pytest.TempPathFactory, life: list[tuple[str, int, str, str]]
) -> None:
    ledger = Database(Path(tmp_path_factory.mktemp("ledger")) / "l.db")
    with ledger.write() as tx:
        folder = attach(tx, pics=DESTINATIONS)["pics"]
        ids = [add(tx, folder, f"{n}.jpg", size=n + 1)[0] for n in range(4)]
        for what, which, destination, to in life:
            happen(tx, what, ids[which], which, destination, to)
            files.derive(tx, ids)
    tx = ledger.read()
    shown: dict[int, str] = {file_id: library.row_of(tx, file_id).state for file_id in ids}
    assert {file_id: expected(tx, file_id) for file_id in ids} == shown
    counts, sizes, _ = library.counts(tx)
    tally = Counter[str](shown.values())
    assert all(getattr(counts, name) == tally[name] for name in ("safe", "queued", "failed", "excluded", *STATES[1:]))
    assert sizes.total == sum(n + 1 for n, file_id in enumerate(ids) if shown[file_id] not in ("gone", "excluded"))
    ledger.close()


def happen(tx: Tx, what: str, file_id: int, which: int, destination: str, to: str) -> None:
    now = str(library.row_of(tx, file_id).state)
    match what:
        case "hash":
            files.set_content(tx, file_id, digest(f"{which % 2}"), which + 1, 1, NOW)
        case "copy":
            (content,) = tx.execute("SELECT content_id FROM files WHERE id = ?", (file_id,)).fetchone()
            if content is not None:
                copies.put(tx, content, destination, to, "r", NOW)
        case "fail":
            copies.fail(tx, file_id, destination, "no", {}, NOW)
        case "forgive":
            copies.forgive(tx, [file_id], destination)
        case "change" | "back":
            if what == "back" or now != "gone":
                files.observe(tx, file_id, which + 1, 1, 1, same_bytes=what == "back")
        case "gone":
            files.mark_gone(tx, [file_id], NOW)
        case "exclude":
            files.exclude(tx, file_id, "excluded")


def expected(tx: Tx, file_id: int) -> str:
    """The rule in plain words: gone and excluded stay; a failure shows; then the worst that is known of its copies."""
    row = tx.execute("SELECT * FROM files WHERE id = ?", (file_id,)).fetchone()
    if row["state"] in ("gone", "excluded"):
        return str(row["state"])
    if tx.execute("SELECT 1 FROM failures WHERE file_id = ?", (file_id,)).fetchone():
        return "failed"
    if not row["content_is_current"]:
        return "queued"
    known = {
        copy["destination_id"]: copy["state"]
        for copy in tx.execute("SELECT * FROM copies WHERE content_id = ?", (row["content_id"],))
    }
    found = [known.get(destination, "queued") for destination in DESTINATIONS]
    order = ["queued", "missing_at_destination", "deleted_at_destination", "in_trash", "safe"]
    return str(min(found, key=order.index))
