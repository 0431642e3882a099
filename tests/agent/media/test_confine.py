"""What a decoder process can no longer do. Each is tried for real in a child, where the system offers the measure."""

import subprocess
import sys
from pathlib import Path

import pytest

_TRY = """
import errno, os, socket, subprocess, sys
from agent.media import confine
held = confine.confine()
assert {measure!r} in held, "skip"
try:
    {attempt}
except OSError as error:
    print(errno.errorcode[error.errno])
except MemoryError:
    print("MemoryError")
else:
    print("done")
"""


def _attempt(measure: str, attempt: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _TRY.format(measure=measure, attempt=attempt)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=60,
    )
    if "skip" in done.stderr:
        pytest.skip(f"this system offers no measure {measure!r}")
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("measure", "attempt", "outcome"),
    [
        ("no_network", "socket.socket()", "EPERM"),
        ("no_network", "socket.socket(socket.AF_UNIX)", "EPERM"),
        ("no_writing", "open('new.jpg', 'wb')", "EACCES"),
        ("no_writing", "open('photo.jpg', 'r+b')", "EACCES"),
        ("no_writing", "os.unlink('photo.jpg')", "EACCES"),
        ("no_writing", "os.rename('photo.jpg', 'other.jpg')", "EACCES"),
        ("no_writing", "os.mkdir('folder')", "EACCES"),
        ("no_writing", "os.symlink('photo.jpg', 'link.jpg')", "EACCES"),
        ("no_writing", "subprocess.run(['true'])", "EACCES"),
        ("no_writing", "open('photo.jpg', 'rb').close()", "done"),
        ("limits", "bytearray(2 << 30)", "MemoryError"),
        ("limits", "bytearray(100 << 20)", "done"),
        ("limits", "[open('photo.jpg') for _ in range(100)]", "EMFILE"),
    ],
)
def test_a_decoder_can_read_and_nothing_else(tmp_path: Path, measure: str, attempt: str, outcome: str) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"photo")
    said = _attempt(measure, attempt, tmp_path)
    assert said == outcome
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
    assert photo.read_bytes() == b"photo"


def test_a_decoder_steps_back_behind_everything_else(tmp_path: Path) -> None:
    assert _attempt("limits", "print(os.nice(0) >= 10)", tmp_path).startswith("True")


def test_each_request_gets_its_own_processor_time(tmp_path: Path) -> None:
    attempt = (
        "import resource; confine.renew_cpu_limit(); print(0 < resource.getrlimit(resource.RLIMIT_CPU)[0] <= 65);"
        " confine.renew_cpu_limit()"
    )
    assert _attempt("limits", attempt, tmp_path).startswith("True")
