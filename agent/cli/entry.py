"""Where the command begins: languages, global options, the few commands that must start lean, and the exit code.

`run` and `decode` never load typer or rich, since they live long or come in numbers. Every way to fail ends in one
sentence on stderr; SAFELIGHT_TRACEBACK=1 shows the traceback of what was not foreseen. Main thread.
"""

import errno
import gc
import os
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.cli.failure import Failure

_TRACEBACK = "SAFELIGHT_TRACEBACK"


def main(typed: Sequence[str] | None = None) -> int:
    """Do what was typed (None: the process's own arguments); the exit code."""
    arguments = list(sys.argv[1:] if typed is None else typed)
    if arguments[:1] == ["decode"]:
        from agent.cli.decode import decode

        return decode(arguments[1:])
    if typed is None:
        gc.disable()  # until all is loaded that stays: to look through it for garbage is a tenth of the start
    try:
        return _ended(arguments)
    except KeyboardInterrupt:  # at any moment, while modules are loaded too
        print(file=sys.stderr, flush=True)
        return 130
    except BrokenPipeError:  # `safelight library list | head`: whoever read has seen enough
        _silence_stdout()
        return 0
    except OSError as error:
        if not _is_of_stdout(error):
            raise
        return _unwritable(error)


def _ended(arguments: Sequence[str]) -> int:
    """Do it, and make a sentence of what went wrong; the exit code."""
    if not os.environ.get(_TRACEBACK):
        sys.excepthook = _one_sentence
    from agent.cli.output import prepare_streams

    prepare_streams()
    if arguments == ["--version"]:  # nothing more needs to be loaded for that
        return _tell_version(json=False)
    speak()
    try:
        return _do(arguments)
    except _foreseen() as error:
        failed = _failure(error)
        _report(failed, json="--json" in arguments)
        return failed.exit_code


def _foreseen() -> tuple[type[Exception], ...]:
    """What has a sentence of its own. Asked, and so loaded, only when something was raised."""
    from agent.cli.client import NotRunning
    from agent.cli.failure import Failure
    from agent.protocol.wire import Mistake

    return Failure, NotRunning, Mistake


def _failure(error: Exception) -> "Failure":
    """One of the foreseen, as a sentence and an exit code."""
    from agent.cli.client import NotAnswering
    from agent.cli.failure import Failure, failure, from_mistake
    from agent.protocol.wire import Mistake

    if isinstance(error, Failure):
        return error
    if isinstance(error, Mistake):
        return from_mistake(error)
    return failure("not_answering" if isinstance(error, NotAnswering) else "not_running")


def _do(arguments: Sequence[str]) -> int:
    if arguments == ["run"]:  # at every login: what other commands need is not loaded
        from agent.cli.run import run

        return run(None)
    from agent.cli.arguments import take_globals

    chosen, rest = take_globals(arguments)
    if chosen.home is not None:  # decoders and whatever else is started from here must find the same home
        os.environ["SAFELIGHT_HOME"] = str(chosen.home)
    if rest == ["--version"]:
        return _tell_version(json=chosen.json)
    if rest == ["run"]:
        from agent.cli.run import run

        return run(chosen.home)
    from agent.cli.commands import invoke

    return invoke(chosen, rest)


def _tell_version(*, json: bool) -> int:
    from agent import __version__

    if json:
        from agent.cli.output import print_json

        print_json({"version": __version__})
    else:
        print(f"safelight {__version__}", flush=True)
    return 0


def speak() -> None:
    """Choose the person's language, and whose numbers and times are written; English needs no look at the disk."""
    from agent import words
    from agent.platforms.language import chosen

    system = chosen()
    wanted = words.wish(os.environ, system.languages, system.formats)
    words.speak(wanted, _translations() if wanted.languages else None)


def _translations() -> str | None:
    import resources

    try:
        return str(resources.path("locale"))
    except FileNotFoundError:  # built without
        return None


def _report(error: "Failure", *, json: bool) -> None:
    from agent.cli.output import complain, print_json

    complain(error.text)
    if json:
        print_json({"error": {"code": error.code, "text": error.text, "exit_code": error.exit_code}})


def _one_sentence(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What a person sees of a bug of ours; the log, where this process has set one up, gets all of it."""
    import logging

    from agent.words.catalogue import _, fill

    if logging.getLogger().handlers:
        logging.getLogger(__name__).critical("this process ends by a bug", exc_info=(kind, error, trace))

    said = _("Something unexpected happened ({error}). Set {variable}=1 to see where, and please report it.")
    shown = f"{kind.__name__}: {error}" if str(error) else kind.__name__
    print(fill(said, {"error": shown, "variable": _TRACEBACK}), file=sys.stderr)


def _is_of_stdout(error: OSError) -> bool:
    """Whether an answer could not be written to where stdout goes: such an error names no file."""
    from agent.platforms.disk import FULL

    return error.filename is None and error.errno in FULL | {errno.EFBIG, errno.EIO}


def _unwritable(error: OSError) -> int:
    """The answer could not be written to where stdout goes."""
    from agent import words
    from agent.cli.failure import SOME_FAILED
    from agent.cli.output import complain

    _silence_stdout()
    complain(words.mistake("file_unwritable", {"path": "stdout", "detail": error.strerror}))
    return SOME_FAILED


def _silence_stdout() -> None:
    """Let nothing more be flushed into the closed pipe when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
