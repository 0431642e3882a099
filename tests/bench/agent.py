"""Safelight under measurement: a real agent process with a home of its own, looked at from outside.

What it knows is read from its ledger, so that asking costs it nothing.
"""

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.cli.client import Client, NotRunning
from agent.protocol.methods import DestinationAddImmich, SettingValue
from agent.protocol.paths import to_wire
from tests.bench.processes import environment
from tests.bench.service import Sink, until

_START_LIMIT_S = 60.0
_OPEN_JOBS = """
SELECT lane, job_key, status, attempts, last_error, in_ms
FROM (SELECT *, run_after - ? AS in_ms FROM background_service_jobs) WHERE status IN ('PENDING', 'RUNNING')
"""
_QUIET = {"background_backup": True, "trigger_delay_s": 0, "log_level": "warning"}


class Home:
    """A home: configured once, then started and stopped as often as one likes."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self._process: subprocess.Popen[str] | None = None
        self._ledger: sqlite3.Connection | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def configure(self, sink: Sink, folder: Path, **values: Any) -> None:
        """Sign in at the sink with a real agent, end it, then name the folder in its settings file."""
        self.start()
        with self.client() as client:
            client.call("destination.add_immich", DestinationAddImmich(sink.url, "Bench", "a-key", store="file"))
            for key, value in (_QUIET | values).items():
                client.call("settings.set", SettingValue(key, value))
        self.stop()
        folder.mkdir(parents=True, exist_ok=True)
        settings = self.where / "settings.toml"
        before = settings.read_text("utf-8")
        after = before.replace("folders = []\n", f'folders = [{{ path = "{to_wire(bytes(folder))}" }}]\n')
        assert after != before, before
        settings.write_text(after, "utf-8")

    def start(self, *, wait: bool = True) -> float:
        """Start the agent; seconds until it answered (0 when not waited for)."""
        env = environment(SAFELIGHT_HOME=str(self.where), PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring")
        argv = [sys.executable, "-m", "agent", "run"]
        began_s = time.monotonic()
        with (self.where.parent / "agent.out").open("a") as out:
            self._process = subprocess.Popen(argv, env=env, stdout=out, stderr=out, text=True)
        if not wait:
            return 0.0
        until(self._answers, _START_LIMIT_S, "an answer of the agent", every_s=0.005)
        return time.monotonic() - began_s

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError((self.where.parent / "agent.out").read_text("utf-8")[-2_000:])
        with contextlib.suppress(NotRunning), self.client():
            return True
        return False

    def client(self) -> Client:
        return Client.connect(self.where, name="bench")

    def stop(self) -> None:
        """End it cleanly."""
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    @property
    def is_there(self) -> bool:
        """Whether there is a ledger to be asked."""
        return bool(self.ask("SELECT 1 FROM sqlite_schema WHERE name = 'background_service_jobs'"))

    def ask(self, sql: str, *args: object) -> list[tuple[Any, ...]]:
        """A question to the ledger; nothing while there is none yet."""
        if self._ledger is None:
            path = self.where / "safelight.db"
            if not path.exists():
                return []
            self._ledger = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        try:
            return self._ledger.execute(sql, args).fetchall()
        except sqlite3.OperationalError:  # not made yet
            return []

    def safe(self) -> int:
        """How many files are safe."""
        rows = self.ask("SELECT coalesce(sum(files), 0) FROM file_counts WHERE state = 'safe'")
        return int(rows[0][0]) if rows else 0

    def wait_safe(self, count: int, limit_s: float) -> None:
        """Until so many files are safe; `TimeoutError` tells what the agent was at instead."""
        try:
            until(lambda: self.safe() >= count, limit_s, f"{count} safe files", every_s=0.01)
        except TimeoutError as error:
            error.add_note(f"{self.safe()} are. Open jobs: {self.ask(_OPEN_JOBS, now_at())}")
            error.add_note((self.where / "logs" / "agent.log").read_text("utf-8")[-3_000:])
            raise

    def wait_idle(self, limit_s: float = 180.0) -> None:
        """Until no job is due or runs, and for a moment more."""
        due = f"{_OPEN_JOBS} AND (status = 'RUNNING' OR in_ms <= 0)"
        until(lambda: self.is_there and not self.ask(due, now_at()), limit_s, "the end of all jobs", every_s=0.1)
        time.sleep(1.0)

    def ends(self) -> list[tuple[str, float]]:
        """Every finished upload: the file's name and when, by the wall clock."""
        rows = self.ask(
            "SELECT f.name, j.updated_at FROM background_service_jobs j JOIN files f"
            " ON f.asset_id = json_extract(j.payload, '$.asset_id')"
            " WHERE j.job_key = 'upload' AND j.status = 'COMPLETED'"
        )
        return [(bytes(name).decode(), datetime.fromisoformat(at).timestamp()) for name, at in rows]


def now_at() -> int:
    """UTC epoch milliseconds."""
    return round(time.time() * 1_000)


@contextmanager
def room() -> Iterator[Path]:
    """A folder for a bench, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sl-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def home(folder: Path) -> Iterator[Home]:
    """A home below this folder; its agent is stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    found = Home(folder / "home")
    found.where.mkdir()
    try:
        yield found
    finally:
        found.stop()
