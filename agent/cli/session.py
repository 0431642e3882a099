"""What every command has at hand: the global options, a way to the agent, a way to answer.

One object for each start of the command, carried by typer's context. The main thread only.
"""

import time
from pathlib import Path
from typing import Any

import typer

from agent.cli.client import Client
from agent.cli.output import print_json, say
from agent.protocol.methods import Message, Nothing


class Session:
    """The options, and the calls that commands make."""

    def __init__(self, home: Path | None, json: bool) -> None:
        self.home = home
        self.json = json

    def connected(self) -> Client:
        """A connection, to be used with `with`. What it raises becomes a sentence and an exit code in `entry`."""
        return Client.connect(self.home)

    def call(self, method: str, params: Message | None = None) -> Any:  # noqa: ANN401 - METHODS[method].result
        """One call on a connection of its own."""
        with self.connected() as client:
            return client.call(method, params or Nothing())

    def answer(self, document: object, text: str) -> None:
        """The command's result: the document with `--json`, else the sentence."""
        if self.json:
            print_json(document)
        else:
            say(text)


def session_of(context: typer.Context) -> Session:
    """The session of the command that runs."""
    session = context.find_object(Session)
    assert session is not None  # noqa: S101 - entry puts it there
    return session


def now_at() -> int:
    """UTC epoch milliseconds."""
    return time.time_ns() // 1_000_000


def new_group(about: str) -> typer.Typer:
    """An empty group of commands; without arguments it shows its help."""
    return typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
