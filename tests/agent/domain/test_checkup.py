"""What is seen becomes findings: each story one way to look, and what should be said of it."""

import re

import pytest

from agent.domain.checkup import Disk, Looked, Server, Watching, findings
from agent.domain.registration import Job, JobName, Mismatch, Plan, Registered, mismatches
from agent.protocol.types import Problem
from agent.record import replace
from agent.words import checkup as words

FINE = Looked(
    own_version="1.0",
    agent="running",
    agent_version="1.0",
    registered=(),
    tray_is_hosted=True,
    folders=(("/home/ada/Pictures", "fine"),),
    destinations=1,
    watching=Watching(65_536, 10_000, 2_000, 128, 20),
    keyring="fine",
    servers=(Server("https://photos", clock_off_s=1.0, certificate_days=60),),
    disks=(Disk("/home/ada", 10**12, 5 * 10**8),),
)
SITE = "https://photos"

STORIES: tuple[tuple[str, Looked, list[tuple[str, str]]], ...] = (
    ("all is well", FINE, []),
    ("nothing could be told", Looked("1.0", "running", "1.0", destinations=1, folders=(("/p", "fine"),)), []),
    ("stopped", replace(FINE, agent="stopped"), [("agent_stopped", "error")]),
    ("hung", replace(FINE, agent="silent"), [("agent_silent", "error")]),
    ("updated under it", replace(FINE, own_version="1.1"), [("agent_other_version", "warning")]),
    ("alone", replace(FINE, registered=(Mismatch("service_absent", "agent"),)), [("service_absent", "warning")]),
    (
        "moved",
        replace(FINE, registered=(Mismatch("service_program_gone", "agent", "/old"), Mismatch("tray_absent", "tray"))),
        [("service_program_gone", "error"), ("tray_absent", "info")],
    ),
    ("GNOME", replace(FINE, tray_is_hosted=False), [("tray_no_host", "warning")]),
    ("bad TOML", replace(FINE, settings_trouble="line 3", folders=()), [("settings_unreadable", "error")]),
    ("fresh", replace(FINE, folders=(), destinations=0), [("no_destination", "info"), ("no_folder", "info")]),
    ("drive away", replace(FINE, folders=(("/media/x", "missing"),)), [("folder_missing", "warning")]),
    ("not mine", replace(FINE, folders=(("/data", "unreadable"),)), [("folder_unreadable", "error")]),
    ("too many folders", replace(FINE, watching=Watching(8_192, 0, 8_193, 128, 1)), [("watches_short", "error")]),
    ("others watch", replace(FINE, watching=Watching(65_536, 64_000, 2_000, 128, 1)), [("watches_short", "error")]),
    ("too many watchers", replace(FINE, watching=Watching(65_536, 0, 1, 128, 128)), [("watchers_short", "error")]),
    ("no keyring", replace(FINE, keyring="absent"), [("keyring_absent", "error")]),
    ("no keyring yet needed", replace(FINE, keyring="absent", servers=()), [("keyring_absent", "info")]),
    ("secrets open", replace(FINE, secrets_readable="/s"), [("secrets_readable", "error")]),
    ("weak key", replace(FINE, lacking=(("Home", "asset.read"),)), [("key_lacks", "warning")]),
    ("disk nearly full", replace(FINE, disks=(Disk("/", 10**8, 5 * 10**8),)), [("disk_short", "warning")]),
    ("foreign home", replace(FINE, foreign=("/h",)), [("home_not_private", "error")]),
    ("home write-protected", replace(FINE, unwritable=("/h",)), [("home_unwritable", "error")]),
    (
        "what the agent shows is told once",
        replace(
            FINE,
            folders=(("/media/x", "missing"),),
            problems=(
                Problem("folder_missing", "warning", 0, {"path": "/media/x"}),
                Problem("quota_exceeded", "error", 0, {}),
            ),
        ),
        [("quota_exceeded", "error"), ("folder_missing", "warning")],
    ),
    (
        "one address in three spellings",
        replace(
            FINE,
            servers=(Server("https://nas", "not_immich", {"address": "https://nas"}),),
            problems=(
                Problem("not_immich", "error", 0, {"address": "https://nas/api", "destination": "NAS"}),
                Problem("not_immich", "error", 0, {"address": "https://nas/api", "status": 200}),
            ),
        ),
        [("not_immich", "error")],
    ),
)  # fmt: skip

SERVERS: tuple[tuple[str, Server, list[tuple[str, str]]], ...] = (
    ("gone", Server(SITE, "server_unreachable", {"reason": "refused"}), [("server_unreachable", "error")]),
    ("unknown", Server(SITE, "server_unreachable", {"reason": "unknown_host"}), [("unknown_host", "error")]),
    ("untrusted", Server(SITE, "certificate_untrusted", {"reason": "odd"}), [("certificate_untrusted", "error")]),
    (
        "chain",
        Server(SITE, "certificate_untrusted", {"reason": "unable to get local issuer certificate"}),
        [("chain_incomplete", "error")],
    ),
    ("own", Server(SITE, "certificate_untrusted", {"reason": "self-signed cert"}), [("chain_incomplete", "error")]),
    ("old", Server(SITE, "certificate_untrusted", {"reason": "has expired"}), [("certificate_expired", "error")]),
    (
        "other",
        Server(SITE, "certificate_untrusted", {"reason": "Hostname mismatch, certificate is not valid for 'photos'."}),
        [("certificate_other_name", "error")],
    ),
    ("expires", Server(SITE, certificate_days=3), [("certificate_expires", "warning")]),
    ("clock a little", Server(SITE, clock_off_s=-100), []),
    ("clock fast", Server(SITE, clock_off_s=-4_000), [("clock_wrong", "warning")]),
    ("clock of 1970", Server(SITE, clock_off_s=1.7e9), [("clock_wrong", "error")]),
    ("nginx", Server(SITE, body_limit_bytes=1_100_000), [("proxy_body_limit", "warning")]),
    ("large limit", Server(SITE, body_limit_bytes=50_000_000_000), []),
    ("proxy works", Server(SITE, proxy="http://proxy:3128"), [("proxy_used", "info")]),
    (
        "proxy breaks",
        Server(SITE, "server_unreachable", {"reason": "proxy"}, proxy="http://proxy:3128"),
        [("server_unreachable", "error"), ("proxy_used", "warning")],
    ),
    ("open", Server("http://photos.example", is_open_to_others=True), [("server_unencrypted", "warning")]),
)  # fmt: skip
ALL = STORIES + tuple((name, replace(FINE, servers=(server,)), expected) for name, server, expected in SERVERS)


@pytest.mark.parametrize(("looked", "expected"), [story[1:] for story in ALL], ids=[story[0] for story in ALL])
def test_a_look_becomes_findings(looked: Looked, expected: list[tuple[str, str]]) -> None:
    assert [(found.code, found.severity) for found in findings(looked)] == expected


@pytest.mark.parametrize("looked", [story[1] for story in ALL], ids=[story[0] for story in ALL])
def test_each_finding_has_words_without_gaps_and_a_next_step(looked: Looked) -> None:
    for found in findings(looked):
        for sentence in words.finding(found.code, found.args):
            assert re.search(r"[.;'`]$|sysctl --system$", sentence), sentence
            assert "{" not in sentence.replace("${", "")
            assert "…" not in sentence


def test_the_fix_for_too_few_watches_can_be_pasted() -> None:
    (found,) = findings(replace(FINE, watching=Watching(8_192, 1_000, 300_000, 128, 1)))
    _text, step = words.finding(found.code, found.args)
    assert "echo 'fs.inotify.max_user_watches = 1048576' | sudo tee /etc/sysctl.d/60-safelight.conf" in step


def test_every_mismatch_of_a_registration_has_words() -> None:
    """A code without a sentence of its own would be told as 'something is wrong'."""
    plan = Plan(("/a", "run"), ("/a", "cache", "build"), "03:00", ("/t",))
    commands = {"agent": plan.agent, "nightly": plan.nightly, "tray": ("/t",)}
    seen: set[str] = set()
    for bad in (bad for name in NAMES for bad in ways_to_be_wrong(name, commands[name])):
        jobs = tuple(bad if name == bad.name else Job(name, "w", installed=True, enabled=True) for name in NAMES)
        found = Registered("systemd", answers=True, jobs=jobs, lingering=False)
        seen |= {one.code for there in (there_is, there_is_not) for one in mismatches(found, plan, there)}
    nothing = Registered("systemd", answers=False, jobs=tuple(Job(name, "w") for name in NAMES))
    seen |= {one.code for one in mismatches(nothing, plan, there_is)}
    assert seen - set(words.FINDINGS) <= {"tray_masked", "tray_failed"}  # a desktop knows neither
    assert len(seen) > 15


NAMES: tuple[JobName, ...] = ("agent", "nightly", "tray")


def there_is(_program: str) -> bool:
    return True


def there_is_not(_program: str) -> bool:
    return False


def ways_to_be_wrong(name: JobName, command: tuple[str, ...]) -> list[Job]:
    registered = Job(name, "w", installed=True, enabled=True, command=command, at="03:00")
    return [
        Job(name, "w"),
        replace(registered, command=("/b",)),
        replace(registered, enabled=False),
        replace(registered, at="04:00"),
        *(replace(registered, trouble=one) for one in ("masked", "outdated", "failed")),
    ]
