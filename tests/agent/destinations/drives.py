"""Small drives of a test's own: a memory file system in a mount namespace, in a process of its own.

Needs Linux with user namespaces (or root); elsewhere the tests that ask for it are skipped. The process runs a piece of
Python with `root` (bytes, the mounted folder) and all names of `PREAMBLE`, and prints what the test reads.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parents[3]
PREAMBLE = """
import json, os, subprocess, sys
from agent.destinations.base import Item, Wanted
from agent.destinations.folder import FolderDestination
from agent.destinations.marker import claim_folder
from agent.domain.errors import Fate
from agent.platforms.clock import SystemClock
from pathlib import Path
from tests.agent.destinations.sources import FileSource, Photos
root = os.fsencode(sys.argv[1])
photos = Photos(Path(sys.argv[2]))
destination = FolderDestination(root, clock=SystemClock())
def fate(work):
    try:
        work()
    except Fate as found:
        return [type(found).__name__, found.code]
    return None
def files():
    return sorted(os.path.relpath(os.path.join(folder, name), sys.argv[1])
        for folder, _, names in os.walk(sys.argv[1]) for name in names)
"""


def run_on_drive(tmp_path: Path, script: str, *, size: str = "2m") -> object:
    """What the script printed, as JSON. The drive is gone afterwards."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    root, photos, code = tmp_path / "drive", tmp_path / "originals", tmp_path / "script.py"
    root.mkdir()
    photos.mkdir()
    code.write_text(f"import sys; sys.path.insert(0, {str(_HERE)!r})\n{PREAMBLE}\n{script}")
    mounted = f'mount -t tmpfs -o size={size} none "$1" || exit 77; exec "$0" -W error "$2" "$1" "$3"'
    arguments = ["sh", "-c", mounted, sys.executable, str(root), str(code), str(photos)]
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
