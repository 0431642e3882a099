"""What is typed plainly is taken without typer's check, and comes to the command as typer would have brought it."""

from typing import Annotated, Any, Literal

import pytest
import typer

from agent.cli.plain import take_plainly

Size = Literal["small", "large"]


def given(typed: str, *, plainly: bool) -> object:
    """What a command gets, or the error that its words make."""
    app, got = typer.Typer(), {}

    def do(
        name: str = "",
        globs: Annotated[list[str] | None, typer.Option("--glob")] = None,
        number: Annotated[int | None, typer.Option("--number", min=-5, max=50)] = None,
        numbers: Annotated[list[int] | None, typer.Option("--of")] = None,
        size: Annotated[Size | None, typer.Option("--size", case_sensitive=False)] = None,
        yes: Annotated[bool | None, typer.Option("--yes/--no")] = None,
        rest: Annotated[list[str] | None, typer.Argument()] = None,
    ) -> None:
        got.update(locals())

    app.command()(do)
    command: Any = typer.main.get_command(app)
    if plainly:
        take_plainly(command)
    try:
        command.main(typed.split(" ") if typed else [], standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - typer's own kinds are its own
        return type(error).__name__, str(error)
    got.pop("got", None)
    return got


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "--name x",
        "--name=",
        "--glob a --glob b c d",
        "--number 5",
        "--number -5",
        "--number -6",
        "--number 51",
        "--number 05",
        "--number +5",
        "--number 5.0",
        "--number x",
        "--number 99999999999999999999",
        "--number \N{ARABIC-INDIC DIGIT FIVE}",
        "--of 1 --of 2",
        "--of 1 --of x",
        "--size small",
        "--size LARGE",
        "--size huge",
        "--yes",
        "--no",
        "a b",
        "--wrong",
    ],
)
def test_a_command_gets_the_same_with_and_without_the_thorough_check(typed: str) -> None:
    assert given(typed, plainly=True) == given(typed, plainly=False)
