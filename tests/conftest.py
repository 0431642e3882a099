"""What holds for every test: no screen, no network, nobody's real settings, and no unexpected warning in the log."""

import logging
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail: examples may take as long as they take.
settings.register_profile("safelight", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("safelight")

# --- The environment, set before anything of Qt or of ours is imported -----------------------------------------------

_SESSION_HOME = tempfile.mkdtemp(prefix="sl-")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # tests with real windows start their own screen and say "xcb"
os.environ.update(
    LANG="C.UTF-8",  # Qt warns about any other it does not know, and sentences are compared in English
    LC_ALL="C.UTF-8",
    SAFELIGHT_HOME=_SESSION_HOME,  # a test that forgets to ask for `home` must not find the developer's own
    PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",  # nor the developer's keyring
)
for _name in ("LANGUAGE", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
    os.environ.pop(_name, None)


def pytest_unconfigure() -> None:
    shutil.rmtree(_SESSION_HOME, ignore_errors=True)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home of Safelight in SAFELIGHT_HOME. Its path is short, for a socket's address holds about 100 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="sl-"))
    monkeypatch.setenv("SAFELIGHT_HOME", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# --- The log ---------------------------------------------------------------------------------------------------------


class LogGuard(logging.Handler):
    """Keeps every record that somebody should read, and what the test said it expects."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen: list[str] = []
        self.expected: list[tuple[str, int]] = []  # pattern, how often at least

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.seen.append(f"{record.levelname} {record.name}: {record.getMessage()}\n{trace}".rstrip())

    def complaints(self) -> list[str]:
        patterns = [pattern for pattern, _ in self.expected]
        unexpected = [text for text in self.seen if not any(re.search(pattern, text) for pattern in patterns)]
        missing = [
            f"expected in the log, but not there: {pattern}"
            for pattern, least in self.expected
            if sum(bool(re.search(pattern, text)) for text in self.seen) < least
        ]
        return unexpected + missing


@pytest.fixture(autouse=True)
def log_guard() -> Iterator[LogGuard]:
    handler = LogGuard()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    if complaints := handler.complaints():
        pytest.fail("the log holds what nobody expected:\n" + "\n".join(complaints), pytrace=False)


@pytest.fixture
def expected_log(log_guard: LogGuard) -> Callable[..., None]:
    """Call ``expected_log(pattern)``, before or after, for a warning that belongs to the test.

    The pattern is searched in "LEVEL logger: message" and the traceback. It must occur at least once;
    ``at_least=0`` lets it be absent, for what depends on threads.
    """

    def expect(pattern: str, *, at_least: int = 1) -> None:
        log_guard.expected.append((pattern, at_least))

    return expect


# --- The process -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _priority_kept() -> Iterator[None]:
    """No test lowers the priority of this process: all that comes after it, and all that it starts, would starve."""
    getpriority: Callable[[int, int], int] | None = getattr(os, "getpriority", None)  # Windows has none
    before = getpriority(0, 0) if getpriority else 0
    yield
    if getpriority and getpriority(0, 0) != before:
        pytest.fail("the priority of the tests' own process was lowered", pytrace=False)


# --- The network -----------------------------------------------------------------------------------------------------


class NetworkForbidden(RuntimeError):
    """A test tried to reach another machine."""


def _is_here(host: object) -> bool:
    text = host.decode() if isinstance(host, bytes) else str(host or "")
    if text in {"", "localhost"}:
        return True
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sockets reach this machine only.

    Names under ``.invalid`` are unknown, as everywhere, so that a test of an unknown server needs no network.
    """
    if request.node.get_closest_marker("network_guard_off"):
        return
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in {socket.AF_INET, socket.AF_INET6} and not _is_here(address[0]):
            raise NetworkForbidden(f"tests speak to this machine only, not to {address}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if str(host).rstrip(".").endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not _is_here(host):
            raise NetworkForbidden(f"tests ask for the address of this machine only, not of {host}")
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
