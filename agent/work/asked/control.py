"""What a person may ask of the backup itself: on and off, pause, back up now, jobs, settings.

Called from the threads that answer clients. A mistake is a `Mistake` with a code; the truth of what follows comes by
the snapshot.
"""

import os
from collections.abc import Callable, Iterator, Mapping

from agent.domain.clock import Clock
from agent.protocol.history import ConditionsNow, RunRow
from agent.protocol.methods import PAYLOAD_LIMIT_BYTES
from agent.protocol.paths import from_wire, to_display
from agent.protocol.settings import Values
from agent.protocol.types import GroupRow, JobRow, JobStatus
from agent.protocol.wire import Mistake, as_json, to_plain
from agent.store import activity, groups, job_history, jobs
from agent.store.db import Database
from agent.store.intent import IntentJournal, Pause
from agent.store.jobs import CACHE_LANE, LOCAL_LANE, NewJob
from agent.store.settings import SettingsStore
from agent.work.blocks import Blocks
from agent.work.finding.intake import ASKED, Intake
from agent.work.folders import Folders
from agent.work.gate import Gate
from agent.work.lanes import Lanes


class Control:
    """A person's wishes."""

    def __init__(
        self,
        database: Database,
        settings: SettingsStore,
        intent: IntentJournal,
        folders: Folders,
        intake: Intake,
        gate: Gate,
        lanes: Lanes,
        blocks: Blocks,
        clock: Clock,
        refresh: Callable[[], None],
        job_keys: frozenset[str],
    ) -> None:
        self._database = database
        self._settings = settings
        self._intent = intent
        self._folders = folders
        self._intake = intake
        self._gate = gate
        self._lanes = lanes
        self._blocks = blocks
        self._clock = clock
        self._refresh = refresh
        self._job_keys = job_keys

    def restore(self) -> None:
        """Take up the pause that was asked for before the agent last ended."""
        self._gate.tell(pause=self._intent.pause() or "none")

    # --- on, off, pause ---------------------------------------------------------------------------------------------

    def enable(self) -> None:
        """Turn background backup on."""
        self._settings.set_value("background_backup", value=True)
        self._blocks.look_again()
        self._lanes.kick()

    def disable(self) -> None:
        """Turn background backup off: what runs stops, and open requests end."""
        self._settings.set_value("background_backup", value=False)
        self.cancel_requests()

    def pause(self, until_at: int | None) -> None:
        """Rest until a time, or until resumed."""
        if until_at is not None and until_at <= self._clock.now_at():
            raise Mistake("pause_is_past")
        pause = Pause(until_at)
        self._intent.set_pause(pause, self._clock.now_at())
        self._gate.tell(pause=pause)

    def conditions(self) -> ConditionsNow:
        """Network and power as they are now."""
        facts = self._gate.facts
        return ConditionsNow(
            facts.online,
            facts.network_kind,
            facts.network_name,
            facts.network_metered,
            facts.on_battery,
            facts.battery_percent,
            facts.battery_saver,
        )

    def resume(self) -> None:
        """End the rest."""
        self._intent.set_pause(None, self._clock.now_at())
        self._gate.tell(pause="none")
        self._lanes.kick()

    # --- back up now ------------------------------------------------------------------------------------------------

    def start(self, paths: tuple[str, ...], *, anyway: bool) -> int:
        """Back up now; returns the request's id. With no path everything that is watched."""
        settings = self._settings.get()
        if not settings.folders:
            raise Mistake("no_folder")
        if not settings.destinations:
            raise Mistake("no_destination")
        for path in paths:
            self._require_watched(from_wire(path))
        with self._database.write() as tx:
            now_at = self._clock.now_at()
            group_id = groups.begin(tx, "backup", "all" if anyway else "off", now_at)
            payload: dict[str, object] = {"group_id": group_id, "paths": list(paths)}
            jobs.enqueue(tx, NewJob("scan", payload, priority=ASKED, group_id=group_id), now_at)
        self._intake.due_now()
        self._tell_groups()
        self._blocks.look_again()
        self._lanes.kick()
        return group_id

    def _require_watched(self, path: bytes) -> None:
        if not os.path.lexists(path):
            raise Mistake("path_missing", path=to_display(path))
        inside = self._folders.containing(path) is not None
        prefix = path.rstrip(b"/") + b"/"
        if not inside and not any(folder.root.startswith(prefix) for folder in self._folders.all()):
            raise Mistake("path_not_watched", path=to_display(path))

    def cancel_requests(self) -> None:
        """End every 'back up now'; the files stay in the queue as ordinary ones."""
        with self._database.write() as tx:
            groups.close_all(tx, self._clock.now_at())
        self._tell_groups()

    def _tell_groups(self) -> None:
        self._gate.tell(groups=groups.unfinished(self._database.read()))
        self._refresh()

    def group(self, group_id: int) -> GroupRow:
        """How far a request is."""
        lanes = [destination.id for destination in self._settings.get().destinations]
        passing = {lane: self._gate.passing(lane) for lane in lanes}
        row = groups.show(self._database.read(), group_id, passing, self._clock.now_at())
        if row is None:
            raise Mistake("group_unknown", id=group_id)
        return row

    # --- jobs -------------------------------------------------------------------------------------------------------

    def list_jobs(self, status: JobStatus | None, before: int | None, limit: int) -> list[JobRow]:
        """Jobs, newest first."""
        return job_history.page(self._database.read(), status=status, before=before, limit=limit)

    def show_job(self, job_id: int) -> JobRow:
        """One job."""
        row = job_history.show(self._database.read(), job_id)
        if row is None:
            raise Mistake("job_unknown", id=job_id)
        return row

    def list_runs(self, before: int | None, limit: int) -> list[RunRow]:
        """The stretches of work that are over, newest first."""
        return activity.runs(self._database.read(), before=before, limit=limit)

    def retry_job(self, job_id: int) -> None:
        """Try an ended job again."""
        row = self.show_job(job_id)
        with self._database.write() as tx:
            if not groups.try_again(tx, job_id, self._clock.now_at()):
                raise Mistake("job_not_ended", id=job_id, status=row.status)
        self._touched(row.lane)

    def retry_failed(self) -> int:
        """Try all that failed again, and what was cancelled and stands as failed; how many jobs."""
        lanes = set()
        number = 0
        with self._database.write() as tx:
            for job_id, lane in job_history.failed(tx):
                if groups.try_again(tx, job_id, self._clock.now_at()):
                    number += 1
                    lanes.add(lane)
        self._blocks.look_again()
        self._lanes.kick(lanes)
        self._refresh()
        return number

    def cancel_job(self, job_id: int) -> None:
        """End a job that has not ended."""
        row = self.show_job(job_id)
        with self._database.write() as tx:
            if not groups.give_up(tx, job_id, self._clock.now_at()):
                raise Mistake("job_ended", id=job_id, status=row.status)
        self._lanes.cancel(job_id)
        self._touched(row.lane)

    def prioritise_job(self, job_id: int, priority: int) -> None:
        """Change how urgent a job is."""
        row = self.show_job(job_id)
        with self._database.write() as tx:
            if not groups.prioritise(tx, job_id, priority, self._clock.now_at()):
                raise Mistake("job_ended", id=job_id, status=row.status)
        self._touched(row.lane)

    def enqueue_job(self, key: str, payload: Mapping[str, object] | None, priority: int, max_attempts: int) -> int:
        """Add a job for a registered handler."""
        if key not in self._job_keys:
            raise Mistake("job_key_unknown", key=key, known=", ".join(sorted(self._job_keys)))
        content = dict(payload or {})
        if len(as_json(content)) > PAYLOAD_LIMIT_BYTES:
            raise Mistake("payload_too_large", limit_bytes=PAYLOAD_LIMIT_BYTES)
        if any(not -(2**63) <= number < 2**63 for number in _integers(content)):
            raise Mistake("payload_invalid", detail="a number of more than 64 bits")
        destination = content.get("destination")
        lane = CACHE_LANE if key == "cache" else LOCAL_LANE
        if key in ("upload", "organize", "sync"):
            lane = str(destination)
            if lane not in {one.id for one in self._settings.get().destinations}:
                raise Mistake("destination_unknown", name=lane)
        job = NewJob(key, content, lane=lane, priority=priority, max_attempts=max_attempts)
        with self._database.write() as tx:
            job_id = jobs.enqueue(tx, job, self._clock.now_at())
        self._touched(lane)
        return job_id

    def _touched(self, lane: str) -> None:
        self._lanes.kick([lane])
        self._refresh()

    # --- settings ---------------------------------------------------------------------------------------------------

    def settings(self) -> tuple[dict[str, object], dict[str, object]]:
        """All values and their defaults."""
        return to_plain(self._settings.get().values), to_plain(Values())

    def setting(self, key: str) -> object:
        """One value."""
        values, _ = self.settings()
        if key not in values:
            raise Mistake("key_unknown", key=key)
        return values[key]

    def set_setting(self, key: str, value: object) -> None:
        """Change one value."""
        self._settings.set_value(key, value)


def _integers(value: object) -> Iterator[int]:
    """Every whole number in plain values."""
    if isinstance(value, int):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _integers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _integers(inner)
