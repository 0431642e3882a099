"""The lines, judged by the real sha1sum."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.destinations.sums import Month, read_lines, to_line

A, B = bytes(range(20)), bytes(range(20, 40))
NAMES = (
    b"IMG 1.jpg",
    b" two  spaces.jpg",
    b"*star.jpg",
    b"back\\slash.jpg",
    b"new\nline.jpg",
    b"r\r.jpg",
    b"\\n.jpg",
    b"\xff\xfe.jpg",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_survives_the_line(name: bytes) -> None:
    line = to_line(A, name)
    assert line.count(b"\n") == 1
    assert list(read_lines(line)) == [(A, name)]


def test_foreign_half_and_windows_lines_do_no_harm() -> None:
    data = (
        b"# a remark\n"
        + to_line(A, b"one.jpg").replace(b"\n", b"\r\n")
        + b"0123  short.jpg\n\n\xff\xfe\n"
        + b"SHA1 (three.jpg) = "
        + A.hex().encode()
        + b"\n"
        + B.hex().upper().encode()
        + b" *two.jpg\n"
        + b"\\"
        + A.hex().encode()
        + b"  bad\\escape.jpg\n"
        + to_line(A, b"torn.jpg")[:-3]
    )
    assert list(read_lines(data)) == [(A, b"one.jpg"), (B, b"two.jpg")]


@pytest.mark.skipif(shutil.which("sha1sum") is None, reason="needs sha1sum")
def test_sha1sum_reads_every_line(tmp_path: Path) -> None:
    lines = b""
    for number, name in enumerate(NAMES):
        content = b"content %d" % number
        with open(bytes(tmp_path) + b"/" + name, "wb") as file:
            file.write(content)
        lines += to_line(hashlib.sha1(content).digest(), name)
    (tmp_path / "sums").write_bytes(lines)
    done = subprocess.run(["sha1sum", "-c", "--strict", "sums"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(b": OK") == len(NAMES)


def test_our_lines_are_those_that_sha1sum_writes(tmp_path: Path) -> None:
    for name in NAMES:
        path = bytes(tmp_path) + b"/" + name
        with open(path, "wb") as file:
            file.write(name)
        done = subprocess.run(["sha1sum", name], cwd=tmp_path, capture_output=True, check=True)
        assert done.stdout == to_line(hashlib.sha1(name).digest(), name)


def test_a_name_with_a_line_is_free_for_the_same_bytes_only() -> None:
    month = Month([b"a.jpg"], [(A, b"gone.jpg")])
    assert month.is_free(b"gone.jpg", A)
    assert not month.is_free(b"gone.jpg", B)
    assert not month.is_free(b"GONE.JPG", B)
    assert not month.is_free(b"A.jpg", A)
    assert month.is_free(b"new.jpg", A)
