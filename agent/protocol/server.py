"""What a person asks about copies at servers: fetch the changes, put back, accept a loss, prove, sign in by browser."""

from agent.protocol.message import Message, Method, Nothing


class SyncStart(Message, frozen=True):
    """Fetch the changes of a destination (by id or name), or of every server."""

    destination: str | None = None


class JobIds(Message, frozen=True):
    """The jobs that do it, and the request that they belong to."""

    ids: tuple[int, ...]
    group_id: int | None = None


class Paths(Message, frozen=True):
    """Files or folders as wire text; none: everything that it can be about."""

    paths: tuple[str, ...] = ()


class PutBack(Message, frozen=True):
    """How many files are taken out of the trash, are copied again, or needed nothing; and the request to follow."""

    from_trash: int
    again: int
    untouched: int
    group_id: int | None = None


class Accepted(Message, frozen=True):
    """How many missing copies count as deleted on purpose from now on."""

    files: int


class OAuthBegin(Message, frozen=True):
    """Begin a sign-in in the browser at this server; `renew` as for `destination.add_immich`."""

    url: str
    headers: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    fingerprint: str | None = None
    ca_file: str | None = None
    client_certificate: str | None = None
    plain_http: bool = False
    renew: str | None = None


class OAuthBegun(Message, frozen=True):
    """The page to open in the browser, and what to ask `destination.oauth_end` for."""

    id: str
    page: str


class OAuthRef(Message, frozen=True):
    """A sign-in that was begun."""

    id: str


class OAuthEnded(Message, frozen=True):
    """What `destination.add_immich` takes as `oauth_token`; it waits in the agent under this name, once."""

    token: str


SERVER_ROWS = (
    Method("sync.start", SyncStart, JobIds, "Fetches what changed at servers.", SyncStart()),
    Method("library.restore", Paths, PutBack, "Puts back what was deleted.", Paths(("/home/ada/Pictures/a.jpg",))),
    Method("library.accept", Paths, Accepted, "Says that missing copies were deleted on purpose.", Paths()),
    Method("verify.start", Paths, JobIds, "Proves the backup of these paths, or of everything.", Paths()),
    Method(
        "destination.oauth_begin",
        OAuthBegin,
        OAuthBegun,
        "Begins a sign-in in the browser.",
        OAuthBegin("https://photos.example.org"),
    ),
    Method("destination.oauth_end", OAuthRef, OAuthEnded, "Waits for the browser's sign-in.", OAuthRef("a1b2")),
    Method("destination.oauth_cancel", OAuthRef, Nothing, "Gives a browser's sign-in up.", OAuthRef("a1b2")),
)
