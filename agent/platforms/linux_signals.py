"""What Linux tells of network and power: NetworkManager, UPower, power profiles and logind, over the system's D-Bus.

A thread of its own blocks on the bus and wakes only for a signal, so it costs nothing while nothing happens. A signal
is taken as 'look again': the service's properties are read anew, which cannot drift as adding up differences could.
A service that is not there leaves its facts unknown, and is read as soon as it appears. Property names and numbers
are those of the services' published D-Bus interfaces.
"""

import contextlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from jeepney import (
    DBusAddress,
    DBusErrorResponse,
    HeaderFields,
    MatchRule,
    Message,
    MessageFlag,
    MessageType,
    Properties,
    message_bus,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from agent.domain.facts import HostFacts, NetworkKind
from agent.record import MutableRecord

log = logging.getLogger(__name__)

_ANSWER_LIMIT_S = 5.0
_RETRY_S = (60.0, 300.0, 900.0)

_NM = "org.freedesktop.NetworkManager"
_NM_PATH = "/org/freedesktop/NetworkManager"
_UPOWER = "org.freedesktop.UPower"
_UPOWER_PATH = "/org/freedesktop/UPower"
_BATTERY_PATH = "/org/freedesktop/UPower/devices/DisplayDevice"
_PROFILES = "org.freedesktop.UPower.PowerProfiles"
_PROFILES_PATH = "/org/freedesktop/UPower/PowerProfiles"
_PROFILES_OLD = "net.hadess.PowerProfiles"
_PROFILES_OLD_PATH = "/net/hadess/PowerProfiles"
_LOGIND = "org.freedesktop.login1"
_LOGIND_PATH = "/org/freedesktop/login1"
_PROPERTIES = "org.freedesktop.DBus.Properties"

_METERED: dict[int, bool] = {1: True, 2: False, 3: True, 4: False}  # 3 and 4 are the service's own guesses
_KINDS: dict[str, NetworkKind] = {
    "802-11-wireless": "wifi",
    "802-3-ethernet": "ethernet",
    "gsm": "cellular",
    "cdma": "cellular",
    "wwan": "cellular",
    "bluetooth": "cellular",  # the only Bluetooth that becomes the main connection is a telephone's
    "vpn": "vpn",
    "wireguard": "vpn",
    "tun": "vpn",
}
_CONNECTED_LOCALLY = 50  # of NetworkManager's states, which grow with what can be reached
_CONNECTIVITY_NONE, _CONNECTIVITY_PORTAL = 1, 2


class _Known(MutableRecord):
    """The facts as they are gathered, by the service that tells them."""

    network_metered: bool | None = None
    network_kind: NetworkKind | None = None
    online: bool | None = None
    network_name: str | None = None
    on_battery: bool | None = None
    battery_percent: int | None = None
    battery_saver: bool | None = None

    def frozen(self) -> HostFacts:
        return HostFacts(
            self.network_metered,
            self.network_kind,
            self.online,
            self.network_name,
            self.on_battery,
            self.battery_percent,
            self.battery_saver,
        )


class _Bus:
    """A blocking connection that keeps the signals which arrive while an answer is awaited."""

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self._waiting: deque[Message] = deque()

    def next_signal(self, timeout_s: float | None) -> Message | None:
        """The next message, None when none came in time."""
        if self._waiting:
            return self._waiting.popleft()
        try:
            return self._connection.receive(timeout=timeout_s)
        except TimeoutError:
            return None

    def listen(self, rule: MatchRule) -> None:
        self._call(message_bus.AddMatch(rule))

    def properties(self, service: str, path: str, interface: str, *, start: bool = False) -> dict[str, Any]:
        """All properties of an object; none where service or object is not there. `start` lets the bus start it."""
        message = Properties(DBusAddress(path, service, interface)).get_all()
        if not start:
            message.header.flags |= MessageFlag.no_auto_start
        try:
            (found,) = self._call(message)
        except (DBusErrorResponse, TimeoutError) as error:
            log.debug("%s tells nothing: %s", service, error)
            return {}
        return {name: value for name, (_, value) in found.items()}

    def _call(self, message: Message) -> Any:  # noqa: ANN401 - whatever the service answers
        serial = next(self._connection.outgoing_serial)
        self._connection.send(message, serial=serial)
        while True:
            answer = self._connection.receive(timeout=_ANSWER_LIMIT_S)
            if answer.header.fields.get(HeaderFields.reply_serial) != serial:
                self._waiting.append(answer)
            elif answer.header.message_type is MessageType.error:
                raise DBusErrorResponse(answer)
            else:
                return answer.body


class SignalThread:
    """The watcher that `watch_facts` hands out. Both callbacks are called on its thread."""

    def __init__(self, on_change: Callable[[HostFacts], None], on_sleep: Callable[[bool], None] | None) -> None:
        self._on_change = on_change
        self._on_sleep = on_sleep
        self._told: HostFacts | None = None
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="facts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; bounded. No callback begins after this."""
        self._stopping.set()
        with self._guard, contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread out of its wait
        if threading.current_thread() is not self._thread:
            self._thread.join(_ANSWER_LIMIT_S)

    def _run(self) -> None:
        """Connect and watch; a bus that is absent or lost is tried again, ever more rarely."""
        tries = 0
        while not self._stopping.is_set():
            try:
                connection = open_dbus_connection("SYSTEM")
            except (OSError, RuntimeError, ValueError) as error:
                log.debug("no system bus: %s", error)
            else:
                tries = 0
                with connection:
                    self._watch(connection)
            self._tell(HostFacts())
            self._stopping.wait(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
            tries += 1

    def _watch(self, connection: DBusConnection) -> None:
        """Read and listen until the connection is gone."""
        with self._guard:
            self._socket = connection.sock
        try:
            # stop() may have come before there was a socket for it to shut
            if not self._stopping.is_set():
                self._follow(_Bus(connection))
        except (OSError, DBusErrorResponse) as error:
            if not self._stopping.is_set():
                log.info("the system bus is gone: %s", error)
        finally:
            with self._guard:
                self._socket = None

    def _follow(self, bus: _Bus) -> None:
        for rule in _rules():
            bus.listen(rule)
        known = _Known()
        stale = set(_READERS)
        while True:
            for service in sorted(stale):
                _READERS[service](bus, known)
            self._tell(known.frozen())
            stale = self._concerned(bus.next_signal(None))
            # A change of network comes as a burst; it is read once.
            while (more := bus.next_signal(0)) is not None:
                stale |= self._concerned(more)

    def _concerned(self, message: Message | None) -> set[str]:
        """Which services are to be read again after this message. Sleep is passed on at once."""
        if message is None or message.header.message_type is not MessageType.signal:
            return set()
        fields = message.header.fields
        member = fields.get(HeaderFields.member)
        if member == "NameOwnerChanged":
            return {message.body[0]} & set(_READERS)
        if member == "PrepareForSleep":
            if self._on_sleep is not None and not self._stopping.is_set():
                self._on_sleep(bool(message.body[0]))
            return set() if message.body[0] else set(_READERS)  # much may have changed while asleep
        return {service for service in _READERS if fields.get(HeaderFields.path) in _PATHS[service]}

    def _tell(self, facts: HostFacts) -> None:
        if facts != self._told and not self._stopping.is_set():
            self._told = facts
            self._on_change(facts)


def _read_network(bus: _Bus, known: _Known) -> None:
    found = bus.properties(_NM, _NM_PATH, _NM)
    known.network_metered = _METERED.get(found.get("Metered", 0))
    kind = found.get("PrimaryConnectionType") or None
    known.network_kind = _KINDS.get(kind, "other") if kind else None
    known.online = _is_online(found)
    known.network_name = _network_name(bus, found, known.network_kind)


def _is_online(found: dict[str, Any]) -> bool | None:
    """Whether a network can be used. Not the internet: a server at home is reached without it."""
    if found.get("Connectivity") in {_CONNECTIVITY_NONE, _CONNECTIVITY_PORTAL}:
        return False
    state = found.get("State", 0)
    return state >= _CONNECTED_LOCALLY if state else None


def _network_name(bus: _Bus, found: dict[str, Any], kind: NetworkKind | None) -> str | None:
    """The Wi-Fi's name, also below a VPN; else the name of the system's connection."""
    paths = [found.get("PrimaryConnection", "/")]
    if kind == "vpn":
        paths += found.get("ActiveConnections", [])
    names: list[str] = []
    for path in paths:
        if path == "/":
            continue
        active = bus.properties(_NM, path, _NM + ".Connection.Active")
        point = active.get("SpecificObject", "/")
        if active.get("Type") == "802-11-wireless" and point != "/":
            ssid = bytes(bus.properties(_NM, point, _NM + ".AccessPoint").get("Ssid", b""))
            if ssid:
                return ssid.decode("utf-8", "replace")
        if active.get("Id"):
            names.append(active["Id"])
    return names[0] if names else None


def _read_battery(bus: _Bus, known: _Known) -> None:
    known.on_battery = bus.properties(_UPOWER, _UPOWER_PATH, _UPOWER, start=True).get("OnBattery")
    found = bus.properties(_UPOWER, _BATTERY_PATH, _UPOWER + ".Device")
    percent = found.get("Percentage") if found.get("IsPresent") else None
    known.battery_percent = None if percent is None else round(percent)


def _read_profile(bus: _Bus, known: _Known) -> None:
    found = bus.properties(_PROFILES, _PROFILES_PATH, _PROFILES) or bus.properties(
        _PROFILES_OLD, _PROFILES_OLD_PATH, _PROFILES_OLD
    )
    profile = found.get("ActiveProfile")
    known.battery_saver = None if profile is None else profile == "power-saver"


_READERS: dict[str, Callable[[_Bus, _Known], None]] = {
    _NM: _read_network,
    _UPOWER: _read_battery,
    _PROFILES: _read_profile,
    _PROFILES_OLD: _read_profile,
}
#: The objects whose signals concern a service. Not those of access points: their strength changes all the time.
_PATHS = {
    _NM: {_NM_PATH},
    _UPOWER: {_UPOWER_PATH, _BATTERY_PATH},
    _PROFILES: {_PROFILES_PATH},
    _PROFILES_OLD: {_PROFILES_OLD_PATH},
}


def _rules() -> list[MatchRule]:
    rules = [
        MatchRule(type="signal", sender=service, interface=_PROPERTIES, member="PropertiesChanged", path=path)
        for service, paths in _PATHS.items()
        for path in sorted(paths)
    ]
    for service in _READERS:
        rule = MatchRule(
            type="signal",
            sender="org.freedesktop.DBus",
            interface="org.freedesktop.DBus",
            member="NameOwnerChanged",
            path="/org/freedesktop/DBus",
        )
        rule.add_arg_condition(0, service)
        rules.append(rule)
    rules.append(
        MatchRule(
            type="signal",
            sender=_LOGIND,
            interface=_LOGIND + ".Manager",
            member="PrepareForSleep",
            path=_LOGIND_PATH,
        )
    )
    return rules
