"""Follows one job of the agent from the moment it was asked for until it has ended. GUI thread; nothing waits.

A job that waits its turn, or for the network, is followed just as one that runs: whoever asked says so to the person.
"""

from PySide6.QtCore import QObject, QTimer, Signal

from agent.protocol.methods import JobRef
from agent.protocol.types import JobRow
from tray.model import Model

_LOOK_MS = 1_000
_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


class Follow(QObject):
    """One job at a time; a new one takes the place of the one before.

    Signals:
        moved(JobRow): how it stands now; each second, and last when it has ended.
        lost(): it cannot be seen any more, because the agent is gone or the job with it.
    """

    moved = Signal(object)
    lost = Signal()

    def __init__(self, model: Model, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._job_id: int | None = None
        self._again = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._again.timeout.connect(self._look)

    @property
    def is_under_way(self) -> bool:
        """Whether a job is followed that has not ended."""
        return self._job_id is not None

    def follow(self, job_id: int) -> None:
        """Tell of this job from now on."""
        self._job_id = job_id
        self._look()

    def _look(self) -> None:
        if self._job_id is not None:
            self._model.call("jobs.show", JobRef(self._job_id), self._seen, self._not_seen, owner=self)

    def _seen(self, row: JobRow) -> None:
        if row.id != self._job_id:
            return
        if row.status in _ENDED:
            self._job_id = None
        else:
            self._again.start()
        self.moved.emit(row)

    def _not_seen(self, _error: object) -> None:
        self._job_id = None
        self.lost.emit()
