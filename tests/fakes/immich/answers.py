"""JSON answers in the form the real server gives them, and the errors routes raise.

For: strong ETag and 304, gzip, compact JSON, ``{"message": …}`` bodies.
Must not: know any route.
Thread: the server's.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import secrets
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

COMPRESS_FROM = 1024
JSON_TYPE = "application/json; charset=utf-8"
OLD_ERRORS = "safelight.old_errors"  # in the extensions of a request to a server before 3.0


class Refusal(Exception):
    """An error answer with a ``message``; ``errors`` only for failed validation."""

    def __init__(self, status: int, message: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.body: dict[str, Any] = {"message": message}
        if errors is not None:
            self.body["errors"] = errors


class ClientGone(Exception):
    """The connection ended before the request was complete; there is nobody to answer."""


def invalid(errors: list[dict[str, Any]]) -> Refusal:
    """The answer to a request whose shape is wrong."""
    return Refusal(400, "Validation failed", errors)


def no_access(permission: str) -> Refusal:
    """The answer for ids that do not exist or belong to somebody else."""
    return Refusal(400, f"Not found or no {permission} access")


def strong_etag(body: bytes) -> str:
    """Length in hexadecimal, a dash, and the SHA-1 as base64 without its padding."""
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode("ascii")
    return f'"{len(body):x}-{digest[:27]}"'


def same_etag(header: str | None, etag: str) -> bool:
    """Whether an ``If-None-Match`` header names this ETag; weak and strong forms compare equal."""
    if header is None:
        return False
    named = {one.strip().removeprefix("W/") for one in header.split(",")}
    return "*" in named or etag.removeprefix("W/") in named


def answer(request: Request, value: Any, status: int = 200) -> Response:
    """A JSON answer; 304 when a GET already has it, compressed when the client can read that."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    etag = strong_etag(body)
    headers = {"etag": etag, "vary": "Accept-Encoding"}
    cacheable = status == 200 and request.method in {"GET", "HEAD"}
    if cacheable and same_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={"etag": etag})
    if len(body) >= COMPRESS_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        packed = gzip.compress(body, compresslevel=1)
        return Response(packed, status, headers | {"content-encoding": "gzip"}, JSON_TYPE)
    return Response(body, status, headers, JSON_TYPE)


def empty() -> Response:
    """204 without a body."""
    return Response(status_code=204)


async def refused(request: Request, problem: Exception) -> Response:
    """Turn a :class:`Refusal` into its answer."""
    assert isinstance(problem, Refusal)
    return refusal(request, problem)


def refusal(request: Request, problem: Refusal) -> Response:
    """The answer of an error, in the form of the server's generation."""
    body = problem.body
    if OLD_ERRORS in request.scope.get("extensions", {}):
        body = _old_form(body, problem.status)
    return answer(request, body, problem.status)


def _old_form(body: dict[str, Any], status: int) -> dict[str, Any]:
    """Before 3.0: failed validation as a list of sentences, and always the status once more."""
    message: Any = body["message"]
    if "errors" in body:
        message = [_sentence(error) for error in body["errors"]]
    return {
        "message": message,
        "error": HTTPStatus(status).phrase,
        "statusCode": status,
        "correlationId": secrets.token_hex(4),
    }


def _sentence(error: dict[str, Any]) -> str:
    """What the older validation says about one field."""
    name = ".".join(str(part) for part in error["path"])
    if error["code"] == "invalid_value":
        return f"{name} must be one of the following values: {', '.join(error['values'])}"
    if error.get("format") == "uuid":
        return f"{name} must be a UUID"
    if error.get("format") == "datetime" or "datetime" in error["message"]:
        return f"{name} must be a Date instance"
    kind = error.get("expected", "valid")
    return f"{name} must be {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


async def gone(_request: Request, _problem: Exception) -> Response:
    """Nobody is listening; the status only shows up in the counters."""
    return Response(status_code=499)


async def unknown_route(request: Request, _problem: Exception) -> Response:
    """Paths of the API that do not exist, or not with this method."""
    if not is_api(request.url.path):
        return web_page(request)
    query = f"?{request.url.query}" if request.url.query else ""
    return refusal(request, Refusal(404, f"Cannot {request.method} {request.url.path}{query}"))


async def broken(request: Request, _problem: Exception) -> Response:
    """The answer when a route raised something unexpected."""
    return refusal(request, Refusal(500, "Internal server error"))


def is_api(path: str) -> bool:
    """Whether a path is answered with JSON and not with the web page."""
    return path == "/api" or path.startswith("/api/")


def web_page(request: Request) -> Response:
    """What the real server sends for every path outside the API: its single-page application."""
    page = b"<!doctype html><html><head><title>Immich</title></head><body></body></html>"
    headers = {"etag": strong_etag(page), "cache-control": "no-store"}
    return Response(b"" if request.method == "HEAD" else page, 200, headers, "text/html; charset=utf-8")
