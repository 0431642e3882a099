"""What a person may ask for, typed: the content of `settings.toml` and of the settings calls.

The field names are the setting's names for the command, the file and the window. Times of day are `HH:MM` in
local time, sizes bytes, delays seconds. Bounds are part of the types, so a value out of range is refused with the
same words wherever it comes from. Where the values are kept is the business of `agent.store.settings`.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from agent.protocol.types import DestinationKind

TimeOfDay = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Override = Literal["auto", "yes", "no"]
Name = Annotated[str, Meta(min_length=1, max_length=120)]


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of the day in which work may run; past midnight where `until` is not after `since`."""

    since: TimeOfDay
    until: TimeOfDay
    days: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BandwidthWindow(Struct, frozen=True, forbid_unknown_fields=True):
    """A limit for a stretch of the day; 0 is none."""

    since: TimeOfDay
    until: TimeOfDay
    bytes_s: Annotated[int, Meta(ge=0)]


class Values(Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting with its default."""

    background_backup: bool = False
    require_unmetered_network: bool = True
    require_charging: bool = False
    trigger_delay_s: Annotated[int, Meta(ge=0, le=86_400)] = 30
    total_progress: bool = True
    single_progress: bool = False
    error_grace_uploads: Annotated[int, Meta(ge=0, le=1_000)] = 2
    battery_floor_percent: Annotated[int, Meta(ge=0, le=100)] = 20
    pause_on_battery_saver: bool = True
    schedule: tuple[Window, ...] = ()
    bandwidth_limit_bytes_s: Annotated[int, Meta(ge=0)] = 0
    bandwidth_timetable: tuple[BandwidthWindow, ...] = ()
    allowed_networks: tuple[str, ...] = ()
    network_kinds: tuple[Literal["wifi", "ethernet", "cellular", "vpn"], ...] = ()
    parallel_uploads: Annotated[int, Meta(ge=1, le=8)] = 2
    min_free_disk_bytes: Annotated[int, Meta(ge=0)] = 500_000_000
    cache_sizes_px: Annotated[tuple[Annotated[int, Meta(ge=32, le=2_048)], ...], Meta(min_length=1, max_length=4)] = (
        300,
    )
    cache_limit_bytes: Annotated[int, Meta(ge=10_000_000)] = 2_000_000_000
    cache_time: TimeOfDay = "03:00"
    cache_nightly: bool = True
    cache_batch_files: Annotated[int, Meta(ge=1, le=1_000)] = 64
    notify_done: bool = True
    log_level: Literal["info", "warning", "severe"] = "info"
    detailed_log: bool = False


class FolderRules(Struct, frozen=True, forbid_unknown_fields=True):
    """What of a folder is backed up, and how. An empty `include` takes every supported file; `exclude` wins."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    recursive: bool = True
    hidden: bool = False
    #: `none`, `folder` (one album for each folder's name) or the name of one album.
    album: Name = "none"
    stack: bool = False
    #: One tag for each folder, below that of its parent.
    tag: bool = False
    #: What is new at a server becomes a favourite there, or goes into its archive instead of the timeline.
    favorite: bool = False
    visibility: Literal["timeline", "archive"] = "timeline"
    require_unmetered: Override = "auto"
    require_charging: Override = "auto"


class FolderSetting(Struct, frozen=True, forbid_unknown_fields=True):
    """A watched folder: wire text of its path, destination ids (none: every destination, present and future)."""

    path: str
    destinations: tuple[str, ...] = ()
    rules: FolderRules = FolderRules()


class DestinationSetting(Struct, frozen=True, forbid_unknown_fields=True):
    """A destination without its secret. `location` is an Immich address or a folder's path as wire text."""

    id: Annotated[str, Meta(pattern=r"^[a-z0-9]{4,16}$")]
    kind: DestinationKind
    name: Name
    location: str
    account: str | None = None
    user_id: str | None = None
    secret_store: Literal["keyring", "file"] | None = None
    #: Further addresses of the same server, tried in this order when the first does not answer.
    routes: tuple[str, ...] = ()
    #: An own authority's certificate (a PEM file), or the one certificate that is believed (base64 of DER).
    ca_file: str | None = None
    pinned: str | None = None
    #: A PEM file with certificate and key that we show to the server.
    client_certificate: str | None = None


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All of a person's intent, as one value: replaced whole, never changed in place."""

    version: Literal[1] = 1
    values: Values = Values()
    destinations: tuple[DestinationSetting, ...] = ()
    folders: tuple[FolderSetting, ...] = ()
