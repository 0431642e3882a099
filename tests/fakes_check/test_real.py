"""The checks that a real server can be asked: here of the stand-in, as if somebody had named its address."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.immich import StandIn
from tests.fakes_check.real import ASKED, RealServer

ROOT = Path(__file__).resolve().parents[2]
SOME = ("tests/fakes_check/test_albums.py", "tests/fakes_check/test_assets.py", "tests/agent/work/test_real_server.py")


def test_a_server_is_checked_by_its_address_and_keeps_nothing_of_it_and_all_of_its_own() -> None:
    with StandIn() as server:
        server.add_crowd(20)
        kept, trashed = server.know([b"k" * 20, b"t" * 20])
        server.store.trash(server.admin, [trashed.id])
        account = {"URL": f"{server.url}/", "EMAIL": "admin@example.com", "PASSWORD": "immich-admin"}
        ended = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SOME],
            env=os.environ | {f"IMMICH_TEST_{name}": value for name, value in account.items()},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        assert " passed" in ended.stdout
        assert "test_real_server" not in ended.stdout, "none of these is skipped"
        server.run_delete_job()
        assert [asset.id for asset in server.assets] == [kept.id, trashed.id]
        assert (kept.is_trashed, trashed.is_trashed) == (False, True)
        assert (server.albums, server.tags, server.stacks, server.keys, server.sessions) == ([], [], [], [], [])


def test_every_named_check_is_there() -> None:
    for module, left_out in ASKED.items():
        text = (Path(__file__).parent / f"{module}.py").read_text(encoding="utf-8")
        assert all(f"def {name}(" in text for name in left_out), module


def test_a_session_of_a_real_server_is_ended() -> None:
    with StandIn() as server:
        with RealServer(server.url, "admin@example.com", "immich-admin") as asked:
            assert asked.api_key(["asset.read"])
            assert (len(server.sessions), len(server.keys)) == (1, 1)
        assert (server.sessions, server.keys) == ([], [])
