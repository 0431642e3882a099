"""Extensions and what they stand for."""

import pytest

from agent.domain.media_types import ROLES, is_raw, role_of

# As recorded from Immich 3.1, `GET /api/server/media-types`.
IMMICH_VIDEOS = (
    ".3gp .3gpp .avi .flv .insv .m2t .m2ts .m4v .mkv .mov .mp4 .mpe .mpeg .mpg .mts .mxf .ts .vob .webm .wmv"
).split()
IMMICH_IMAGES = (
    ".avif .bmp .gif .jpeg .jpg .png .webp .3fr .ari .arw .cap .cin .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .k25 .kdc"
    " .mrw .nef .nrw .orf .ori .pef .psd .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f .heic .heif .hif .insp .jp2 .jpe .jxl"
    " .mpo .svg .tif .tiff"
).split()


def test_the_list_is_the_one_that_immich_answers() -> None:
    assert {one for one, role in ROLES.items() if role == "video"} == set(IMMICH_VIDEOS)
    assert {one for one, role in ROLES.items() if role == "still"} == set(IMMICH_IMAGES)
    assert {one for one, role in ROLES.items() if role == "sidecar"} == {".xmp"}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        (b"a.jpg", "still"),
        (b"A.JPG", "still"),
        (b"a.b.HeIc", "still"),
        (b"clip.MOV", "video"),
        (b"a.jpg.xmp", "sidecar"),
        (b"a.XMP", "sidecar"),
        (b"\xff\xfe.jpg", "still"),
        (b"a.txt", None),
        (b"a", None),
        (b"a.", None),
        (b"jpg", None),
        (b".jpg", None),
        (b"", None),
        (b"a.jpg~", None),
        (b"a.jpg.part", None),
    ],
)
def test_the_extension_says_what_a_file_is(name: bytes, role: str | None) -> None:
    assert role_of(name) == role


def test_raw_pictures_are_told_from_other_stills() -> None:
    assert is_raw(b"a.NEF")
    assert is_raw(b"a.dng")
    assert not is_raw(b"a.jpg")
    assert not is_raw(b"a.psd")
    assert not is_raw(b"a.mov")
