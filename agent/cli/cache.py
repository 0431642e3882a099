"""`cache`: the media cache. `build` is a process of its own, as the nightly job starts it; the others ask the agent.

While no agent runs, questions are answered from the databases by this process itself. Main thread.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from agent import words
from agent.cli.arguments import absolute, path_argument
from agent.cli.building import shown
from agent.cli.client import Client, NotRunning
from agent.cli.failure import BY_SIGNAL, DONE, SOME_FAILED, Failure, failure, from_code, from_mistake
from agent.cli.output import complain, print_facts, print_json, say
from agent.cli.session import Session, new_group, session_of
from agent.domain.errors import Blocked, Transient
from agent.platforms import current, places
from agent.protocol.cache import CacheRebuild, CacheStats, CacheWish, MediaInfo, Thumbnail, ThumbnailWish
from agent.protocol.message import Message, Nothing, PathRef
from agent.protocol.paths import to_display, to_wire
from agent.protocol.wire import Mistake, to_plain
from agent.words import cache as cache_words
from agent.words.catalogue import _

_LISTED = 50


def group() -> typer.Typer:
    """The commands of this module."""
    root = new_group(_("Small pictures and facts of the library, kept ready."))
    root.command("build", help=_("Make what is missing, now, in this process."))(_build)
    root.command("rebuild", help=_("Make what is missing, in the background."))(_rebuild)
    root.command("stats", help=_("Show how much is kept."))(_stats)
    root.command("metadata", help=_("Show what a picture or video says of itself."))(_metadata)
    root.command("thumbnail", help=_("Write a small picture of a file to another file."))(_thumbnail)
    return root


# --- A pass in this process --------------------------------------------------------------------------------------


def _build(
    context: typer.Context,
    *,
    retry_failed: bool = typer.Option(False, "--retry-failed", help=_("Try again what gave no picture before.")),
    workers: int = typer.Option(2, "--workers", metavar="N", min=1, max=8, help=_("Decoders at once.")),
    spare_battery: bool = typer.Option(False, "--spare-battery", help=_("Stop when the battery should be spared.")),
) -> int:
    from agent import logs
    from agent.app.cache import LOG_NAME, BuildProcess
    from agent.store.settings import SettingsStore

    session = session_of(context)
    where = places(session.home)
    where.create()
    current().lower_priority()  # here and not in the pass: what else this process did would stay behind all others too
    values = SettingsStore(where.settings_file).get().values
    logs.set_up(where.log_dir, values.log_level, detailed=values.detailed_log, stderr=False, name=LOG_NAME)
    try:
        with shown(silent=session.json) as bars:
            process = BuildProcess(where, bars.tell, workers=workers, forgive=retry_failed, mind_power=spare_battery)
            with _stopping(process.stop):
                ended = process.run()
    except (Blocked, Transient) as error:
        raise _trouble(error) from None
    finally:
        logs.shut_down()
    if session.json:
        report = ended.report
        print_json({
            "done": report.done,
            "skipped": report.skipped,
            "failed": [{"path": to_wire(path), "reason": reason} for path, reason in report.failed],
            "removed": report.cleaned,
            "busy": ended.is_busy,
            "stopped": ended.reason,
        })  # fmt: skip
    else:
        _tell(ended.report, is_busy=ended.is_busy, reason=ended.reason)
    if ended.reason == "interrupt":
        return BY_SIGNAL
    return SOME_FAILED if ended.report.failed else DONE


def _tell(report: Any, *, is_busy: bool, reason: str | None) -> None:  # noqa: ANN401 - Report, loaded only to build
    if is_busy:
        say(_("Another pass is under way already."))
        return
    for path, code in report.failed[:_LISTED]:
        complain(cache_words.no_picture(to_display(path), code))
    if len(report.failed) > _LISTED:
        complain(_("  ... the log tells the others."))
    say(cache_words.summary(report.done, report.skipped, len(report.failed)))
    if report.is_full:
        say(_("The cache is full; what is left is made when you look at it."))
    if reason is not None:
        say(cache_words.stopped(reason))


@contextmanager
def _stopping(stop: Callable[[str], None]) -> Iterator[None]:
    """SIGTERM and Ctrl-C end the pass cleanly; what is made is kept."""

    def handle(number: int, _frame: FrameType | None) -> None:
        stop("stop" if number == signal.SIGTERM else "interrupt")

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- Questions ---------------------------------------------------------------------------------------------------


def _rebuild(
    context: typer.Context,
    *,
    anew: bool = typer.Option(False, "--anew", help=_("Throw away first what there is.")),
) -> None:
    session = session_of(context)
    found: CacheRebuild = session.call("cache.rebuild", CacheWish(anew))
    said = _("The media cache is being made anew in the background.")
    session.answer({"success": True, "message": said, "job_id": found.job_id}, said)


def _stats(context: typer.Context) -> None:
    session = session_of(context)
    found: CacheStats = _asked(session, "cache.stats", Nothing())
    if session.json:
        print_json(to_plain(found))
        return
    facts = []
    for name, one in ((_("Pictures"), found.thumbnails), (_("Facts"), found.metadata)):
        facts.append((name, f"{words.number(one.count)}, {words.size(one.size_bytes)}" if one.exists else _("none")))
    facts += [(_("Without a picture"), words.number(found.failed)), (_("At most"), words.size(found.limit_bytes))]
    print_facts(facts)


def _metadata(context: typer.Context, path: str = typer.Argument(..., metavar="PATH")) -> None:
    session = session_of(context)
    found: MediaInfo = _asked(session, "cache.metadata", PathRef(path_argument(path)))
    if session.json:
        print_json(to_plain(found))
        return
    taken = " ".join(part for part in (words.wall_time(found.captured_at or ""), found.captured_offset) if part)
    facts = [
        (_("File"), words.display_path(found.file_path)),
        (_("Format"), found.format),
        (_("Size"), f"{found.width} × {found.height}, {words.size(found.file_size)}"),
        *([(_("Duration"), words.duration_s(found.duration))] if found.duration is not None else []),
        *([(_("Taken"), taken)] if taken else []),
        *([(_("Camera"), found.camera)] if found.camera else []),
        *([(_("Turned"), str(found.orientation))] if (found.orientation or 1) > 1 else []),
        (_("Place"), _("known") if found.has_gps else _("not known")),
    ]
    print_facts(facts)


def _thumbnail(
    context: typer.Context,
    path: str = typer.Argument(..., metavar="PATH"),
    out: Annotated[str, typer.Option("--out", metavar="FILE", help=_("Where to write the JPEG."))] = ...,  # type: ignore[assignment] # typer's word for needed
    size: int = typer.Option(0, "--size", metavar="PX", min=0, max=2048, help=_("The square that it should fill.")),
) -> None:
    session = session_of(context)
    found: Thumbnail = _asked(session, "cache.thumbnail", ThumbnailWish(path_argument(path), size))
    target = Path(absolute(out))
    try:
        target.write_bytes(found.data)
    except OSError as error:
        raise failure("out_unwritable", path=to_display(os.fsencode(target)), detail=error.strerror) from None
    document = {"path": to_wire(os.fsencode(target)), "width": found.width, "height": found.height,
                "cached": found.cached}  # fmt: skip
    session.answer(document, f"{to_display(os.fsencode(target))}: {found.width} × {found.height}")


def _asked(session: Session, method: str, params: Message) -> Any:  # noqa: ANN401 - METHODS[method].result
    """The agent's answer, or our own while none runs."""
    try:
        try:
            with Client.connect(session.home) as client:
                return client.call(method, params)
        except NotRunning:
            return _own_answer(session, params)
    except Mistake as error:
        if error.code == "no_picture":
            reason, path = str(error.args_.get("reason")), str(error.args_.get("path"))
            raise Failure(SOME_FAILED, reason, cache_words.no_picture(path, reason)) from None
        raise from_mistake(error) from None
    except (Blocked, Transient) as error:
        raise _trouble(error) from None


def _own_answer(session: Session, params: Message) -> Message:
    from agent.app.cache import without_agent

    where = places(session.home)
    where.create()
    with without_agent(where) as cache:
        if isinstance(params, PathRef):
            return cache.metadata(params.path)
        if isinstance(params, ThumbnailWish):
            return cache.thumbnail(params.path, params.bound_px)
        return cache.stats()


def _trouble(error: Blocked | Transient) -> Failure:
    found = from_code(error.code, error.args_)
    return Failure(SOME_FAILED, found.code, found.text)
