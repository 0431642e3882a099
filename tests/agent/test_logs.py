"""The log tells much and betrays nothing."""

import logging
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent import logs

log = logging.getLogger("agent.test")


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    logs.shut_down()
    root.setLevel(level)
    logging.getLogger("agent").setLevel(logging.NOTSET)
    logs._secrets.clear()
    logs._literal = None


def lines(folder: Path) -> list[str]:
    return (folder / logs.LOG_NAME).read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://ada:pa%20ss@photos.example.org/api", "GET https://***@photos.example.org/api"),
        ("GET https://ada:p@ss@photos.example.org/api", "GET https://***@photos.example.org/api"),
        ("smb://nas/photos of ada@home", "smb://nas/photos of ada@home"),
        ("x-api-key: abcDEF123", "x-api-key: ***"),
        ("{'x-api-key': 'abc DEF123', 'n': 1}", "{'x-api-key': ***, 'n': 1}"),
        ("Authorization: Bearer abc.def-123\nHost: x", "Authorization: ***\nHost: x"),
        ('{"Authorization": "Basic YWRhOnBhc3M="}', '{"Authorization": ***}'),
        ("sent Bearer abcdef123456 to it", "sent Bearer *** to it"),
        ("Cookie: immich_access_token=abc; immich_is_authenticated=true", "Cookie: ***"),
        ('{"email":"a@b.c","password":"pa\\"ss, word"}', '{"email":"a@b.c","password":***}'),
        ("api_key=abc123 url=x", "api_key=*** url=x"),
        ("accessToken: 'abc def'", "accessToken: ***"),
        ("GET /api/assets?slug=mine&key=abc&size=1", "GET /api/assets?slug=***&key=***&size=1"),
        ("the password is wrong", "the password is wrong"),
        ("monkey=5 turnkey: 6", "monkey=5 turnkey: 6"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, shown: str) -> None:
    assert logs.redact(text) == shown


def test_a_registered_secret_is_hidden_wherever_it_stands_and_however_it_is_written() -> None:
    logs.add_secret('s3cr"et/ü')
    logs.add_secret("ab")  # too short to hide without hiding half the log
    assert logs.redact('a s3cr"et/ü b s3cr%22et%2F%C3%BC c s3cr\\"et/ü ab') == "a *** b *** c *** ab"


def test_secrets_do_not_reach_the_file_not_even_by_a_traceback(tmp_path: Path) -> None:
    logs.set_up(tmp_path, "info", detailed=False, stderr=False)
    logs.add_secret("hunter2hunter2")
    try:
        raise ValueError("cannot open https://ada:geheim@nas/ with hunter2hunter2")
    except ValueError:
        log.info("it failed: %s", "api_key=12345678", exc_info=True)
    text = (tmp_path / logs.LOG_NAME).read_text("utf-8")
    assert "Traceback" in text
    for secret in ("geheim", "hunter2", "12345678"):
        assert secret not in text


def test_every_record_is_one_line_whatever_a_file_is_called(tmp_path: Path) -> None:
    logs.set_up(tmp_path, "info", detailed=False, stderr=False)
    log.info("uploaded %s", "a\nb\r\x1b[31m\x85\u2028\udcff 写真.jpg")
    (line,) = lines(tmp_path)
    assert line.endswith("agent.test: uploaded a\\nb\\r\\x1b[31m\\x85\\u2028\\udcff 写真.jpg")
    assert " INFO MainThread " in line


def test_levels_can_be_changed_while_it_runs(tmp_path: Path) -> None:
    logs.set_up(tmp_path, "severe", detailed=False, stderr=False)
    log.info("one")
    logs.set_level("info", detailed=False)
    log.info("two")
    log.debug("three")
    logs.set_level("severe", detailed=True)
    log.debug("four")
    logging.getLogger("urllib3").info("five")
    assert [line.rsplit(": ", 1)[1] for line in lines(tmp_path)] == ["two", "four"]


def test_a_severe_record_is_called_so(tmp_path: Path, expected_log: Callable[..., None]) -> None:
    expected_log("that was bad")
    logs.set_up(tmp_path, "info", detailed=False, stderr=False)
    log.error("that was bad")
    assert " SEVERE " in lines(tmp_path)[0]


def test_arguments_that_do_not_fit_lose_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest's own would raise
    logs.set_up(tmp_path, "info", detailed=False, stderr=False)
    log.info("count %d", "many")
    assert "count %d" in lines(tmp_path)[0]


def test_the_files_rotate_and_are_for_their_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 10_000)
    folder = tmp_path / "logs"
    logs.set_up(folder, "info", detailed=False, stderr=False)
    for _ in range(900):
        log.info("x" * 100)
    found = sorted(path.name for path in folder.iterdir())
    assert found == ["agent.log", "agent.log.1", "agent.log.2", "agent.log.3", "agent.log.4"]
    assert all(path.stat().st_size <= 10_000 for path in folder.iterdir())
    assert {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]} == {0o700, 0o600}


def test_a_folder_that_cannot_be_written_is_told_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected_log: Callable[..., None]
) -> None:
    expected_log("no log file")
    (tmp_path / "logs").write_text("a file is in the way")
    logs.set_up(tmp_path / "logs", "info", detailed=False, stderr=False)
    log.info("still here")
    assert "still here" in capsys.readouterr().err


def test_setting_up_again_replaces_the_first(tmp_path: Path) -> None:
    logs.set_up(tmp_path / "a", "info", detailed=False, stderr=False)
    logs.set_up(tmp_path / "b", "info", detailed=False, stderr=False)
    log.info("here")
    assert lines(tmp_path / "a") == []
    assert len(lines(tmp_path / "b")) == 1
