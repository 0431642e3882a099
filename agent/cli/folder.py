"""`folder add|list|preview|set|remove`: what is watched, and by which rules; main thread."""

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal

import typer

from agent import words
from agent.cli.arguments import folder_argument, path_argument, patterns
from agent.cli.failure import failure
from agent.cli.output import complain, print_json, print_table, say
from agent.cli.session import Session, new_group, session_of
from agent.protocol.methods import Destinations, FolderAdd, FolderPreview, Folders, FolderSet, PathRef
from agent.protocol.settings import FolderRules, FolderSetting
from agent.protocol.types import Preview, Snapshot
from agent.protocol.wire import from_plain, to_plain
from agent.words.catalogue import _, fill, ngettext

Override = Literal["auto", "yes", "no"]
_ALL = "all"

Path = Annotated[str, typer.Argument(metavar="PATH")]
Named = Annotated[
    list[str] | None,
    typer.Option(
        "--destination", metavar="N", help=_("Only there; may be given often. 'all', or nothing: everywhere.")
    ),
]
Include = Annotated[
    list[str] | None, typer.Option("--include", metavar="GLOB", help=_("Take only these; may be given often."))
]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="GLOB", help=_("Leave these out; may be given often."))
]
Album = Annotated[
    str | None, typer.Option("--album", metavar="none|folder|NAME", help=_("Put what is uploaded into albums."))
]
Stack = Annotated[bool | None, typer.Option("--stack/--no-stack", help=_("Stack RAW and JPEG of one shot."))]
Tag = Annotated[bool | None, typer.Option("--tag/--no-tag", help=_("Tag photos by their folders."))]
Favorite = Annotated[
    bool | None, typer.Option("--favorite/--no-favorite", help=_("Make what is new at a server a favourite there."))
]
Visibility = Annotated[
    Literal["timeline", "archive"] | None,
    typer.Option("--visibility", help=_("Show what is new at a server in the timeline, or only in the archive.")),
]
Recursive = Annotated[bool | None, typer.Option("--recursive/--no-recursive", help=_("With all folders inside."))]
Hidden = Annotated[bool | None, typer.Option("--hidden/--no-hidden", help=_("With hidden files."))]
Unmetered = Annotated[
    Override | None, typer.Option("--require-unmetered", help=_("Only on networks that are not metered."))
]
Charging = Annotated[Override | None, typer.Option("--require-charging", help=_("Only while charging."))]

#: What a rule is called, and its option: every command that takes rules takes them from here.
_RULES: dict[str, object] = {
    "include": Include,
    "exclude": Exclude,
    "album": Album,
    "stack": Stack,
    "tag": Tag,
    "favorite": Favorite,
    "visibility": Visibility,
    "recursive": Recursive,
    "hidden": Hidden,
    "require_unmetered": Unmetered,
    "require_charging": Charging,
}
#: Those that decide which files are taken.
_SELECTION = ("include", "exclude", "recursive", "hidden")


def group() -> typer.Typer:
    """The commands of this module."""
    root = new_group(_("The folders that are kept safe."))
    everything = {"destination": Named, **_RULES}
    selection = {name: _RULES[name] for name in _SELECTION}
    root.command("add", help=_("Watch a folder."))(_command(_add, everything))
    root.command("list", help=_("List the watched folders."))(_list)
    root.command("preview", help=_("Count what would be backed up, without watching."))(_command(_preview, selection))
    root.command("set", help=_("Change a folder's rules or destinations; what is not named stays."))(
        _command(_set, everything)
    )
    root.command("remove", help=_("Stop watching a folder; copies stay."))(_remove)
    return root


def _command(do: Callable[[typer.Context, str, dict[str, Any]], None], options: Mapping[str, object]) -> Any:  # noqa: ANN401 - what typer takes
    """A command on a PATH with these options, which `do` gets by name, None where one was not given.

    typer reads the options off a signature, so one is made.
    """

    def run(context: typer.Context, path: str, **given: Any) -> None:  # noqa: ANN401 - as the options say
        do(context, path, given)

    kinds: dict[str, object] = {"context": typer.Context, "path": Path, **options}
    run.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter(
                name,
                Parameter.KEYWORD_ONLY if name in options else Parameter.POSITIONAL_OR_KEYWORD,
                default=None if name in options else Parameter.empty,
                annotation=kind,
            )
            for name, kind in kinds.items()
        ]
    )
    run.__annotations__ = kinds
    return run


def _add(context: typer.Context, path: str, given: dict[str, Any]) -> None:
    session = session_of(context)
    wire = folder_argument(path)
    rules = _changed(FolderRules(), given)
    ids = _ids(session, given["destination"]) or ()
    found: Preview = session.call("folder.add", FolderAdd(wire, ids, rules))
    _show(session, found, _("Watching {path}: {what}."))
    if not session.json:
        _hint(session)


def _hint(session: Session) -> None:
    """What is still missing before anything is copied by itself."""
    snapshot: Snapshot = session.call("state.get")
    if not snapshot.destinations:
        say(words.warning("no_destination"))
    elif not snapshot.backup.enabled:
        say(words.warning("backup_off"))


def _preview(context: typer.Context, path: str, given: dict[str, Any]) -> None:
    session = session_of(context)
    wire = folder_argument(path)
    found: Preview = session.call("folder.preview", FolderPreview(wire, _changed(FolderRules(), given)))
    _show(session, found, _("{path} holds {what}."))


def _set(context: typer.Context, path: str, given: dict[str, Any]) -> None:
    session = session_of(context)
    wire = path_argument(path, must_exist=False)  # its drive may be unplugged just now
    rules = _changed(_known(session, wire).rules, given)
    session.call("folder.set", FolderSet(wire, _ids(session, given["destination"]), rules))
    changed = _known(session, wire)
    session.answer(to_plain(changed), fill(_("Changed {path}. The new rules hold at once."), {"path": wire}))


def _changed(rules: FolderRules, given: Mapping[str, Any]) -> FolderRules:
    """The rules with what was named put in; None leaves as it is."""
    globs = {name: patterns(given[name]) for name in ("include", "exclude")}
    named = {name: value for name, value in {**given, **globs}.items() if name in _RULES and value is not None}
    try:
        return from_plain({**to_plain(rules), **named}, FolderRules)
    except ValueError as error:
        raise failure("value_invalid", key="--album", detail=str(error)) from None


def _ids(session: Session, names: list[str] | None) -> tuple[str, ...] | None:
    """Destination ids of what was named; None where nothing was, the empty tuple for every one."""
    if not names:
        return None
    if names == [_ALL]:
        return ()
    found: Destinations = session.call("destination.list")
    known = {row.name: row.id for row in found.rows} | {row.id: row.id for row in found.rows}
    for name in names:
        if name not in known:
            raise failure("destination_unknown", name=name)
    return tuple(dict.fromkeys(known[name] for name in names))


def _known(session: Session, wire: str) -> FolderSetting:
    found: Folders = session.call("folder.list")
    for row in found.rows:
        if row.path == wire:
            return row
    raise failure("folder_unknown", path=wire)


def _show(session: Session, found: Preview, sentence: str) -> None:
    if session.json:
        print_json(found)
        return
    count = fill(ngettext("{count} photo or video", "{count} photos and videos", found.files), {"count": found.files})
    what = fill(_("{count}, {size}"), {"count": count, "size": words.size(found.bytes)})
    say(fill(sentence, {"path": found.path, "what": what}))
    for reason, number in sorted(found.excluded.items(), key=lambda item: -item[1]):
        said = ngettext("{count} file left out: {reason}", "{count} files left out: {reason}", number)
        say(f"  {fill(said, {'count': number, 'reason': words.reason(reason, {})})}")
    for warning in found.warnings:
        complain(words.warning(warning))


def _list(context: typer.Context) -> None:
    session = session_of(context)
    found: Folders = session.call("folder.list")
    if session.json:
        documents = [{**to_plain(row), "warnings": list(found.warnings.get(row.path, ()))} for row in found.rows]
        print_json({"folders": documents})
        return
    if not found.rows:
        say(words.sentences(*words.problem_text("no_folder", {})))
        return
    destinations: Destinations = session.call("destination.list")
    names = {row.id: row.name for row in destinations.rows}
    rows = [
        (
            words.display_path(row.path),
            ", ".join(names.get(one, one) for one in row.destinations) or _("everywhere"),
            _rules(row.rules),
        )
        for row in found.rows
    ]
    print_table((_("Folder"), _("Destinations"), _("Rules")), rows, folding=(0, 1, 2))
    for path, warnings in found.warnings.items():
        for warning in warnings:
            complain(f"{words.display_path(path)}: {words.warning(warning)}")


def _rules(rules: FolderRules) -> str:
    """What differs from the usual."""
    parts = []
    if rules.include:
        parts.append(fill(_("only {patterns}"), {"patterns": ", ".join(rules.include)}))
    if rules.exclude:
        parts.append(fill(_("not {patterns}"), {"patterns": ", ".join(rules.exclude)}))
    if not rules.recursive:
        parts.append(_("no subfolders"))
    if rules.hidden:
        parts.append(_("hidden files too"))
    if rules.album != "none":
        album = _("an album for each folder") if rules.album == "folder" else _("album {name}")
        parts.append(fill(album, {"name": rules.album}))
    if rules.stack:
        parts.append(_("RAW and JPEG stacked"))
    if rules.tag:
        parts.append(_("tagged by folder"))
    if rules.favorite:
        parts.append(_("as favourites"))
    if rules.visibility == "archive":
        parts.append(_("into the archive"))
    if rules.require_unmetered != "auto":
        parts.append(_("any network") if rules.require_unmetered == "no" else _("unmetered networks only"))
    if rules.require_charging != "auto":
        parts.append(_("on battery too") if rules.require_charging == "no" else _("only while charging"))
    return ", ".join(parts)


def _remove(context: typer.Context, path: Path) -> None:
    session = session_of(context)
    wire = path_argument(path, must_exist=False)
    session.call("folder.remove", PathRef(wire))
    session.answer({"removed": wire}, fill(_("No longer watching {path}. Copies stay."), {"path": wire}))
