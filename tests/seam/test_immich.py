"""An Immich server and a whole agent: sign-in by browser, sidecars that come late, questions that are refused."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import pictures
from tests.agent.domain.test_xmp import sidecar
from tests.fakes.immich import StandIn
from tests.seam.rig import Rig
from tests.seam.test_trouble import server_of

#: A browser: it opens the one page that it is given, follows where it is sent, and ends.
BROWSER = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
    answer.read()
"""


def photo(rig: Rig, name: str, seed: int = 1) -> Path:
    """One photo."""
    return pictures.jpeg(rig.pictures / name, size=(96, 64), seed=seed)


@contextmanager
def home_with_browser(rig: Rig) -> Iterator[StandIn]:
    """A server that lets people in by a browser, which the command finds; and the agent, with nothing set up."""
    browser = rig.base / "browser.py"
    browser.write_text(BROWSER, encoding="utf-8")
    rig.environment["BROWSER"] = f"{sys.executable} {browser} %s"
    with StandIn() as server:
        server.provider.enabled = True
        rig.start()
        rig.set("trigger_delay_s", 0)
        yield server
        rig.stop()


def sign_in(rig: Rig, server: StandIn, *more: str) -> subprocess.CompletedProcess[str]:
    """Add the server as "Home" by its page in the browser."""
    return rig.safelight(
        "destination", "add", "immich", server.url, "--name", "Home", "--browser", *more, "--store", "file"
    )


def test_a_sync_that_the_server_refuses_holds_up_no_upload(rig: Rig) -> None:
    rig.ready(["server"])
    server = server_of(rig).server
    refusal = server.faults.answer("POST /api/search/metadata", 404, times=None)
    asked = rig.safelight("sync")
    assert (asked.returncode, asked.stdout) == (4, "")
    assert "did not say what changed" in asked.stderr
    refusal.wait_hit()
    photo(rig, "a.jpg")
    rig.backup()
    rig.wait_safe(1)
    rig.assert_arrived()
    assert rig.snapshot().problems == ()
    refused = [job for job in rig.json("jobs", "list")["jobs"] if job["job_key"] == "sync"]
    assert any("sync_refused" in str(job["last_error"]) for job in refused), refused


def test_the_command_signs_in_by_browser_and_what_it_gets_works_and_is_ended(rig: Rig) -> None:
    with home_with_browser(rig) as server:
        added = sign_in(rig, server)
        assert added.returncode == 0, added.stderr
        assert "admin@example.com" in added.stdout
        (child,) = [one for one in server.sessions if one.parent is not None]
        rig.watch()
        rig.enable()
        photo(rig, "a.jpg")
        rig.wait_safe(1)
        assert rig.safelight("sync").returncode == 0
        server.wait_for(lambda: server.counters.requests["POST /api/sync/ack"] > 0, 30)
        server.wait_for(lambda: server.live.open > 0, 30)
        assert child.token not in rig.log() + added.stdout + added.stderr
        assert rig.safelight("destination", "remove", "Home").returncode == 0
        server.wait_for(lambda: server.sessions == [], 30)
        assert [asset.filename for asset in server.assets] == ["a.jpg"]


def test_what_a_person_deleted_is_not_put_back_when_the_account_is_removed_and_added_again(rig: Rig) -> None:
    with home_with_browser(rig) as server:
        assert sign_in(rig, server).returncode == 0
        rig.watch()
        rig.enable()
        kept, deleted = photo(rig, "kept.jpg"), photo(rig, "deleted.jpg", seed=2)
        rig.wait_safe(2)
        assert rig.safelight("sync").returncode == 0
        (gone,) = [asset for asset in server.assets if asset.filename == deleted.name]
        server.store.purge([gone.id])
        assert rig.safelight("sync").returncode == 0
        rig.wait_state(deleted, "deleted_at_destination")
        assert rig.safelight("destination", "remove", "Home").returncode == 0
        assert sign_in(rig, server).returncode == 0
        rig.wait_state(kept, "safe")
        rig.backup()
        rig.wait_state(deleted, "deleted_at_destination")
        assert [asset.filename for asset in server.assets] == [kept.name]


def test_a_browser_sign_in_may_leave_nothing_but_a_narrow_key(rig: Rig) -> None:
    with home_with_browser(rig) as server:
        added = sign_in(rig, server, "--keep", "key")
        assert added.returncode == 0, added.stderr
        (key,) = server.keys
        assert "all" not in key.permissions
        assert server.sessions == []
        assert rig.safelight("destination", "remove", "Home").returncode == 0
        server.wait_for(lambda: server.keys == [], 30)


def test_a_browser_sign_in_that_is_refused_adds_nothing(rig: Rig) -> None:
    with home_with_browser(rig) as server:
        server.provider.refuses = "access_denied"
        added = sign_in(rig, server)
        assert (added.returncode, added.stdout) == (5, "")
        assert "Traceback" not in added.stderr
        assert rig.snapshot().destinations == ()
        assert server.sessions == []


def test_favourites_and_a_sidecar_that_comes_late_reach_the_server(rig: Rig) -> None:
    rig.ready(["server"], watch=False)
    folder = str(rig.pictures)
    assert rig.safelight("folder", "add", folder, "--favorite", "--visibility", "archive").returncode == 0
    assert "as favourites, into the archive" in " ".join(rig.safelight("folder", "list").stdout.split())
    server = server_of(rig).server
    photo(rig, "a.jpg")
    rig.wait_safe(1)
    (asset,) = server.assets
    assert (asset.favorite, asset.visibility) == (True, "archive")
    (rig.pictures / "a.xmp").write_bytes(sidecar('xmp:Rating="5"'))
    server.wait_for(lambda: server.assets[0].rating == 5, 40)
    rig.wait_safe(1)
    assert rig.safelight("folder", "set", folder, "--no-favorite").returncode == 0
    (row,) = rig.json("folder", "list")["folders"]
    assert (row["rules"].get("favorite", False), row["rules"]["visibility"]) == (False, "archive")
