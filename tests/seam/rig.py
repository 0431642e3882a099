"""A stage for stories: a real agent process with a home of its own, pictures to watch, and destinations to look into.

Starts, kills and restarts the agent, speaks to it as the command line does, waits for what it shows of itself, and
compares what arrived with what lies on the disk. One rig is used by one thread at a time. Ends only what it started.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from agent.cli.client import Client, NotRunning
from agent.protocol.methods import (
    BackupStart,
    DestinationAddFolder,
    DestinationAddImmich,
    DestinationRef,
    FolderAdd,
    JobRows,
    JobsList,
    LibraryList,
    Message,
    Nothing,
    PathRef,
    SettingValue,
)
from agent.protocol.paths import from_wire, to_wire
from agent.protocol.settings import FolderRules
from agent.protocol.types import FileDetail, Snapshot
from agent.protocol.wire import Mistake
from tests.seam.places import FolderPlace, Place, ServerPlace, sha1_of

CHECKOUT = Path(__file__).resolve().parents[2]
#: Generous, for two cores are shared; nothing waits that long when all is well.
PATIENCE_S = 40.0
STOP_LIMIT_S = 10.0
_LOOK_S = 0.05

Condition = Callable[[Snapshot], object]


def until(condition: Callable[[], object], limit_s: float = 30.0) -> None:
    """Look again and again."""
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.005)


class Rig:
    """One home, one agent at a time, some folders and destinations."""

    def __init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="sl-"))
        self.home = self.base / "home"
        self.pictures = self.base / "pictures"
        self.pictures.mkdir()
        self.places: dict[str, Place] = {}
        self.may_log: list[str] = []
        self.environment: dict[str, str] = {}
        self.prefix: list[str] = []
        self.module = "agent"
        self._agent: subprocess.Popen[bytes] | None = None
        self._said = self.base / "said"
        self._left: list[Place] = []

    # --- the agent --------------------------------------------------------------------------------------------------

    def start(self, *, die_at: str | None = None) -> None:
        """Start the agent and wait until it answers, or with `die_at` until it answers or has died."""
        self.launch(die_at=die_at)
        deadline_s = time.monotonic() + PATIENCE_S
        while not self.answers():
            if not self.is_alive():
                if die_at is not None:
                    return
                raise AssertionError(f"the agent ended by itself: {self.said()}")
            assert time.monotonic() < deadline_s, f"the agent does not answer: {self.said()}"
            time.sleep(_LOOK_S)

    def launch(self, *, die_at: str | None = None) -> None:
        """Start the process and return at once."""
        assert not self.is_alive()
        environment = {**os.environ, **self.environment, "SAFELIGHT_HOME": str(self.home)}
        if die_at is not None:
            environment["SAFELIGHT_DIE_AT"] = die_at
        with self._said.open("ab") as said:
            self._agent = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", self.module, "run"],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def answers(self) -> bool:
        """Whether an agent answers at this home."""
        try:
            with Client.connect(self.home, timeout_s=2.0):
                return True
        except NotRunning:
            return False

    def is_alive(self) -> bool:
        """Whether the agent's process is there."""
        return self._agent is not None and self._agent.poll() is None

    @property
    def pid(self) -> int:
        """The agent's process."""
        assert self._agent is not None
        return self._agent.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._agent is not None
        self._agent.kill()
        self._agent.wait(PATIENCE_S)

    def wait_dead(self) -> int:
        """Wait until it has ended by itself; its exit code (negative: the signal)."""
        assert self._agent is not None
        return self._agent.wait(PATIENCE_S)

    def end(self, limit_s: float = STOP_LIMIT_S) -> int:
        """The same at any moment, even before it listens to signals; its exit code."""
        assert self._agent is not None
        self._agent.send_signal(signal.SIGTERM)
        return self._agent.wait(limit_s)

    def stop(self, limit_s: float = STOP_LIMIT_S) -> float:
        """Ask it to end as the system does (SIGTERM); seconds that it took. Fails when it takes longer than allowed."""
        assert self._agent is not None
        began_s = time.monotonic()
        self._agent.send_signal(signal.SIGTERM)
        try:
            code = self._agent.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the agent did not stop within {limit_s} s:\n{self.log()[-3000:]}") from None
        assert code == 0, f"exit code {code}: {self.said()}"
        return time.monotonic() - began_s

    def set_clock(self, offset_s: int) -> None:
        """Set the clock of this agent's computer so far off; the first time before the agent starts."""
        file = self.base / "clock"
        fresh = file.with_suffix(".new")
        fresh.write_text(str(offset_s), encoding="ascii")
        fresh.replace(file)
        if self.module == "agent":
            assert not self.is_alive()
            self.module = "tests.seam.shifted"
            self.environment["SAFELIGHT_TEST_CLOCK"] = str(file)

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End all that was started and remove every file."""
        with contextlib.suppress(OSError):
            if self.is_alive():
                self.kill()
        for place in [*self.places.values(), *self._left]:
            if isinstance(place, ServerPlace):
                place.server.close()
        shutil.rmtree(os.fsencode(self.base), ignore_errors=True)

    # --- what it says -----------------------------------------------------------------------------------------------

    def log(self) -> str:
        """The agent's log."""
        return "\n".join(
            path.read_text(encoding="utf-8", errors="replace") for path in sorted(self.home.glob("logs/agent.log*"))
        )

    def said(self) -> str:
        """What it wrote to its terminal."""
        return self._said.read_text(encoding="utf-8", errors="replace") if self._said.exists() else ""

    def bugs(self) -> list[str]:
        """Lines of log and terminal that only a bug of ours writes."""
        lines = f"{self.log()}\n{self.said()}".splitlines()
        signs = ("Traceback", " ERROR ", " CRITICAL ", "Error:", "Exception")
        found = [line for line in lines if any(sign in line for sign in signs)]
        return [line for line in found if not any(one in line for one in self.may_log)] + self.leaks()

    def leaks(self) -> list[str]:
        """Places that hold a server's key and must not."""
        keys = [place.key for place in (*self.places.values(), *self._left) if isinstance(place, ServerPlace)]
        texts = {"log": self.log(), "terminal": self.said()}
        for name in ("settings.toml", "intent.jsonl"):
            if (self.home / name).exists():
                texts[name] = (self.home / name).read_text(encoding="utf-8", errors="replace")
        return [f"a key stands in the {name}" for name, text in texts.items() if any(key in text for key in keys)]

    # --- speaking with it ---------------------------------------------------------------------------------------------

    def client(self) -> Client:
        """A connection."""
        return Client.connect(self.home)

    def call(self, method: str, params: Message | None = None) -> Any:
        """One call on a connection of its own."""
        with self.client() as client:
            return client.call(method, params or Nothing())

    def safelight(self, *arguments: str | bytes, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """The command, as a person types it."""
        return subprocess.run(
            [sys.executable, "-m", "agent", *arguments],
            cwd=CHECKOUT,
            env={**os.environ, **self.environment, "SAFELIGHT_HOME": str(self.home)},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=100,
            check=False,
        )

    def json(self, *arguments: str | bytes) -> Any:
        """The command's one JSON document."""
        done = self.safelight("--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def snapshot(self) -> Snapshot:
        """What it shows of itself now."""
        found: Snapshot = self.call("state.get")
        return found

    def set(self, key: str, value: object) -> None:
        """Change a setting."""
        self.call("settings.set", SettingValue(key, value))

    def enable(self) -> None:
        """Background backup on."""
        self.call("backup.enable")

    def backup(self, *paths: Path, anyway: bool = False) -> None:
        """Back up now."""
        self.call("backup.start", BackupStart(tuple(self.wire(path) for path in paths), anyway))

    def watch(self, folder: Path | None = None, *named: str, rules: FolderRules | None = None) -> None:
        """Watch a folder (None: the pictures)."""
        path = self.wire(folder or self.pictures)
        self.call("folder.add", FolderAdd(path, named, rules or FolderRules()))

    def unwatch(self, folder: Path | None = None) -> None:
        """Watch it no more."""
        self.call("folder.remove", PathRef(self.wire(folder or self.pictures)))

    @staticmethod
    def wire(path: Path | bytes) -> str:
        """A path as calls carry it."""
        return to_wire(path if isinstance(path, bytes) else os.fsencode(path))

    # --- destinations -------------------------------------------------------------------------------------------------

    def server(self, name: str = "server", *, add: bool = True) -> ServerPlace:
        """A new server as a destination."""
        place = ServerPlace(name)
        self.places[name] = place
        if add:
            self.add(place)
        return place

    def folder(self, name: str = "folder", root: Path | None = None, *, add: bool = True) -> FolderPlace:
        """A new folder as a destination."""
        place = FolderPlace(name, root or self.base / f"destination-{name}")
        self.places[name] = place
        if add:
            self.add(place)
        return place

    def add(self, place: Place) -> None:
        """Tell the agent of a destination."""
        if isinstance(place, ServerPlace):
            wish = DestinationAddImmich(place.server.url, name=place.name, api_key=place.key, store="file")
            self.call("destination.add_immich", wish)
        elif isinstance(place, FolderPlace):
            self.call("destination.add_folder", DestinationAddFolder(self.wire(place.root), place.name))

    def leave(self, name: str) -> Place:
        """Take a destination out of what is compared; it stays there until the end."""
        self._left.append(self.places.pop(name))
        return self._left[-1]

    def remove(self, place: Place) -> None:
        """Let the agent forget a destination."""
        self.call("destination.remove", DestinationRef(place.name))

    def ready(self, destinations: Iterable[str] = ("server", "folder"), *, watch: bool = True, on: bool = True) -> None:
        """Start the agent and set it up: quick, with these destinations, watching the pictures, backup on."""
        self.start()
        self.set("trigger_delay_s", 0)
        for name in destinations:
            self.server(name) if name.startswith("server") else self.folder(name)
        if watch:
            self.watch()
        if on:
            self.enable()

    # --- waiting ------------------------------------------------------------------------------------------------------

    def wait(self, condition: Condition, what: str = "the condition", timeout_s: float = PATIENCE_S) -> Snapshot:
        """Wait until the snapshot fulfils a condition."""
        deadline_s = time.monotonic() + timeout_s
        with self.client() as client:
            client.subscribe()
            while True:
                now: Snapshot = client.call("state.get")
                if condition(now):
                    return now
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    raise AssertionError(f"waited {timeout_s:.0f} s for {what}\n{self.account(now)}")
                client.next_change(min(left_s, 0.5))

    def wait_safe(self, count: int, timeout_s: float = PATIENCE_S) -> Snapshot:
        """Wait until so many files are known, all of them are safe, and nothing is left to be done."""

        def is_so(now: Snapshot) -> bool:
            counts = now.library.counts
            return counts.safe == counts.total == count and not now.transfers and not self.is_busy()

        return self.wait(is_so, f"{count} safe files and no others", timeout_s)

    def is_busy(self) -> bool:
        """Whether a folder is still to be looked at or a copy to be made."""
        waiting: JobRows = self.call("jobs.list", JobsList("PENDING", None, 500))
        running: JobRows = self.call("jobs.list", JobsList("RUNNING", None, 500))
        return any(row.job_key in {"scan", "upload"} for row in (*waiting.rows, *running.rows))

    def wait_state(self, path: Path | bytes, state: str, timeout_s: float = PATIENCE_S) -> FileDetail:
        """Wait until a file is in a state ('unknown': in none); what is known of it then."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            found = self.show(path)
            if (found.file.state if found else "unknown") == state:
                return found  # type: ignore[return-value] # None only where 'unknown' was asked for
            if time.monotonic() > deadline_s:
                raise AssertionError(f"waited for {path!r} to be {state}, it is {found}\n{self.account()}")
            time.sleep(_LOOK_S)

    def show(self, path: Path | bytes) -> FileDetail | None:
        """What is known of a file."""
        try:
            found: FileDetail = self.call("library.show", PathRef(self.wire(path)))
        except Mistake as error:
            if error.code != "file_unknown":
                raise
            return None
        return found

    def files(self, state: str | None = None) -> dict[bytes, str]:
        """All files, path -> state."""
        found: dict[bytes, str] = {}
        after: int | None = 0
        with self.client() as client:
            while after is not None:
                page = client.call("library.list", LibraryList(state, None, after, 500))  # type: ignore[arg-type]
                found |= {from_wire(row.path): row.state for row in page.rows}
                after = page.next
        return found

    def account(self, now: Snapshot | None = None) -> str:
        """How things stand, for the message of a failed test."""
        with contextlib.suppress(NotRunning, Mistake):
            now = now or self.snapshot()
            jobs = self.call("jobs.list", JobsList(limit=12)).rows
            lines = [f"  {job.id} {job.job_key} {job.status} {job.lane} {job.last_error or ''}" for job in jobs]
            shown = [now.backup, now.library.counts, now.holds, now.problems, now.transfers, now.jobs]
            return "\n".join([*map(str, shown), *lines, self.log()[-2500:]])
        return f"no agent; it said: {self.said()[-2000:]}\n{self.log()[-2500:]}"

    # --- what arrived -------------------------------------------------------------------------------------------------

    def sources(self, *roots: Path) -> Counter[str]:
        """SHA-1 -> 1 for every content below the folders (none: the pictures)."""
        found: set[str] = set()
        for root in roots or (self.pictures,):
            for folder, _, names in os.walk(os.fsencode(root)):
                found |= {sha1_of(os.path.join(folder, name)) for name in names}
        return Counter(found)

    def assert_arrived(self, expected: Counter[str] | None = None, *, extra: int = 0) -> None:
        """Every content (None: of the pictures) is at every destination exactly once, and nothing else but `extra`.

        No transfer brought what was there already.
        """
        wanted = self.sources() if expected is None else expected
        for place in self.places.values():
            arrived = place.arrived()
            lost = [digest for digest in wanted if digest not in arrived]
            twice = [digest for digest, count in arrived.items() if count > 1]
            foreign = [digest for digest in arrived if digest not in wanted]
            told = f"at {place.name}: {len(lost)} lost, {len(twice)} twice, {len(foreign)} others; {place.names()[:30]}"
            assert not lost, f"{told}\n{self.account()}"
            assert not twice, f"{told}\n{self.account()}"
            assert len(foreign) == extra, f"{told}\n{self.account()}"
            assert not place.waste(), f"{place.waste()} transfers in vain at {place.name}"

    def write(self, name: str, content: bytes, *, folder: Path | None = None) -> Path:
        """A file among the pictures."""
        path = (folder or self.pictures) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path
