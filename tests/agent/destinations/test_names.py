"""Numbers, spellings and signs."""

import pytest

from agent.destinations import names


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        (b"IMG_1.JPG", 1, b"IMG_1.JPG"),
        (b"IMG_1.JPG", 2, b"IMG_1-2.JPG"),
        (b"no extension", 3, b"no extension-3"),
        (b".hidden", 2, b".hidden-2"),
        (b"a.b.c.jpg", 10, b"a.b.c-10.jpg"),
    ],
)
def test_numbers_stand_before_the_extension(name: bytes, number: int, expected: bytes) -> None:
    assert names.numbered(name, number) == expected


@pytest.mark.parametrize(
    ("primary", "sidecar", "expected"),
    [
        (b"IMG_1.JPG", b"IMG_1.JPG.xmp", b"IMG_1.JPG.xmp"),
        (b"IMG_1-2.JPG", b"IMG_1.JPG.xmp", b"IMG_1-2.JPG.xmp"),
        (b"IMG_1-2.JPG", b"IMG_1.xmp", b"IMG_1-2.xmp"),
        (b"IMG_1-2.JPG", b"IMG_1.XMP", b"IMG_1-2.XMP"),
        (b"IMG_1-2.JPG", b"img_1.jpg.XMP", b"IMG_1-2.JPG.XMP"),
        (b"a.b-2.cr2", b"a.b.xmp", b"a.b-2.xmp"),
        (b"bare-2", b"bare.xmp", b"bare-2.xmp"),
    ],
)
def test_a_sidecar_follows_its_picture_in_its_own_spelling(primary: bytes, sidecar: bytes, expected: bytes) -> None:
    assert names.beside(primary, sidecar) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"IMG_1.JPG", b"IMG_1.JPG"),
        (b'a<b>c:d"e/f\\g|h?i*.jpg', b"a_b_c_d_e_f_g_h_i_.jpg"),
        (b"latin-\xe4.jpg", b"latin-_.jpg"),
        (b"new\nline.jpg", b"new_line.jpg"),
        (b"con.jpg", b"_con.jpg"),
        (b"LPT1", b"_LPT1"),
        (b"end. ", b"end"),
        (b"end.jpg. ", b"end.jpg"),
        (b"a" * 300 + b".jpeg", b"a" * 125 + b".jpeg"),
        ("ö".encode() * 150 + b".jpg", "ö".encode() * 63 + b".jpg"),
        ("日本.heic".encode(), "日本.heic".encode()),
    ],
)
def test_a_portable_name_is_one_that_every_file_system_takes(name: bytes, expected: bytes) -> None:
    assert names.portable(name) == expected
    assert names.portable(expected) == expected


def test_capitals_and_composition_make_no_other_name() -> None:
    assert names.folded("Ä.JPG".encode()) == names.folded("a\N{COMBINING DIAERESIS}.jpg".encode())
    assert names.folded(b"\xff.jpg") != names.folded(b"\xfe.jpg")


@pytest.mark.parametrize("name", [b"", b".", b"..", b".safelight-sums", b".SAFELIGHT-x.part"])
def test_names_that_the_folder_keeps_for_itself_are_not_given(name: bytes) -> None:
    given = names.usable(name)
    assert given not in {b"", b".", b".."}
    assert not given.lower().startswith(b".safelight-")
