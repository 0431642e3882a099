"""The contract of `safelight`: its commands, documents and exit codes, with nothing of ours replaced."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from agent.cli.client import Client
from agent.protocol.history import ConditionsNow
from agent.protocol.methods import Nothing
from tests.fakes.immich import StandIn
from tests.seam.command import Command, photo
from tests.seam.rig import until

STATUS_KEYS = {
    "light",
    "headline",
    "enabled",
    "paused_until",
    "counts",
    "bytes",
    "run",
    "transfers",
    "holds",
    "problems",
    "agent",
}
JOB_COLUMNS = {
    "id",
    "job_key",
    "payload",
    "status",
    "attempts",
    "max_attempts",
    "last_attempt_at",
    "last_error",
    "priority",
    "created_at",
    "updated_at",
}


@pytest.fixture
def safelight(home: Path) -> Iterator[Command]:
    """The command; an agent that it started is stopped at the end."""
    command = Command(home)
    yield command
    command.done("stop")


@pytest.fixture
def pictures() -> Iterator[Path]:
    """A folder with three small photos and one thing that is none."""
    with tempfile.TemporaryDirectory(prefix="slp-") as root:
        yield made_pictures(Path(root))


@pytest.fixture
def ready(safelight: Command, pictures: Path) -> Command:
    """A running agent that watches the pictures and copies to a folder; backup is off."""
    return made_ready(safelight, pictures)


@pytest.fixture(scope="module")
def shared() -> Iterator[Command]:
    """A ready agent for the tests that leave it as they found it."""
    with tempfile.TemporaryDirectory(prefix="slp-") as root:
        command = Command(Path(root) / "home")
        yield made_ready(command, made_pictures(Path(root)))
        command.done("stop")


def made_pictures(root: Path) -> Path:
    folder = root / "Pictures"
    folder.mkdir()
    for number in range(3):
        photo(folder / f"IMG_{number}.jpg", number)
    notes = folder / "notes.txt"
    notes.write_text("no photo")
    os.utime(notes, (1_700_000_000, 1_700_000_000))  # it has rested
    return folder


def made_ready(safelight: Command, pictures: Path) -> Command:
    copies = pictures.parent / "Copies"
    copies.mkdir()
    safelight.done("start")
    safelight.done("settings", "set", "trigger_delay_s", "0")
    safelight.done("settings", "set", "min_free_disk_bytes", "0")
    safelight.done("destination", "add", "folder", copies, "--name", "NAS")
    safelight.done("folder", "add", pictures)
    return safelight


# --- the process -----------------------------------------------------------------------------------------------------


def test_the_agent_starts_answers_and_stops(safelight: Command) -> None:
    assert safelight.process("status").code == 3
    pid = safelight.process("start", "--json").document["pid"]
    assert safelight.done("start", "--json").document["pid"] == pid
    status = safelight.done("status", "--json").document
    assert status["agent"]["pid"] == pid
    again = safelight.done("restart", "--json").document["pid"]
    assert again != pid
    assert safelight.done("stop", "--json").document == {"running": False}
    assert safelight("status").code == 3
    safelight.done("stop")


def test_without_an_agent_status_says_off_and_why(safelight: Command) -> None:
    ended = safelight("status", "--json")
    assert ended.code == 3
    assert ended.document["light"] == "off"
    assert "not running" in ended.document["headline"]
    assert set(ended.document) >= STATUS_KEYS
    assert ended.err == "The background agent is not running. Start it with 'safelight start'.\n"
    assert [one["code"] for one in ended.document["problems"]] == ["agent_not_running"]


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process by a signal")
def test_of_an_agent_that_hangs_status_says_so_and_not_that_there_is_none(safelight: Command) -> None:
    pid = safelight.process("start", "--json").document["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        ended = safelight("status", "--json")
    finally:
        os.kill(pid, signal.SIGCONT)
    safelight.done("stop")
    assert ended.code == 3
    assert set(ended.document) >= STATUS_KEYS
    assert ended.document["light"] == "off"
    assert ended.document["headline"] == "The background agent holds its home, but does not answer."
    (problem,) = ended.document["problems"]
    assert (problem["code"], problem["severity"]) == ("not_answering", "error")
    assert ended.err == f"{problem['text']} {problem['next_step']}\n"
    assert "safelight restart" in ended.err


@pytest.mark.parametrize(
    "typed",
    [
        ("enable",),
        ("pause",),
        ("jobs", "enqueue", "scan"),
        ("jobs", "list"),
        ("settings", "list"),
        ("backup", "--wait"),
        ("status", "--watch"),
        ("jobs", "watch"),
    ],
)
def test_what_needs_the_agent_ends_with_3_without_it(safelight: Command, typed: tuple[str, ...]) -> None:
    ended = safelight(*typed)
    assert (ended.code, ended.out) == (3, "")
    assert "safelight start" in ended.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_is_the_agent_until_a_signal_ends_it_cleanly(safelight: Command, number: signal.Signals) -> None:
    with safelight.begin("run") as agent:
        _until(lambda: safelight("status").code == 0)
        second = safelight.process("run")
        assert second.code == 1
        assert "already running" in second.err
        begun_s = time.monotonic()
        agent.send_signal(number)
        _out, err = agent.communicate(timeout=30)
    assert agent.returncode == 0, err
    assert time.monotonic() - begun_s < 15
    assert "Traceback" not in err


def test_home_is_where_everything_lies(safelight: Command, home: Path) -> None:
    other = home / "another home"
    safelight.done("--home", other, "start")
    try:
        assert safelight("status").code == 3
        assert safelight("status", "--home", other).code == 0
        assert (other / "safelight.db").exists()
    finally:
        safelight.done("stop", "--home", other)


# --- the main job ----------------------------------------------------------------------------------------------------


def test_a_folder_is_backed_up_and_everything_tells_so(ready: Command, pictures: Path) -> None:
    assert ready.done("status", "--json").document["light"] == "off"
    waited = ready.done("backup", "--wait", "--json").document
    assert waited["group"]["completed"] == 3
    assert waited["failed_files"] == waited["held_by"] == []
    ready.done("enable")
    status = ready.done("status", "--json").document
    assert set(status) >= STATUS_KEYS
    assert status["light"] == "safe"
    assert status["headline"] == "All 3 photos and videos are safe."
    assert status["enabled"] is True
    assert (status["counts"]["total"], status["counts"]["safe"]) == (3, 3)
    assert status["bytes"]["total"] == status["bytes"]["safe"] > 0
    assert status["run"] is None
    files = ready.done("library", "list", "--json").document["files"]
    assert sorted(row["name"] for row in files if row["state"] == "safe") == ["IMG_0.jpg", "IMG_1.jpg", "IMG_2.jpg"]
    shown = ready.done("library", "show", pictures / "IMG_0.jpg", "--json").document
    assert shown["file"]["state"] == "safe"
    assert [copy["destination_name"] for copy in shown["copies"]] == ["NAS"]
    assert "safe" in ready.done("library", "show", pictures / "IMG_0.jpg").out
    assert len(list((pictures.parent / "Copies").rglob("*.jpg"))) == 3
    assert ready.done("backup", "--wait").out == "Nothing to do: all of it is safe already.\n"


def test_one_path_alone_is_backed_up(ready: Command, pictures: Path) -> None:
    ready.done("backup", pictures / "IMG_1.jpg", "--wait")
    files = ready.done("library", "list", "--state", "safe", "--json").document["files"]
    assert [row["name"] for row in files] == ["IMG_1.jpg"]


def test_a_name_that_is_not_utf_8_is_backed_up_like_any_other(ready: Command, pictures: Path) -> None:
    odd = photo(Path(os.fsdecode(os.fsencode(pictures) + b"/caf\xe9.jpg")), 7)
    ready.done("backup", odd, "--wait")
    shown = ready.done("library", "show", odd, "--json").document
    assert shown["file"]["state"] == "safe"
    assert shown["file"]["path"].startswith("file://")
    assert "caf\ufffd.jpg" in ready.done("library", "list").out


def test_what_is_excluded_is_listed_with_its_reason(ready: Command, pictures: Path) -> None:
    (pictures / "empty.jpg").touch()
    os.utime(pictures / "empty.jpg", (1_700_000_000, 1_700_000_000))
    ready.done("backup", "--wait")
    rows = ready.done("library", "list", "--state", "excluded", "--json").document["files"]
    assert {row["name"]: row["reason"] for row in rows} == {"empty.jpg": "empty", "notes.txt": "unsupported"}
    assert "has content" in next(row["reason_text"] for row in rows if row["name"] == "empty.jpg")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        pytest.param(("--text", "img_"), ["IMG_2.jpg", "IMG_1.jpg", "IMG_0.jpg"], id="text-newest-first"),
        pytest.param(("--text", "img_1", "--state", "safe"), ["IMG_1.jpg"], id="and-state"),
        pytest.param(("--text", "img_1", "--state", "failed"), [], id="and-another-state"),
        pytest.param(("--kind", "video"), [], id="videos"),
        pytest.param(("--kind", "photo", "--text", "2."), ["IMG_2.jpg"], id="photos"),
        pytest.param(("--text", "nowhere"), [], id="nothing"),
    ],
)
def test_files_are_found_as_in_the_window(options: tuple[str, ...], names: list[str], shared: Command) -> None:
    shared.done("backup", "--wait")
    found = shared.done("library", "list", *options, "--json").document["files"]
    assert [row["name"] for row in found] == names
    assert ("No such files" in shared.done("library", "list", *options).out) is (names == [])


def test_single_files_are_left_out_and_taken_in_again(ready: Command, pictures: Path) -> None:
    ready.done("backup", pictures / "IMG_0.jpg", "--wait")
    assert ready.done("library", "exclude", pictures / "IMG_1.jpg", "--json").document == {"files": 1}
    assert "already" in ready.done("library", "exclude", pictures / "IMG_1.jpg").out
    ready.done("restart")
    ready.done("backup", "--wait")
    shown = ready.done("library", "show", pictures / "IMG_1.jpg", "--json").document
    assert (shown["file"]["state"], shown["file"]["reason"]) == ("excluded", "user_excluded")
    assert ready.done("status", "--json").document["counts"]["safe"] == 2
    recent = ready.done("library", "recent", "--json").document["files"]
    assert [row["name"] for row in recent] == ["IMG_2.jpg", "IMG_0.jpg"]
    assert ready.done("library", "include", pictures / "IMG_1.jpg", "--json").document == {"files": 1}
    ready.done("backup", "--wait")
    assert ready.done("status", "--json").document["counts"]["safe"] == 3
    refused = ready("library", "exclude", pictures)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "is a folder" in refused.err


def test_runs_are_listed_and_all_that_failed_is_retried(ready: Command) -> None:
    assert ready.done("jobs", "runs").out == "Nothing was backed up yet.\n"
    ready.done("backup", "--wait")
    (run,) = ready.done("jobs", "runs", "--json").document["runs"]
    assert (run["completed"], run["failed"], run["bytes"] > 0) == (3, 0, True)
    assert run["ended_at"] >= run["started_at"]
    assert ready.done("jobs", "retry-failed").out == "No job has failed.\n"
    made = ready.done("jobs", "enqueue", "scan", "--payload", '{"paths": "none"}', "--max-attempts", "1", "--json")
    ready("jobs", "watch", str(made.document["id"]))
    assert ready.done("jobs", "list", "--status", "FAILED", "--json").document["jobs"] != []
    assert ready.done("jobs", "retry-failed", "--json").document == {"jobs": 1}


def test_the_conditions_and_the_next_check_can_be_asked_for(ready: Command) -> None:
    with Client.connect(ready.home) as client:
        now = client.call("conditions.show", Nothing())
        assert isinstance(now, ConditionsNow)
        snapshot = client.call("state.get", Nothing())
        assert snapshot.backup.next_check_at > snapshot.agent.started_at


def test_paused_work_is_held_and_named_and_anyway_passes(ready: Command) -> None:
    ready.done("pause")
    held = ready("backup", "--wait", "--json")
    assert held.code == 4
    assert "paused" in {hold["constraint"] for hold in held.document["held_by"]}
    told = ready("backup", "--wait")
    assert told.code == 4
    assert "Backup is paused" in told.err
    assert ready("backup").code == 0
    ready.done("backup", "--wait", "--anyway")
    ready.done("resume")


def test_a_revoked_key_ends_with_5(ready: Command) -> None:
    with StandIn() as server:
        key = server.api_key()
        add = ("destination", "add", "immich", server.url, "--name", "Home", "--api-key-stdin", "--store", "file")
        ready.done(*add, stdin=key + "\n")
        ready.done("destination", "check", "Home")
        server.revoke(key)
        checked = ready("destination", "check", "Home", "--json")
        assert checked.code == 5
        assert checked.document["ok"] is False
        assert ready("backup", "--wait").code == 5
        assert "Sign in again" in ready.done("status").out


def test_an_account_tells_its_space_gets_addresses_and_is_signed_out(ready: Command) -> None:
    with StandIn() as server:
        server.set_quota(500_000)
        add = ("destination", "add", "immich", server.url, "--name", "Home", "--api-key-stdin", "--store", "file")
        ready.done(*add, stdin=server.api_key())
        space = ready.done("destination", "check", "Home", "--json").document["space"]
        assert (space["used_bytes"], space["quota_bytes"]) == (0, 500_000)
        assert "0 bytes of 500 kB used" in ready.done("destination", "check", "Home").out
        first, other = f"{server.url}/api", server.url.replace("127.0.0.1", "localhost")
        kept = ready("destination", "addresses", "Home", first, other, "https://photos.invalid")
        assert kept.out.splitlines() == [first, f"{other}/api", "https://photos.invalid/api"]
        assert "https://photos.invalid/api does not answer from here now." in kept.err
        [row] = [
            one for one in ready.done("destination", "list", "--json").document["destinations"] if one["name"] == "Home"
        ]
        assert row["routes"] == kept.out.splitlines()[1:]
        shown = ready.done("destination", "addresses", "Home", "--json").document
        assert shown == {"addresses": kept.out.splitlines()}
        ready.done("destination", "sign-out", "Home")
        assert ready("backup", "--wait").code == 5


def test_a_wrong_key_and_an_absent_server_are_told_apart(shared: Command) -> None:
    with StandIn() as server:
        add = ("destination", "add", "immich", server.url, "--api-key-stdin", "--store", "file")
        assert shared(*add, stdin="wrong\n").code == 5
        assert shared(*add, stdin="\n").code == 2
    gone = shared(*add, stdin="wrong\n")
    assert gone.code == 1
    assert "does not answer" in gone.err


def test_without_a_keyring_the_other_store_is_named(shared: Command) -> None:
    with StandIn() as server:
        ended = shared("destination", "add", "immich", server.url, "--api-key-stdin", stdin=server.api_key())
        assert ended.code == 2
        assert "--store file" in ended.err


def test_ctrl_c_ends_a_watching_command_quietly(shared: Command) -> None:
    with shared.begin("jobs", "watch") as watching:
        assert watching.stdout is not None
        watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        _out, err = watching.communicate(timeout=30)
    assert watching.returncode == 130
    assert "Traceback" not in err


def test_ctrl_c_leaves_the_backup_going(ready: Command, pictures: Path) -> None:
    with StandIn() as server:
        held = server.faults.hold("POST /api/assets")
        add = ("destination", "add", "immich", server.url, "--api-key-stdin", "--store", "file")
        ready.done(*add, stdin=server.api_key())
        with ready.begin("backup", "--wait") as waiting:
            held.wait_hit()
            waiting.send_signal(signal.SIGINT)
            _out, err = waiting.communicate(timeout=30)
        assert waiting.returncode == 130
        assert "goes on in the background" in err
        held.release()
        held.remove()
        ready.done("backup", "--wait")
        assert len(server.assets) == 3


# --- watching --------------------------------------------------------------------------------------------------------


def test_watching_prints_a_document_for_each_change_and_ends_with_the_agent(ready: Command) -> None:
    with ready.begin("status", "--watch", "--json") as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["enabled"] is False
        ready.done("enable")
        while not json.loads(watching.stdout.readline())["enabled"]:
            pass
        ready.done("stop")
        rest, err = watching.communicate(timeout=30)
    assert watching.returncode == 3, err
    assert json.loads(rest.splitlines()[-1])["light"] == "off"


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_a_job_is_enqueued_shown_and_watched(shared: Command) -> None:
    number = shared.done("jobs", "enqueue", "scan", "--payload", "{}", "--json").document["id"]
    assert shared.done("jobs", "watch", str(number)).code == 0
    shown = shared.done("jobs", "show", str(number), "--json").document
    assert list(shown)[:11] == list(JOB_COLUMNS_IN_ORDER)
    assert set(shown) >= JOB_COLUMNS
    assert shown["status"] == "COMPLETED"
    assert isinstance(shown["payload"], dict)
    rows = shared.done("jobs", "list", "--status", "COMPLETED", "--json").document["jobs"]
    assert number in {row["id"] for row in rows}
    assert "scan" in shared.done("jobs", "list").out


JOB_COLUMNS_IN_ORDER = (
    "id", "job_key", "payload", "status", "attempts", "max_attempts", "last_attempt_at", "last_error", "priority",
    "created_at", "updated_at",
)  # fmt: skip

WRONG = (
    (("jobs", "enqueue", "dance"), "Known are"),
    (("jobs", "enqueue", "scan", "--payload", "{"), "JSON"),
    (("jobs", "enqueue", "scan", "--payload", "[1]"), "object"),
    (("jobs", "show", "999999"), "no job 999999"),
    (("jobs", "show", "many"), "--help"),
    (("jobs", "list", "--status", "LOST"), "failed"),
    (("settings", "get", "moon"), "trigger_delay_s"),
    (("settings", "set", "moon", "1"), "trigger_delay_s"),
    (("settings", "set", "trigger_delay_s", "-1"), "from 0 to 86400"),
    (("settings", "set", "trigger_delay_s", "soon"), "from 0 to 86400"),
    (("settings", "set", "log_level", "loud"), "info, warning, severe"),
    (("backup", "/nowhere/at/all"), "/nowhere/at/all"),
    (("backup", "/etc"), "no watched folder"),
    (("backup", "--cancel", "--wait"), "alone"),
    (("folder", "add", "/nowhere/at/all"), "/nowhere/at/all"),
    (("folder", "remove", "/nowhere/at/all"), "not a watched folder"),
    (("folder", "set", "/nowhere/at/all", "--hidden"), "not a watched folder"),
    (("destination", "add", "folder", "/nowhere/at/all"), "/nowhere/at/all"),
    (("destination", "add", "immich", "http://127.0.0.1:1"), "--api-key-stdin"),
    (("destination", "remove", "Moon"), "Moon"),
    (("destination", "check", "Moon"), "Moon"),
    (("library", "show", "/nowhere/at/all"), "/nowhere/at/all"),
    (("library", "list", "--folder", "/nowhere"), "not a watched folder"),
    (("library", "list", "--folder", "/nowhere", "--text", "a"), "not a watched folder"),
    (("library", "list", "--kind", "sound"), "photo"),
    (("library", "list", "--state", "lost"), "queued"),
    (("pause", "--for", "2x"), "1h30m"),
    (("pause", "--until", "25:00"), "tomorrow"),
    (("pause", "--until", "2020-01-01"), "passed"),
    (("pause", "--for", "1h", "--until", "08:00"), "either"),
    (("nonsense",), "safelight --help"),
    (("status", "--nonsense"), "safelight status --help"),
    (("--home",), "--home"),
)


def test_what_is_typed_wrong_ends_with_2_and_one_clear_sentence(shared: Command) -> None:
    for typed, hint in WRONG:
        ended = shared(*typed)
        assert (ended.code, ended.out) == (2, ""), typed
        assert hint in ended.err, f"{typed}: {ended.err}"
        assert ended.err.count("\n") == 1, typed
    refused = shared("jobs", "enqueue", "dance", "--json")
    assert refused.document["error"]["code"] == "job_key_unknown"
    assert refused.document["error"]["exit_code"] == 2


# --- folders, destinations, settings ---------------------------------------------------------------------------------


def test_a_folder_is_previewed_changed_and_removed(ready: Command, pictures: Path) -> None:
    preview = ready.done("folder", "preview", pictures, "--exclude", "IMG_0*", "--json").document
    assert preview["files"] == 2
    ready.done("folder", "set", pictures, "--exclude", "IMG_0*", "--album", "Holidays", "--destination", "NAS")
    ready.done("folder", "set", pictures, "--no-recursive")
    [row] = ready.done("folder", "list", "--json").document["folders"]
    assert row["rules"]["exclude"] == ["IMG_0*"]
    assert row["rules"]["album"] == "Holidays"
    assert row["rules"]["recursive"] is False
    assert len(row["destinations"]) == 1
    assert "album Holidays" in ready.done("folder", "list").out
    ready.done("folder", "set", pictures, "--exclude", "", "--destination", "all")
    [row] = ready.done("folder", "list", "--json").document["folders"]
    assert (row["rules"]["exclude"], row["destinations"]) == ([], [])
    ready.done("folder", "remove", pictures)
    assert ready.done("folder", "list", "--json").document == {"folders": []}


def test_destinations_are_listed_checked_and_removed(ready: Command) -> None:
    [row] = ready.done("destination", "list", "--json").document["destinations"]
    assert (row["name"], row["kind"]) == ("NAS", "folder")
    assert "NAS" in ready.done("destination", "list").out
    assert ready.done("destination", "check", "NAS", "--json").document["ok"] is True
    ready.done("destination", "remove", "NAS")
    assert ready.done("destination", "list", "--json").document == {"destinations": []}


def test_settings_are_read_and_written(shared: Command) -> None:
    shared.done("settings", "set", "battery_floor_percent", "35")
    assert shared.done("settings", "get", "battery_floor_percent").out == "35\n"
    assert shared.done("settings", "get", "battery_floor_percent", "--json").document["value"] == 35
    shared.done("settings", "set", "require_charging", "yes")
    shared.done("settings", "set", "schedule", '[{"since":"22:00","until":"06:00"}]')
    values = shared.done("settings", "list", "--json").document["values"]
    assert values["require_charging"] is True
    assert values["schedule"][0]["since"] == "22:00"
    assert "battery_floor_percent" in shared.done("settings", "list").out


def test_a_pause_is_shown_and_ends(shared: Command) -> None:
    shared.done("enable")
    asked = shared.done("pause", "--for", "2h", "--json").document
    status = shared.done("status", "--json").document
    assert status["paused_until"] == asked["paused_until"]
    until_s = time.monotonic() + 20
    while status["light"] == "working" and time.monotonic() < until_s:  # what was in flight has a moment to stop
        status = shared.done("status", "--json").document
    assert status["light"] == "paused"
    assert shared.done("resume").code == 0
    assert shared.done("status", "--json").document["paused_until"] is None
    shared.done("disable")


def test_the_log_is_shown(shared: Command) -> None:
    assert "is running" in shared.done("logs").out
    lines = shared.done("logs", "--json", "-n", "1000").document["lines"]
    assert any("is running" in line for line in lines)
    assert shared.done("logs", "--json", "-n", "1").document["lines"] == lines[-1:]
    assert "is running" not in shared.done("logs", "--level", "severe").out


# --- the command itself ----------------------------------------------------------------------------------------------


def test_help_loads_neither_rich_nor_the_engine(safelight: Command) -> None:
    code = "import sys; from agent.cli.entry import main; main(['--help']); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for name in ("'rich'", "'agent.app'", "'sqlite3'", "'requests'", "'asyncio'"):
        assert name not in loaded


def test_the_agent_carries_neither_typer_nor_rich(safelight: Command) -> None:
    code = (
        "import sys, agent.app; agent.app.run = lambda home: print(sorted(sys.modules)) or 0;"
        "from agent.cli.entry import main; main(['run'])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'typer'" not in loaded
    assert "'rich'" not in loaded


def test_a_reader_that_has_seen_enough_ends_the_command_quietly(shared: Command) -> None:
    for typed in (("settings", "list"), ("settings", "list", "--json"), ("--help",)):
        with shared.begin(*typed) as listing:
            assert listing.stdout is not None
            assert listing.stderr is not None
            listing.stdout.close()
            assert listing.stderr.read() == ""
            assert listing.wait(30) == 0


def test_the_demo_ends_with_the_headline_and_leaves_nothing(safelight: Command, tmp_path: Path) -> None:
    ended = safelight.process("demo", TMPDIR=str(tmp_path))
    assert ended.code == 0, ended
    assert ended.out.splitlines()[-1].startswith("All ")
    assert ended.out.splitlines()[-1].endswith(" photos and videos are safe in the demo folder.")
    assert list(tmp_path.iterdir()) == []
    assert safelight("status").code == 3


def test_the_demo_keeps_what_it_made_and_uses_a_server(safelight: Command, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with StandIn() as server:
        ended = safelight(
            "demo", "--keep", kept, "--immich", server.url, "--api-key-stdin", stdin=server.api_key() + "\n"
        )
        assert ended.code == 0, ended
        assert ended.out.splitlines()[-1].endswith(f"in the demo folder and on the Immich server at {server.url}.")
        stills_and_videos = int(ended.out.splitlines()[-1].split()[1])
        assert len(server.assets) == stills_and_videos
    assert list((kept / "Copies").rglob("*.JPG"))
    again = safelight("demo", "--keep", kept)
    assert again.code == 2
    assert "not an empty folder" in again.err


def test_a_demo_that_cannot_do_its_job_ends_with_1_and_a_sentence(safelight: Command, tmp_path: Path) -> None:
    add = ("demo", "--immich", "http://127.0.0.1:1", "--api-key-stdin")
    ended = safelight.process(*add, stdin="key\n", TMPDIR=str(tmp_path))
    assert ended.code == 1
    assert "does not answer" in ended.err
    assert list(tmp_path.iterdir()) == []
    assert safelight("demo", "--immich", "http://127.0.0.1:1").code == 2


def _until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s
