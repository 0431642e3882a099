"""The start at login, with a command that registers in a folder of the test's: a file for each part that is on."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tray.command import Command
from tray.startup import Startup

#: `service install|uninstall|status [--no-agent|--no-tray] [--no-stop]`; what is in `refused` is what it complains of.
_SERVICE = """
import json, sys, pathlib
folder = pathlib.Path(sys.argv[1])
verb, options = sys.argv[2], sys.argv[3:]
with (folder / "asked").open("a") as asked:
    asked.write(" ".join(sys.argv[2:]) + "\\n")
refused = folder / f"refused-{verb}"
if refused.exists():
    sys.exit(refused.read_text())
parts = {"agent", "tray"} - {one.removeprefix("--no-") for one in options}
if verb != "status":
    for part in parts:
        (folder / part).touch() if verb == "install" else (folder / part).unlink(missing_ok=True)
if verb == "uninstall":
    print(json.dumps({"removed": [], "kept": []}))
else:
    on = {part: (folder / part).exists() for part in ("agent", "tray")}
    codes = (folder / "findings").read_text().split() if (folder / "findings").exists() else []
    findings = [{"code": code, "args": {"found": "/gone", "expected": ""}} for code in codes]
    print(json.dumps({"at_login": on, "findings": findings}))
"""
_LIMIT_MS = 30_000


@pytest.fixture
def startup(tmp_path: Path, qtbot: QtBot) -> Iterator[Startup]:
    built = Startup(Command([sys.executable, "-c", _SERVICE, str(tmp_path)]))
    yield built
    built.close()


@pytest.fixture
def rest(startup: Startup, qtbot: QtBot) -> Callable[[], None]:
    """Wait until everything that was asked for is read back."""
    return lambda: qtbot.waitUntil(lambda: not startup._running and not startup._waiting, timeout=_LIMIT_MS)


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().splitlines()


def test_each_part_is_what_the_system_says(startup: Startup, tmp_path: Path, rest: Callable[[], None]) -> None:
    assert (startup.agent, startup.tray) == (None, None)
    (tmp_path / "tray").touch()
    startup.look()
    rest()
    assert (startup.agent, startup.tray, startup.said) == (False, True, "")


def test_each_part_is_switched_by_itself_and_what_runs_goes_on(
    startup: Startup, tmp_path: Path, rest: Callable[[], None]
) -> None:
    startup.set_part("agent", is_on=True)
    assert startup.agent, "the switch stays where the person put it"
    assert startup.said == "Asking the system …"
    rest()
    assert (startup.agent, startup.tray, startup.said) == (True, False, "")
    startup.set_part("tray", is_on=True)
    rest()
    startup.set_part("agent", is_on=False)
    rest()
    assert (startup.agent, startup.tray) == (False, True)
    assert asked(tmp_path) == ["install --no-tray", "install --no-agent", "uninstall --no-stop --no-tray", "status"]


def test_two_wishes_in_a_hurry_are_both_fulfilled(startup: Startup, tmp_path: Path, rest: Callable[[], None]) -> None:
    startup.set_part("agent", is_on=True)
    startup.set_part("tray", is_on=True)
    startup.look()
    rest()
    assert (startup.agent, startup.tray) == (True, True)
    assert asked(tmp_path) == ["install --no-tray", "install --no-agent"]


def test_a_refusal_is_said_and_the_switch_shows_again_what_is(
    startup: Startup, tmp_path: Path, rest: Callable[[], None]
) -> None:
    (tmp_path / "refused-install").write_text("The system refused.")
    startup.set_part("agent", is_on=True)
    rest()
    assert (startup.agent, startup.said) == (False, "The system refused.")
    (tmp_path / "refused-install").unlink()
    startup.set_part("agent", is_on=True)
    rest()
    assert (startup.agent, startup.said) == (True, "")


def test_where_nothing_can_be_read_back_it_is_as_it_was_known(
    startup: Startup, tmp_path: Path, rest: Callable[[], None]
) -> None:
    startup.look()
    rest()
    for verb in ("install", "status"):
        (tmp_path / f"refused-{verb}").write_text(f"No {verb}.")
    startup.set_part("tray", is_on=True)
    rest()
    assert (startup.tray, startup.said) == (False, "No install.")


def test_the_first_steps_set_both_and_take_back_only_what_is_there(
    startup: Startup, tmp_path: Path, rest: Callable[[], None]
) -> None:
    startup.set_both(is_on=True)
    rest()
    assert (startup.agent, startup.tray) == (True, True)
    startup.set_both(is_on=False)
    rest()
    startup.set_both(is_on=False)
    rest()
    assert (startup.agent, startup.tray) == (False, False)
    assert asked(tmp_path) == ["install", "uninstall --no-stop", "status"]


def test_only_the_first_steps_are_told_in_the_window_of_a_refusal(
    startup: Startup, tmp_path: Path, rest: Callable[[], None], qtbot: QtBot
) -> None:
    (tmp_path / "refused-install").write_text("The system refused.")
    with qtbot.assertNotEmitted(startup.failed):
        startup.set_part("agent", is_on=True)
        rest()
    with qtbot.waitSignal(startup.failed, timeout=_LIMIT_MS) as heard:
        startup.set_both(is_on=True)
    assert heard.args == ["The system refused."]
    rest()


def test_what_is_wrong_is_said_with_a_button_of_the_window_but_not_what_the_switches_show(
    startup: Startup, tmp_path: Path, rest: Callable[[], None]
) -> None:
    (tmp_path / "findings").write_text("service_program_gone tray_absent service_not_lingering")
    startup.look()
    rest()
    assert "/gone" in startup.said
    assert "Switch the start at login off and on again in the settings." in startup.said
    assert "in the tray" not in startup.said
