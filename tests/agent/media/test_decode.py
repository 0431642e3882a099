"""The decoder process by itself: its lines, its end."""

import json
import os
import subprocess
import sys
from pathlib import Path

from agent.media import decode
from agent.media.errors import Undecodable
from tests import pictures

_ARGV = [sys.executable, "-m", "agent", "decode"]


def _request(path: bytes, number: int = 1, want: str = "metadata") -> bytes:
    return json.dumps({"id": number, "path_hex": path.hex(), "want": want}).encode() + b"\n"


def test_it_answers_line_by_line_and_ends_with_its_input(tmp_path: Path) -> None:
    good = os.fsencode(pictures.png(tmp_path / "a.png", size=(40, 30)))
    done = subprocess.run(
        _ARGV,
        input=_request(good) + _request(b"/nowhere", 2) + _request(good, 3),
        capture_output=True,
        timeout=60,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("id") for answer in answers] == [None, 1, 2, 3]
    assert answers[0] == {"ready": True}
    assert answers[1]["metadata"]["format"] == "PNG"
    assert answers[2] == {"id": 2, "error": "vanished"}
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_decoder_that_nobody_listens_to_ends(tmp_path: Path) -> None:
    child = subprocess.Popen(_ARGV, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    child.stdin.write(_request(b"/nowhere"))
    child.stdin.close()
    assert child.wait(20) == 0


def test_every_error_of_a_file_has_its_word() -> None:
    def fail(error: Exception) -> decode.Want:
        def want(_path: bytes) -> object:
            raise error

        return want

    for error, expected in (
        (Undecodable("broken"), "broken"),
        (MemoryError(), "memory"),
        (FileNotFoundError(2, "No such file"), "vanished"),
        (NotADirectoryError(20, "Not a directory"), "vanished"),
        (PermissionError(13, "Permission denied"), "unreadable"),
        (OSError(5, "Input/output error"), "read_error"),
    ):
        answer = decode.answer(_request(b"x", 7, "it"), {"it": fail(error)})
        assert (answer["id"], answer["error"]) == (7, expected)
