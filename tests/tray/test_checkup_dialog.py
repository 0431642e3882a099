"""The check-up in a window: the real command looks, with no agent anywhere."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from agent.words import checkup
from tests.tray.widgets_read import clipped, nameless, read, shared_keys, unreachable
from tray.command import command_line
from tray.pages.checkup_dialog import CheckupDialog

_LIMIT_MS = 20_000


def shown(command: list[str], qtbot: QtBot) -> CheckupDialog:
    dialog = CheckupDialog(command)
    qtbot.addWidget(dialog)
    dialog.show()
    assert "some seconds" in dialog.said.text()
    qtbot.waitUntil(dialog.again.isEnabled, timeout=_LIMIT_MS)
    return dialog


def saying(document: object) -> list[str]:
    """A command that prints this and finds something wrong."""
    return [sys.executable, "-c", f"print({json.dumps(document)!r}); raise SystemExit(1)"]


@pytest.fixture
def dialog(home: Path, qtbot: QtBot) -> Iterator[CheckupDialog]:
    found = shown(command_line(home, "--json", "doctor"), qtbot)
    yield found
    found.reject()


def test_what_is_wrong_is_said_with_what_a_person_in_the_window_can_do(dialog: CheckupDialog) -> None:
    text = read(dialog)
    assert dialog.said.text() == "This was found:"
    assert "The background agent is not running." in text
    assert "Add a server or a folder in the settings." in text
    assert "In order: " in text
    assert "safelight" not in text


def test_it_looks_again_on_request(dialog: CheckupDialog, qtbot: QtBot) -> None:
    dialog.again.click()
    assert not dialog.again.isEnabled()
    qtbot.waitUntil(dialog.again.isEnabled, timeout=_LIMIT_MS)
    assert "The background agent is not running." in read(dialog)


def test_everyone_can_use_it(dialog: CheckupDialog, qtbot: QtBot) -> None:
    qtbot.wait(20)
    assert (nameless(dialog), unreachable(dialog), clipped(dialog), shared_keys(dialog)) == ([], [], [], {})


def test_where_nothing_is_wrong_it_says_so(qtbot: QtBot) -> None:
    found = shown(saying({"ok": True, "checked": ["agent", "disk"], "findings": []}), qtbot)
    assert read(found) == "Nothing is wrong.\nIn order: the agent, disk space."
    found.reject()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(["/nowhere/safelight"], "did not start", id="absent"),
        pytest.param([sys.executable, "-c", "print('no document')"], "Something unexpected", id="broken"),
        pytest.param(saying([]), "Something unexpected", id="strange"),
    ],
)
def test_a_check_up_that_fails_is_no_silence(command: list[str], said: str, qtbot: QtBot) -> None:
    found = shown(command, qtbot)
    assert said in found.said.text()
    found.reject()


@pytest.mark.parametrize("code", sorted(checkup.FINDINGS))
def test_the_window_names_a_command_only_where_it_has_no_button(code: str) -> None:
    _text, step = checkup.finding(code, {})
    has_no_button = {"service_no_manager", "service_masked", "service_elsewhere", "nightly_masked", "tray_no_host"}
    system = {"home_not_private", "secrets_readable", "watches_short", "watchers_short", "clock_wrong"}
    system |= {"service_not_lingering"}
    if code not in has_no_button | system:
        assert not re.search(r"'safelight |(?<!\w)--\w", step)
