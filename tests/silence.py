"""A folder that does not answer, as a network share whose server is away: looking at it hangs in the system itself."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_silence = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not os.path.exists("/dev/fuse"),
    reason="mounts a file system that never answers, which only root may",
)


@contextmanager
def silent(folder: Path, kind: str = "fuse") -> Iterator[int]:
    """Until the end nothing answers below this folder; then what hangs fails, and the folder is what it was.

    Yields a descriptor of the folder as it was, by which it can be reached meanwhile.
    """
    below = os.open(folder, os.O_RDONLY)
    answering = os.open("/dev/fuse", os.O_RDWR)  # whose requests nobody reads
    try:
        options = f"fd={answering},rootmode=40000,user_id=0,group_id=0"
        command = ["mount", "-i", "-t", kind, "-o", options, "silent", str(folder)]
        if subprocess.run(command, pass_fds=[answering], check=False).returncode:
            pytest.skip("no such mounts here")
        try:
            yield below
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)
    finally:
        os.close(answering)
        os.close(below)
