"""Many clients, bad clients and clients that never read: the work goes on, and each gets what it asked for."""

import contextlib
import os
import random
import socket
import time
from pathlib import Path

import pytest

from agent.cli.client import Client
from agent.platforms import places
from agent.protocol.methods import JobEnqueue, JobRef, JobsList
from agent.protocol.wire import Mistake
from tests import pictures
from tests.seam.rig import Rig

pytestmark = pytest.mark.skipif(os.name == "nt", reason="looks at a Unix socket")

CHANCE = random.Random(3)
HELLO = b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"app":"0.1.0","client":"test"}}\n'
GARBAGE = {
    "noise": CHANCE.randbytes(50_000),
    "noise in lines": b"\n".join(CHANCE.randbytes(80) for _ in range(200)),
    "zeros": bytes(10_000) + b"\n",
    "half a line": b'{"jsonrpc":"2.0","id":1,"meth',
    "a line that never ends": b"x" * 6_000_000,
    "no object": b'[1,2,3]\nnull\n17\n"text"\n',
    "deep": b"[" * 100_000 + b"\n",
    "deep objects": b'{"a":' * 50_000 + b"\n",
    "before hello": b'{"jsonrpc":"2.0","id":1,"method":"state.get","params":{}}\n' * 50,
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "unknown method": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"agent.explode","params":{}}\n' * 20,
    "wrong params": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"jobs.show","params":{"id":"x","y":1}}\n' * 20,
    "huge number": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"jobs.show","params":{"id":%s}}\n' % (b"9" * 5_000),
    "not utf-8": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"\xff\xfe","params":{}}\n',
    "lone surrogates": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"library.show","params":{"path":"/\\ud800"}}\n',
    "zero in a path": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"folder.add","params":{"path":"/tmp/\\u0000x"}}\n',
    "an empty path": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"folder.add","params":{"path":""}}\n',
    "a relative path": HELLO + b'{"jsonrpc":"2.0","id":2,"method":"folder.add","params":{"path":"pictures"}}\n',
    "a job too large": HELLO
    + b'{"jsonrpc":"2.0","id":2,"method":"jobs.enqueue","params":{"key":"scan","payload":{"paths":["%s"]}}}\n'
    % (b"x" * 200_000),
    "a job of nonsense": HELLO
    + b'{"jsonrpc":"2.0","id":2,"method":"jobs.enqueue","params":{"key":"scan","payload":{"paths":[1,null,{}]}}}\n'
    + b'{"jsonrpc":"2.0","id":3,"method":"jobs.enqueue","params":{"key":"scan","payload":{"folder_id":"x"}}}\n',
    "numbers beyond SQL": HELLO
    + b'{"jsonrpc":"2.0","id":2,"method":"jobs.show","params":{"id":99999999999999999999}}\n'
    + b'{"jsonrpc":"2.0","id":3,"method":"jobs.list","params":{"before":99999999999999999999}}\n'
    + b'{"jsonrpc":"2.0","id":4,"method":"library.list","params":{"after":99999999999999999999}}\n'
    + b'{"jsonrpc":"2.0","id":5,"method":"group.show","params":{"group_id":99999999999999999999}}\n',
}


def open_socket(home: Path) -> socket.socket:
    """A connection without any manners."""
    deadline_s = time.monotonic() + 30
    while True:
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(5)
        try:
            raw.connect(places(home).socket_address)
        except BlockingIOError:  # too many at the door
            raw.close()
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        else:
            return raw


def test_garbage_ends_its_own_connection_at_most(rig: Rig) -> None:
    rig.ready(["folder"])
    client = rig.client()
    for what, data in GARBAGE.items():
        with open_socket(rig.home) as raw, contextlib.suppress(OSError):
            raw.sendall(data)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                pass
        assert client.call("state.get").agent.phase == "running", what
    client.close()
    pictures.jpeg(rig.pictures / "a.jpg", size=(64, 48))
    rig.wait_safe(1)
    assert [row.path for row in rig.call("folder.list").rows] == [rig.wire(rig.pictures)]


def test_a_job_of_a_script_that_nobody_could_run_or_show_is_refused_and_harms_no_other(rig: Rig) -> None:
    rig.ready(["folder"])
    (place,) = rig.call("destination.list").rows
    with rig.client() as client:
        for key, payload, code in [
            ("upload", {"asset_id": 2**70, "destination": place.id}, "payload_invalid"),
            ("scan", {"deep": [{"er": -(2**64)}]}, "payload_invalid"),
            ("sync", {"destination": 5}, "destination_unknown"),
        ]:
            with pytest.raises(Mistake) as refused:
                client.call("jobs.enqueue", JobEnqueue(key, payload))
            assert refused.value.code == code
        asked = client.call("jobs.enqueue", JobEnqueue("scan", {"destination": "elsewhere"}))
        assert client.call("jobs.show", JobRef(asked.id)).lane == "local"
        assert client.call("jobs.list", JobsList(limit=5)).rows
    pictures.jpeg(rig.pictures / "a.jpg", size=(64, 48))
    rig.wait_safe(1)
    assert not rig.bugs()


def test_fifty_clients_see_the_same_and_the_work_goes_on(rig: Rig) -> None:
    rig.ready(["folder"])
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client.connect(rig.home)) for _ in range(50)]
        for client in clients:
            client.subscribe()
        silent = [stack.enter_context(open_socket(rig.home)) for _ in range(10)]
        for raw in silent:  # they ask for everything and read nothing
            raw.sendall(HELLO + b'{"jsonrpc":"2.0","id":2,"method":"state.subscribe","params":{}}\n')
        pictures.bulk(rig.pictures, 100, 12_000)
        rig.wait_safe(100)
        for client in clients:
            deadline_s = time.monotonic() + 30
            safe = 0
            while safe < 100 and time.monotonic() < deadline_s:
                change = client.next_change(1.0)
                library = getattr(change, "library", None)
                safe = library.counts.safe if library else safe
            assert safe == 100
            began_s = time.monotonic()
            client.call("state.get")
            assert time.monotonic() - began_s < 10
    rig.assert_arrived()


def test_clients_that_come_and_go_leave_nothing_open(rig: Rig) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("open files are counted in /proc")
    rig.ready(["folder"])

    def opened() -> int:
        return len(os.listdir(f"/proc/{rig.pid}/fd"))

    rig.snapshot()
    before = opened()
    for number in range(300):
        with open_socket(rig.home) as raw:
            if number % 3:
                with contextlib.suppress(OSError):  # shown out, where too many are at the door
                    raw.sendall(HELLO[: number % 90])
    deadline_s = time.monotonic() + 30
    while opened() > before + 2 and time.monotonic() < deadline_s:
        time.sleep(0.05)
    assert opened() <= before + 2
    assert rig.snapshot().agent.phase == "running"
