"""Photos whose disk falls silent on their way: they wait without an attempt, and go on when it answers."""

import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from agent.files.reach import Reach
from agent.work.journey.ahead import KEEP_BYTES
from tests.agent.work.server_stage import Stage
from tests.silence import needs_silence, silent


@needs_silence
@pytest.mark.parametrize("size_bytes", [1_000, KEEP_BYTES + 1])
def test_a_photo_whose_disk_falls_silent_waits_and_costs_no_attempt(
    stage: Stage, size_bytes: int, expected_log: Callable[..., None]
) -> None:
    expected_log("does not answer")
    stage.reach = Reach(patience_s=0.1)
    stage.file("a.jpg", bytes(size_bytes))
    stage.take()
    stage.clock.advance(60)
    with ExitStack() as hanging:

        def fall_silent(here: str) -> None:
            if here == "claimed":
                hanging.enter_context(silent(stage.root))

        stage.on_checkpoint = fall_silent
        assert stage.run_one()
        assert stage.reach.silent() == {stage.folder.id}
        row = stage.database.read().execute("SELECT status, attempts FROM background_service_jobs").fetchone()
        assert tuple(row) == ("PENDING", 0)
    stage.on_checkpoint = lambda _: None
    for thread in threading.enumerate():
        if thread.name == f"folder-{stage.folder.id}":
            thread.join(10)
    assert stage.reach.silent() == frozenset()
    stage.work()
    assert stage.states() == {"a.jpg": "safe"}
    assert len(stage.server.assets) == 1
