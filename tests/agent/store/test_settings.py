"""Settings and the journal: readable, kept whole through every accident, and never 'no folders' by mistake."""

from pathlib import Path

import pytest

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
