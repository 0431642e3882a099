"""`destination add|list|check|remove`: where copies go; main thread. What an account can more is in `account`.

Secrets come by stdin alone and go straight to the agent.
"""

import typer

from agent import words
from agent.cli.account import register as register_account
from agent.cli.account import space_at
from agent.cli.arguments import folder_argument
from agent.cli.failure import DONE, SOME_FAILED, USAGE, Failure, exit_for
from agent.cli.output import complain, print_json, print_table, say
from agent.cli.session import new_group, session_of
from agent.cli.signin import add_immich, sign_in, warn_of_permissions
from agent.protocol.methods import (
    DestinationAdded,
    DestinationAddFolder,
    DestinationRef,
    DestinationReport,
    DestinationRow,
    Destinations,
)
from agent.protocol.wire import to_plain
from agent.words.catalogue import _, fill


def group() -> typer.Typer:
    """The commands of this module."""
    root = typer.Typer(
        help=_("The servers and folders that copies go to."), no_args_is_help=True, rich_markup_mode=None
    )
    add = new_group(_("Add a server or a folder."))
    add.command("immich", help=_("Add an Immich server; the key or password is read from stdin."))(add_immich)
    add.command("folder", help=_("Add a folder on a local, external or network drive."))(_add_folder)
    root.add_typer(add, name="add")
    root.command("sign-in", help=_("Sign in again to a server."))(sign_in)
    register_account(root)
    root.command("list", help=_("List the destinations."))(_list)
    root.command("check", help=_("Try a destination, all of the way."))(_check)
    root.command("remove", help=_("Forget a destination; what is there stays."))(_remove)
    return root


def _add_folder(
    context: typer.Context,
    path: str = typer.Argument(..., metavar="PATH"),
    name: str = typer.Option("", "--name", metavar="N", help=_("What to call it.")),
) -> None:
    session = session_of(context)
    params = DestinationAddFolder(folder_argument(path), name or None)
    added: DestinationAdded = session.call("destination.add_folder", params)
    session.answer(added, fill(_("Added {name}."), {"name": added.name}))


def _list(context: typer.Context) -> None:
    session = session_of(context)
    found: Destinations = session.call("destination.list")
    if session.json:
        print_json({"destinations": to_plain(found.rows)})
    elif not found.rows:
        say(words.sentences(*words.problem_text("no_destination", {})))
    else:
        heads = (_("Name"), _("Kind"), _("Where"), _("Account"), _("Safe"))
        print_table(heads, [_row(row) for row in found.rows], right=(4,), folding=(2, 3))


def _row(row: DestinationRow) -> tuple[str, ...]:
    kind = {"immich": "Immich", "folder": _("folder")}.get(row.kind, row.kind)
    where = words.display_path(row.location) if row.kind == "folder" else row.location
    return row.name, kind, where, row.account or "", words.number(row.files_safe)


def _check(context: typer.Context, name: str = typer.Argument(..., metavar="N")) -> int:
    session = session_of(context)
    report: DestinationReport = session.call("destination.check", DestinationRef(name))
    code = DONE
    text = fill(_("{name} works."), {"name": name})
    if not report.ok:
        text = words.mistake(report.code or "internal", report.args)
        if report.code is not None:
            text = words.sentences(*words.problem_text(report.code, report.args))
        code = exit_for(report.code or "internal")
        code = SOME_FAILED if code == USAGE else code
    space = space_at(session, name) if report.ok else None
    if session.json:
        print_json({**to_plain(report), "text": text, "space": to_plain(space) if space else None})
    if not report.ok:
        raise_or_tell(session.json, code, report.code or "internal", text)
        return code
    if not session.json:
        left = words.space(space.used_bytes, space.quota_bytes, space.free_bytes) if space else ""
        details = [part for part in (report.account, report.server_version, left) if part]
        say(f"{text} {' · '.join(details)}".rstrip())
    warn_of_permissions(report.missing_permissions)
    return code


def raise_or_tell(json: bool, exit_code: int, code: str, text: str) -> None:
    """A failed check as a failure; with `--json` its document has been printed already."""
    if json:
        complain(text)
    else:
        raise Failure(exit_code, code, text)


def _remove(context: typer.Context, name: str = typer.Argument(..., metavar="N")) -> None:
    session = session_of(context)
    session.call("destination.remove", DestinationRef(name))
    session.answer({"removed": name}, fill(_("Removed {name}. What was copied there stays."), {"name": name}))
