"""`demo`: the main job on sample pictures, with a real agent in a home of its own; main thread.

Nothing of the person's is touched: home, pictures and destination are new folders. The last line printed is the
headline: how many are safe, and where.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from agent import words
from agent.cli.failure import DONE, SOME_FAILED, USAGE, Failure, from_mistake
from agent.cli.follow import Follower
from agent.cli.output import print_json, print_table, say
from agent.cli.process import start_agent, stop_agent
from agent.cli.session import Session, session_of
from agent.cli.signin import read_secret
from agent.protocol.methods import (
    DestinationAdded,
    DestinationAddFolder,
    DestinationAddImmich,
    FolderAdd,
    Nothing,
    SettingValue,
)
from agent.protocol.paths import to_wire
from agent.protocol.types import Preview, Snapshot
from agent.protocol.wire import Mistake
from agent.words.catalogue import _, fill, ngettext

_LIMIT_S = 90.0
_TICK_S = 0.2
#: Copied in while the agent works, to show that it watches.
_LATE = 3


def demo(
    context: typer.Context,
    keep: str = typer.Option("", "--keep", metavar="DIR", help=_("Keep everything there instead of removing it.")),
    immich: str = typer.Option("", "--immich", metavar="URL", help=_("Back up to this Immich server too.")),
    api_key_stdin: bool = typer.Option(False, "--api-key-stdin", help=_("Read the server's API key from stdin.")),
) -> int:
    asked = session_of(context)
    if bool(immich) != api_key_stdin:
        raise Failure(USAGE, "usage", _("--immich and --api-key-stdin belong together."))
    key = read_secret(_("API key: ")) if immich else None
    with _place(keep) as root:
        session = Session(root / "home", asked.json)
        try:
            with _agent(session):
                return _Demo(session, root, kept=bool(keep)).run(immich, key)
        except Mistake as error:  # such as a key that the server does not know
            refused = from_mistake(error)
            raise Failure(SOME_FAILED, refused.code, refused.text) from None


@contextmanager
def _place(keep: str) -> Iterator[Path]:
    """The folder that holds all of the demo."""
    if keep:
        root = Path(keep).expanduser().absolute()
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise Failure(USAGE, "usage", fill(_("{path} is not an empty folder. Name a new one."), {"path": keep}))
        root.mkdir(parents=True, exist_ok=True)
        yield root
        return
    root = Path(tempfile.mkdtemp(prefix="safelight-demo-"))
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _agent(session: Session) -> Iterator[None]:
    """A real agent in the demo's home, stopped at the end whatever happens."""
    before = os.environ.get("SAFELIGHT_HOME")
    handler = signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    os.environ["SAFELIGHT_HOME"] = str(session.home)
    try:
        start_agent(session)
        try:
            yield
        finally:
            stop_agent(session)
    finally:
        signal.signal(signal.SIGTERM, handler)
        if before is None:
            del os.environ["SAFELIGHT_HOME"]
        else:
            os.environ["SAFELIGHT_HOME"] = before


class _Demo:
    """The story: some pictures, a place for copies, and the agent that does the rest."""

    def __init__(self, session: Session, root: Path, *, kept: bool) -> None:
        self._session = session
        self._pictures = root / "Pictures"
        self._copies = root / "Copies"
        self._root = root
        self._kept = kept
        self._samples_folder = Path()
        self._server = ""

    def run(self, immich: str, key: str | None) -> int:
        early, late = self._samples()
        self._pictures.mkdir()
        self._copies.mkdir()
        self._copy(early)
        self._tell(fill(_("A real agent runs in {path}, with nothing of yours."), {"path": str(self._root)}))
        self._add_destinations(immich, key)
        self._watch_folder()
        snapshot = self._wait_until_safe(late)
        self._sum_up(snapshot)
        return DONE

    def _samples(self) -> tuple[list[Path], list[Path]]:
        """What is there from the beginning, and what comes later. Only stills and videos may come late."""
        import resources

        try:
            folder = resources.path("samples")
        except FileNotFoundError:
            raise Failure(
                SOME_FAILED, "demo_failed", _("This Safelight was built without its sample pictures.")
            ) from None
        files = sorted(
            one.relative_to(folder) for one in folder.rglob("*") if one.is_file() and one.name != "README.md"
        )
        # What belongs together (a live photo, a picture and its sidecar) begins with one name and stays together.
        families = [(one.parent, one.name.partition(".")[0]) for one in files]
        alone = [one for one, family in zip(files, families, strict=True) if families.count(family) == 1]
        late = alone[-_LATE:]
        self._samples_folder = folder
        return [one for one in files if one not in late], late

    def _copy(self, files: list[Path]) -> None:
        for one in files:
            target = self._pictures / one
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._samples_folder / one, target)

    def _add_destinations(self, immich: str, key: str | None) -> None:
        name = _("demo folder")
        params = DestinationAddFolder(to_wire(os.fsencode(self._copies)), name)
        self._session.call("destination.add_folder", params)
        self._tell(fill(_("Copies go to the folder {path}."), {"path": str(self._copies)}))
        if immich:
            server = DestinationAddImmich(immich, api_key=key, store="file")
            added: DestinationAdded = self._session.call("destination.add_immich", server)
            self._server = immich.rstrip("/")
            said = fill(_("And to the Immich server {name} at {url}."), {"name": added.name, "url": self._server})
            self._tell(said)

    def _watch_folder(self) -> None:
        # The demo is no matter of metered networks or of power, and nobody wants to wait for a batch to gather.
        for name, value in (
            ("trigger_delay_s", 0),
            ("require_unmetered_network", False),
            ("battery_floor_percent", 0),
            ("pause_on_battery_saver", False),
            ("min_free_disk_bytes", 0),
        ):
            self._session.call("settings.set", SettingValue(name, value))
        found: Preview = self._session.call("folder.add", FolderAdd(to_wire(os.fsencode(self._pictures))))
        count = fill(
            ngettext("{count} photo or video", "{count} photos and videos", found.files), {"count": found.files}
        )
        said = fill(
            _("Watching {path}: {count}, {size}."),
            {"path": str(self._pictures), "count": count, "size": words.size(found.bytes)},
        )
        self._tell(said)
        self._session.call("backup.enable", Nothing())

    def _wait_until_safe(self, late: list[Path]) -> Snapshot:
        """Follow the agent; once it works, more pictures come in, and it must notice by itself."""
        deadline_s = time.monotonic() + _LIMIT_S
        added_at_s: float | None = None
        before = 0
        shown = ""
        with Follower(self._session.home) as follower:
            while time.monotonic() < deadline_s:
                counts = follower.snapshot.library.counts
                if added_at_s is None and counts.total > 0 and (counts.safe or follower.snapshot.run is not None):
                    before = counts.total
                    self._copy(late)
                    added_at_s = time.monotonic()
                    self._tell(
                        fill(
                            ngettext(
                                "{count} more picture is copied in while the agent works; it notices by itself.",
                                "{count} more pictures are copied in while the agent works; it notices by itself.",
                                len(late),
                            ),
                            {"count": len(late)},
                        )
                    )
                shown = self._show(follower.snapshot, shown)
                arrived = counts.total >= before + len(late)
                if added_at_s is not None and arrived and counts.safe == counts.total and follower.snapshot.run is None:
                    return follower.snapshot
                if follower.snapshot.backup.light == "attention" and counts.failed:
                    break
                follower.wait(_TICK_S)
            raise self._unfinished(follower.snapshot)

    def _unfinished(self, snapshot: Snapshot) -> Failure:
        counts = snapshot.library.counts
        said = fill(
            _("The demo did not finish: {safe} of {total} photos and videos are safe. {why}"),
            {"safe": counts.safe, "total": counts.total, "why": words.tooltip(snapshot)},
        )
        return Failure(SOME_FAILED, "demo_failed", said)

    def _show(self, snapshot: Snapshot, last: str) -> str:
        """A line for each step forward."""
        counts = snapshot.library.counts
        said = fill(
            _("  {safe} of {total} safe ({done} of {all})"),
            {
                "safe": counts.safe,
                "total": counts.total,
                "done": words.size(snapshot.library.bytes.safe),
                "all": words.size(snapshot.library.bytes.total),
            },
        )
        if said != last and counts.total:
            self._tell(said)
        return said

    def _sum_up(self, snapshot: Snapshot) -> None:
        counts = snapshot.library.counts
        headline = self._headline(counts.safe)
        if self._session.json:
            kept = str(self._root) if self._kept else None
            print_json({"headline": headline, "safe": counts.safe, "total": counts.total, "kept": kept})
            return
        say("")
        rows = [
            (one.name, words.display_path(one.location), words.number(counts.safe)) for one in snapshot.destinations
        ]
        print_table((_("Destination"), _("Where"), _("Safe")), rows, right=(2,), folding=(1,))
        if self._kept:
            say(fill(_("Everything is kept in {path}."), {"path": str(self._root)}))
        say("")
        say(_("With your own Immich server:"))
        say("  safelight start && safelight destination add immich URL --api-key-stdin")
        say("  safelight folder add ~/Pictures && safelight enable")
        say("")
        say(headline)

    def _headline(self, count: int) -> str:
        args = {"count": count, "url": self._server}
        if self._server:
            return fill(
                ngettext(
                    "The one photo or video is safe in the demo folder and on the Immich server at {url}.",
                    "All {count} photos and videos are safe in the demo folder and on the Immich server at {url}.",
                    count,
                ),
                args,
            )
        return fill(
            ngettext(
                "The one photo or video is safe in the demo folder.",
                "All {count} photos and videos are safe in the demo folder.",
                count,
            ),
            args,
        )

    def _tell(self, text: str) -> None:
        if not self._session.json:
            say(text)
