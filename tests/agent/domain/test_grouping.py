"""Which names become one asset."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.grouping import Group, group, portions, stem_key
from agent.domain.media_types import role_of

# What it is about: names, and the groups they make as (still, video, sidecar).
STORIES: list[tuple[str, list[bytes], list[tuple[bytes | None, bytes | None, bytes | None]]]] = [
    ("a photo alone", [b"a.jpg"], [(b"a.jpg", None, None)]),
    ("a live photo", [b"a.heic", b"a.mov"], [(b"a.heic", b"a.mov", None)]),
    ("a live photo in other spellings", [b"IMG_1.HEIC", b"img_1.MOV"], [(b"IMG_1.HEIC", b"img_1.MOV", None)]),
    ("a live photo exported as JPEG and MP4", [b"a.jpeg", b"a.mp4"], [(b"a.jpeg", b"a.mp4", None)]),
    ("a PNG and a film of one name", [b"a.png", b"a.mov"], [(b"a.png", None, None), (None, b"a.mov", None)]),
    ("a photo and an AVI", [b"a.jpg", b"a.avi"], [(b"a.jpg", None, None), (None, b"a.avi", None)]),
    (
        "an edit keeps apart from its original",
        [b"IMG_1234.HEIC", b"IMG_1234.MOV", b"IMG_E1234.HEIC", b"IMG_E1234.MOV"],
        [(b"IMG_1234.HEIC", b"IMG_1234.MOV", None), (b"IMG_E1234.HEIC", b"IMG_E1234.MOV", None)],
    ),
    ("raw and JPEG are two", [b"a.nef", b"a.jpg"], [(b"a.jpg", None, None), (b"a.nef", None, None)]),
    (
        "HEIC is the original, the JPEG was made of it",
        [b"a.jpg", b"a.heic", b"a.mov"],
        [(b"a.heic", b"a.mov", None), (b"a.jpg", None, None)],
    ),
    (
        "two videos, one still",
        [b"a.heic", b"a.mp4", b"a.mov"],
        [(b"a.heic", b"a.mov", None), (None, b"a.mp4", None)],
    ),
    (
        "the same spelling first, where spellings differ by case alone",
        [b"a.jpg", b"A.jpg", b"A.mov"],
        [(b"A.jpg", b"A.mov", None), (b"a.jpg", None, None)],
    ),
    ("sidecar by full name", [b"a.jpg", b"a.jpg.xmp"], [(b"a.jpg", None, b"a.jpg.xmp")]),
    ("sidecar by stem", [b"a.jpg", b"a.xmp"], [(b"a.jpg", None, b"a.xmp")]),
    ("sidecar of a film", [b"a.mp4", b"A.XMP"], [(None, b"a.mp4", b"A.XMP")]),
    (
        "sidecar by stem goes to the raw picture",
        [b"a.jpg", b"a.nef", b"a.xmp"],
        [(b"a.jpg", None, None), (b"a.nef", None, b"a.xmp")],
    ),
    (
        "raw and JPEG each with their own",
        [b"a.jpg", b"a.nef", b"a.jpg.xmp", b"a.xmp"],
        [(b"a.jpg", None, b"a.jpg.xmp"), (b"a.nef", None, b"a.xmp")],
    ),
    (
        "two sidecars: the full name wins, the other stands alone",
        [b"a.jpg", b"a.jpg.xmp", b"a.xmp"],
        [(b"a.jpg", None, b"a.jpg.xmp"), (None, None, b"a.xmp")],
    ),
    ("live photo with sidecar", [b"a.heic", b"a.mov", b"a.xmp"], [(b"a.heic", b"a.mov", b"a.xmp")]),
    ("sidecar named after the video half", [b"a.heic", b"a.mov", b"a.mov.xmp"], [(b"a.heic", b"a.mov", b"a.mov.xmp")]),
    (
        "both halves with sidecars: the still's",
        [b"a.heic", b"a.mov", b"a.mov.xmp", b"a.heic.xmp"],
        [(b"a.heic", b"a.mov", b"a.heic.xmp"), (None, None, b"a.mov.xmp")],
    ),
    (
        "a still goes before a film of its stem",
        [b"a.png", b"a.avi", b"a.xmp"],
        [(b"a.png", None, b"a.xmp"), (None, b"a.avi", None)],
    ),
    ("a sidecar alone", [b"a.xmp"], [(None, None, b"a.xmp")]),
    (
        "accents composed and taken apart",
        ["é.heic".encode(), b"e\xcc\x81.mov"],
        [("é.heic".encode(), b"e\xcc\x81.mov", None)],
    ),
    ("a name that is no UTF-8", [b"\xff.heic", b"\xff.MOV"], [(b"\xff.heic", b"\xff.MOV", None)]),
    ("what is no photo is left out", [b"a.jpg", b"a.txt", b"a"], [(b"a.jpg", None, None)]),
    ("nothing", [], []),
]


@pytest.mark.parametrize(("names", "groups"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES])
def test_names_make_assets(names: list[bytes], groups: list[tuple[bytes | None, bytes | None, bytes | None]]) -> None:
    assert sorted((one.still, one.video, one.sidecar) for one in group(names) if one.still) == sorted(
        one for one in groups if one[0]
    )
    assert Counter(group(names)) == Counter(Group(*one) for one in groups)


_stems = st.sampled_from([b"a", b"A", b"b", b"a.jpg", b"a.mov", b"IMG_1", b"\xc3\xa9", b"e\xcc\x81", b"\xff", b".h"])
_extensions = st.lists(
    st.sampled_from([b".jpg", b".JPG", b".heic", b".mov", b".MP4", b".nef", b".xmp", b".XMP", b".avi", b".png"]),
    min_size=1,
    max_size=3,
).map(b"".join)
_names = st.lists(st.tuples(_stems, _extensions).map(b"".join), max_size=14)


@given(_names, st.randoms(use_true_random=False))
def test_no_name_is_lost_or_doubled_and_their_order_does_not_matter(names: list[bytes], dice: random.Random) -> None:
    groups = group(names)
    assert sorted(name for one in groups for name in one.names()) == sorted(set(names))
    shuffled = list(names)
    dice.shuffle(shuffled)
    assert Counter(group(shuffled)) == Counter(groups)


@given(_names)
def test_roles_are_what_the_names_say(names: list[bytes]) -> None:
    for one in group(names):
        assert one.still is None or role_of(one.still) == "still"
        assert one.video is None or role_of(one.video) == "video"
        assert one.sidecar is None or role_of(one.sidecar) == "sidecar"


@given(_names)
def test_what_belongs_together_has_one_stem_key(names: list[bytes]) -> None:
    for one in group(names):
        assert len({stem_key(name) for name in one.names()}) == 1


@given(_names)
def test_names_of_other_stem_keys_change_nothing(names: list[bytes]) -> None:
    apart = Counter[Group]()
    for key in {stem_key(name) for name in names}:
        apart.update(group([name for name in names if stem_key(name) == key]))
    assert apart == Counter(group(names))


def test_a_stem_key_takes_off_every_known_extension() -> None:
    assert {stem_key(name) for name in (b"A.jpg", b"a.JPG.xmp", b"a.xmp", b"a.Mov", b"a")} == {b"a"}
    assert stem_key(b"IMG_1.v2.jpg") == b"img_1.v2"
    assert stem_key(b".jpg") == b".jpg"


def test_portions_hold_all_names_and_never_part_what_may_be_one_asset() -> None:
    names = [b"%03d%s" % (number, end) for number in range(50) for end in (b".HEIC", b".mov", b".heic.xmp")]
    found = list(portions(names, 10))
    assert sorted(name for portion in found for name in portion) == sorted(names)
    stems = [{stem_key(name) for name in portion} for portion in found]
    assert sum(map(len, stems)) == 50, "each stem is in one portion"
    assert all(10 <= len(portion) <= 12 for portion in found[:-1])


def test_few_names_are_one_portion_and_none_are_none() -> None:
    assert list(portions([b"b.jpg", b"a.jpg"], 2)) == [[b"b.jpg", b"a.jpg"]]
    assert list(portions([], 2)) == []
