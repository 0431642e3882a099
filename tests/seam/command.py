"""The real command, for the tests of its contract: a process for each call, or, quicker, its `main` in this one."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from agent.cli.entry import main

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """`safelight` in a home of its own."""

    home: Path

    def process(self, *typed: str | Path, stdin: str = "", **environment: str) -> Ended:
        """As a person starts it."""
        ended = subprocess.run(
            self.argv(*typed),
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
            timeout=LIMIT_S,
            env=self.environment | environment,
            cwd=ROOT,
        )
        assert "Traceback" not in ended.stderr, ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def __call__(self, *typed: str | Path, stdin: str = "") -> Ended:
        """The same without the start of a process; an exception is seen as it is."""
        out, err = _text(), _text()
        given = _text(stdin)
        hook, home = sys.excepthook, os.environ["SAFELIGHT_HOME"]
        try:
            with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", given):
                os.environ["SAFELIGHT_HOME"] = str(self.home)
                code = main([str(word) for word in typed])
        finally:
            # This one alone: tests that are played ahead start processes meanwhile, and all variables at once cannot be
            # put back without being gone for a moment.
            os.environ["SAFELIGHT_HOME"] = home
            sys.excepthook = hook
        return Ended(code, _written(out), _written(err))

    def done(self, *typed: str | Path, stdin: str = "") -> Ended:
        """The same, and it must end well."""
        ended = self(*typed, stdin=stdin)
        assert ended.code == 0, f"{typed}: {ended}"
        return ended

    def begin(self, *typed: str | Path) -> subprocess.Popen[str]:
        """Start a process and leave it running; to be used with `with`."""
        return subprocess.Popen(
            self.argv(*typed),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=ROOT,
        )

    def argv(self, *typed: str | Path) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "agent", *map(str, typed)]

    @property
    def environment(self) -> dict[str, str]:
        """What the process sees."""
        return os.environ | {"SAFELIGHT_HOME": str(self.home)}


def _text(content: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content.encode()), "utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()


def photo(path: Path, number: int = 0) -> Path:
    """A file that begins like a photo, with bytes of its own, that has rested for a long time."""
    body = f"photo {number} {path.name!r}".encode("utf-8", "replace")
    path.write_bytes(b"\xff\xd8\xff\xe0" + body * 200 + b"\xff\xd9")
    os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return path
