"""The tree of commands, of which only the branch that was typed is loaded, and a wrong one answered.

Owns typer's quirks. A branch is a module with what it imports, so a command pays for itself alone; for the help, and
for a word that is no command, all are loaded. Main thread.
"""

import gc
from collections.abc import Callable, Sequence

import typer

from agent.cli.arguments import Globals
from agent.cli.failure import DONE, USAGE, Failure
from agent.cli.plain import take_plainly
from agent.cli.session import Session
from agent.cli.usage import translate_help, wrong_usage
from agent.words.catalogue import _

#: typer keeps the class above its `BadParameter` to itself: any wrong usage is one.
_WrongUsage: type[BaseException] = typer.BadParameter.__bases__[0]

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def build(word: str = "") -> typer.Typer:
    """The command line: the branch that begins with `word`, or the whole where none does."""
    root = typer.Typer(
        name="safelight",
        help=_("Keeps every photo and video on this computer safe on your Immich server."),
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        context_settings=_SETTINGS,
    )
    root.callback()(_globals)
    branches = [add for names, add in _BRANCHES if word in names.split()]
    for add in branches or [add for _names, add in _BRANCHES]:
        add(root)
    return root


def _process(root: typer.Typer) -> None:
    from agent.cli import process

    process.register(root)


def _demo(root: typer.Typer) -> None:
    from agent.cli import demo

    root.command("demo", help=_("Show the main job on sample pictures."))(demo.demo)


def _status(root: typer.Typer) -> None:
    from agent.cli import status

    root.command("status", help=_("Say whether the pictures are safe, and what is waited for."))(status.status)


def _backup(root: typer.Typer) -> None:
    from agent.cli import backup

    backup.register(root)


def _server(root: typer.Typer) -> None:
    from agent.cli import server

    server.register(root)


def _destination(root: typer.Typer) -> None:
    from agent.cli import destination

    root.add_typer(destination.group(), name="destination")


def _folder(root: typer.Typer) -> None:
    from agent.cli import folder

    root.add_typer(folder.group(), name="folder")


def _library(root: typer.Typer) -> None:
    from agent.cli import library

    root.add_typer(library.group(), name="library")


def _jobs(root: typer.Typer) -> None:
    from agent.cli import jobs

    root.add_typer(jobs.group(), name="jobs")


def _cache(root: typer.Typer) -> None:
    from agent.cli import cache

    root.add_typer(cache.group(), name="cache")


def _settings(root: typer.Typer) -> None:
    from agent.cli import settings

    root.add_typer(settings.group(), name="settings")


def _service(root: typer.Typer) -> None:
    from agent.cli import service

    root.add_typer(service.group(), name="service")


def _doctor(root: typer.Typer) -> None:
    from agent.cli import doctor

    root.command("doctor", help=_("Check what usually goes wrong, and say how to mend it."))(doctor.doctor)


def _diagnostics(root: typer.Typer) -> None:
    from agent.cli import diagnostics

    root.command("diagnostics", help=_("Write a zip for a bug report."))(diagnostics.diagnostics)


def _logs(root: typer.Typer) -> None:
    from agent.cli import logs

    root.command("logs", help=_("Show the agent's log."))(logs.logs)


#: The words that a branch begins with, in the order of the help.
_BRANCHES: tuple[tuple[str, Callable[[typer.Typer], None]], ...] = (
    ("run start stop restart", _process),
    ("demo", _demo),
    ("status", _status),
    ("enable disable pause resume backup", _backup),
    ("sync verify", _server),
    ("destination", _destination),
    ("folder", _folder),
    ("library", _library),
    ("jobs", _jobs),
    ("cache", _cache),
    ("settings", _settings),
    ("service", _service),
    ("doctor", _doctor),
    ("diagnostics", _diagnostics),
    ("logs", _logs),
)


def invoke(chosen: Globals, rest: Sequence[str]) -> int:
    """Run the command in `rest`; the exit code. Raises `Failure` for a wrong one."""
    arguments = list(rest) or ["--help"]
    command = take_plainly(translate_help(typer.main.get_command(build(arguments[0]))))
    if not gc.isenabled():  # see `entry`
        gc.freeze()
        gc.enable()
    try:
        code = command.main(
            arguments, prog_name="safelight", standalone_mode=False, obj=Session(chosen.home, chosen.json)
        )
    except typer.Abort:
        return USAGE
    except SystemExit as error:  # typer's own answer to a closed pipe
        if isinstance(error.__context__, BrokenPipeError):
            raise error.__context__ from None
        raise
    except _WrongUsage as error:
        raise _wrong(error) from None
    return code if isinstance(code, int) else DONE


def _wrong(error: BaseException) -> Failure:
    """A sentence that names the command whose help tells more."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        return Failure(USAGE, "usage", str(getattr(error, "message", error)))
    said = wrong_usage(error)
    where = context.command_path if context is not None else "safelight"
    return Failure(USAGE, "usage", _("{said} '{where} --help' shows how.").format(said=said, where=where))


def _globals(
    _home: str = typer.Option("", "--home", metavar="DIR", help=_("Keep everything under this folder.")),
    _json: bool = typer.Option(False, "--json", help=_("Answer with one JSON document.")),
    _version: bool = typer.Option(False, "--version", help=_("Show the version.")),
) -> None:
    """Only for the help: these are taken out before typer sees them, so that they may stand anywhere."""
