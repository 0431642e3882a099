"""`diagnostics`: a zip for a bug report, without secrets and private paths; main thread, with the agent or without."""

from pathlib import Path

import typer

from agent.cli.client import Client, NotRunning
from agent.cli.doctor import listen
from agent.cli.failure import failure
from agent.cli.output import print_json, say
from agent.cli.session import Session, session_of
from agent.domain.checkup import findings
from agent.platforms import places
from agent.protocol.methods import Nothing
from agent.protocol.types import Snapshot
from agent.protocol.wire import Mistake
from agent.words.catalogue import _, fill


def diagnostics(
    context: typer.Context, file: str = typer.Argument(..., metavar="FILE", help=_("The zip to write."))
) -> None:
    from agent.checkup.bundle import write_bundle  # heavy: only this command loads the agent's rooms
    from agent.checkup.look import look

    session = session_of(context)
    target = Path(file).expanduser().absolute()
    if target.exists():
        raise failure("file_exists", path=str(target))
    where = places(session.home)
    found = findings(look(where, listen(session)))
    try:
        names = write_bundle(target, where, found, _snapshot(session))
    except FileExistsError:
        raise failure("file_exists", path=str(target)) from None
    except OSError as error:
        raise failure("file_unwritable", path=str(target), detail=error.strerror or str(error)) from None
    if session.json:
        print_json({"file": str(target), "contents": list(names)})
        return
    say(fill(_("Wrote {path}:"), {"path": str(target)}))
    for name in names:
        say(f"  {name}")
    say(_("Secrets, names and paths were taken out. Look through it all the same before you send it."))


def _snapshot(session: Session) -> Snapshot | None:
    try:
        with Client.connect(session.home) as client:
            snapshot: Snapshot = client.call("state.get", Nothing())
    except (NotRunning, Mistake):
        return None
    return snapshot
