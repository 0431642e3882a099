"""Fixtures of the seam: a rig for stories with a whole agent; whoever leaves a traceback in the agent's log fails.

Such tests mostly wait. Those that ask for nothing but a rig are therefore played ahead of their turn, a few at a time,
each with a rig of its own; their turn takes the outcome.
"""

import inspect
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from _pytest.skipping import evaluate_skip_marks

from tests.seam.rig import Rig

HERE = Path(__file__).parent
#: How many are played at a time.
ABREAST = 3


@contextmanager
def stage() -> Iterator[Rig]:
    """An empty stage; at the end nothing that it started is left, and the log holds no bug."""
    made = Rig()
    try:
        yield made
        bugs = made.bugs()
    finally:
        made.close()
    if bugs:
        pytest.fail("the agent's log holds what only a bug writes:\n" + "\n".join(bugs), pytrace=False)


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig | None]:
    """A stage; None for a test that is played ahead, which has its own."""
    if request.node in _ahead.items:
        yield None
    else:
        with stage() as made:
            yield made


class _Ahead:
    """The tests that are played ahead."""

    def __init__(self) -> None:
        self.items: list[pytest.Function] = []
        self._pool: ThreadPoolExecutor | None = None
        self._outcomes: dict[str, Future[None]] = {}

    def take(self, item: pytest.Function) -> None:
        """Wait for a test's outcome; the first to come begins them all."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(ABREAST, thread_name_prefix="ahead")
            self._outcomes = {one.nodeid: self._pool.submit(_play, one) for one in self.items}
        self._outcomes[item.nodeid].result()

    def end(self) -> None:
        """Begin no more."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


_ahead = _Ahead()


def _params(item: pytest.Function) -> dict[str, Any]:
    return dict(item.callspec.params) if hasattr(item, "callspec") else {}


def _play(item: pytest.Function) -> None:
    with stage() as made:
        item.obj(rig=made, **_params(item))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Choose them: a rig, parameters and nothing else."""
    for item in session.items:
        if not (isinstance(item, pytest.Function) and item.path.parent == HERE):
            continue
        asked = set(inspect.signature(item.obj).parameters)
        if asked == {"rig"} | set(_params(item)) and evaluate_skip_marks(item) is None:
            _ahead.items.append(item)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """The turn of a test that was played ahead."""
    if pyfuncitem not in _ahead.items:
        return None
    _ahead.take(pyfuncitem)
    return True


def pytest_sessionfinish() -> None:
    """Leave nothing behind."""
    _ahead.end()
