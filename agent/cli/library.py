"""`library list|recent|show|exclude|include`: the files, and how each stands; main thread."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import typer

from agent import words
from agent.cli.arguments import path_argument
from agent.cli.output import print_facts, print_json, print_table, say
from agent.cli.server import register_library
from agent.cli.session import Session, new_group, now_at, session_of
from agent.protocol.history import Chosen
from agent.protocol.methods import (
    PAGE_LIMIT,
    Files,
    LibraryFilter,
    LibraryList,
    LibraryMonth,
    LibraryRecent,
    Months,
    Nothing,
    PathRef,
)
from agent.protocol.server import Paths
from agent.protocol.types import CopyRow, FileDetail, FileRow, Snapshot
from agent.protocol.wire import to_plain
from agent.words.catalogue import _, fill, ngettext

State = Literal[
    "safe", "queued", "uploading", "failed", "excluded", "deleted_at_destination", "in_trash", "missing_at_destination"
]  # fmt: skip
Kind = Literal["photo", "video"]
_ROLES: dict[Kind, Literal["still", "video"]] = {"photo": "still", "video": "video"}
_TEXT_LIMIT = 200
_PATHS = typer.Argument(metavar="PATH...", help=_("Files."))


def group() -> typer.Typer:
    """The commands of this module."""
    root = new_group(_("The photos and videos, one by one."))
    root.command("list", help=_("List files and how they stand."))(_list)
    root.command("recent", help=_("List the files that were copied last."))(_recent)
    root.command("show", help=_("Tell all that is known of a file."))(_show)
    root.command("exclude", help=_("Leave single files out of the backup; copies that are somewhere stay."))(_exclude)
    root.command("include", help=_("Back up again what was left out with 'exclude'."))(_include)
    register_library(root)
    return root


def _list(
    context: typer.Context,
    *,
    state: Annotated[State | None, typer.Option("--state", help=_("Only files in this state."))] = None,
    folder: str = typer.Option("", "--folder", metavar="PATH", help=_("Only files of this watched folder.")),
    kind: Annotated[Kind | None, typer.Option("--kind", help=_("Only photos, or only videos."))] = None,
    text: str = typer.Option("", "--text", metavar="TEXT", help=_("Only files with this in their name or folder.")),
) -> None:
    session = session_of(context)
    wire = path_argument(folder, must_exist=False) if folder else None
    if kind is None and not text.strip():
        _print_rows(session, _rows(session, state, wire))
        return
    only = LibraryFilter(state, wire, _ROLES[kind] if kind else None, text.strip()[:_TEXT_LIMIT])
    _print_rows(session, _found(session, only))


def _recent(
    context: typer.Context,
    *,
    limit: int = typer.Option(24, "--limit", min=1, max=PAGE_LIMIT, metavar="N", help=_("At most so many.")),
) -> None:
    session = session_of(context)
    found: Files = session.call("library.recent", LibraryRecent(limit))
    _print_rows(session, found.rows)


def _print_rows(session: Session, rows: Iterable[FileRow]) -> None:
    if session.json:
        print_json({"files": [file_document(row) for row in rows]})
        return
    lines = [_line(row) for row in rows]
    if not lines:
        say(_("No such files."))
        return
    print_table((_("File"), _("State"), _("Size"), _("Why")), lines, right=(2,), folding=(0, 3))


def _exclude(context: typer.Context, paths: Annotated[list[str], _PATHS]) -> None:
    session = session_of(context)
    done: Chosen = session.call("library.exclude", _wired(paths))
    said = ngettext("One file is left out from now on.", "{count} files are left out from now on.", done.files)
    session.answer(
        to_plain(done), fill(said, {"count": done.files}) if done.files else _("They were left out already.")
    )


def _include(context: typer.Context, paths: Annotated[list[str], _PATHS]) -> None:
    session = session_of(context)
    done: Chosen = session.call("library.include", _wired(paths))
    said = ngettext("One file is backed up again.", "{count} files are backed up again.", done.files)
    session.answer(to_plain(done), fill(said, {"count": done.files}) if done.files else _("None of them was left out."))


def _wired(paths: list[str]) -> Paths:
    return Paths(tuple(path_argument(path, must_exist=False) for path in paths))


def _found(session: Session, only: LibraryFilter) -> Iterator[FileRow]:
    """What fits, newest first, as the window's library shows it."""
    with session.connected() as client:
        months: Months = client.call("library.months", only)
        for month in months.rows:
            for offset in range(0, month.files, PAGE_LIMIT):
                page: Files = client.call("library.month", LibraryMonth(month.month, only, offset, PAGE_LIMIT))
                yield from page.rows


def _rows(session: Session, state: State | None, folder: str | None) -> Iterator[FileRow]:
    with session.connected() as client:
        after: int | None = 0
        while after is not None:
            page: Files = client.call("library.list", LibraryList(state, folder, after, PAGE_LIMIT))
            yield from page.rows
            after = page.next


def file_document(row: FileRow) -> dict[str, object]:
    """A file for `--json`: the row, and its reason as a sentence."""
    return {**to_plain(row), "reason_text": words.reason(row.reason, row.args) if row.reason else None}


def _line(row: FileRow) -> tuple[str, ...]:
    why = words.reason(row.reason, row.args) if row.reason else ""
    return words.display_path(row.path), words.state(row.state), words.size(row.size_bytes), why


def _show(context: typer.Context, path: str = typer.Argument(..., metavar="PATH")) -> None:
    session = session_of(context)
    with session.connected() as client:
        found: FileDetail = client.call("library.show", PathRef(path_argument(path, must_exist=False)))
        snapshot: Snapshot = client.call("state.get", Nothing())
    if session.json:
        outstanding = [
            {**to_plain(one), "reason_text": words.why_outstanding(one, found, snapshot, now_at()) or None}
            for one in found.outstanding
        ]
        print_json({**to_plain(found), "file": file_document(found.file), "outstanding": outstanding})
        return
    file = found.file
    facts = [
        (_("File"), words.display_path(file.path)),
        (_("State"), words.state(file.state)),
        *([(_("Why"), words.reason(file.reason, file.args))] if file.reason else []),
        (_("Size"), words.size(file.size_bytes)),
        (_("Changed"), words.date_time(file.modified_at)),
        (_("Folder"), words.display_path(found.folder)),
        *([(_("SHA-1"), found.sha1)] if found.sha1 else []),
        *((_("Copy"), _copy(one)) for one in found.copies),
        *((_("Outstanding"), words.outstanding(one, found, snapshot, now_at())) for one in found.outstanding),
        *((_("Belongs with"), words.display_path(one.path)) for one in found.members if one.id != file.id),
    ]
    print_facts(facts)
    if found.history:
        say("")
        print_facts((words.date_time(one.at), words.event(one)) for one in found.history)


def _copy(one: CopyRow) -> str:
    parts = [one.destination_name, words.state(one.state)]
    if one.verified_at is not None:
        parts.append(words.date_time(one.verified_at))
    if one.remote_id is not None:
        parts.append(one.remote_id)
    return " · ".join(parts)
