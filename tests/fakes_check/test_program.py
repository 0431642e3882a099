"""The stand-in as a program of its own, shared by several processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.fakes.immich import read_journal
from tests.fakes_check.client import BOUNDARY, TIMEOUT, jpeg, multipart, sha1, upload_parts

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = [sys.executable, "-m", "tests.fakes.immich"]
ASK = "import sys, urllib.request as u; key = sys.stdin.readline().strip();"
ASK += "r = u.Request(sys.argv[1] + '/api/users/me', headers={'x-api-key': key}); sys.exit(u.urlopen(r).status - 197)"


@contextmanager
def program(*options: str) -> Iterator[dict[str, Any]]:
    """Run the program; gives what it printed, and ends it by closing its standard input."""
    command = [*PROGRAM, "--print-url", *options]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        printed = json.loads(running.stdout.readline())
        yield printed | {"process": running}
        running.stdin.close()
        assert running.wait(TIMEOUT) == 0


def upload(server: dict[str, Any], content: bytes, name: str) -> int:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    headers = {"x-api-key": server["api_key"], "Content-Type": kind}
    body = multipart(upload_parts(content, name))
    return requests.post(server["url"] + "/api/assets", data=body, headers=headers, timeout=TIMEOUT).status_code


def test_the_journal_has_one_line_for_each_asset(tmp_path: Path) -> None:
    with program("--data", str(tmp_path), "--keep-files") as server:
        assert [upload(server, jpeg(name), f"{name}.jpg") for name in "aab"] == [201, 200, 201]
        journal = read_journal(tmp_path)
    assert [(line["filename"], line["checksum"]) for line in journal] == [
        ("a.jpg", sha1(jpeg("a"))),
        ("b.jpg", sha1(jpeg("b"))),
    ]
    assert sorted(path.read_bytes() for path in (tmp_path / "files").iterdir()) == [jpeg("a"), jpeg("b")]


def test_a_folder_without_journal_is_an_empty_journal(tmp_path: Path) -> None:
    assert read_journal(tmp_path) == []


def test_limits_can_be_given_on_the_command_line() -> None:
    options = ["--quota", "500", "--body-limit", "2000", "--permission", "asset.upload", "--delay", "0.01"]
    with program(*options, "--throttle", "1000000") as server:
        assert [upload(server, bytes(size), "a.jpg") for size in (100, 700, 3000)] == [201, 400, 413]
        response = requests.get(
            server["url"] + "/api/users/me", headers={"x-api-key": server["api_key"]}, timeout=TIMEOUT
        )
        assert response.status_code == 403


def test_a_signal_ends_it_too() -> None:
    with program() as server:
        server["process"].terminate()
        assert server["process"].wait(TIMEOUT) == 0


def test_a_command_runs_against_it_and_gives_its_exit_code() -> None:
    command = f'"{sys.executable}" -c "{ASK}" {{url}}'
    done = subprocess.run([*PROGRAM, "--run", command], cwd=ROOT, timeout=TIMEOUT, check=False, env=dict(os.environ))
    assert done.returncode == 3


def test_it_can_be_an_older_release_with_a_full_library_behind_tls() -> None:
    with program("--release", "2.7.5", "--crowd", "5", "--session", "--tls") as server:
        headers = {"Authorization": f"Bearer {server['session']}"}
        options = {"headers": headers, "timeout": TIMEOUT, "verify": server["authority"]}
        assert requests.get(f"{server['url']}/api/server/version", **options).json()["major"] == 2
        stream = requests.post(f"{server['url']}/api/sync/stream", json={"types": ["AssetsV1"]}, **options)
        assert len(stream.text.splitlines()) == 6
