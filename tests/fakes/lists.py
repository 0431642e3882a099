"""What the stand-in agent answers when the tray asks for lists: folders with rules, settings, jobs. Times are fixed."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from agent.protocol.cache import CacheRebuild, CacheStats, CacheStore
from agent.protocol.destination import AddressesKept, DestinationSpace
from agent.protocol.history import RunRow, RunRows, RunsList
from agent.protocol.methods import (
    DestinationAdded,
    DestinationReport,
    DestinationRow,
    Destinations,
    FolderPreview,
    Folders,
    JobRows,
    JobsList,
    ServerFound,
    SettingsRows,
)
from agent.protocol.server import JobIds
from agent.protocol.settings import FolderRules, FolderSetting, Values, Window
from agent.protocol.types import JobRow, JobStatus, Preview
from tests.fakes.agent import FakeAgent
from tests.fakes.library import furnish_library
from tests.fakes.scenes import IMMICH, NAS, NOW_AT

PICTURES = FolderSetting("/home/ada/Pictures", (), FolderRules(exclude=("*.png", "Drafts/"), album="folder"))
CAMERA = FolderSetting("/home/ada/Camera uploads/2026", (IMMICH.id,), FolderRules(require_unmetered="yes", stack=True))
VALUES = Values(
    background_backup=True,
    schedule=(Window("22:00", "06:00", ("mon", "tue", "wed", "thu", "fri")), Window("08:00", "20:00", ("sat", "sun"))),
    bandwidth_limit_bytes_s=2_500_000,
)
_HOUR_MS = 3_600_000
#: So many runs are over.
RUNS = 130


def iso(at: int) -> str:
    """Epoch ms as the queue keeps times."""
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat().replace("+00:00", "Z")


def job(number: int, status: JobStatus = "PENDING", **fields: Any) -> JobRow:
    """An upload of a file."""
    usual = JobRow(
        id=number,
        job_key="upload",
        payload={"asset_id": number},
        status=status,
        attempts=0,
        max_attempts=3,
        last_attempt_at=None,
        last_error=None,
        priority=10,
        created_at=iso(NOW_AT - _HOUR_MS),
        updated_at=iso(NOW_AT - _HOUR_MS),
        lane=IMMICH.id,
        run_after=0,
        interruptions=0,
        path=f"/home/ada/Camera uploads/2026/IMG_{number:04}.HEIC",
    )
    return msgspec.structs.replace(usual, **fields)


def some_jobs() -> list[JobRow]:
    """A queue as one meets it, newest first."""
    tried: dict[str, Any] = {"attempts": 1, "last_attempt_at": iso(NOW_AT - 120_000)}
    jobs = [job(number) for number in range(2080, 2044, -1)]
    jobs += [
        job(2044, lane=NAS.id, last_error="destination_io", run_after=NOW_AT + 240_000, **tried),
        job(2043, run_after=NOW_AT + 20_000),
        job(2042, "RUNNING", lane=NAS.id, progress=12, attempts=0),
        job(2041, "RUNNING", progress=64),
        job(2040, "FAILED", attempts=3, last_attempt_at=iso(NOW_AT - 600_000), last_error="too_large_for_server"),
        job(
            2039,
            "FAILED",
            attempts=3,
            last_attempt_at=iso(NOW_AT - 660_000),
            last_error="rejected_by_server(detail='the file extension is not supported')",
        ),
        job(2038, "CANCELLED"),
        job(2037, "COMPLETED", job_key="scan", lane="local", path=None, attempts=1),
    ]
    return jobs + [job(number, "COMPLETED", attempts=1) for number in range(2036, 1900, -1)]


SYNC_JOB, PROOF_JOB, CACHE_JOB = 3_001, 3_002, 3_003
SPACES = {
    IMMICH.id: DestinationSpace(IMMICH.id, 48_200_000_000, 100_000_000_000, 64_000_000_000),
    NAS.id: DestinationSpace(NAS.id, free_bytes=812_000_000_000),
}
_PROOF = {"ended_at": NOW_AT, "files": 12_431, "whole": 12_429, "rotten": 1, "lost": 1, "found": [
    {"path": "/home/ada/Pictures/2019/IMG_0007.JPG", "verdict": "rotten"},
    {"path": "/home/ada/Pictures/2021/IMG_1177.HEIC", "verdict": "lost"},
]}  # fmt: skip
_ENDED_JOBS = {
    SYNC_JOB: job(SYNC_JOB, "COMPLETED", job_key="sync"),
    PROOF_JOB: job(PROOF_JOB, "COMPLETED", job_key="verify", result=_PROOF),
    CACHE_JOB: job(CACHE_JOB, "COMPLETED", job_key="cache", result={"done": 12, "skipped": 12_378, "failed": 41}),
}


class Queue:
    """Answers `jobs.list` from a list, newest first."""

    def __init__(self, jobs: list[JobRow]) -> None:
        self.jobs = jobs

    def __call__(self, asked: JobsList) -> JobRows:
        rows = [
            row
            for row in self.jobs
            if (asked.status is None or row.status == asked.status) and (asked.before is None or row.id < asked.before)
        ]
        page = tuple(rows[: asked.limit])
        return JobRows(page, page[-1].id if len(page) == asked.limit else None)


def runs(asked: RunsList) -> RunRows:
    """The runs of some months, the newest an hour ago; every ninth had failures."""
    last = asked.before if asked.before is not None else RUNS + 1
    rows = tuple(_run(number) for number in range(last - 1, max(0, last - 1 - asked.limit), -1))
    return RunRows(rows, rows[-1].id if len(rows) == asked.limit else None)


def _run(number: int) -> RunRow:
    started_at = NOW_AT - _HOUR_MS - (RUNS - number) * 17 * _HOUR_MS
    files = 1 + number * 37 % 240
    return RunRow(number, started_at, started_at + files * 900, files, 0 if number % 9 else 2, files * 3_100_000)


def preview(asked: FolderPreview) -> Preview:
    """Fewer files, the more patterns there are."""
    fewer = len(asked.rules.exclude) * 100
    return Preview(
        asked.path,
        1_204 - fewer,
        8_311_000_000 - fewer * 1_000_000,
        {"hidden": 12, "unsupported": 41, "excluded": fewer},
        ("network_share",),
        ("2026/IMG_0001.HEIC", "2026/IMG_0002.HEIC", "2026/IMG_0003.MOV"),
    )


def furnish(agent: FakeAgent) -> FakeAgent:
    """Let the stand-in answer all lists."""
    values = msgspec.to_builtins(VALUES)
    furnish_library(agent)
    agent.answers.update(
        {
            "folder.list": lambda _asked: Folders((PICTURES, CAMERA), {CAMERA.path: ("network_share",)}),
            "folder.preview": preview,
            "folder.add": lambda asked: preview(FolderPreview(asked.path, asked.rules)),
            "settings.list": lambda _asked: SettingsRows(values, msgspec.to_builtins(Values())),
            "jobs.list": Queue(some_jobs()),
            "runs.list": runs,
            "destination.list": lambda _asked: Destinations(
                tuple(
                    DestinationRow(
                        one.id, one.kind, one.name, one.location, one.account, one.secret_store, safe, routes
                    )
                    for one, safe, routes in ((IMMICH, 12_431, ("http://nas.local:2283/api",)), (NAS, 11_998, ()))
                )
            ),
            "destination.space": lambda asked: SPACES[asked.destination],
            "destination.set_addresses": lambda asked: AddressesKept(asked.addresses),
            "sync.start": lambda _asked: JobIds((SYNC_JOB,)),
            "verify.start": lambda _asked: JobIds((PROOF_JOB,)),
            "cache.stats": lambda _asked: CacheStats(
                CacheStore(exists=True, count=12_390, size_bytes=412_000_000),
                CacheStore(exists=True, count=12_402, size_bytes=9_100_000),
                failed=41,
                limit_bytes=2_000_000_000,
            ),
            "cache.rebuild": lambda _asked: CacheRebuild(CACHE_JOB),
            "jobs.show": lambda asked: _ENDED_JOBS[asked.id],
            "server.find": lambda _asked: ServerFound("https://photos.example.org/api", "2.3.1"),
            "destination.add_immich": lambda _asked: DestinationAdded(IMMICH.id, IMMICH.name, IMMICH.account),
            "destination.add_folder": lambda _asked: DestinationAdded(NAS.id, NAS.name),
            "destination.check": lambda asked: DestinationReport(
                asked.destination, ok=True, server_version="2.3.1", account=IMMICH.account
            ),
        }
    )
    return agent
