"""Which lines of the log are shown."""

import pytest

from agent.cli.logs import Level, grave_lines

LOG = (
    "2026-11-22T17:30:00.000Z DEBUG main agent.a: detail\n",
    "2026-11-22T17:30:01.000Z INFO main agent.a: begun, no WARNING here\n",
    "2026-11-22T17:30:02.000Z WARNING main agent.a: careful\n",
    "2026-11-22T17:30:03.000Z SEVERE main agent.a: bad\n",
    "  File somewhere\n",
)


@pytest.mark.parametrize(("level", "shown"), [("info", LOG[1:]), ("warning", LOG[2:]), ("severe", LOG[3:])])
def test_what_is_less_grave_is_left_out(level: Level, shown: tuple[str, ...]) -> None:
    assert list(grave_lines(LOG, level)) == [line.rstrip("\n") for line in shown]
