"""Settings and the journal: readable, kept whole through every accident, and never 'no folders' by mistake."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.domain.errors import Blocked
from agent.protocol.settings import FolderSetting, Settings
from agent.protocol.wire import Mistake
from agent.store.intent import IntentJournal, Pause
from agent.store.settings import SettingsStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def with_folder(settings: Settings) -> Settings:
    return Settings(settings.version, settings.values, settings.destinations, (FolderSetting("/pics"),))


def test_a_change_is_on_disk_before_it_is_in_force_and_is_read_again(file: Path) -> None:
    store = SettingsStore(file)
    told: list[Settings] = []
    store.listen(told.append)
    store.change(with_folder)
    store.set_value("trigger_delay_s", 5)
    again = SettingsStore(file).get()
    assert again == store.get() == told[-1]
    assert (again.values.trigger_delay_s, again.folders[0].path) == (5, "/pics")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("no_such_thing", 1, "key_unknown"),
        ("trigger_delay_s", -1, "value_invalid"),
        ("trigger_delay_s", 86_401, "value_invalid"),
        ("trigger_delay_s", "soon", "value_invalid"),
        ("background_backup", "yes", "value_invalid"),
        ("cache_time", "25:00", "value_invalid"),
        ("log_level", "debug", "value_invalid"),
        ("schedule", [{"since": "22:00"}], "value_invalid"),
        ("schedule", [{"since": "22:00", "until": "06:00", "days": ["someday"]}], "value_invalid"),
        ("cache_sizes_px", [], "value_invalid"),
    ],
)
def test_a_wrong_value_is_refused_and_changes_nothing(file: Path, key: str, value: object, code: str) -> None:
    store = SettingsStore(file)
    with pytest.raises(Mistake) as refused:
        store.set_value(key, value)
    assert refused.value.code == code
    assert not file.exists()


def test_a_hand_edit_is_picked_up(file: Path) -> None:
    store = SettingsStore(file)
    store.change(with_folder)
    told: list[Settings] = []
    store.listen(told.append)
    file.write_text(file.read_text().replace('path = "/pics"', 'path = "/pictures"'))
    store.reload_if_edited()
    assert [one.folders[0].path for one in told] == ["/pictures"]
    store.reload_if_edited()
    assert len(told) == 1


@pytest.mark.parametrize(
    "broken", [b"[[folders\n", b"\xff\xfe", b"version = 2\n", b"[values]\ntrigger_delay_s = -3\n", b"x = 1\n"]
)
def test_an_unreadable_file_leaves_the_last_good_value_in_force_and_says_so(file: Path, broken: bytes) -> None:
    store = SettingsStore(file)
    store.change(with_folder)
    file.write_bytes(broken)
    store.reload_if_edited()
    assert store.trouble
    assert store.get().folders == (FolderSetting("/pics"),)
    store.set_value("trigger_delay_s", 7)
    assert store.trouble is None
    assert SettingsStore(file).get().folders == (FolderSetting("/pics"),)


@pytest.mark.parametrize("broken", [b"[[folders\n", b"\xff\xfe", b"", b"[values]\ntrigger_delay_s = -3\n"])
def test_a_start_with_an_unreadable_file_goes_on_with_the_last_good_value(file: Path, broken: bytes) -> None:
    before = SettingsStore(file)
    before.change(with_folder)
    file.write_bytes(broken or b"a = [" + b"[" * 20_000)
    store = SettingsStore(file)
    assert store.trouble
    assert store.get() == before.get()
    store.reload_if_edited()
    store.keep_good()
    assert store.get() == SettingsStore(file).get() == before.get()


def test_a_start_without_the_file_goes_on_with_the_last_good_value(file: Path) -> None:
    before = SettingsStore(file)
    before.change(with_folder)
    file.unlink()
    store = SettingsStore(file)
    store.keep_good()
    assert store.get() == before.get()
    store.set_value("trigger_delay_s", 7)
    assert SettingsStore(file).get().folders == (FolderSetting("/pics"),)


def test_what_nobody_could_read_is_kept_when_a_change_writes_over_it(file: Path) -> None:
    store = SettingsStore(file)
    store.change(with_folder)
    file.write_bytes(b"# typed with care\n[[folders\n")
    store = SettingsStore(file)
    store.set_value("trigger_delay_s", 7)
    assert store.trouble is None
    assert SettingsStore(file).get().folders == (FolderSetting("/pics"),)
    assert file.with_name("settings.toml.unreadable").read_bytes() == b"# typed with care\n[[folders\n"


def test_a_change_takes_over_what_was_typed_a_moment_before(file: Path) -> None:
    store = SettingsStore(file)
    store.change(with_folder)
    told: list[Settings] = []
    store.listen(told.append)
    file.write_text(file.read_text().replace('path = "/pics"', 'path = "/pictures"'))
    store.set_value("trigger_delay_s", 7)
    assert [(one.folders[0].path, one.values.trigger_delay_s) for one in told] == [("/pictures", 7)]
    assert SettingsStore(file).get() == told[-1]


def test_changes_of_several_at_once_are_all_in_force_and_the_last_told_is_the_last_made(file: Path) -> None:
    store = SettingsStore(file)
    told: list[Settings] = []
    store.listen(told.append)
    keys = ("trigger_delay_s", "error_grace_uploads", "battery_floor_percent")
    together = threading.Barrier(len(keys))

    def set_all(key: str) -> None:
        for value in range(1, 41):
            together.wait(30)
            store.set_value(key, value)

    threads = [threading.Thread(target=set_all, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [getattr(store.get().values, key) for key in keys] == [40, 40, 40]
    assert told[-1] == store.get() == SettingsStore(file).get()


def test_a_folder_that_takes_no_copy_of_the_settings_stops_no_start(
    file: Path, expected_log: Callable[..., None]
) -> None:
    store = SettingsStore(file)
    store.change(with_folder)
    copy = file.with_name("settings.toml.good")
    copy.unlink()
    copy.mkdir()
    expected_log("no copy of the settings could be kept")
    store.keep_good()


def test_what_cannot_be_written_says_why_and_is_not_in_force(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    store, journal = SettingsStore(folder / "settings.toml"), IntentJournal(folder / "intent.jsonl")
    with pytest.raises(Mistake, match="file_unwritable"):
        store.set_value("trigger_delay_s", 7)
    with pytest.raises(Blocked, match="database_read_only"):
        journal.set_pause(Pause(None), 1)
    assert store.get() == Settings()
    assert journal.pause() is None


@pytest.mark.skipif(os.name == "nt", reason="limits a process by what Windows does not have")
def test_a_journal_that_a_full_disk_cut_short_promises_nothing(tmp_path: Path) -> None:
    """In a process of its own, whose files may have a hundred bytes: the system takes a part, then nothing."""
    code = f"""
import resource, signal
from pathlib import Path
from agent.domain.errors import Blocked
from agent.store.intent import IntentJournal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
journal = IntentJournal(Path({str(tmp_path / "intent.jsonl")!r}))
journal.leave_out([b"/a"], 1)
try:
    journal.leave_out([b"/" + b"b" * 80], 2)
except Blocked:
    print(sorted(journal.left_out()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[b'/a']\n"
    assert IntentJournal(tmp_path / "intent.jsonl").left_out() == {b"/a"}


def test_the_journal_gives_the_last_decision_also_after_a_half_line(tmp_path: Path) -> None:
    path = tmp_path / "intent.jsonl"
    journal = IntentJournal(path)
    assert journal.pause() is None
    journal.set_pause(Pause(5), 1)
    journal.set_pause(Pause(None), 2)
    with path.open("ab") as file:
        file.write(b'{"at": 3, "paused": fal')
    assert IntentJournal(path).pause() == Pause(None)
    journal.set_pause(None, 4)
    assert IntentJournal(path).pause() is None


@pytest.mark.parametrize("away", [True, False])
def test_a_start_that_can_read_neither_the_file_nor_its_copy_knows_nothing_until_the_file_is_back(
    file: Path, *, away: bool
) -> None:
    before = SettingsStore(file)
    before.change(with_folder)
    kept = file.read_bytes()
    file.with_name("settings.toml.good").write_bytes(b"[[folders\n")
    if away:
        file.unlink()
    else:
        file.write_bytes(b"[[folders\n")
    store = SettingsStore(file)
    assert store.trouble
    assert not store.is_known
    told: list[Settings] = []
    store.listen(told.append)
    with pytest.raises(Mistake, match="settings_unreadable"):
        store.set_value("trigger_delay_s", 7)
    store.reload_if_edited()
    assert told == []
    file.write_bytes(kept)
    store.reload_if_edited()
    assert SettingsStore(file).is_known
    assert told == [before.get()]
    assert file.with_name("settings.toml.good").read_bytes() == kept


def test_settings_that_are_back_are_told_also_where_they_ask_for_nothing(file: Path) -> None:
    file.write_bytes(b"[[folders\n")
    store = SettingsStore(file)
    told: list[Settings] = []
    store.listen(told.append)
    file.write_bytes(b"")
    store.reload_if_edited()
    assert told == [Settings()]


def test_whoever_adds_a_folder_where_nothing_can_be_read_begins_anew(file: Path) -> None:
    file.write_bytes(b"[[folders\n")
    SettingsStore(file).change(with_folder)
    store = SettingsStore(file)
    assert store.is_known
    assert store.get() == with_folder(Settings())
    assert file.with_name("settings.toml.unreadable").read_bytes() == b"[[folders\n"


def test_a_home_without_settings_is_a_beginning(file: Path) -> None:
    assert SettingsStore(file).is_known
