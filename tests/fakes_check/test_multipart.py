"""The streaming form reader, however the network slices the body."""

import random

import pytest

from tests.fakes.immich.multipart import BadForm, MultipartReader, PartHead, boundary_of, parse_head

MARK = b"--bnd"


class Kept:
    """Keeps what a part held."""

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts
        self._data = b""

    def write(self, piece: memoryview) -> None:
        self._data += bytes(piece)

    def close(self) -> None:
        self._parts.append(self._data)


def read(body: bytes, sizes: random.Random) -> list[bytes]:
    parts: list[bytes] = []
    reader = MultipartReader(b"bnd", lambda _: Kept(parts))
    place = 0
    while place < len(body):
        size = sizes.randint(1, 30)
        reader.feed(body[place : place + size])
        place += size
    reader.finish()
    return parts


@pytest.mark.parametrize("seed", range(300))
def test_contents_that_look_like_boundaries_survive_any_slicing(seed: int) -> None:
    dice = random.Random(seed)
    alphabet = [b"\r", b"\n", b"-", b"b", b"n", b"d", b"\r\n--bn", b"x"]
    contents = [b"".join(dice.choices(alphabet, k=dice.randint(0, 40))) for _ in range(3)]
    contents = [one for one in contents if b"\r\n--bnd" not in b"\r\n" + one]
    head = b'\r\nContent-Disposition: form-data; name="p"\r\n\r\n'
    body = b"".join(MARK + head + one + b"\r\n" for one in contents) + MARK + b"--\r\n"
    assert read(body, dice) == contents


@pytest.mark.parametrize(
    ("disposition", "head"),
    [
        (b'form-data; name="a"', PartHead("a", None)),
        (b'form-data; name="a"; filename=""', PartHead("a", "")),
        ('form-data; name="a"; filename="Käse 日本.jpg"'.encode(), PartHead("a", "Käse 日本.jpg")),
        (b'form-data; name="a"; filename="C:\\\\x\\\\y.jpg"', PartHead("a", "y.jpg")),
        (b'form-data; name="a"; filename="x/y.jpg"', PartHead("a", "y.jpg")),
        (b'form-data; name="a"; filename="say \\"hi\\".jpg"', PartHead("a", 'say "hi".jpg')),
        (b'form-data; name="a"; filename="100%25; x.jpg"', PartHead("a", "100%25; x.jpg")),
        (b"form-data; name=a; filename=b.jpg", PartHead("a", "b.jpg")),
        (b"form-data; name=\"a\"; filename*=UTF-8''K%C3%A4se.jpg", PartHead("a", "K\ufffdse.jpg")),
    ],
)
def test_a_part_is_named_as_the_server_reads_it(disposition: bytes, head: PartHead) -> None:
    assert parse_head(b"Content-Type: image/jpeg\r\nContent-Disposition: " + disposition) == head


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "Unexpected end of form"),
        (b"--bnd\r\nContent-Disposition: form-data; name=a\r\n\r\nhalf", "Unexpected end of form"),
        (b"--bnd\r\nX: y\r\n\r\n\r\n--bnd--", "Malformed part header"),
        (b"--bnd\r\n" + b"x" * 20_000, "Malformed part header"),
    ],
)
def test_a_broken_form_is_complained_about(body: bytes, complaint: str) -> None:
    reader = MultipartReader(b"bnd", lambda _: Kept([]))
    with pytest.raises(BadForm, match=complaint):
        feed_and_finish(reader, body)


def feed_and_finish(reader: MultipartReader, body: bytes) -> None:
    reader.feed(body)
    reader.finish()


def test_the_boundary_may_be_quoted() -> None:
    assert boundary_of('multipart/form-data; boundary="a b"') == b"a b"
    assert boundary_of("multipart/form-data; boundary=a;charset=x") == b"a"
    with pytest.raises(BadForm, match="Boundary not found"):
        boundary_of("multipart/form-data")
