"""`doctor`: checks what usually goes wrong and says how to mend it, with the agent or without; main thread.

The exit code is 1 when something is wrong that a person has to mend, so that scripts can ask too.
"""

from typing import Any

import typer

from agent.cli.client import Client, NotRunning
from agent.cli.failure import DONE, SOME_FAILED
from agent.cli.output import complain, print_json, say
from agent.cli.session import Session, session_of
from agent.domain.checkup import AREAS, Finding, Heard, findings
from agent.platforms import places
from agent.protocol.methods import DestinationRef, DestinationReport, Nothing, Welcome
from agent.protocol.types import Problem, Snapshot
from agent.protocol.wire import Mistake
from agent.words import checkup as words
from agent.words.catalogue import _, fill, ngettext

_MARKS = {"error": "✗", "warning": "!", "info": "·"}


def doctor(context: typer.Context) -> int:
    from agent.checkup.look import look  # heavy: only this command loads the agent's rooms

    session = session_of(context)
    if not session.json:
        complain(_("Looking at everything; this may take some seconds."))
    found = findings(look(places(session.home), listen(session)))
    if session.json:
        print_json(document(found))
    else:
        for line in lines(found):
            say(line)
    return SOME_FAILED if any(one.severity == "error" for one in found) else DONE


def listen(session: Session) -> Heard:
    """What the agent tells of itself; nothing where none answers or it is of another version."""
    try:
        with Client.connect(session.home, parting=True) as client:
            who: Welcome = client.call("agent.version", Nothing())
            try:
                snapshot: Snapshot = client.call("state.get", Nothing())
            except Mistake:  # it speaks another protocol, which the version tells
                return Heard(who.app, who.pid)
            problems, lacking, working = list(snapshot.problems), [], []
            for row in snapshot.destinations:
                report = _report(client, row.id)
                if report is None:
                    continue
                lacking += [(row.name, permission) for permission in report.missing_permissions]
                if report.ok:
                    working.append(row.id)
                elif report.code is not None:
                    problems.append(Problem(report.code, "error", 0, report.args))
            return Heard(who.app, who.pid, tuple(problems), tuple(lacking), tuple(working))
    except NotRunning:
        return Heard()


def _report(client: Client, destination: str) -> DestinationReport | None:
    try:
        report: DestinationReport = client.call("destination.check", DestinationRef(destination))
    except Mistake:
        return None
    return report


def document(found: tuple[Finding, ...]) -> dict[str, Any]:
    """The findings for a machine."""
    return {
        "ok": not any(one.severity == "error" for one in found),
        "checked": list(AREAS),
        "findings": [_plain(one) for one in found],
    }


def lines(found: tuple[Finding, ...]) -> list[str]:
    """The findings for a person: each with its next step, and what is fine in one line."""
    shown = []
    for one in found:
        text, step = words.finding(one.code, one.args)
        shown += [f"{_MARKS[one.severity]} {text}", f"  {step}"]
    troubled = {one.area for one in found}
    fine = [words.area(area) for area in AREAS if area not in troubled]
    if fine:
        shown.append(fill(_("In order: {areas}."), {"areas": ", ".join(fine)}))
    count = sum(one.severity == "error" for one in found)
    if count:
        said = ngettext("One thing has to be mended.", "{count} things have to be mended.", count)
        shown.append(fill(said, {"count": count}))
    return shown


def _plain(one: Finding) -> dict[str, Any]:
    text, step = words.finding(one.code, one.args)
    return {
        "code": one.code,
        "severity": one.severity,
        "area": one.area,
        "text": text,
        "next_step": step,
        "args": one.args,
    }
