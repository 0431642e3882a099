"""The stand-in as a program: ``python -m tests.fakes.immich --port 0 --print-url``.

For: tests with several processes, ``make demo``, benchmarks.
Must not: offer its faults over HTTP.
Thread: the main thread waits, the server has its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from .certificates import Authority
from .standin import StandIn


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = argparse.ArgumentParser(prog="python -m tests.fakes.immich", description="A stand-in Immich server.")
    line.add_argument("--port", type=int, default=0, help="port on loopback; 0 takes a free one")
    line.add_argument("--print-url", action="store_true", help="print one JSON line with url and api_key")
    line.add_argument("--data", type=Path, help="folder for the journal assets.jsonl")
    line.add_argument("--keep-files", action="store_true", help="keep the uploaded bytes")
    line.add_argument("--keep-alive", type=float, default=5.0, help="seconds until an idle connection is closed")
    line.add_argument("--permission", action="append", help="permission of the API key; may be given often")
    line.add_argument("--quota", type=int, help="bytes the account may hold")
    line.add_argument("--body-limit", type=int, help="answer 413 to larger request bodies")
    line.add_argument("--delay", type=float, help="seconds before each answer")
    line.add_argument("--throttle", type=float, help="bytes per second for request bodies")
    line.add_argument("--release", default="3.1.0", help="the Immich release to be")
    line.add_argument("--crowd", type=int, default=0, help="so many generated assets are there already")
    line.add_argument("--session", action="store_true", help="print the token of a session too")
    line.add_argument("--tls", action="store_true", help="speak TLS, and print the file to trust as authority")
    line.add_argument("--run", metavar="CMD", help="run CMD with {url} replaced and the key on its stdin, then end")
    return line


def prepare(server: StandIn, chosen: argparse.Namespace) -> str:
    """Apply the options; returns the API key."""
    server.set_quota(chosen.quota)
    server.faults.body_limit = chosen.body_limit
    if chosen.delay:
        server.faults.delay(chosen.delay)
    if chosen.throttle:
        server.faults.throttle(chosen.throttle, "POST *")
    if chosen.crowd:
        server.add_crowd(chosen.crowd)
    return server.api_key(chosen.permission or ("all",))


def run(command: str, url: str, key: str) -> int:
    """Run a command without a shell; its exit code."""
    words = [word.replace("{url}", url) for word in shlex.split(command)]
    return subprocess.run(words, input=key + "\n", text=True, check=False).returncode


def end() -> threading.Event:
    """An event that is set when standard input ends or a signal asks to stop."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())

    def watch() -> None:
        # Straight from the descriptor: a buffered read would hold a lock the interpreter needs to exit.
        while os.read(0, 4096):
            pass
        over.set()

    threading.Thread(target=watch, daemon=True).start()
    return over


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop, or as long as the given command runs."""
    chosen = parser().parse_args(arguments)
    options = {"port": chosen.port, "keep_alive": chosen.keep_alive, "data": chosen.data, "version": chosen.release}
    authority = Authority() if chosen.tls else None
    certificate = authority.server() if authority is not None else None
    with StandIn(keep_files=chosen.keep_files, certificate=certificate, **options) as server:
        key = prepare(server, chosen)
        over = None if chosen.run is not None else end()  # before anybody knows whom to send a signal
        if chosen.print_url:
            shown = {"url": server.url, "api_key": key}
            shown |= {"session": server.session()} if chosen.session else {}
            shown |= {"authority": str(authority.public)} if authority is not None else {}
            print(json.dumps(shown), flush=True)
        if over is None:
            return run(chosen.run, server.url, key)
        over.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
