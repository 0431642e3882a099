"""The whole table of calls, read by the server and by every client.

A call's name is `noun.verb`. A command answers as soon as it is accepted, and the truth comes by `state.changed`; a
query answers with what was asked. A person's mistake is answered with a code and arguments (`wire.Mistake`), of which
`agent.words` makes the sentence. `hello`, `agent.version` and `agent.stop` never change: they let two versions part.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta

from agent.protocol.cache import CACHE_ROWS
from agent.protocol.destination import ACCOUNT_ROWS
from agent.protocol.destination import DestinationAdded as DestinationAdded
from agent.protocol.destination import DestinationAddFolder as DestinationAddFolder
from agent.protocol.destination import DestinationAddImmich as DestinationAddImmich
from agent.protocol.destination import DestinationRef as DestinationRef
from agent.protocol.destination import DestinationReport as DestinationReport
from agent.protocol.destination import DestinationRow as DestinationRow
from agent.protocol.destination import Destinations as Destinations
from agent.protocol.destination import ServerAddress as ServerAddress
from agent.protocol.destination import ServerFound as ServerFound
from agent.protocol.history import HISTORY_ROWS
from agent.protocol.message import Message, Method, Nothing, PathRef
from agent.protocol.server import SERVER_ROWS
from agent.protocol.settings import FolderRules, FolderSetting
from agent.protocol.types import (
    FileDetail,
    FileRow,
    FileState,
    GroupRow,
    JobRow,
    JobStatus,
    Preview,
    Snapshot,
    StopReason,
)

__all__ = ["Message", "Method", "Nothing", "PathRef"]  # passed on; all that is defined here is public too

PROTOCOL = 1
#: The longest line either side accepts; a longer one ends the connection.
LINE_LIMIT_BYTES = 4 * 1024 * 1024
PAGE_LIMIT = 500
PAYLOAD_LIMIT_BYTES = 64 * 1024

Limit = Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]
#: The id of a row, as large as the ledger can hold.
RowId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
#: UTC epoch milliseconds, up to the year 9999.
At = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]


class Hello(Message, frozen=True):
    """The first call on every connection."""

    protocol: int
    app: str
    client: str


class Welcome(Message, frozen=True):
    """The agent's side of `hello`."""

    protocol: int
    app: str
    pid: int


class Stop(Message, frozen=True):
    """Why the agent is asked to stop; shown to the other clients."""

    reason: StopReason = "user"


class BackupStart(Message, frozen=True):
    """Back up now: these paths (wire text; none: everything), `anyway` past pause and constraints this once."""

    paths: tuple[str, ...] = ()
    anyway: bool = False


class GroupId(Message, frozen=True):
    """A request by a person, to be followed with `group.show`."""

    group_id: RowId


class Pause(Message, frozen=True):
    """Pause until a time, or with None until resumed."""

    until_at: At | None = None


class FolderAdd(Message, frozen=True):
    """A folder to watch; no destination means every one."""

    path: str
    destinations: tuple[str, ...] = ()
    rules: FolderRules = FolderRules()


class FolderSet(Message, frozen=True):
    """Another set of destinations or rules for a watched folder; None leaves as it is."""

    path: str
    destinations: tuple[str, ...] | None = None
    rules: FolderRules | None = None


class FolderPreview(Message, frozen=True):
    """What these rules would take of this folder."""

    path: str
    rules: FolderRules = FolderRules()


class Folders(Message, frozen=True):
    """The watched folders as they were asked for; by path, what deserves a word (codes as in `Preview`)."""

    rows: tuple[FolderSetting, ...]
    warnings: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies it


class LibraryList(Message, frozen=True):
    """A page of files, by id after `after`."""

    state: FileState | None = None
    folder: str | None = None
    after: RowId = 0
    limit: Limit = 200


class LibraryFilter(Message, frozen=True):
    """Which files: all that is given must fit. `text` is looked for in names and folders, without regard to case."""

    state: FileState | None = None
    folder: str | None = None
    role: Literal["still", "video"] | None = None
    text: Annotated[str, Meta(max_length=200)] = ""


class Month(Message, frozen=True):
    """How many files are of a month, `2024-07`, in local time."""

    month: str
    files: int


class Months(Message, frozen=True):
    """The months that have files, newest first."""

    rows: tuple[Month, ...]


class LibraryMonth(Message, frozen=True):
    """A stretch of one month's files, newest first, from the place `offset` on."""

    month: Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    only: LibraryFilter = LibraryFilter()
    offset: RowId = 0
    limit: Limit = 200


class LibraryRecent(Message, frozen=True):
    """The files that were copied last, newest first."""

    limit: Limit = 24


class Files(Message, frozen=True):
    """A page of files; `next` is where the next one begins, None at the end."""

    rows: tuple[FileRow, ...]
    next: int | None = None


class JobsList(Message, frozen=True):
    """A page of jobs, newest first, by id before `before`."""

    status: JobStatus | None = None
    before: RowId | None = None
    limit: Limit = 100


class JobRows(Message, frozen=True):
    """A page of jobs."""

    rows: tuple[JobRow, ...]
    next: int | None = None


class JobRef(Message, frozen=True):
    """A job by its id."""

    id: RowId


class JobPrioritise(Message, frozen=True):
    """A job's new priority; a higher number is more urgent."""

    id: RowId
    priority: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]


class JobEnqueue(Message, frozen=True):
    """Work for a registered handler."""

    key: str
    payload: dict[str, Any] | None = None
    priority: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 0
    max_attempts: Annotated[int, Meta(ge=1, le=100)] = 3


class JobId(Message, frozen=True):
    """The job that was enqueued, or that was already waiting under the same unique key."""

    id: RowId


class NoticeRef(Message, frozen=True):
    """A notice by its id."""

    id: str


class SettingKey(Message, frozen=True):
    """A setting by its name."""

    key: str


class SettingValue(Message, frozen=True):
    """A setting and its value, as JSON."""

    key: str
    value: Any


class SettingsRows(Message, frozen=True):
    """All settings with value and default."""

    values: dict[str, Any]
    defaults: dict[str, Any]


_ROWS = (
    Method("hello", Hello, Welcome, "Greets; another protocol is refused.", Hello(PROTOCOL, "0.1.0", "tray")),
    Method("agent.version", Nothing, Welcome, "Says which version runs.", Nothing()),
    Method("agent.stop", Stop, Nothing, "Stops the agent cleanly.", Stop("user")),
    Method("state.get", Nothing, Snapshot, "The whole snapshot.", Nothing()),
    Method("state.subscribe", Nothing, Nothing, "From now on `state.changed`, all sections first.", Nothing()),
    Method("backup.enable", Nothing, Nothing, "Turns background backup on.", Nothing()),
    Method("backup.disable", Nothing, Nothing, "Turns background backup off and stops what runs.", Nothing()),
    Method("backup.pause", Pause, Nothing, "Pauses for a while or until resumed.", Pause(1_795_360_720_000)),
    Method("backup.resume", Nothing, Nothing, "Ends the pause.", Nothing()),
    Method("backup.start", BackupStart, GroupId, "Backs up now.", BackupStart(("/home/ada/Pictures",), anyway=True)),
    Method("backup.cancel", Nothing, Nothing, "Cancels every 'back up now'; files stay in the queue.", Nothing()),
    Method("group.show", GroupId, GroupRow, "How far a request is.", GroupId(7)),
    Method(
        "destination.add_immich",
        DestinationAddImmich,
        DestinationAdded,
        "Signs in to a server and adds it.",
        DestinationAddImmich("https://photos.example.org", api_key="..."),
    ),
    Method(
        "destination.add_folder",
        DestinationAddFolder,
        DestinationAdded,
        "Adds a folder as a destination.",
        DestinationAddFolder("/media/nas/photos", "NAS"),
    ),
    Method(
        "server.find",
        ServerAddress,
        ServerFound,
        "Looks for an Immich server at an address, without signing in.",
        ServerAddress("photos.example.org"),
    ),
    Method("destination.list", Nothing, Destinations, "Lists the destinations.", Nothing()),
    Method("destination.check", DestinationRef, DestinationReport, "Tries a destination.", DestinationRef("NAS")),
    Method(
        "destination.remove", DestinationRef, Nothing, "Forgets a destination; its bytes stay.", DestinationRef("a1b2")
    ),
    Method("folder.add", FolderAdd, Preview, "Watches a folder.", FolderAdd("/home/ada/Pictures")),
    Method("folder.list", Nothing, Folders, "Lists the watched folders.", Nothing()),
    Method(
        "folder.preview", FolderPreview, Preview, "Counts what would be taken.", FolderPreview("/home/ada/Pictures")
    ),
    Method("folder.set", FolderSet, Nothing, "Changes a folder.", FolderSet("/home/ada/Pictures", ("a1b2",))),
    Method("folder.remove", PathRef, Nothing, "Stops watching; copies stay known.", PathRef("/home/ada/Pictures")),
    Method("library.list", LibraryList, Files, "A page of files.", LibraryList("failed")),
    Method("library.months", LibraryFilter, Months, "How many files each month has.", LibraryFilter(text="beach")),
    Method("library.month", LibraryMonth, Files, "Files of one month, newest first.", LibraryMonth("2024-07")),
    Method("library.recent", LibraryRecent, Files, "The files that were copied last.", LibraryRecent()),
    Method("library.show", PathRef, FileDetail, "All about a file.", PathRef("/home/ada/Pictures/a.jpg")),
    Method("jobs.list", JobsList, JobRows, "A page of jobs.", JobsList("FAILED")),
    Method("jobs.show", JobRef, JobRow, "One job.", JobRef(12)),
    Method("jobs.retry", JobRef, Nothing, "Puts a failed job back with its attempts at zero.", JobRef(12)),
    Method("jobs.cancel", JobRef, Nothing, "Ends a job that has not finished.", JobRef(12)),
    Method("jobs.prioritise", JobPrioritise, Nothing, "Changes a job's urgency.", JobPrioritise(12, 100)),
    Method("jobs.enqueue", JobEnqueue, JobId, "Adds a job for a registered handler.", JobEnqueue("scan", {})),
    Method("notice.dismiss", NoticeRef, Nothing, "The user has seen a notice.", NoticeRef("done")),
    Method("settings.list", Nothing, SettingsRows, "All settings.", Nothing()),
    Method("settings.get", SettingKey, SettingValue, "One setting.", SettingKey("trigger_delay_s")),
    Method("settings.set", SettingValue, Nothing, "Changes a setting.", SettingValue("trigger_delay_s", 30)),
    *ACCOUNT_ROWS,
    *CACHE_ROWS,
    *HISTORY_ROWS,
    *SERVER_ROWS,
)

METHODS: dict[str, Method] = {row.name: row for row in _ROWS}
