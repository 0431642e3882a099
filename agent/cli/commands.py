"""All commands put together, and a wrong one answered. Owns typer's quirks; main thread."""

from collections.abc import Sequence

import typer

from agent.cli import (
    backup,
    cache,
    demo,
    destination,
    diagnostics,
    doctor,
    folder,
    jobs,
    library,
    logs,
    process,
    server,
    service,
    settings,
    status,
)
from agent.cli.arguments import Globals
from agent.cli.failure import DONE, USAGE, Failure
from agent.cli.session import Session
from agent.cli.usage import translate_help, wrong_usage
from agent.words.catalogue import _

#: typer keeps the class above its `BadParameter` to itself: any wrong usage is one.
_WrongUsage: type[BaseException] = typer.BadParameter.__bases__[0]

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def build() -> typer.Typer:
    """The whole command line."""
    root = typer.Typer(
        name="safelight",
        help=_("Keeps every photo and video on this computer safe on your Immich server."),
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        context_settings=_SETTINGS,
    )
    root.callback()(_globals)
    process.register(root)
    root.command("demo", help=_("Show the main job on sample pictures."))(demo.demo)
    root.command("status", help=_("Say whether the pictures are safe, and what is waited for."))(status.status)
    backup.register(root)
    server.register(root)
    root.add_typer(destination.group(), name="destination")
    root.add_typer(folder.group(), name="folder")
    root.add_typer(library.group(), name="library")
    root.add_typer(jobs.group(), name="jobs")
    root.add_typer(cache.group(), name="cache")
    root.add_typer(settings.group(), name="settings")
    root.add_typer(service.group(), name="service")
    root.command("doctor", help=_("Check what usually goes wrong, and say how to mend it."))(doctor.doctor)
    root.command("diagnostics", help=_("Write a zip for a bug report."))(diagnostics.diagnostics)
    root.command("logs", help=_("Show the agent's log."))(logs.logs)
    return root


def invoke(chosen: Globals, rest: Sequence[str]) -> int:
    """Run the command in `rest`; the exit code. Raises `Failure` for a wrong one."""
    command = translate_help(typer.main.get_command(build()))
    arguments = list(rest) or ["--help"]
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
