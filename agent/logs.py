"""The log: rotating files, one line a record, no secret in it.

Set up once by a process's composition root; everything else uses `logging.getLogger(__name__)`. A line that cannot be
written is dropped: a full disk must not stop a backup. Any thread.
"""

import io
import logging
import logging.handlers
import os
import re
import sys
import threading
import time
from pathlib import Path
from typing import Final, Literal, TextIO
from urllib.parse import quote

Level = Literal["info", "warning", "severe"]

LOG_NAME: Final = "agent.log"
_FILE_BYTES: Final = 2_000_000
_FILES: Final = 5
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "severe": logging.ERROR}
#: A detailed log is ours in detail; what libraries tell of every byte helps nobody and may hold headers.
_OURS = ("agent", "tray")
#: Shorter ones would blot out ordinary words.
_LEAST_SECRET_CHARS: Final = 6
_HIDDEN: Final = "***"
#: What is shown of a record, and how much more is looked at, so that a secret is never cut in two before it is found.
_TEXT_CHARS: Final = 16_000
_MARGIN_CHARS: Final = 4_000

_KEY = (
    r"(?:(?:x-)?api[-_ ]?key|(?:access|refresh|auth|session|user|share)?[-_]?token|pass(?:word|wd|phrase)?|secret|pwd)"
)
_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&\"'}\])]+"
_HEADER = r"(?:proxy-)?authorization|(?:set-)?cookie|x-immich-[a-z-]+"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # the userinfo of an address
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)[^/\s?#@]*(?:@[^/\s?#@]*)*@"), rf"\1{_HIDDEN}@"),
    # headers, whose value goes to the end of the line or of the quotes around it
    (re.compile(rf"(?i)(\b(?:{_HEADER})\b[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\n\"'}}]+)"), rf"\1{_HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{6,}"), rf"\1 {_HIDDEN}"),
    (re.compile(r"(?i)([?&](?:key|slug|token|apikey|password)=)[^&\s\"']+"), rf"\1{_HIDDEN}"),
    # name: value, name=value and "name": "value"
    (re.compile(rf"(?i)(\b{_KEY}\b[\"']?\s*[:=]\s*)({_VALUE})"), rf"\1{_HIDDEN}"),
)

_guard = threading.Lock()
_secrets: set[str] = set()
_literal: re.Pattern[str] | None = None
_handlers: list[logging.Handler] = []


def set_up(log_dir: Path, level: Level, *, detailed: bool, stderr: bool, name: str = LOG_NAME) -> None:
    """Log to a file in `log_dir`, and to stderr where asked; replaces what an earlier call set up.

    `name` is the file's: processes that run at the same time must not rotate each other's. Never raises for a folder
    that cannot be written: the process then logs to stderr alone and says so.
    """
    shut_down()
    trouble: OSError | None = None
    try:
        log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _handlers.append(_PrivateFile(log_dir / name))
    except OSError as error:
        trouble = error
    if (stderr or trouble) and sys.stderr is not None:  # a windowed process has none
        _handlers.append(_Terminal(sys.stderr))
    for handler in _handlers:
        handler.setFormatter(_OneLine())
        logging.getLogger().addHandler(handler)
    set_level(level, detailed=detailed)
    if trouble is not None:
        logging.getLogger(__name__).warning("no log file: %s", trouble)


def set_level(level: Level, *, detailed: bool) -> None:
    """Change at run time what is logged: from `level` on, and all of our own when `detailed`."""
    logging.getLogger().setLevel(_LEVELS[level])
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if detailed else logging.NOTSET)
    for name in ("urllib3", "requests", "asyncio", "socketio", "engineio", "websocket", "watchdog", "PIL", "keyring"):
        logging.getLogger(name).setLevel(logging.WARNING)


def shut_down() -> None:
    """Close what `set_up` opened."""
    for handler in _handlers:
        logging.getLogger().removeHandler(handler)
        handler.close()
    _handlers.clear()


def add_secret(value: str) -> None:
    """From now on this very text never appears in the log, nor as it looks in an address or in JSON."""
    global _literal  # noqa: PLW0603 - one log for the process, as with logging itself
    if len(value) < _LEAST_SECRET_CHARS:
        return
    with _guard:
        _secrets.update((value, quote(value, safe=""), value.replace("\\", "\\\\").replace('"', '\\"')))
        # the longest first: one secret may begin with another
        _literal = re.compile("|".join(re.escape(one) for one in sorted(_secrets, key=len, reverse=True)))


def redact(text: str) -> str:
    """The text without registered secrets and without what looks like one."""
    literal = _literal
    if literal is not None:
        text = literal.sub(_HIDDEN, text)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def one_line(text: str) -> str:
    """The text with line breaks and control characters written out, as in Python: a name on disk may hold any."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii") for c in text
    )


class _OneLine(logging.Formatter):
    """`2026-11-22T17:30:00.123Z INFO work-immich agent.work.worker: message`, a traceback at its end."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        level = "SEVERE" if record.levelno >= logging.ERROR else record.levelname
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError) as error:
            text = f"{record.msg} (its arguments do not fit: {error})"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        # redacted before it becomes one line: a header's value ends with its line
        shown = one_line(redact(text[: _TEXT_CHARS + _MARGIN_CHARS])[:_TEXT_CHARS])
        return f"{stamp}.{int(record.msecs):03d}Z {level} {record.threadName} {record.name}: {shown}"


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """The rotating file, readable by its user alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, maxBytes=_FILE_BYTES, backupCount=_FILES - 1, encoding="utf-8", errors="backslashreplace"
        )

    def _open(self) -> io.TextIOWrapper:
        number = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return io.TextIOWrapper(os.fdopen(number, "ab"), encoding=self.encoding, errors=self.errors)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Drop the line: a full disk is told by whoever needs the space."""


class _Terminal(logging.StreamHandler[TextIO]):
    """stderr, as long as somebody reads it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Drop the line: the terminal has been closed."""
