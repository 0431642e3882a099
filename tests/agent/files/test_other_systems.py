"""That lost events are told on macOS and Windows, with stand-ins for the parts of watchdog that load only there."""

import importlib
import sys
import threading
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from watchdog.events import FileSystemEventHandler
from watchdog.observers.api import BaseObserver, EventEmitter


class Told:
    """A listener that keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def on_overflow(self) -> None:
        self.said.append("overflow")

    def on_limit(self, path: bytes) -> None:
        self.said.append("limit")

    def on_unmounted(self, path: bytes) -> None:
        self.said.append(f"unmounted {path!r}")

    def on_dead(self) -> None:
        self.said.append("dead")


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Puts modules in place, and takes ours away afterwards, which saw them."""

    def put(name: str, **parts: object) -> None:
        module = ModuleType(name)
        module.__dict__.update(parts)
        monkeypatch.setitem(sys.modules, name, module)

    yield put
    for ours in ("agent.files.fsevents", "agent.files.winapi"):
        sys.modules.pop(ours, None)


def only_emitter(module: str, told: Told) -> Any:
    """The emitter of a root that our observer of this module watches."""
    observer = importlib.import_module(module).make_observer(told)
    observer.schedule(FileSystemEventHandler(), "/", recursive=True)
    (emitter,) = observer.emitters
    return emitter


@pytest.mark.parametrize(
    ("flags", "said"),
    [([0x100, 0x1000], []), ([0x100, 0x1], ["overflow"]), ([0x2], ["overflow"]), ([0x5, 0x4], ["overflow"])],
)
def test_macos_tells_lost_events_once_for_each_batch(stand_in: Any, flags: list[int], said: list[str]) -> None:
    batches: list[list[int]] = []

    class FSEventsEmitter(EventEmitter):
        def events_callback(self, paths: object, inodes: object, flags: list[int], ids: object) -> None:
            batches.append(flags)

    class FSEventsObserver(BaseObserver):
        def __init__(self) -> None:
            super().__init__(FSEventsEmitter)

    stand_in("watchdog.observers.fsevents", FSEventsEmitter=FSEventsEmitter, FSEventsObserver=FSEventsObserver)
    told = Told()
    emitter = only_emitter("agent.files.fsevents", told)
    emitter.events_callback([b"/a"] * len(flags), [1] * len(flags), flags, [1] * len(flags))
    assert batches == [flags]
    assert told.said == said


@pytest.mark.parametrize("is_pulled", [False, True])
def test_windows_tells_a_buffer_that_ran_over_and_a_drive_that_was_pulled(stand_in: Any, is_pulled: bool) -> None:
    lengths = [10, 0, 10, 0, 10]

    class DirectoryChangeReader:
        def __init__(self, path: str, *, recursive: bool) -> None:
            self._path = path
            self._should_stop = False

        def _run_inner(self, handle: object, event_buffer: object, nbytes: Any) -> None:
            if not lengths:
                raise OSError(21, "not ready")
            nbytes.value = lengths.pop(0)
            self._should_stop = not lengths and not is_pulled

        def _run(self) -> None:
            count = SimpleNamespace(value=0)
            while not self._should_stop:
                self._run_inner(None, None, count)

        def start(self) -> None:
            self._run()

    class WindowsApiEmitter(EventEmitter):
        _lock = threading.RLock()

    stand_in("watchdog.observers.winapi", DirectoryChangeReader=DirectoryChangeReader)
    stand_in("watchdog.observers.read_directory_changes", WindowsApiEmitter=WindowsApiEmitter)
    told = Told()
    emitter = only_emitter("agent.files.winapi", told)
    if is_pulled:
        with pytest.raises(OSError, match="not ready"):
            emitter.on_thread_start()
        assert told.said == ["overflow", "overflow", "unmounted b'/'"]
    else:
        emitter.on_thread_start()
        assert told.said == ["overflow", "overflow"]
