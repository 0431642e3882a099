"""The texts of systemd's units: the agent's service, the nightly pass and its timer. Pure.

Used by `systemd`, which hands them to the user's manager, and by the packaging, which puts the same units where every
user finds them. Facts are from systemd.service(5), systemd.exec(5) and systemd.timer(5), and from running them:
`CPUSchedulingPolicy=batch` fails in a user manager, and everything that needs a mount namespace is left out, for it
would hide drives that are plugged in later.
"""

from collections.abc import Sequence
from typing import Final

from agent.platforms.registration import Refused

AGENT: Final = "safelight.service"
CACHE: Final = "safelight-cache.service"
TIMER: Final = "safelight-cache.timer"
NIGHTLY_AT: Final = "03:00"

_HEAD = "# Made by Safelight. 'safelight service install' writes it anew, 'safelight service uninstall' removes it.\n"
#: Works in a user manager without any right, and does not change what the agent sees of the disk.
_HARDENING = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM
LimitCORE=0
"""

_AGENT_UNIT = """\
[Unit]
Description=Safelight keeps photos and videos safe
StartLimitIntervalSec=10min
StartLimitBurst=5

[Service]
Type=notify
ExecStart={command}
# A home of its own is never the service's.
UnsetEnvironment=SAFELIGHT_HOME
Restart=on-failure
# What the agent ends with when its program was replaced by another version.
SuccessExitStatus=75
RestartForceExitStatus=75
RestartSec=5s
TimeoutStartSec=5min
TimeoutStopSec=20s
KillMode=mixed
Nice=10
IOSchedulingClass=idle
CPUWeight=20
IOWeight=20
MemoryHigh=1G
MemoryMax=3G
TasksMax=256
{hardening}
[Install]
WantedBy=default.target
"""

_CACHE_UNIT = """\
[Unit]
Description=Safelight's nightly pass over its picture cache

[Service]
Type=oneshot
ExecStart={command}
UnsetEnvironment=SAFELIGHT_HOME
# 1 means that some pictures could not be opened: they are listed, and nothing has failed.
SuccessExitStatus=1
TimeoutStartSec=6h
KillMode=mixed
Nice=19
IOSchedulingClass=idle
CPUQuota=50%
CPUWeight=10
IOWeight=10
MemoryHigh=1G
MemoryMax=3G
TasksMax=256
{hardening}"""

_TIMER_UNIT = """\
[Unit]
Description=When Safelight's nightly pass runs

[Timer]
OnCalendar={calendar}
RandomizedDelaySec=30min
AccuracySec=1min
# One that was missed, because the computer was off, is made up for.
Persistent=yes

[Install]
WantedBy=timers.target
"""


def agent_unit(command: Sequence[str]) -> str:
    """The agent's service."""
    return _HEAD + _AGENT_UNIT.format(command=quote(command), hardening=_HARDENING)


def cache_unit(command: Sequence[str]) -> str:
    """The nightly pass."""
    return _HEAD + _CACHE_UNIT.format(command=quote(command), hardening=_HARDENING)


def timer_unit(at: str) -> str:
    """Its time: `HH:MM`, local."""
    return _HEAD + _TIMER_UNIT.format(calendar=f"*-*-* {at}:00")


def timer_drop_in(at: str) -> str:
    """Another time than the packaged timer's."""
    return f"{_HEAD}[Timer]\nOnCalendar=\nOnCalendar=*-*-* {at}:00\n"


def quote(command: Sequence[str]) -> str:
    """A command line as systemd reads it back. Raises `Refused` for what no unit can hold."""
    if set(command[0]) & set("\"'\\"):
        raise Refused(f"systemd starts no program with a quote or a backslash in its name: {command[0]}")
    words = []
    for index, word in enumerate(command):
        if any(not sign.isprintable() and not "\udc80" <= sign <= "\udcff" for sign in word):
            raise Refused(f"{word!r} cannot stand in a unit")
        text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
        if index:  # the program itself is not looked through for variables
            text = text.replace("$", "$$")
        plain = word and not set(word) & set(" '\";\\")
        words.append(text if plain else f'"{text}"')
    return " ".join(words)


def unquote(line: str) -> tuple[str, ...]:
    """The words of a command line that `quote` wrote."""
    words: list[str] = []
    word, quoted, begun, escaped = "", False, False, False
    for sign in line.strip():
        if escaped:
            word, escaped = word + sign, False
        elif sign == "\\":
            escaped = begun = True
        elif sign == '"':
            quoted, begun = not quoted, True
        elif sign == " " and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + sign, True
    if begun:
        words.append(word)
    return tuple(
        one.replace("%%", "%") if index == 0 else one.replace("%%", "%").replace("$$", "$")
        for index, one in enumerate(words)
    )


def value_of(text: str, key: str) -> str | None:
    """The last value that a unit's text gives to a key."""
    found = [line.partition("=")[2].strip() for line in text.splitlines() if line.partition("=")[0].strip() == key]
    return found[-1] if found else None
