"""Reading and checking JSON bodies, with the errors in the form the server lists them.

For: routes that take JSON; the texts and codes follow the recorded answers.
Must not: know routes or permissions.
Thread: the server's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from starlette.requests import ClientDisconnect, Request

from .answers import ClientGone, Refusal, invalid

Issue = dict[str, Any]
Path = Sequence[str | int]

JSON_LIMIT = 10 * 1024 * 1024
_UUID = r"^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$"
_IS_UUID = re.compile(_UUID)
_EMAIL = (
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$"
)
_YEARS = r"(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)"
_DAYS = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])",
    r"(?:0[469]|11)-(?:0[1-9]|[12]\d|30)",
    r"(?:02)-(?:0[1-9]|1\d|2[0-8])",
)
_CLOCK = r"(?:(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|([+-](?:[01]\d|2[0-3]):[0-5]\d)))"
_DATETIME = rf"^(?:{_YEARS}-02-29|\d{{4}}-(?:{'|'.join(_DAYS)}))T{_CLOCK}$"
_IS_DATETIME = re.compile(_DATETIME)


async def json_body(request: Request) -> Any:
    """The body of a JSON request; an empty object when there is none.

    Too large is 500 and unreadable is 400, before anybody looks at the credentials.
    """
    if not request.headers.get("content-type", "").startswith("application/json"):
        return {}
    if int(request.headers.get("content-length", "0")) > JSON_LIMIT:
        raise Refusal(500, "Internal server error")
    pieces, size = [], 0
    try:
        async for piece in request.stream():
            pieces.append(piece)
            size += len(piece)
            if size > JSON_LIMIT:
                raise Refusal(500, "Internal server error")
    except ClientDisconnect as problem:
        raise ClientGone from problem
    return _parsed(b"".join(pieces))


def _parsed(body: bytes) -> Any:
    if not body:
        return {}
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except json.JSONDecodeError as problem:
        if problem.pos >= len(text.rstrip()):
            raise Refusal(400, "Unexpected end of JSON input") from problem
        token = text[problem.pos]
        raise Refusal(400, f"Unexpected token '{token}', \"{text[:20]}\" is not valid JSON") from problem


def js_type(value: Any) -> str:
    """The name JavaScript has for the type of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object"


_MISSING = object()


def wrong_type(path: Path, expected: str, value: Any = _MISSING, *, wording: str = "") -> Issue:
    """A value of another type than expected, or none at all."""
    received = "undefined" if value is _MISSING else js_type(value)
    message = f"Invalid input: expected {wording or expected}, received {received}"
    return {"expected": expected, "code": "invalid_type", "path": list(path), "message": message}


def not_uuid(path: Path) -> Issue:
    """Text that is no version 4 UUID."""
    return {
        "origin": "string",
        "code": "invalid_format",
        "format": "uuid",
        "pattern": f"/{_UUID}/",
        "path": list(path),
        "message": "Invalid UUID",
    }


def email_issues(path: Path, value: str) -> list[Issue]:
    """What is wrong with an e-mail address, by the pattern of the OpenAPI document."""
    if re.match(_EMAIL, value):
        return []
    wrong = {"origin": "string", "code": "invalid_format", "format": "email", "pattern": f"/{_EMAIL}/"}
    return [{**wrong, "path": list(path), "message": "Invalid email address"}]


def not_one_of(path: Path, values: Sequence[str]) -> Issue:
    """Text outside a fixed list; the list is part of the answer."""
    choices = "|".join(f'"{value}"' for value in values)
    return {
        "code": "invalid_value",
        "values": list(values),
        "path": list(path),
        "message": f"Invalid option: expected one of {choices}",
    }


def date_issue(path: Path, value: str | None) -> Issue | None:
    """What is wrong with a date and time, which needs a zone; None when nothing is."""
    wording = "ISO 8601 datetime string"
    if value is None:
        return wrong_type(path, "string", wording=wording)
    if _IS_DATETIME.match(value):
        return None
    return {
        "origin": "string",
        "code": "invalid_format",
        "format": "datetime",
        "pattern": f"/{_DATETIME}/",
        "path": list(path),
        "message": f"Invalid input: expected {wording}, received string",
    }


def is_uuid(value: object) -> bool:
    """Whether a value is text in the form of a version 4 UUID."""
    return isinstance(value, str) and _IS_UUID.match(value) is not None


def uuid_issues(path: Path, value: Any) -> list[Issue]:
    """What is wrong with one identifier."""
    if not isinstance(value, str):
        return [wrong_type(path, "string", value)]
    return [] if is_uuid(value) else [not_uuid(path)]


def id_list(body: Any, name: str, *, required: bool = True) -> list[str]:
    """A list of identifiers out of a JSON body; refuses the request when it is not one."""
    value = body.get(name, _MISSING) if isinstance(body, dict) else _MISSING
    if value is _MISSING and not required:
        return []
    if not isinstance(value, list):
        raise invalid([wrong_type([name], "array", value)])
    issues = [issue for place, one in enumerate(value) for issue in uuid_issues([name, place], one)]
    if issues:
        raise invalid(issues)
    return list(value)


def path_id(request: Request, name: str = "id") -> str:
    """The identifier in the path; refuses the request when it has the wrong form."""
    value = str(request.path_params[name])
    if not is_uuid(value):
        raise invalid([not_uuid([name])])
    return value


def id_field(body: Any, name: str) -> str:
    """One identifier out of a JSON body; refuses the request when it is none."""
    value = body.get(name, _MISSING) if isinstance(body, dict) else _MISSING
    if value is _MISSING:
        raise invalid([wrong_type([name], "string")])
    if issues := uuid_issues([name], value):
        raise invalid(issues)
    return str(value)


def text_field(body: Any, name: str, default: str | None = None) -> str:
    """A text out of a JSON body; required when there is no default."""
    value = body.get(name, _MISSING) if isinstance(body, dict) else _MISSING
    if value is _MISSING and default is not None:
        return default
    if not isinstance(value, str):
        raise invalid([wrong_type([name], "string", value)])
    return value
