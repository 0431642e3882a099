"""A library of 100,000 files that nobody touches.

What starting the agent on it costs, then a comparison that finds nothing new, then doing nothing at all.
"""

import time
from pathlib import Path

from agent.protocol.methods import DestinationAddImmich, DestinationRef, JobEnqueue, Pause, SettingValue
from tests.bench import agent, corpus
from tests.bench.agent import Home
from tests.bench.photo import fill
from tests.bench.processes import children, cpu_s, peak_bytes, pss_bytes, wake_ups
from tests.bench.service import Sink, sink, until
from tests.bench.table import Options, Row, at_most
from tests.fakes.immich import StandIn

_MB = 1024 * 1024


def run(options: Options) -> list[Row]:
    """Fill, start, compare, rest."""
    known = 6_000 if options.quick else 100_000
    rest_s = 600.0 if options.full else 20.0 if options.quick else 60.0
    with agent.room() as room, sink() as target:
        empty = _start_empty(room, target)
        with agent.home(room / "full") as home:
            rate = fill(home, target, room / "full" / "photos", known)
            rows = [Row(f"first backup of {known:,} tiny files", rate, "files/s")]
            home.stop()
            rows += [*_start(home, known, empty), *_compare(home, known), *_rest(home, known, rest_s)]
        rows.append(_live(room, next(row.ours for row in rows if row.what.endswith("(PSS)"))))
        return [*rows, *_million(room, target)] if options.full else rows


def _live(room: Path, without_mb: float) -> Row:
    """What an agent weighs that hears the server's events; the difference is measured without files."""
    folder, weights = room / "live" / "photos", []
    with StandIn() as server, agent.home(room / "live") as home:
        folder.mkdir(parents=True)
        home.start()
        with home.client() as client:
            wish = DestinationAddImmich(server.url, "Bench", api_key=server.api_key(), store="file")
            client.call("destination.add_immich", wish)
            client.call("settings.set", SettingValue("background_backup", value=True))
        home.stop()
        home.start()
        home.wait_idle()
        time.sleep(10.0)
        weights.append(pss_bytes(home.pid))
        with home.client() as client:
            client.call("destination.remove", DestinationRef("Bench"))
            wish = DestinationAddImmich(
                server.url, "Bench", email=server.admin.email, password=server.admin.password, store="file"
            )
            client.call("destination.add_immich", wish)
        home.stop()
        home.start()
        server.live.wait_open(1, 60.0)
        time.sleep(10.0)
        weights.append(pss_bytes(home.pid))
    more_mb = (weights[1] - weights[0]) / _MB
    return at_most(f"the same with live events ({more_mb:.1f} MB more): memory (PSS)", without_mb + more_mb, "MB", 60.0)


def _million(room: Path, target: Sink) -> list[Row]:
    """A library of a million files that waits for the end of a pause: taken in, then compared."""
    known = 1_000_000
    folder = room / "million" / "photos"
    corpus.library(folder, known)
    with agent.home(room / "million") as home:
        home.configure(target, folder)
        home.start()
        with home.client() as client:
            client.call("backup.pause", Pause(None))
        began_s, before_s = time.monotonic(), cpu_s(home.pid)
        in_ledger = "SELECT 1 FROM (SELECT sum(files) AS files FROM file_counts) WHERE files >= ?"
        until(lambda: home.ask(in_ledger, known), 1_800.0, "a million files in the ledger", every_s=0.5)
        taken_s, spent_s = time.monotonic() - began_s, cpu_s(home.pid) - before_s
        home.stop()
        home.start()
        time.sleep(5.0)  # the jobs that look at the folders after a start are written by then
        busy = "SELECT 1 FROM background_service_jobs WHERE lane = 'local' AND status IN ('PENDING', 'RUNNING')"
        until(lambda: not home.ask(busy), 600.0, "the end of the comparison at the start", every_s=0.5)
        rows = _compare(home, known)
    return [Row(f"{known:,} files taken in", taken_s, "s", peer=spent_s, peer_name="CPU"), *rows]


def _start_empty(room: Path, target: Sink) -> tuple[float, float]:
    """Seconds of CPU and peak memory (MB) of an agent with nothing to know, from start to rest."""
    with agent.home(room / "empty") as home:
        home.configure(target, room / "empty" / "photos")
        home.start()
        home.wait_idle()
        return cpu_s(home.pid), peak_bytes(home.pid) / _MB


def _start(home: Home, known: int, empty: tuple[float, float]) -> list[Row]:
    answered_s = home.start()
    at_answer_s = cpu_s(home.pid)
    home.wait_idle(120.0)
    total_s = cpu_s(home.pid)
    return [
        Row("start without files: CPU until at rest", empty[0], "s"),
        at_most(f"start, {known:,} files: CPU until it answers and watches", at_answer_s, "s", 1.0),
        Row(f"start, {known:,} files: until it answers", answered_s, "s"),
        Row(f"start, {known:,} files: CPU until at rest", total_s, "s"),
        Row(f"start, {known:,} files: CPU above an empty start", (total_s - empty[0]) * 1e6 / known, "us/file"),
    ]


def _compare(home: Home, known: int) -> list[Row]:
    """The full comparison of disk and ledger, asked for as a job."""
    rest = pss_bytes(home.pid)
    before_s, began_s = cpu_s(home.pid), time.monotonic()
    with home.client() as client:
        job_id = client.call("jobs.enqueue", JobEnqueue("scan", {})).id
    is_done = "SELECT 1 FROM background_service_jobs WHERE id = ? AND status = 'COMPLETED'"
    until(lambda: home.ask(is_done, job_id), 120.0, "the comparison")
    wall_s, spent_s = time.monotonic() - began_s, cpu_s(home.pid) - before_s
    return [
        at_most(f"comparison without a difference, {known:,} files: CPU", spent_s * 1e6 / known, "us/file", 6.0),
        Row("the same: wall", wall_s, "s"),
        at_most("the same: peak memory above rest", peak_bytes(home.pid) / _MB - rest / _MB, "MB", 40.0),
    ]


def _rest(home: Home, known: int, rest_s: float) -> list[Row]:
    time.sleep(40.0)  # the first look at the server, half a minute after a start, is no rest
    before_s, woken = cpu_s(home.pid), wake_ups(home.pid)
    time.sleep(rest_s)
    woken = wake_ups(home.pid) - woken
    spent_s = cpu_s(home.pid) - before_s
    label = f"idle, {known:,} files, {rest_s:.0f} s"
    return [
        at_most(f"{label}: memory (PSS)", pss_bytes(home.pid) / _MB, "MB", 45.0),
        at_most(f"{label}: CPU", spent_s * 100 / rest_s, "%", 0.02),
        at_most(f"{label}: wake-ups", woken / rest_s, "/s", 1.0),
        at_most(f"{label}: other processes", float(len(children(home.pid))), "", 0),
    ]
