"""What the tests of the tray share: a stand-in agent on a socket of this test's home, and the tray's own parts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from agent import words
from agent.protocol.types import Snapshot
from tests.fakes.agent import FakeAgent
from tests.fakes.scenes import NOW_AT, SAFE
from tray.client import Backoff, Client
from tray.model import Model


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let Qt's offscreen screen say what it lacks: windows cannot be raised or bounded, and it has no panel."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(
                pytest.mark.qt_log_ignore("^This plugin does not support|systemTrayWindowChanged", extend=True)
            )


@pytest.fixture(autouse=True)
def in_window() -> Iterator[None]:
    """What is said is said in the window."""
    words.speak_in_window()
    yield
    words.speak_in_window(really=False)


@pytest.fixture
def address(home: Path) -> str:
    """A socket's address where nobody listens yet."""
    return str(home / "agent.sock")


@pytest.fixture
def serve(address: str) -> Iterator[Callable[..., FakeAgent]]:
    """Start a stand-in agent with this snapshot; again, after the first was stopped."""
    started: list[FakeAgent] = []

    def start(snapshot: Snapshot = SAFE) -> FakeAgent:
        started.append(FakeAgent(address, snapshot))
        return started[-1]

    yield start
    for agent in started:
        agent.stop()


@dataclass
class Seam:
    """A model with its client, not yet connected."""

    client: Client
    model: Model
    qtbot: QtBot

    def connect(self) -> None:
        """Look for the agent, until there is an answer."""
        self.client.retry()
        self.qtbot.waitUntil(lambda: self.model.connection != "seeking")


@pytest.fixture
def seam(address: str, qtbot: QtBot) -> Iterator[Seam]:
    client = Client(address, backoff=Backoff(lambda: 0.0))
    yield Seam(client, Model(client, lambda: NOW_AT), qtbot)
    client.close()


@pytest.fixture
def revealed() -> list[str]:
    """The paths that were shown in the file manager."""
    return []
