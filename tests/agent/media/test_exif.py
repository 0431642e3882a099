"""Dates, zones, cameras and maker notes as cameras really write them."""

import pytest

from agent.media import exif


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024:05:01 10:00:00", "2024-05-01T10:00:00"),
        ("2024:05:01 10:00:00.5", "2024-05-01T10:00:00.500"),
        ("2024:05:01 10:00:00.123456", "2024-05-01T10:00:00.123"),
        ("2024:05:01 10:00:00.000", "2024-05-01T10:00:00"),
        ("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00"),
        ("2024/05/01 10:00", "2024-05-01T10:00:00"),
        ("2024:5:1 9:05:07", "2024-05-01T09:05:07"),
        ("2024:05:01 10:00:60", "2024-05-01T10:00:59"),
        ("2024-05-01", "2024-05-01T00:00:00"),
        (" 2024:05:01 10:00:00 ", "2024-05-01T10:00:00"),
        ("0000:00:00 00:00:00", None),
        ("2024:13:01 10:00:00", None),
        ("2024:02:30 10:00:00", None),
        ("    :  :     :  :  ", None),
        ("0001:01:01 00:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_of_cameras(text: str | None, expected: str | None) -> None:
    assert exif.date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+02:00", "+02:00"),
        ("-0330", "-03:30"),
        ("2024-05-01T10:00:00Z", "+00:00"),
        ("2024-05-01T10:00:00+0200", "+02:00"),
        ("2024-05-01", None),
        ("+99:00", None),
        ("   :  ", None),
        (None, None),
    ],
)
def test_zones_of_cameras(text: str | None, expected: str | None) -> None:
    assert exif.zone(text) == expected


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("Canon", "Canon EOS 40D", "Canon EOS 40D"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("samsung", "SM-G991B", "samsung SM-G991B"),
        (None, "X", "X"),
        ("Y", None, "Y"),
        (None, None, None),
    ],
)
def test_a_camera_has_one_name(make: str | None, model: str | None, expected: str | None) -> None:
    assert exif.camera(make, model) == expected


def test_the_moment_of_exposure_comes_before_any_other_date() -> None:
    original, digitized, changed = "2020:01:01 00:00:00", "2021:01:01 00:00:00", "2022:01:01 00:00:00"
    packet = b'<x xmp:CreateDate="2019-01-01T00:00:00+01:00"/>'
    for main, inner, xmp, expected in (
        ({0x132: changed}, {0x9003: original, 0x9004: digitized}, packet, ("2020-01-01T00:00:00", None)),
        ({0x132: changed}, {0x9004: digitized, 0x9012: "+05:30"}, packet, ("2021-01-01T00:00:00", "+05:30")),
        ({0x132: changed}, {0x9003: "0000:00:00 00:00:00"}, packet, ("2019-01-01T00:00:00", "+01:00")),
        ({0x132: changed}, {}, b"<no-date/>", ("2022-01-01T00:00:00", None)),
        ({}, {}, None, (None, None)),
    ):
        found = exif.settle_date(exif.facts(main, inner, {}), xmp)
        assert (found.captured_at_text, found.offset_text) == expected


def test_odd_values_are_left_out() -> None:
    tags = {0x10F: b"Canon\0junk", 0x110: 7, 0x112: 99, 0x132: object()}
    found = exif.facts(tags, {0x9003: b"\xff\xfe", 0x927C: b"Apple iOS\0\0\x01MM\0\x09"}, {2: 1})
    assert found == exif.Facts(camera="Canon")


def test_names_are_short_and_printable() -> None:
    assert exif.text_of("  Nice\x07 Camera\x1b[31m \0 rest") == "Nice Camera[31m"
    assert exif.text_of("x" * 1000) == "x" * 200
    assert exif.text_of("\0") is None
