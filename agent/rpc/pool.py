"""A few threads in which calls run, so that a slow one blocks neither the loop nor the other clients.

Unlike the standard pool its threads never keep the process alive: a call that hangs in the kernel is left behind when
the agent stops. Threads are started when they are needed.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

_THREADS: Final = 8

Job = Callable[[], bytes]


class Pool:
    """Submit from any thread."""

    def __init__(self, threads: int = _THREADS) -> None:
        self._limit = threads
        self._jobs: queue.SimpleQueue[tuple[Job, Future[bytes]] | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._started = 0
        self._idle = 0

    def submit(self, job: Job) -> "Future[bytes]":
        """Run `job` in a thread; what it raises is the future's."""
        future: Future[bytes] = Future()
        with self._guard:
            if self._idle > 0:
                self._idle -= 1  # claimed for this job
            elif self._started < self._limit:
                self._started += 1
                threading.Thread(target=self._work, name=f"rpc-{self._started}", daemon=True).start()
        self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """Let idle threads end, and each other one after its call."""
        with self._guard:
            for _ in range(self._started):
                self._jobs.put(None)

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, future = item
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(job())
                except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
                    future.set_exception(error)
            del item, job, future  # an idle thread holds no answer
            with self._guard:
                self._idle += 1
