"""A dated tree on real disks; its sums judged by sha1sum, its errors by drives that are full, read-only or away."""

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, timedelta, timezone
from pathlib import Path

import pytest

from agent.destinations.base import Item, Wanted
from agent.destinations.disk import disk_fate
from agent.destinations.folder import FolderDestination
from agent.destinations.marker import MARKER, claim_folder
from agent.domain.errors import Blocked, Rejected, Transient
from tests.agent.destinations.drives import run_on_drive
from tests.agent.destinations.sources import MODIFIED_AT, FileSource, Photos
from tests.fakes.clock import FakeClock

MONTH = "2023/2023-11"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "nas"
    path.mkdir()
    return path


@pytest.fixture
def destination(root: Path) -> FolderDestination:
    return FolderDestination(os.fsencode(root), clock=FakeClock(now_at=MODIFIED_AT), tz=UTC)


def ignore(_bytes: int) -> None:
    pass


def put(destination: FolderDestination, source: FileSource, **item: str) -> str:
    return destination.put(Item(source, **item), ignore).remote_id  # type: ignore[arg-type]


def tree(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def sha1sum(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["sha1sum", "-c", "--strict", ".safelight-sums"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


# --- where things go


def test_a_photo_lies_in_the_month_that_its_camera_wrote(destination: FolderDestination, photos: Photos) -> None:
    assert put(destination, photos("a.jpg", day=date(1999, 12, 31))) == "1999/1999-12/a.jpg"


def test_without_a_day_the_mtime_counts_in_local_time(root: Path, photos: Photos) -> None:
    new_year_utc = 1_704_067_200_000
    for hours, expected in ((-5, "2023/2023-12/a.jpg"), (0, "2024/2024-01/a.jpg"), (9, "2024/2024-01/a.jpg")):
        zone = timezone(timedelta(hours=hours))
        destination = FolderDestination(os.fsencode(root), clock=FakeClock(), tz=zone)
        source = photos("a.jpg", b"%d" % hours, modified_at=new_year_utc)
        assert put(destination, source).rpartition("/")[0] == expected.rpartition("/")[0]


@pytest.mark.parametrize("modified_at", [-(10**12), 0, 10**14])
def test_a_strange_mtime_still_finds_a_folder(destination: FolderDestination, photos: Photos, modified_at: int) -> None:
    source = photos("a.jpg")
    source.modified_at = modified_at
    assert put(destination, source).endswith("/a.jpg")


def test_the_mtime_is_kept(destination: FolderDestination, root: Path, photos: Photos) -> None:
    put(destination, photos("a.jpg"))
    assert (root / MONTH / "a.jpg").stat().st_mtime_ns == MODIFIED_AT * 1_000_000


def test_equal_names_get_numbers_and_nothing_is_overwritten(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    contents = [b"one", b"two", b"three", b"four"]
    names = ["IMG_1.JPG", "IMG_1.JPG", "img_1.jpg", "IMG_1.JPG"]
    given = [put(destination, photos(name, content)) for name, content in zip(names, contents, strict=True)]
    assert given == [f"{MONTH}/IMG_1.JPG", f"{MONTH}/IMG_1-2.JPG", f"{MONTH}/img_1-3.jpg", f"{MONTH}/IMG_1-4.JPG"]
    assert [(root / name).read_bytes() for name in given] == contents
    assert sha1sum(root / MONTH).returncode == 0


def test_a_file_of_somebody_else_keeps_its_name(destination: FolderDestination, root: Path, photos: Photos) -> None:
    (root / MONTH).mkdir(parents=True)
    (root / MONTH / "IMG_1.JPG").write_bytes(b"somebody else's")
    assert put(destination, photos("IMG_1.JPG")) == f"{MONTH}/IMG_1-2.JPG"
    # This one came after the folder was looked at.
    (root / MONTH / "IMG_2.JPG").write_bytes(b"somebody else's")
    assert put(destination, photos("IMG_2.JPG")) == f"{MONTH}/IMG_2-2.JPG"
    assert (root / MONTH / "IMG_1.JPG").read_bytes() == (root / MONTH / "IMG_2.JPG").read_bytes()


def test_equal_bytes_under_the_name_are_adopted_and_noted(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    (root / MONTH).mkdir(parents=True)
    (root / MONTH / "IMG_1.JPG").write_bytes(b"the same")
    placed = destination.put(Item(photos("IMG_1.JPG", b"the same")), ignore)
    assert (placed.remote_id, placed.created) == (f"{MONTH}/IMG_1.JPG", False)
    assert tree(root) == [f"{MONTH}/.safelight-sums", f"{MONTH}/IMG_1.JPG"]
    assert sha1sum(root / MONTH).returncode == 0


def test_a_copy_that_was_damaged_since_is_not_proven_and_is_made_anew_beside_it(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    photo = photos("IMG_1.JPG", b"sound")
    wanted = [Wanted(photo.sha1, photo.size_bytes, put(destination, photo))]
    assert destination.prove(wanted, lambda: None).keys() == {photo.sha1}
    (root / MONTH / "IMG_1.JPG").write_bytes(b"rotte")
    assert destination.check(wanted).keys() == {photo.sha1}, "by its size alone it is there"
    assert not destination.prove(wanted, lambda: None)
    assert put(destination, photo) == f"{MONTH}/IMG_1-2.JPG"
    (root / MONTH / "IMG_1.JPG").unlink()
    assert not destination.prove(wanted, lambda: None)


def test_equal_bytes_under_another_name_of_the_month_are_found_by_their_line(root: Path, photos: Photos) -> None:
    for name in ("IMG_1.JPG", "copy.JPG"):
        fresh = FolderDestination(os.fsencode(root), clock=FakeClock(), tz=UTC)
        assert put(fresh, photos(name, b"the same")) == f"{MONTH}/IMG_1.JPG"


def test_a_photo_that_was_removed_there_gets_its_name_back(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    source = photos("IMG_1.JPG")
    for _ in range(2):
        assert put(destination, source) == f"{MONTH}/IMG_1.JPG"
        assert sha1sum(root / MONTH).returncode == 0
        (root / MONTH / "IMG_1.JPG").unlink()
    other = photos("IMG_1.JPG")
    assert put(destination, other) == f"{MONTH}/IMG_1-2.JPG", "the line for the first one must not become a lie"


def test_a_month_that_somebody_removed_is_begun_anew(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    source = photos("IMG_1.JPG")
    put(destination, source)
    shutil.rmtree(root / MONTH)
    assert put(destination, source) == f"{MONTH}/IMG_1.JPG"
    assert sha1sum(root / MONTH).returncode == 0


def test_two_computers_share_a_folder(root: Path, photos: Photos) -> None:
    ours, theirs = (FolderDestination(os.fsencode(root), clock=FakeClock(), tz=UTC) for _ in range(2))
    sources = [photos("IMG_1.JPG") for _ in range(6)]
    given = [put(kept, source) for kept, source in zip((ours, theirs) * 3, sources, strict=True)]
    assert len(set(given)) == 6
    done = sha1sum(root / MONTH)
    assert (done.returncode, done.stdout.count(": OK")) == (0, 6)
    copied = photos("other name.JPG", Path(os.fsdecode(sources[0].path)).read_bytes())
    assert put(theirs, copied) == given[0]


@pytest.mark.parametrize(
    ("sidecar", "expected"),
    [("IMG_1.JPG.xmp", "IMG_1-2.JPG.xmp"), ("IMG_1.xmp", "IMG_1-2.xmp"), ("IMG_1.XMP", "IMG_1-2.XMP")],
)
def test_a_sidecar_goes_where_its_picture_went(
    destination: FolderDestination, photos: Photos, sidecar: str, expected: str
) -> None:
    put(destination, photos("IMG_1.JPG", day=date(2001, 2, 3)))
    primary = put(destination, photos("IMG_1.JPG", day=date(2001, 2, 3)))
    assert put(destination, photos(sidecar), beside=primary) == f"2001/2001-02/{expected}"


def test_equal_sidecars_of_two_pictures_are_both_kept(destination: FolderDestination, photos: Photos) -> None:
    for name in ("a", "b"):
        primary = put(destination, photos(f"{name}.jpg"))
        assert put(destination, photos(f"{name}.xmp", b"<xmp/>"), beside=primary) == f"{MONTH}/{name}.xmp"


@pytest.mark.parametrize("beside", ["../../etc/a.jpg", "/etc/a.jpg", "a//b.jpg", "", "lonely.jpg", "2023/../x/a.jpg"])
def test_nothing_leads_out_of_the_folder(
    destination: FolderDestination, root: Path, photos: Photos, beside: str
) -> None:
    assert put(destination, photos("a.xmp"), beside=beside) == f"{MONTH}/a.xmp"
    assert destination.check([Wanted(b"x" * 20, 5, beside)]) == {}


def test_a_name_that_is_too_long_with_its_number_is_cut(destination: FolderDestination, photos: Photos) -> None:
    name = b"x" * 251 + b".jpg"
    first, second = (put(destination, photos(name)) for _ in range(2))
    assert first.endswith("xxx.jpg")
    assert second.endswith("xxx-2.jpg")


def test_where_there_are_no_links_nothing_is_overwritten_either(
    destination: FolderDestination, root: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "FAT knows no links")

    monkeypatch.setattr(os, "link", no_link)
    put(destination, photos("before.jpg"))
    (root / MONTH / "IMG_1.JPG").write_bytes(b"somebody else's")
    assert [put(destination, photos("IMG_1.JPG")) for _ in range(2)] == [
        f"{MONTH}/IMG_1-2.JPG",
        f"{MONTH}/IMG_1-3.JPG",
    ]
    assert (root / MONTH / "IMG_1.JPG").read_bytes() == b"somebody else's"


def test_a_name_that_the_drive_does_not_take_is_made_plain(
    destination: FolderDestination, root: Path, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def picky(source: bytes, target: bytes) -> None:
        if b":" in target or b"\xff" in target:
            raise OSError(errno.EINVAL, "no such names here")
        link(source, target)

    def picky_rename(source: bytes, target: bytes) -> None:
        picky(source, target)
        os.unlink(source)

    monkeypatch.setattr(os, "link", picky)
    monkeypatch.setattr(os, "rename", picky_rename)
    for number, expected in enumerate(("12_30.jpg", "12_30-2.jpg")):
        source = photos("12:30.jpg")
        assert put(destination, source) == f"{MONTH}/{expected}", number
        assert put(destination, source) == f"{MONTH}/{expected}", "and it is known again"
    assert put(destination, photos(b"\xff.jpg")) == f"{MONTH}/_.jpg"


def test_a_file_larger_than_the_drive_allows_is_rejected(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    resource = pytest.importorskip("resource")
    film = photos("film.mov", bytes(500_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(Rejected) as caught:
            put(destination, film)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (caught.value.code, caught.value.args_["size_bytes"]) == ("too_large_for_destination", 500_000)
    assert tree(root) == []


# --- sums and inventory


def test_the_sums_hold_for_every_odd_name(destination: FolderDestination, root: Path, photos: Photos) -> None:
    for name in (
        b"a b.jpg",
        b"new\nline.jpg",
        b"back\\slash.jpg",
        b"\xff.jpg",
        "日本.jpg".encode(),
        b"*.jpg",
        b"r\r.jpg",
    ):
        put(destination, photos(name))
    done = subprocess.run(
        ["sha1sum", "-c", "--strict", ".safelight-sums"], cwd=root / MONTH, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(b": OK") == 7


def test_the_inventory_tells_what_is_there_and_a_check_agrees(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    sources = {put(destination, source): source for source in (photos(b"\xff.jpg"), photos("b.jpg"), photos("c.jpg"))}
    gone = put(destination, photos("gone.jpg"))
    (root / gone).unlink()
    empty = put(destination, photos("emptied.jpg"))
    (root / empty).write_bytes(b"")
    found = list(FolderDestination(os.fsencode(root), clock=FakeClock()).inventory())
    assert sorted(found) == sorted((s.sha1, s.size_bytes, name) for name, s in sources.items())
    assert destination.check([Wanted(*entry) for entry in found]).keys() == {entry[0] for entry in found}


def test_the_inventory_bears_with_what_others_wrote(destination: FolderDestination, root: Path, photos: Photos) -> None:
    source = photos("a.jpg")
    name = put(destination, source)
    sums = root / MONTH / ".safelight-sums"
    sums.write_bytes(
        b"\xef\xbb\xbfremark\r\n" + sums.read_bytes().replace(b"\n", b"\r\n") + b"\n" + sums.read_bytes()[:30]
    )
    with sums.open("ab") as file:
        file.write(b"\n" + source.sha1.hex().encode() + b"  ../a.jpg\n")
    (root / "2023" / "not-a-month").mkdir()
    (root / "1999").write_text("a file")
    (root / "Other").mkdir()
    assert list(destination.inventory()) == [(source.sha1, source.size_bytes, name)]


def test_a_check_looks_at_the_size(destination: FolderDestination, root: Path, photos: Photos) -> None:
    source = photos("a.jpg")
    name = put(destination, source)
    assert destination.check([Wanted(source.sha1, source.size_bytes + 1, name)]) == {}
    assert destination.check([Wanted(source.sha1, source.size_bytes)]) == {}
    (root / name).unlink()
    (root / name).mkdir()
    assert destination.check([Wanted(source.sha1, source.size_bytes, name)]) == {}


def test_half_a_line_of_a_crash_does_not_spoil_the_next(
    destination: FolderDestination, root: Path, photos: Photos
) -> None:
    put(destination, photos("a.jpg"))
    sums = root / MONTH / ".safelight-sums"
    whole = sums.read_bytes()
    for cut in (3, len(whole) - 4, len(whole) - 2):
        sums.write_bytes(sums.read_bytes() + whole[:cut])
        put(destination, photos(f"{cut}.jpg"))
        assert sha1sum(root / MONTH).returncode == 0
    sums.write_bytes(sums.read_bytes()[:-1])  # an editor that writes no last line end
    put(destination, photos("last.jpg"))
    done = sha1sum(root / MONTH)
    assert (done.returncode, done.stdout.count(": OK")) == (0, len(tree(root)) - 1)


def test_leftovers_of_a_crash_go_when_they_are_a_day_old(root: Path, photos: Photos) -> None:
    (root / MONTH).mkdir(parents=True)
    old = root / MONTH / ".safelight-0123.part"
    old.write_bytes(b"half")
    os.utime(old, (1, 1))
    clock = FakeClock(now_at=int(old.stat().st_ctime * 1000) + 3_600_000)
    put(FolderDestination(os.fsencode(root), clock=clock, tz=UTC), photos())
    assert old.exists(), "it may belong to another agent that is at work"
    clock.advance(24 * 3600)
    put(FolderDestination(os.fsencode(root), clock=clock, tz=UTC), photos())
    assert not old.exists()


def test_a_copy_that_reads_back_wrong_is_no_copy(destination: FolderDestination, root: Path, photos: Photos) -> None:
    source = photos("a.jpg", b"x" * 600_000)
    real = source.chunks
    source.chunks = lambda: (piece.replace(b"x", b"y", 1) for piece in real())  # type: ignore[method-assign]
    with pytest.raises(Transient, match="copy_damaged"):
        put(destination, source)
    assert tree(root) == []


# --- drives


def test_an_empty_mount_point_is_not_filled(root: Path, photos: Photos) -> None:
    claim_folder(os.fsencode(root), "d1")
    claim_folder(os.fsencode(root), "d2")
    claim_folder(os.fsencode(root), "d1")
    assert (root / os.fsdecode(MARKER)).read_text() == "d1\nd2\n"
    destination = FolderDestination(os.fsencode(root), clock=FakeClock(), expected_id="d1")
    put(destination, photos())
    root.rename(root.with_name("unplugged"))
    root.mkdir()
    questions: list[Callable[[], object]] = [
        lambda: put(destination, photos()),
        lambda: list(destination.inventory()),
        lambda: destination.check([]),
        destination.probe,
    ]
    for question in questions:
        with pytest.raises(Blocked) as caught:
            question()
        assert (caught.value.code, caught.value.args_["reason"]) == ("destination_missing", "no_marker")
    assert tree(root) == []


def test_a_drive_that_came_back_is_another_one(destination: FolderDestination, root: Path, photos: Photos) -> None:
    first, second = photos("a.jpg"), photos("a.jpg")
    put(destination, first)
    root.rename(root.with_name("unplugged"))
    with pytest.raises(Blocked):
        destination.check([])
    root.mkdir()
    assert put(destination, second) == f"{MONTH}/a.jpg"


def test_a_full_drive_keeps_no_half_and_says_so(tmp_path: Path) -> None:
    script = """
small = destination.put(Item(photos("small.jpg", b"s" * 1000)), lambda n: None)
def fill_up(sent):
    with open(os.path.join(root, b"filler"), "ab") as file:
        try:
            file.write(b"x" * 2_000_000)
        except OSError:
            pass
big = photos("big.jpg", os.urandom(1_500_000))
print(json.dumps([
    fate(lambda: destination.put(Item(photos("huge.jpg", bytes(3_000_000))), lambda n: None)),
    fate(lambda: destination.put(Item(big), fill_up)),
    [name for name in files() if name != "filler"],
    list(destination.check([Wanted(b"1" * 20, 1000, small.remote_id)]).values())[0].remote_id == small.remote_id,
]))
"""
    full = ["Blocked", "destination_full"]
    kept = ["2023/2023-11/.safelight-sums", "2023/2023-11/small.jpg"]
    assert run_on_drive(tmp_path, script) == [full, full, kept, True]


def test_a_line_that_found_no_room_is_written_the_next_time(tmp_path: Path) -> None:
    script = """
import agent.destinations.folder as folder
first = destination.put(Item(photos("first.jpg", b"1")), lambda n: None)
sums = os.path.join(root, b"2023/2023-11/.safelight-sums")
# Long names fill the file up to the end of its page, so that the next line needs another one.
while os.path.getsize(sums) < 4096 - 150:
    destination.put(Item(photos("x" * 40 + ".jpg")), lambda n: None)
with open(os.path.join(root, b"filler"), "wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)): pass
    except OSError: pass
os.truncate(os.path.join(root, b"filler"), os.path.getsize(os.path.join(root, b"filler")) - 4096)
late = photos("y" * 120 + ".jpg", b"late")
before = fate(lambda: destination.put(Item(late), lambda n: None))
os.unlink(os.path.join(root, b"filler"))
placed = destination.put(Item(late), lambda n: None)
done = subprocess.run(["sha1sum", "-c", "--strict", ".safelight-sums"], cwd=os.path.dirname(sums), capture_output=True)
print(json.dumps([before, placed.created, done.returncode, len([name for name in files() if "yyy" in name])]))
"""
    assert run_on_drive(tmp_path, script) == [["Blocked", "destination_full"], False, 0, 1]


def test_a_read_only_drive_blocks(tmp_path: Path) -> None:
    script = """
placed = destination.put(Item(photos("a.jpg", b"1")), lambda n: None)
subprocess.run(["mount", "-o", "remount,ro", root], check=True)
print(json.dumps([
    fate(destination.probe),
    fate(lambda: destination.put(Item(photos("b.jpg")), lambda n: None)),
    fate(lambda: claim_folder(root, "d1")),
    len(destination.check([Wanted(b"1" * 20, 1, placed.remote_id)])),
]))
"""
    blocked = ["Blocked", "destination_read_only"]
    assert run_on_drive(tmp_path, script) == [blocked, blocked, blocked, 1]


@pytest.mark.parametrize(
    ("name", "fate", "code"),
    [
        ("ENOSPC", Blocked, "destination_full"),
        ("EDQUOT", Blocked, "destination_full"),
        ("EROFS", Blocked, "destination_read_only"),
        ("EACCES", Blocked, "destination_read_only"),
        ("EFBIG", Rejected, "too_large_for_destination"),
        ("EINVAL", Rejected, "name_refused"),
        ("EIO", Transient, "destination_io"),
        ("ESTALE", Transient, "destination_io"),
        ("ETIMEDOUT", Transient, "destination_io"),
    ],
)
def test_each_error_of_the_system_has_its_fate(name: str, fate: type[Exception], code: str) -> None:
    found = disk_fate(OSError(getattr(errno, name), "x"), b"/drive")
    assert (type(found), found.code) == (fate, code)
