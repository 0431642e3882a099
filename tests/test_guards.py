"""The guards that conftest sets around every test: each lets the right thing through and stops the wrong one."""

import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import LogGuard, NetworkForbidden

LOG = logging.getLogger("agent.work.upload")


def test_an_unexpected_warning_is_a_complaint(log_guard: LogGuard) -> None:
    LOG.warning("the server is slow")
    assert log_guard.complaints() == ["WARNING agent.work.upload: the server is slow"]
    log_guard.seen.clear()


def test_a_warning_from_a_thread_is_heard_too(expected_log: Callable[..., None]) -> None:
    expected_log("from afar")
    thread = threading.Thread(target=LOG.error, args=("from afar",))
    thread.start()
    thread.join()


def test_an_expected_warning_that_does_not_come_is_a_complaint(
    log_guard: LogGuard, expected_log: Callable[..., None]
) -> None:
    expected_log("never said")
    expected_log("perhaps said", at_least=0)
    assert log_guard.complaints() == ["expected in the log, but not there: never said"]
    log_guard.expected.clear()


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "2001:db8::1"])
def test_another_machine_cannot_be_reached(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as sock, pytest.raises(NetworkForbidden, match="this machine only"):
        sock.connect((address, 80))


def test_the_address_of_another_machine_cannot_be_asked_for() -> None:
    with pytest.raises(NetworkForbidden, match="photos"):
        socket.create_connection(("photos.example", 443))


def test_a_name_under_invalid_is_an_unknown_host() -> None:
    with pytest.raises(socket.gaierror):
        socket.create_connection(("photos.invalid", 443))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_can_be_reached(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=5).close()


def test_a_home_is_empty_and_its_path_short_enough_for_a_socket(home: Path) -> None:
    assert os.environ["SAFELIGHT_HOME"] == str(home)
    assert not list(home.iterdir())
    assert len(str(home / "run" / "agent.sock")) < 100
