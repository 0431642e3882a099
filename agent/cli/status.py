"""`safelight status`: whether the pictures are safe, for people and for machines; main thread."""

from typing import Any

import typer

from agent import words
from agent.cli.client import Client, NotAnswering, NotRunning
from agent.cli.failure import DONE, UNREACHABLE
from agent.cli.follow import Follower
from agent.cli.output import complain, print_json
from agent.cli.screen import print_status, watch_status
from agent.cli.session import Session, now_at, session_of
from agent.protocol.methods import Nothing
from agent.protocol.types import Run, Snapshot
from agent.protocol.wire import to_plain
from agent.words.catalogue import _

#: How often a quiet watcher looks whether a sentence with a time in it has become untrue.
_TICK_S = 30.0


def status(
    context: typer.Context,
    watch: bool = typer.Option(False, "--watch", "-w", help=_("Go on showing it as it changes.")),
) -> int:
    session = session_of(context)
    try:
        if watch:
            return _watch(session)
        with Client.connect(session.home) as client:
            snapshot: Snapshot = client.call("state.get", Nothing())
    except NotRunning as error:
        return _without_agent(session, "not_answering" if isinstance(error, NotAnswering) else "agent_not_running")
    if session.json:
        print_json(document(snapshot, now_at()))
    else:
        print_status(snapshot, now_at())
    return DONE


def _watch(session: Session) -> int:
    with Follower(session.home) as follower:
        if not session.json:
            watch_status(follower)
        shown: dict[str, Any] = {}
        while True:
            now = document(follower.snapshot, now_at())
            if now != shown:
                print_json(now)
                shown = now
            follower.wait(_TICK_S)


def _without_agent(session: Session, code: str) -> int:
    if session.json:
        print_json(absent(code))
    complain(words.sentences(*words.problem_text(code, {})))
    return UNREACHABLE


def absent(code: str) -> dict[str, Any]:
    """The document while no agent answers, and why; what only the agent knows is null, not zero."""
    text, step = words.problem_text(code, {})
    return {
        "light": "off",
        "headline": text,
        "enabled": None,
        "paused": None,
        "paused_until": None,
        "counts": None,
        "bytes": None,
        "run": None,
        "transfers": [],
        "holds": [],
        "problems": [{"code": code, "severity": "error", "text": text, "next_step": step}],
        "agent": None,
    }


def document(snapshot: Snapshot, now: int) -> dict[str, Any]:
    """The published shape, and beside it all else that the snapshot holds."""
    backup = snapshot.backup
    return {
        "light": backup.light,
        "headline": words.headline(snapshot, now),
        "enabled": backup.enabled,
        "paused": backup.paused,
        "paused_until": backup.paused_until,
        "gathering_until": backup.gathering_until,
        "last_backup_at": backup.last_backup_at,
        "last_check_at": backup.last_check_at,
        "checking": backup.checking,
        "counts": to_plain(snapshot.library.counts),
        "bytes": to_plain(snapshot.library.bytes),
        "run": _run(snapshot.run),
        "transfers": [to_plain(one) for one in snapshot.transfers],
        "holds": [{**to_plain(one), "detail": words.hold(one, snapshot, now)} for one in snapshot.holds],
        "problems": [_problem(snapshot, index) for index in range(len(snapshot.problems))],
        "destinations": [to_plain(one) for one in snapshot.destinations],
        "folders": [to_plain(one) for one in snapshot.folders],
        "jobs": to_plain(snapshot.jobs),
        "agent": to_plain(snapshot.agent),
    }


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {**to_plain(run), "seconds_left": words.seconds_left(run)}


def _problem(snapshot: Snapshot, index: int) -> dict[str, Any]:
    lasting = snapshot.problems[index]
    text, step = words.problem(lasting)
    return {**to_plain(lasting), "text": text, "next_step": step}
