"""What a client of the socket hears without asking: the agent's beginning, its work, and its end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec import UNSET

from agent.cli.client import Client, NotRunning
from agent.protocol.methods import JobRef
from agent.protocol.types import Changes
from tests import pictures
from tests.seam.places import ServerPlace
from tests.seam.rig import PATIENCE_S, Rig


class Listener:
    """A client that only listens, and keeps all that it heard."""

    def __init__(self, client: Client) -> None:
        self.heard: list[Changes] = []
        self._news = threading.Condition()
        self._client = client
        self._thread = threading.Thread(target=self._listen, name="listener")
        self._thread.start()

    def _listen(self) -> None:
        with suppress(NotRunning):  # the agent has ended
            for change in self._client.changes():
                with self._news:
                    self.heard.append(change)
                    self._news.notify_all()

    def wait(self, section: str, holds: object, what: str) -> object:
        """Wait until a section was told of which `holds` is true; the section."""
        assert callable(holds)

        def found() -> object:
            told = (getattr(change, section) for change in self.heard)
            return next((one for one in told if one is not UNSET and one is not None and holds(one)), None)

        with self._news:
            assert self._news.wait_for(lambda: found() is not None, PATIENCE_S), f"never heard of {what}"
            return found()

    def close(self) -> None:
        self._client.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


@contextmanager
def listening(rig: Rig) -> Iterator[Listener]:
    with rig.client() as client:
        listener = Listener(client)
        try:
            yield listener
        finally:
            listener.close()


def test_a_client_hears_the_beginning_the_work_and_why_it_ends(rig: Rig) -> None:
    rig.ready(["server"])
    server = rig.places["server"]
    assert isinstance(server, ServerPlace)
    server.server.faults.throttle(50_000, "POST /api/assets")
    with listening(rig) as listener:
        listener.wait("agent", lambda agent: agent.phase in {"initialized", "running"}, "the agent that begins")
        pictures.bulk(rig.pictures, 4, 200_000)
        listener.wait("run", lambda run: run.total == 4, "the whole of the work")
        listener.wait("transfers", lambda some: some and some[0].path, "a file on its way")
        listener.wait("notices", lambda some: "total" in {one.kind for one in some}, "the notice of it")
        rig.call("backup.disable")
        listener.wait("backup", lambda backup: backup.light == "off", "the stop that was asked for")
        rig.call("backup.enable")
        listener.wait("library", lambda library: library.counts.uploading, "the work that goes on")
        rig.end()
        ending = listener.wait("agent", lambda agent: agent.phase == "stopping", "the end")
    assert getattr(ending, "stop_reason") == "system"  # noqa: B009 - what was heard is a section of any kind


def test_a_stop_that_a_person_asked_for_is_told_as_such(rig: Rig) -> None:
    rig.start()
    with listening(rig) as listener:
        assert rig.safelight("stop").returncode == 0
        ending = listener.wait("agent", lambda agent: agent.phase == "stopping", "the end")
    assert getattr(ending, "stop_reason") == "user"  # noqa: B009 - as above
    assert rig.wait_dead() == 0


def test_a_job_and_the_list_of_jobs_are_followed_without_asking_again_and_again(rig: Rig) -> None:
    rig.ready(["folder"])
    with listening(rig) as listener, rig.client() as client:
        listener.wait("jobs", lambda _: True, "the jobs at the beginning")
        before = client.call("state.get").jobs.revision
        rig.call("backup.pause")
        pictures.jpeg(rig.pictures / "a.jpg", size=(64, 48))
        listener.wait("jobs", lambda jobs: jobs.revision > before and jobs.pending == 1, "the new job")
        (waiting,) = (row for row in client.jobs("PENDING") if row.job_key == "upload")
        assert client.job(waiting.id).status == "PENDING"
        rig.call("backup.resume")
        listener.wait("jobs", lambda jobs: jobs.revision > before + 1 and jobs.pending == 0, "its end")
        rig.wait_safe(1)
        assert client.job(waiting.id).status == "COMPLETED"
        retried = rig.safelight("jobs", "retry", str(waiting.id))
        assert retried.returncode != 0
        assert "Traceback" not in retried.stderr
        assert client.call("jobs.show", JobRef(waiting.id)).attempts == 1
