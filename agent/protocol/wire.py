"""The lines on the socket: JSON-RPC 2.0, one UTF-8 line a message.

Pure. `pack_*` makes a line (newline included), `unpack_*` reads one and raises `WireError` for anything else. What is
done about a bad line is the business of `agent.rpc` and of the clients.
"""

from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from agent.protocol.methods import METHODS, Message
from agent.protocol.types import Args, Changes

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
#: A person's mistake: `message` is its code in `agent.words`, `data` its arguments.
MISTAKE = 1
#: The first line must be `hello` of the same protocol.
UNGREETED = 2

CHANGED = "state.changed"

T = TypeVar("T")


class WireError(Exception):
    """A line that is no message of ours; `code` is the JSON-RPC error code that answers it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Mistake(Exception):
    """What a person asked for cannot be done as asked: a code and its arguments; `agent.words` makes the sentence."""

    def __init__(self, code: str, **args: str | float | bool | None) -> None:
        super().__init__(code)
        self.code = code
        self.args_: Args = dict(args)


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """A call from a client."""

    method: str
    id: int
    params: Raw = Raw(b"{}")
    jsonrpc: Literal["2.0"] = "2.0"


class Error(Struct, frozen=True):
    """Why a call was refused."""

    code: int
    message: str
    data: Args = {}


class Reply(Struct, frozen=True, omit_defaults=True):
    """Anything the agent sends: an answer (`id` with `result` or `error`) or a notification (`method`, `params`)."""

    id: int | None = None
    result: Raw | UnsetType = UNSET
    error: Error | UnsetType = UNSET
    method: str | UnsetType = UNSET
    params: Raw | UnsetType = UNSET
    jsonrpc: Literal["2.0"] | UnsetType = UNSET


_encoder = msgspec.json.Encoder()


_decoders: dict[type, Any] = {}


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """What reads a message of this kind. Made when the first one comes: a command hears two kinds of seventy.

    Two threads that come first together each make one, and both are right.
    """
    found: msgspec.json.Decoder[T] | None = _decoders.get(kind)
    if found is None:
        found = _decoders[kind] = msgspec.json.Decoder(kind)
    return found


def pack_request(call_id: int, method: str, params: Message) -> bytes:
    """A client's call as a line."""
    return _encoder.encode(Request(method, call_id, Raw(_encoder.encode(params)))) + b"\n"


def unpack_request(line: bytes) -> Request:
    """The call in a line; `WireError` where there is none."""
    try:
        return _decoder(Request).decode(line)
    except msgspec.ValidationError as error:
        raise WireError(INVALID_REQUEST, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(PARSE_ERROR, str(error)) from error


def unpack_params(request: Request) -> Message:
    """The typed parameters of a call; `WireError` for an unknown method or parameters that do not fit."""
    method = METHODS.get(request.method)
    if method is None:
        raise WireError(METHOD_NOT_FOUND, f"there is no method {request.method!r}")
    try:
        return _decoder(method.params).decode(request.params)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(INVALID_PARAMS, str(error)) from error


def pack_result(call_id: int, result: Struct) -> bytes:
    """An answer as a line."""
    return _encoder.encode(Reply(call_id, Raw(_encoder.encode(result)), jsonrpc="2.0")) + b"\n"


def pack_error(call_id: int | None, code: int, message: str, data: Args | None = None) -> bytes:
    """A refusal as a line."""
    return _encoder.encode(Reply(call_id, error=Error(code, message, data or {}), jsonrpc="2.0")) + b"\n"


def pack_changes(changes: Changes) -> bytes:
    """The notification that carries changed sections."""
    return _encoder.encode(Reply(method=CHANGED, params=Raw(_encoder.encode(changes)), jsonrpc="2.0")) + b"\n"


def unpack_reply(line: bytes) -> Reply:
    """What the agent sent; `WireError` where it is nothing of ours."""
    try:
        return _decoder(Reply).decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(PARSE_ERROR, str(error)) from error


def unpack_result(method: str, raw: Raw) -> Any:  # noqa: ANN401 - the type is METHODS[method].result
    """The typed result of a call of `method`."""
    try:
        return _decoder(METHODS[method].result).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(PARSE_ERROR, str(error)) from error


def unpack_changes(raw: Raw) -> Changes:
    """The sections carried by `state.changed`."""
    try:
        return _decoder(Changes).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(PARSE_ERROR, str(error)) from error


def result_in(method: str, reply: Reply) -> Any:  # noqa: ANN401 - the type is METHODS[method].result
    """The typed result that an answer carries; `WireError` where it carries none."""
    if isinstance(reply.result, UnsetType):
        raise WireError(INVALID_REQUEST, "an answer without a result")
    return unpack_result(method, reply.result)


def changes_in(reply: Reply) -> Changes | None:
    """The sections that a notification carries; None where the reply is something else."""
    if reply.method != CHANGED or isinstance(reply.params, UnsetType):
        return None
    return unpack_changes(reply.params)


def as_json(value: object) -> bytes:
    """Any struct of ours as plain JSON, for `--json` and for the database."""
    return _encoder.encode(value)


def from_json(text: str | bytes) -> Any:  # noqa: ANN401 - the point is that anything comes out
    """Plain JSON as Python values; `ValueError` where it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def to_plain(value: object) -> Any:  # noqa: ANN401 - dicts, lists and scalars
    """A struct of ours as dicts, lists and scalars."""
    return msgspec.to_builtins(value)


def from_plain(value: object, kind: type[T]) -> T:
    """The opposite of `to_plain`; `ValueError` says where it does not fit."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
