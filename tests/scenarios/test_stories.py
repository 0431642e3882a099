"""Plays the stories of this folder: each `N_*.toml` is a chapter, each `[[story]]` a list of steps in words.

A story has a real agent, real files and two destinations (a server and a folder) of its own. Stories mostly wait, so
some are played side by side; a test takes the outcome of its own. A step is `verb words...`, read like a shell line;
the verbs are the methods of `Stage`. Paths lie below the watched folder, with `out:` before them outside of it.
In a story with `each = [...]`, `{}` stands for one of these at a time. `proves` names promises of `promises.toml`.
"""

import os
import shlex
import shutil
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.protocol.methods import JobRef
from agent.protocol.types import Snapshot
from tests import pictures
from tests.seam.places import FolderPlace, ServerPlace
from tests.seam.rig import Rig

HERE = Path(__file__).parent
#: How many stories are played at a time.
ABREAST = 5
_OLD_S = 900_000_000
_SCRIBBLE = b"\n[[[ this is no TOML\n"


@dataclass(frozen=True)
class Story:
    """A title and what happens."""

    title: str
    steps: tuple[str, ...]
    proves: tuple[str, ...]
    destinations: tuple[str, ...] = ("server", "folder")
    may_log: tuple[str, ...] = ()
    slow: bool = False
    xfail: str = ""


def _stories() -> Iterator[Story]:
    for chapter in sorted(HERE.glob("[0-9]_*.toml")):
        for told in tomllib.loads(chapter.read_text(encoding="utf-8"))["story"]:
            each = told.pop("each", [""])
            for one in each:
                steps = tuple(step.replace("{}", one) for step in told["steps"])
                rest: dict[str, Any] = {key: value for key, value in told.items() if key not in {"title", "steps"}}
                rest = {key: tuple(value) if isinstance(value, list) else value for key, value in rest.items()}
                title = f"{told['title']} ({one})" if one else told["title"]
                yield Story(title, steps, **rest)


STORIES = {story.title: story for story in _stories()}


class Stage:
    """The verbs. Each takes the words behind it."""

    def __init__(self, story: Story) -> None:
        self.rig = Rig()
        self.rig.may_log += story.may_log
        self._story = story
        self._seed = 0
        self._rested = 0
        self._looks = 0

    def play(self) -> None:
        """All steps; says which one failed."""
        for number, step in enumerate(self._story.steps, 1):
            verb, *words = shlex.split(step)
            try:
                getattr(self, verb.replace("-", "_"))(*words)
            except AssertionError as error:
                raise AssertionError(f"step {number}, `{step}`: {error}") from error
        bugs = self.rig.bugs()
        assert not bugs, "the agent's log holds what only a bug writes:\n" + "\n".join(bugs)

    # --- the agent

    def ready(self, *how: str) -> None:
        """Start the agent, add destinations, watch the pictures, turn backup on, but for what is taken back."""
        self.rig.ready(self._story.destinations, watch="unwatched" not in how, on="off" not in how)

    def start(self, die_at: str | None = None) -> None:
        self.rig.start(die_at=die_at)

    def stop(self) -> None:
        self.rig.stop()

    def kill(self) -> None:
        self.rig.kill()

    def dies(self) -> None:
        """By itself, as SAFELIGHT_DIE_AT asked."""
        assert self.rig.wait_dead() == -9

    def restart(self) -> None:
        self.rig.restart()

    def clock(self, offset: str) -> None:
        """Somebody sets the computer's clock so far off: `-1d`, `3h`, `0`. Once before the agent first starts."""
        self.rig.set_clock(int(offset.rstrip("dh") or 0) * {"d": 86_400, "h": 3_600}.get(offset[-1], 1))

    def forgets(self) -> None:
        """The database is deleted; settings and intent stay."""
        assert not self.rig.is_alive()
        for path in self.rig.home.glob("safelight.db*"):
            path.unlink()

    def safelight(self, *words: str) -> None:
        """A command that succeeds; PICTURES and the like in it are the paths."""
        done = self.rig.safelight(*map(self._placed, words))
        assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"

    def refused(self, code: str, text: str, *words: str) -> None:
        """A command that ends with this code, and one sentence with this text in it, never a traceback."""
        done = self.rig.safelight(*map(self._placed, words))
        assert done.returncode == int(code), f"exit code {done.returncode}: {done.stderr}{done.stdout}"
        assert text in done.stderr + done.stdout, done.stderr + done.stdout
        assert "Traceback" not in done.stderr

    def _placed(self, word: str) -> str:
        if word == "CLOSED":  # a schedule whose only window is not now
            hour = (time.localtime().tm_hour + 2) % 24
            return f'[{{"since":"{hour:02}:00","until":"{(hour + 1) % 24:02}:00"}}]'
        head, slash, below = word.partition("/")
        named = {"PICTURES": self.rig.pictures, "OUT": self.rig.base / "out"}
        named |= {
            place.name.upper(): place.root for place in self.rig.places.values() if isinstance(place, FolderPlace)
        }
        return f"{named[head]}{slash}{below}" if head in named else word

    # --- destinations

    def server(self, what: str, name: str = "") -> None:
        """`stops` as in a crash, `returns`, `crawls`, `refuses`, is `well`; somebody `trashes` or `deletes` a file."""
        place = self.rig.places["server"]
        assert isinstance(place, ServerPlace)
        if name:
            (asset,) = (one for one in place.server.assets if one.filename == name)
            place.server.store.trash(place.server.admin, [asset.id])
            if what == "deletes":
                place.server.store.purge([asset.id])
        elif what == "stops":
            place.server.stop()
        elif what == "returns":
            place.server.start()
        elif what == "crawls":
            place.server.faults.throttle(120_000, "POST /api/assets")
        elif what == "refuses":
            place.server.faults.body_limit = 100
        else:
            place.server.faults.clear()
            place.server.faults.body_limit = None

    def album(self, name: str, *files: str) -> None:
        """Wait until the server has one album of this name, with these and no other pictures in it."""
        place = self.rig.places["server"]
        assert isinstance(place, ServerPlace)

        def held() -> list[list[str]]:
            names = {asset.id: asset.filename for asset in place.server.assets}
            albums = [one for one in place.server.albums if one.name == name]
            return [sorted(names[asset_id] for asset_id in one.asset_ids) for one in albums]

        deadline_s = time.monotonic() + 30
        while held() != [sorted(files)]:
            assert time.monotonic() < deadline_s, f"{held()}\n{self.rig.account()}"
            time.sleep(0.05)

    def adds(self, name: str) -> None:
        """A destination, new or removed before."""
        if name in self.rig.places:
            self.rig.add(self.rig.places[name])
        elif name.startswith("server"):
            self.rig.server(name)
        else:
            self.rig.folder(name)

    def removes(self, name: str) -> None:
        """A destination; its bytes stay."""
        self.rig.remove(self.rig.places[name])

    # --- files

    def path(self, name: str) -> Path:
        """Where a name of the story lies."""
        if name.startswith("out:"):
            return self.rig.base / "out" / name[4:]
        return self.rig.pictures / name

    def picture(self, *names: str) -> None:
        """A photo each, none like another."""
        for name in names:
            self._seed += 1
            pictures.jpeg(self.path(name), size=(96, 64), seed=self._seed)

    def many(self, count: str, folder: str = "") -> None:
        """So many photos at once."""
        self._seed += 1
        pictures.bulk(self.path(folder), int(count), 12_000, seed=self._seed)

    def old(self, name: str) -> None:
        """A photo taken and changed long ago that comes only now."""
        pictures.jpeg(self.path(name), size=(96, 64), seed=77, taken="1998:07:06 12:00:00")
        os.utime(self.path(name), (_OLD_S, _OLD_S))

    def slowly(self, name: str, seconds: str) -> None:
        """A photo that is written in pieces."""
        self._seed += 1
        whole = pictures.jpeg(self.rig.base / "whole.jpg", size=(640, 480), seed=self._seed).read_bytes()
        pieces = round(float(seconds) / 0.5)
        length = len(whole) // pieces + 1
        with self.path(name).open("wb", buffering=0) as file:
            for number in range(pieces):
                file.write(whole[number * length : (number + 1) * length])
                time.sleep(0.5)

    def large(self, name: str, size_bytes: str = "600000") -> None:
        """A photo that takes a slow server some seconds."""
        self._seed += 1
        pictures.jpeg(self.path(name), size=(96, 64), seed=self._seed, target_bytes=int(size_bytes))

    def dated(self, name: str, second: str) -> None:
        """A photo with this mtime."""
        self.picture(name)
        os.utime(self.path(name), (int(second), int(second)))

    def pipe(self, name: str) -> None:
        """Something that is no file."""
        os.mkfifo(self.path(name))

    def live(self, stem: str) -> None:
        """A live photo: a still and its video."""
        self._seed += 1
        pictures.live_pair(self.rig.pictures, stem, seed=self._seed, size=(160, 120))

    def sidecar(self, name: str) -> None:
        self._seed += 1
        pictures.xmp(self.path(name), title=f"Title {self._seed}")

    def text(self, name: str) -> None:
        """Something that is neither photo nor video."""
        self._write(name, b"Neither a photo nor a video.")

    def empty(self, name: str) -> None:
        self._write(name, b"")

    def _write(self, name: str, content: bytes) -> None:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def folder(self, name: str) -> None:
        self.path(name).mkdir(parents=True)

    def move(self, old: str, new: str) -> None:
        self.path(new).parent.mkdir(parents=True, exist_ok=True)
        self.path(old).rename(self.path(new))

    def copy(self, old: str, new: str) -> None:
        """With its times, as most programs do."""
        self.path(new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.path(old), self.path(new))

    def link(self, old: str, new: str) -> None:
        """A symbolic link."""
        self.path(new).symlink_to(self.path(old))

    def delete(self, name: str) -> None:
        path = self.path(name)
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def edit(self, name: str, how: str = "") -> None:
        """Other bytes under the same name; `unnoticed`: with the same size and times."""
        path = self.path(name)
        info, content = path.stat(), path.read_bytes()
        if how == "unnoticed":
            path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
            os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
        else:
            path.write_bytes(content + b"edited")

    # --- waiting

    def safe(self, count: str) -> None:
        """Wait until so many files are known, and all of them safe."""
        self.rig.wait_safe(int(count) + self._rested)

    def state(self, name: str, state: str, reason: str | None = None) -> None:
        """Wait until a file is in a state."""
        found = self.rig.wait_state(self.path(name), state)
        assert reason is None or found.file.reason == reason, found.file

    def counts(self, *wanted: str) -> None:
        """Wait until the counts are these."""
        numbers = {key: int(value) for key, _, value in (word.partition("=") for word in wanted)}
        for key in numbers:
            if self._rested and key in {"safe", "total"}:
                numbers[key] += self._rested
        self.rig.wait(partial(_counts_are, numbers), str(numbers))

    def sending(self) -> None:
        """Wait until something is on its way."""
        self.rig.wait(lambda now: now.transfers, "a transfer")

    def light(self, light: str) -> None:
        self.rig.wait(lambda now: now.backup.light == light, f"the light {light}")

    def held(self, constraint: str) -> None:
        self.rig.wait(lambda now: constraint in {hold.constraint for hold in now.holds}, f"held by {constraint}")

    def problem(self, code: str) -> None:
        """Wait until a problem is known, or with `none` until none is."""
        if code == "none":
            self.rig.wait(lambda now: not now.problems, "no problem")
        else:
            self.rig.wait(lambda now: code in {one.code for one in now.problems}, f"the problem {code}")

    def notice(self, kind: str, code: str) -> None:
        """Wait until something is to be told."""
        self.rig.wait(lambda now: (kind, code) in {(one.kind, one.code) for one in now.notices}, f"a notice of {kind}")

    def progress(self) -> None:
        """Wait until a file is on its way, neither at its beginning nor at its end, and the whole is known."""

        def shows(now: Snapshot) -> bool:
            moving = any(0 < one.progress < 100 for one in now.transfers)
            return moving and now.run is not None and now.run.total > 0 and now.run.current_file is not None

        self.rig.wait(shows, "progress")

    def calm(self) -> None:
        """Wait until all that happened so far has been taken in: what comes last is known, and nothing is under way."""
        self._rested += 1
        name = f"zz-calm-{self._rested}.jpg"
        self.picture(name)
        deadline_s = time.monotonic() + 30
        while self.rig.show(self.path(name)) is None:
            assert time.monotonic() < deadline_s, f"a new file is not noticed\n{self.rig.account()}"
            time.sleep(0.05)
        if self.rig.snapshot().backup.light in {"working", "safe", "waiting"}:
            self.rig.wait_state(self.path(name), "safe")
        self.rig.wait(lambda now: not now.transfers and (now.backup.light != "safe" or not self.rig.is_busy()), "calm")

    def cancels(self, key: str) -> None:
        """Every job of a kind that waits or runs."""
        with self.rig.client() as client:
            for row in [*client.jobs("PENDING"), *client.jobs("RUNNING")]:
                if row.job_key == key:
                    client.call("jobs.cancel", JobRef(row.id))

    def retries(self, key: str) -> None:
        """Every job of a kind that has failed."""
        with self.rig.client() as client:
            for row in list(client.jobs("FAILED")):
                if row.job_key == key:
                    client.call("jobs.retry", JobRef(row.id))

    def garbles(self, name: str, start: str = "0") -> None:
        """Overwrite a stretch of a file of the agent's own."""
        with (self.rig.home / name).open("r+b") as file:
            file.seek(int(start))
            file.write(b"garbage!" * 2_000)

    def empties(self, name: str) -> None:
        """Leave nothing in a file of the agent's own."""
        (self.rig.home / name).write_bytes(b"")

    def mends(self, name: str) -> None:
        """Take away what was scribbled."""
        path = self.rig.home / name
        path.write_bytes(path.read_bytes().replace(_SCRIBBLE, b""))

    def scribbles(self, name: str) -> None:
        """Into a file of the agent's own."""
        with (self.rig.home / name).open("ab") as file:
            file.write(_SCRIBBLE)

    def passes(self, seconds: str) -> None:
        """Time in which nothing is to happen."""
        time.sleep(float(seconds))

    # --- looking

    def looks(self, how: str) -> None:
        """`noted`: how often folders have been looked through; `none`: not once since."""
        with self.rig.client() as client:
            number = sum(row.job_key == "scan" for row in client.jobs())
        if how == "noted":
            self._looks = number
        else:
            assert number == self._looks, f"{number - self._looks} looks through whole folders"

    def asked(self, times: str) -> None:
        """The server was asked at most so often which pictures it has."""
        place = self.rig.places["server"]
        assert isinstance(place, ServerPlace)
        found = place.server.counters.requests["POST /api/assets/bulk-upload-check"]
        assert found <= int(times), f"asked {found} times"

    def batches(self, count: str) -> None:
        """All copies that were ever asked for became due at so many moments."""
        with self.rig.client() as client:
            due = {row.run_after for row in client.jobs() if row.job_key == "upload"}
        assert len(due) == int(count), due

    def logged(self, text: str) -> None:
        """The agent's log holds this."""
        assert text in self.rig.log(), self.rig.log()[-2000:]

    def unlogged(self, text: str) -> None:
        """The agent's log does not hold this."""
        assert text not in self.rig.log(), self.rig.log()[-2000:]

    def settings(self, *wanted: str) -> None:
        """These settings have these values."""
        values = self.rig.json("settings", "list")
        values = values.get("values", values)
        found = [f"{key}={str(values[key]).lower()}" for key in (one.partition("=")[0] for one in wanted)]
        assert found == list(wanted), found

    def arrived(self, *words: str) -> None:
        """All that lies in the folder is everywhere exactly once, but for `extra N` older versions."""
        extra = int(words[1]) if words else 0
        self.rig.assert_arrived(extra=extra)

    def nothing(self, _arrived: str) -> None:
        for place in self.rig.places.values():
            assert not place.arrived(), place.names()

    def uploads(self, count: str) -> None:
        """So many files were sent to the server, ever."""
        place = self.rig.places["server"]
        assert isinstance(place, ServerPlace)
        assert place.uploads() == int(count) + self._rested, f"{place.uploads()} uploads, {self._rested} of them ours"

    def copies(self, count: str) -> None:
        """So many files are at each destination."""
        for place in self.rig.places.values():
            assert len(place.names()) == int(count) + self._rested, place.names()

    def named(self, destination: str, name: str) -> None:
        """A file of this name is at a destination."""
        assert name in self.rig.places[destination].names(), self.rig.places[destination].names()


def _counts_are(numbers: dict[str, int], now: Snapshot) -> bool:
    return all(getattr(now.library.counts, key) == value for key, value in numbers.items())


def _play(story: Story) -> None:
    stage = Stage(story)
    try:
        stage.play()
    finally:
        stage.rig.close()


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[dict[str, "Future[None]"]]:
    """The stories that were asked for, under way."""
    asked = [item.callspec.params["title"] for item in request.session.items if item.path == Path(__file__)]  # type: ignore[attr-defined]
    with ThreadPoolExecutor(ABREAST) as pool:
        yield {title: pool.submit(_play, STORIES[title]) for title in asked}
        pool.shutdown(cancel_futures=True)


def _marks(story: Story) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.slow] if story.slow else []
    return [*marks, pytest.mark.xfail(reason=story.xfail)] if story.xfail else marks


@pytest.mark.parametrize(
    "title", [pytest.param(one.title, marks=_marks(one), id=one.title) for one in STORIES.values()]
)
def test_story(title: str, outcomes: dict[str, "Future[None]"]) -> None:
    outcomes[title].result(110)
