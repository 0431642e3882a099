"""Network and power of the computer in a few words, for what is waited for. Pure; any thread."""

from agent.protocol.history import ConditionsNow
from agent.words.catalogue import N_, _, fill

_KINDS = {
    "wifi": N_("Wi-Fi"),
    "ethernet": N_("a cable"),
    "cellular": N_("a mobile network"),
    "vpn": N_("a VPN"),
    "other": N_("a network"),
}


def network_now(now: ConditionsNow) -> str:
    """`Wi-Fi “Home”, not metered`; empty where the system cannot tell."""
    if now.online is False:
        return _("no network")
    said = []
    if now.network_kind is not None or now.network_name is not None:
        code = now.network_kind or "other"
        kind = _(_KINDS[code])
        named = fill(_("{kind} “{name}”"), {"kind": kind, "name": now.network_name}) if now.network_name else kind
        said.append(named)
    if now.network_metered is not None:
        said.append(_("metered") if now.network_metered else _("not metered"))
    return ", ".join(said)


def power_now(now: ConditionsNow) -> str:
    """`on battery, 41 %`; empty where the system cannot tell."""
    if now.on_battery is None:
        return ""
    if not now.on_battery:
        said = _("plugged in")
    elif now.battery_percent is None:
        said = _("on battery")
    else:
        said = fill(_("on battery, {percent} %"), {"percent": now.battery_percent})
    return ", ".join([said, _("battery saver on")]) if now.battery_saver else said
