"""What is typed plainly is taken as it stands; typer's own check is asked for all else, and finds the words for it.

typer checks each value, be it text that needs no check, with a library that takes longer to load than the rest of a
command takes in all. So text is taken as text, a number that is written as one and in its bounds as a number, and a
word out of a list as that word. What else there is goes the usual way, with the usual errors. A typer that is built
otherwise is left alone. Must not judge or change a value. Main thread.
"""

from collections.abc import Callable
from typing import Any, Final, Literal, get_args, get_origin

#: A number of more digits is looked at more closely.
_DIGITS = 9
_UNSURE: Final = object()


def take_plainly(command: Any) -> Any:  # noqa: ANN401 - typer keeps the classes of its commands to itself
    """Let this command and all below it take what is plain without a check; the same command."""
    listed = command.get_params
    command.get_params = lambda context: [_relieved(one) for one in listed(context)]
    for below in getattr(command, "commands", {}).values():
        take_plainly(below)
    return command


def _relieved(param: Any) -> Any:  # noqa: ANN401 - as above
    """The same argument or option; the one for the help is made by typer when the command runs."""
    check = getattr(param, "get_runtime_param", None)
    if check is not None and hasattr(param, "type_descriptor") and not isinstance(check, _Asked):
        param.get_runtime_param = _Asked(check, param.type_descriptor)
    return param


class _Asked:
    """What typer asks for the value of one argument or option."""

    def __init__(self, thorough: Callable[[], Any], kind: Any) -> None:  # noqa: ANN401 - as above
        self._thorough = thorough
        self._kind = kind

    def __call__(self) -> "_Asked":
        """The form in which typer looks for it."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """The value as its command gets it."""
        taken = self._taken(value, is_many=param.multiple or param.nargs == -1)
        return self._thorough().coerce(value, param=param, ctx=ctx) if taken is _UNSURE else taken

    def _taken(self, value: Any, *, is_many: bool) -> Any:  # noqa: ANN401 - as above
        kind = self._kind.annotation
        if value is None:
            return () if is_many else None
        if not is_many:
            return self._one(kind, value)
        if get_origin(kind) is not list or not isinstance(value, list | tuple):
            return _UNSURE
        parts = [self._one(get_args(kind)[0], part) for part in value]
        return _UNSURE if _UNSURE in parts else parts

    def _one(self, kind: Any, value: Any) -> Any:  # noqa: ANN401 - as above
        if not isinstance(value, str | int) or isinstance(value, bool):
            return _UNSURE
        if kind is str and isinstance(value, str):
            return value
        if kind is int:
            return self._number(str(value))
        return value if get_origin(kind) is Literal and value in get_args(kind) else _UNSURE

    def _number(self, written: str) -> Any:  # noqa: ANN401 - as above
        """The number, where it is written as numbers are and lies in its bounds."""
        if not (written.isascii() and written.removeprefix("-").isdigit() and len(written) <= _DIGITS):
            return _UNSURE
        number, bounds = int(written), self._kind.parameter_info
        is_right = (bounds.min is None or number >= bounds.min) and (bounds.max is None or number <= bounds.max)
        return number if is_right and str(number) == written else _UNSURE
