"""What the agent shows of itself: one snapshot made of sections, each sent whole.

Facts and codes only, never sentences: `agent.words` makes those. Times are UTC epoch milliseconds, sizes
are bytes, progress is 0 to 100. A section stays below 64 KiB; what may grow without bound (files, jobs)
is paged through calls in `methods` and shown here as counts.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Light = Literal["attention", "paused", "working", "off", "waiting", "safe"]
Phase = Literal["initialized", "running", "stopping"]
StopReason = Literal["user", "system"]
Severity = Literal["error", "warning", "info"]
FileState = Literal[
    "safe",
    "queued",
    "uploading",
    "failed",
    "excluded",
    "deleted_at_destination",
    "in_trash",
    "missing_at_destination",
]
JobStatus = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
DestinationKind = Literal["immich", "folder"]

#: What a sentence is filled with: `{"count": 3, "name": "NAS"}`.
Args = dict[str, str | int | float | bool | None]


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the snapshot: immutable, compared by value, unknown fields refused."""


class Agent(Section, frozen=True):
    """The process itself. `stop_reason` is set while the phase is `stopping`."""

    version: str
    pid: int
    started_at: int
    phase: Phase
    stop_reason: StopReason | None = None


class Backup(Section, frozen=True):
    """What a person asked for, and the light that sums everything up.

    `paused_until` is None while paused without an end; `paused` tells the two apart.
    `gathering_until` is the time when the batch that gathers now becomes due.
    """

    light: Light
    enabled: bool
    paused: bool = False
    paused_until: int | None = None
    gathering_until: int | None = None
    last_backup_at: int | None = None
    #: Since when there have been failed uploads, None while there are none.
    failed_since: int | None = None
    last_check_at: int | None = None
    #: When all folders are compared again by themselves.
    next_check_at: int | None = None
    #: Whether a person's 'back up now' is under way.
    asked: bool = False
    checking: bool = False


class Counts(Section, frozen=True):
    """Stills and videos by state (a live photo counts as two, sidecars never); total is all but excluded."""

    total: int = 0
    safe: int = 0
    queued: int = 0
    uploading: int = 0
    failed: int = 0
    excluded: int = 0
    deleted_at_destination: int = 0
    in_trash: int = 0
    missing_at_destination: int = 0


class Bytes(Section, frozen=True):
    """The same files by size: all but excluded, and those that are safe."""

    total: int = 0
    safe: int = 0


class Library(Section, frozen=True):
    """All that is watched, as counts."""

    counts: Counts = Counts()
    bytes: Bytes = Bytes()


class Run(Section, frozen=True):
    """The stretch of work that goes on now; absent when nothing runs. Files are counted once per destination."""

    id: int
    started_at: int
    total: int
    completed: int
    failed: int
    current_file: str | None
    progress: int
    bytes_total: int
    bytes_done: int
    bytes_per_second: int


class Transfer(Section, frozen=True):
    """One file in flight; `path` is display text."""

    path: str
    destination: str
    size_bytes: int
    progress: int
    bytes_per_second: int


class Hold(Section, frozen=True):
    """A constraint in force: which, for which destination or folder (None: all), its present value in `args`."""

    constraint: str
    destination: str | None = None
    folder: str | None = None
    args: Args = {}


class Problem(Section, frozen=True):
    """A lasting state that the user should know, by its code in `domain.problems`."""

    code: str
    severity: Severity
    since_at: int
    args: Args = {}
    #: Whether work on the destination waits until it is mended.
    blocks: str | None = None


class Notice(Section, frozen=True):
    """What the tray shows as a notification; `agent.words` makes title and content of kind, code and arguments.

    Progress is `progress` of `max`, or going on without a measure when `indeterminate`. `is_detail` concerns one file.
    `action` is the page that explains. A notice with a known `id` replaces the one shown under it.
    """

    id: str
    kind: Literal["total", "single", "error", "done", "action"]
    code: str
    args: Args = {}
    progress: int = 0
    max: int = 0
    indeterminate: bool = False
    is_detail: bool = False
    raised_at: int = 0
    action: str | None = None


class Destination(Section, frozen=True):
    """Where copies go. `location` is an address or a folder; `account` who is signed in."""

    id: str
    kind: DestinationKind
    name: str
    location: str
    account: str | None = None
    secret_store: Literal["keyring", "file"] | None = None
    reachable: bool | None = None


class Folder(Section, frozen=True):
    """A watched folder and how it stands. `path` is wire text (see `paths`)."""

    id: int
    path: str
    available: bool
    destinations: tuple[str, ...]
    counts: Counts = Counts()


class Jobs(Section, frozen=True):
    """How many jobs there are in each state; `revision` moves whenever a list of them should be read again."""

    revision: int = 0
    pending: int = 0
    running: int = 0
    failed: int = 0


class Snapshot(Section, frozen=True):
    """All sections at one revision. `settings` is a revision too: the values are read by `settings.list`."""

    revision: int
    agent: Agent
    backup: Backup
    library: Library = Library()
    run: Run | None = None
    transfers: tuple[Transfer, ...] = ()
    holds: tuple[Hold, ...] = ()
    problems: tuple[Problem, ...] = ()
    destinations: tuple[Destination, ...] = ()
    folders: tuple[Folder, ...] = ()
    jobs: Jobs = Jobs()
    notices: tuple[Notice, ...] = ()
    settings_revision: int = 0


class Changes(Section, frozen=True, omit_defaults=True):
    """The sections that differ from what this client last saw, whole; a field for each section of `Snapshot`."""

    revision: int
    agent: Agent | UnsetType = UNSET
    backup: Backup | UnsetType = UNSET
    library: Library | UnsetType = UNSET
    run: Run | UnsetType | None = UNSET
    transfers: tuple[Transfer, ...] | UnsetType = UNSET
    holds: tuple[Hold, ...] | UnsetType = UNSET
    problems: tuple[Problem, ...] | UnsetType = UNSET
    destinations: tuple[Destination, ...] | UnsetType = UNSET
    folders: tuple[Folder, ...] | UnsetType = UNSET
    jobs: Jobs | UnsetType = UNSET
    notices: tuple[Notice, ...] | UnsetType = UNSET
    settings_revision: int | UnsetType = UNSET


class FileRow(Section, frozen=True):
    """A file in a list: `path` is wire text, `name` its last part for display."""

    id: int
    path: str
    name: str
    state: FileState
    size_bytes: int
    modified_at: int
    role: Literal["still", "video", "sidecar", "other"]
    reason: str | None = None
    args: Args = {}


class CopyRow(Section, frozen=True):
    """How one destination stands to a file's present content."""

    destination: str
    destination_name: str
    state: str
    remote_id: str | None = None
    verified_at: int | None = None


class Outstanding(Section, frozen=True):
    """A destination that lacks a file, and what its job knows of that; what holds all jobs is in the snapshot."""

    destination: str
    destination_name: str
    state: Literal["queued", "uploading", "failed"]
    reason: str | None = None
    args: Args = {}
    failed_at: int | None = None
    job_id: int | None = None
    #: Not before then; None where nothing waits.
    run_after: int | None = None
    attempts: int = 0
    last_error: str | None = None


class Event(Section, frozen=True):
    """A line of a file's history: `seen`, `hashed`, `uploaded`, `failed`."""

    at: int
    what: str
    args: Args = {}


class FileDetail(Section, frozen=True):
    """All that is known of one file."""

    file: FileRow
    folder: str
    sha1: str | None
    copies: tuple[CopyRow, ...] = ()
    members: tuple[FileRow, ...] = ()
    history: tuple[Event, ...] = ()
    #: The destinations of its folder that lack it.
    outstanding: tuple[Outstanding, ...] = ()


class JobRow(Section, frozen=True):
    """A row of `background_service_jobs`: its published columns first, then ours. Published times are ISO 8601 UTC."""

    id: int
    job_key: str
    payload: dict[str, object] | None
    status: JobStatus
    attempts: int
    max_attempts: int
    last_attempt_at: str | None
    last_error: str | None
    priority: int
    created_at: str
    updated_at: str
    lane: str
    run_after: int
    interruptions: int
    unique_key: str | None = None
    group_id: int | None = None
    progress: int = 0
    result: dict[str, object] | None = None
    #: The file that the job is about, as wire text; None where it is about more than one thing.
    path: str | None = None


class GroupRow(Section, frozen=True):
    """A request by a person, such as 'back up now', and how far it is. `outstanding` counts jobs not yet ended."""

    id: int
    kind: str
    scanning: bool
    total: int
    completed: int
    failed: int
    outstanding: int
    held: int
    bytes_total: int
    bytes_done: int
    finished: bool
    cancelled: bool
    #: Why it was called off, as a job keeps its last error; None where a person did it.
    reason: str | None = None


class Preview(Section, frozen=True):
    """What adding a folder would mean: what would be backed up, and what would be left out, by reason."""

    path: str
    files: int
    bytes: int
    excluded: dict[str, int] = {}
    warnings: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
