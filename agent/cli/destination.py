"""`destination add|list|check|remove`: where copies go; main thread.

Secrets come by stdin alone and go straight to the agent.
"""

import sys
from typing import Annotated, Literal

import typer

from agent import words
from agent.cli.arguments import folder_argument
from agent.cli.failure import DONE, SOME_FAILED, USAGE, Failure, exit_for, failure
from agent.cli.output import complain, print_json, print_table, say
from agent.cli.session import new_group, session_of
from agent.protocol.methods import (
    DestinationAdded,
    DestinationAddFolder,
    DestinationAddImmich,
    DestinationRef,
    DestinationReport,
    DestinationRow,
    Destinations,
)
from agent.protocol.wire import to_plain
from agent.words.catalogue import _, fill

_SECRET_LIMIT = 4_096


def group() -> typer.Typer:
    """The commands of this module."""
    root = typer.Typer(
        help=_("The servers and folders that copies go to."), no_args_is_help=True, rich_markup_mode=None
    )
    add = new_group(_("Add a server or a folder."))
    add.command("immich", help=_("Add an Immich server; the key or password is read from stdin."))(_add_immich)
    add.command("folder", help=_("Add a folder on a local, external or network drive."))(_add_folder)
    root.add_typer(add, name="add")
    root.command("list", help=_("List the destinations."))(_list)
    root.command("check", help=_("Try a destination, all of the way."))(_check)
    root.command("remove", help=_("Forget a destination; what is there stays."))(_remove)
    return root


def _add_immich(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help=_("The address that opens Immich in the browser."))],
    *,
    name: Annotated[str, typer.Option("--name", metavar="N", help=_("What to call it."))] = "",
    api_key_stdin: Annotated[bool, typer.Option("--api-key-stdin", help=_("Read an API key from stdin."))] = False,
    email: Annotated[str, typer.Option("--email", metavar="E", help=_("Sign in with this address."))] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help=_("Read the password from stdin."))] = False,
    store: Annotated[
        Literal["keyring", "file"],
        typer.Option("--store", help=_("Keep the sign-in in the keyring, or in a file that only you can read.")),
    ] = "keyring",
) -> int:
    session = session_of(context)
    if api_key_stdin == password_stdin or bool(email) != password_stdin:
        raise failure("secret_missing")
    asked = _("API key: ") if api_key_stdin else _("Password: ")
    secret = read_secret(asked)
    params = DestinationAddImmich(
        url,
        name or None,
        api_key=secret if api_key_stdin else None,
        email=email or None,
        password=secret if password_stdin else None,
        store=store,
    )
    added: DestinationAdded = session.call("destination.add_immich", params)
    if session.json:
        print_json(added)
        return DONE
    said = _("Added {name}: signed in as {account}.") if added.account else _("Added {name}.")
    say(fill(said, {"name": added.name, "account": added.account}))
    if store == "file":
        say(_("The sign-in is kept in a file that only you can read, not in the keyring."))
    _warn_of_permissions(added.missing_permissions)
    return DONE


def read_secret(asked: str) -> str:
    """A secret from stdin, without echo on a terminal; exit code 2 where there is none."""
    if sys.stdin.isatty():
        from getpass import getpass

        secret = getpass(asked)
    else:
        try:
            secret = sys.stdin.buffer.readline(_SECRET_LIMIT).decode().rstrip("\r\n")
        except UnicodeDecodeError:
            secret = ""
    if not secret.strip():
        raise failure("secret_empty")
    return secret


def _warn_of_permissions(missing: tuple[str, ...]) -> None:
    if missing:
        complain(
            fill(
                _("The API key lacks {permissions}: what needs them is left out. Add them in Immich at any time."),
                {"permissions": ", ".join(missing)},
            )
        )


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
        say(" ".join(words.problem_text("no_destination", {})))
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
            text = " ".join(part for part in words.problem_text(report.code, report.args) if part)
        code = exit_for(report.code or "internal")
        code = SOME_FAILED if code == USAGE else code
    if session.json:
        print_json({**to_plain(report), "text": text})
    if not report.ok:
        raise_or_tell(session.json, code, report.code or "internal", text)
        return code
    if not session.json:
        details = [part for part in (report.account, report.server_version) if part]
        say(f"{text} {' · '.join(details)}".rstrip())
    _warn_of_permissions(report.missing_permissions)
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
