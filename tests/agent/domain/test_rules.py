"""What of a folder is taken."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.rules import compile_rules
from agent.protocol.settings import FolderRules

PLAIN = FolderRules()

# Rules, a relative path, and the verdict of a file of 1 byte.
VERDICTS: list[tuple[FolderRules, str, str | None]] = [
    (PLAIN, "a.jpg", None),
    (PLAIN, "2024/05/a.JPG", None),
    (PLAIN, "a.jpg.xmp", None),
    (PLAIN, "notes.txt", "unsupported"),
    (PLAIN, "README", "unsupported"),
    (PLAIN, "caf\udce9.jpg", None),
    # Never listed
    (PLAIN, ".DS_Store", "junk"),
    (PLAIN, "x/Thumbs.db", "junk"),
    (PLAIN, "desktop.ini", "junk"),
    (PLAIN, "._IMG_1.jpg", "junk"),
    (PLAIN, ".safelight-sums", "junk"),
    (PLAIN, ".safelight-1234.jpg", "junk"),
    (PLAIN, "a.jpg.part", "junk"),
    (PLAIN, "a.mp4.CRDOWNLOAD", "junk"),
    (PLAIN, "a.tmp", "junk"),
    (PLAIN, "~$a.jpg", "junk"),
    (PLAIN, ".trashed-1700000000-a.jpg", "junk"),
    (PLAIN, "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "junk"),
    (PLAIN, "x/.Trash-1000/files/a.jpg", "junk"),
    (PLAIN, ".Trashes/a.jpg", "junk"),
    (PLAIN, "$RECYCLE.BIN/a.jpg", "junk"),
    (PLAIN, "site/.git/a.jpg", "junk"),
    (PLAIN, "lr/Catalog Smart Previews.lrdata/1/a.dng", "junk"),
    (PLAIN, "Fotos.photoslibrary/resources/derivatives/a.jpeg", "junk"),
    (PLAIN, "Fotos.photoslibrary/originals/0/a.heic", None),
    (FolderRules(hidden=True), ".thumbnails/a.jpg", "junk"),
    # Hidden
    (PLAIN, ".a.jpg", "hidden"),
    (PLAIN, "x/.y/a.jpg", "hidden"),
    (FolderRules(hidden=True), ".a.jpg", None),
    (FolderRules(hidden=True), "x/.y/a.jpg", None),
    # Not deep
    (FolderRules(recursive=False), "a.jpg", None),
    (FolderRules(recursive=False), "x/a.jpg", "not_included"),
    # Patterns without a slash: names at any depth, of folders too
    (FolderRules(exclude=("*.png",)), "x/y/A.PNG", "excluded"),
    (FolderRules(exclude=("*.png",)), "x/y/a.png.jpg", None),
    (FolderRules(exclude=("raw",)), "x/RAW/y/a.jpg", "excluded"),
    (FolderRules(exclude=("raw",)), "raw.jpg", None),
    (FolderRules(exclude=("IMG_000?.jpg",)), "img_0007.jpg", "excluded"),
    (FolderRules(exclude=("IMG_000?.jpg",)), "img_00077.jpg", None),
    (FolderRules(exclude=("[a-c]*.jpg",)), "Bee.jpg", "excluded"),
    (FolderRules(exclude=("[!a-c]*.jpg",)), "Bee.jpg", None),
    (FolderRules(exclude=("[!a-c]*.jpg",)), "dee.jpg", "excluded"),
    # Patterns with a slash: the path from the root on
    (FolderRules(exclude=("2024/*.jpg",)), "2024/a.jpg", "excluded"),
    (FolderRules(exclude=("2024/*.jpg",)), "2024/x/a.jpg", None),
    (FolderRules(exclude=("2024/*.jpg",)), "x/2024/a.jpg", None),
    (FolderRules(exclude=("/a.jpg",)), "a.jpg", "excluded"),
    (FolderRules(exclude=("/a.jpg",)), "x/a.jpg", None),
    (FolderRules(exclude=("x/y",)), "x/y/z/a.jpg", "excluded"),
    (FolderRules(exclude=("x/y",)), "w/x/y/a.jpg", None),
    (FolderRules(exclude=("drafts/",)), "x/drafts/a.jpg", "excluded"),
    (FolderRules(exclude=("drafts.jpg/",)), "drafts.jpg", None),
    (FolderRules(exclude=("**/drafts/*.jpg",)), "drafts/a.jpg", "excluded"),
    (FolderRules(exclude=("**/drafts/*.jpg",)), "x/y/drafts/a.jpg", "excluded"),
    (FolderRules(exclude=("2024/**/b.jpg",)), "2024/b.jpg", "excluded"),
    (FolderRules(exclude=("2024/**/b.jpg",)), "2024/x/y/b.jpg", "excluded"),
    (FolderRules(exclude=("2024/**",)), "2024/x/y/b.jpg", "excluded"),
    (FolderRules(exclude=("2024/**",)), "2025/x/y/b.jpg", None),
    (FolderRules(exclude=("x\\y",)), "x/y/a.jpg", "excluded"),
    (FolderRules(exclude=("./x/y",)), "x/y/a.jpg", "excluded"),
    # Nothing in a pattern but the signs above means anything
    (FolderRules(exclude=("a+b(c).jpg",)), "a+b(c).jpg", "excluded"),
    (FolderRules(exclude=("a+b(c).jpg",)), "aab(c).jpg", None),
    (FolderRules(exclude=("[z-a].jpg",)), "[z-a].jpg", "excluded"),
    (FolderRules(exclude=("[].jpg",)), "[].jpg", "excluded"),
    (FolderRules(exclude=("", "  ", "/")), "a.jpg", None),
    (FolderRules(exclude=("Été*",)), "E\u0301te\u0301 1.jpg", "excluded"),
    # Include, and exclude over it
    (FolderRules(include=("*.jpg",)), "x/a.jpg", None),
    (FolderRules(include=("*.jpg",)), "x/a.png", "not_included"),
    (FolderRules(include=("2024",)), "2024/x/a.png", None),
    (FolderRules(include=("2024/",)), "2025/a.png", "not_included"),
    (FolderRules(include=("2024/**",)), "2024/x/a.png", None),
    (FolderRules(include=("*.jpg",), exclude=("x",)), "x/a.jpg", "excluded"),
    (FolderRules(include=("*.txt",)), "a.txt", "unsupported"),
    # A sidecar goes the way of its photo
    (FolderRules(include=("*.jpg",)), "a.jpg.xmp", None),
    (FolderRules(include=("*.nef",)), "a.xmp", None),
    (FolderRules(include=("b*.nef",)), "a.xmp", "not_included"),
    (FolderRules(exclude=("*.jpg",)), "a.jpg.xmp", "excluded"),
    (FolderRules(exclude=("*.jpg",)), "a.nef.xmp", None),
    (FolderRules(exclude=("*.xmp",)), "a.jpg.xmp", "excluded"),
]


@pytest.mark.parametrize(("rules", "relative", "verdict"), VERDICTS)
def test_a_file_gets_its_verdict(rules: FolderRules, relative: str, verdict: str | None) -> None:
    assert compile_rules(rules).verdict(relative, 1) == verdict


def test_only_what_would_be_taken_can_be_empty() -> None:
    matcher = compile_rules(FolderRules(exclude=("b*",)))
    assert matcher.verdict("a.jpg", 0) == "empty"
    assert matcher.verdict("a.jpg", None) is None
    assert matcher.verdict("b.jpg", 0) == "excluded"
    assert matcher.verdict("a.txt", 0) == "unsupported"


@pytest.mark.parametrize(
    ("rules", "folder", "is_entered"),
    [
        (PLAIN, "", True),
        (PLAIN, "x/y", True),
        (PLAIN, ".x", False),
        (PLAIN, "x/.y/z", False),
        (PLAIN, "x/@eaDir", False),
        (PLAIN, "Lightroom 7 Previews.lrdata", False),
        (PLAIN, "Fotos.photoslibrary/database", False),
        (PLAIN, "Fotos.photoslibrary/Masters/2012", True),
        (FolderRules(hidden=True), ".x", True),
        (FolderRules(hidden=True), "x/.git", False),
        (FolderRules(recursive=False), "", True),
        (FolderRules(recursive=False), "x", False),
        (FolderRules(exclude=("x/y",)), "x/y/z", False),
        (FolderRules(exclude=("x/y",)), "x", True),
        (FolderRules(exclude=("y/",)), "x/y", False),
        (FolderRules(exclude=("x/*.jpg",)), "x", True),
        (FolderRules(include=("2024/**",)), "x", True),
    ],
)
def test_a_folder_is_entered_or_not(rules: FolderRules, folder: str, is_entered: bool) -> None:
    assert compile_rules(rules).enters(folder) is is_entered


def test_more_folders_than_are_remembered_and_very_deep_ones_get_the_same_verdicts() -> None:
    matcher = compile_rules(FolderRules(exclude=("7",)))
    for number in range(10_000):
        assert matcher.verdict(f"x/{number}/a.jpg", 1) == ("excluded" if number == 7 else None)
    assert matcher.verdict("d/" * 3_000 + "a.jpg", 1) is None
    assert matcher.verdict("d/" * 3_000 + "7/a.jpg", 1) == "excluded"
    assert matcher.verdict("x/7/a.jpg", 1) == "excluded"


_text = st.text(string.ascii_letters + "0123456789 ./*?[]!-^\\()+|{}$é\udcff~&#", max_size=20)


@given(_text, _text)
def test_no_pattern_and_no_path_breaks_the_matcher(pattern: str, relative: str) -> None:
    matcher = compile_rules(FolderRules(include=(pattern,), exclude=(pattern + "x",)))
    matcher.verdict(relative, 1)
    matcher.enters(relative)


@given(st.text(string.ascii_letters + "0123456789 -_+(){}$^.#&", min_size=1, max_size=12))
def test_a_pattern_without_signs_fits_exactly_its_own_name(name: str) -> None:
    matcher = compile_rules(FolderRules(exclude=(f"{name}.jpg",), hidden=True))
    if name == name.strip() and not name.startswith((".", "~")):
        assert matcher.verdict(f"x/{name}.jpg", 1) == "excluded"
        assert matcher.verdict(f"x/{name}y.jpg", 1) is None
