"""`settings list|get|set`; main thread. What a setting may be is in `agent.protocol.settings`; the agent judges."""

from typing import Any

import typer

from agent.cli.arguments import setting_value
from agent.cli.failure import failure
from agent.cli.output import print_json, print_table, say
from agent.cli.session import new_group, session_of
from agent.protocol.methods import SettingKey, SettingsRows, SettingValue
from agent.protocol.settings import Values
from agent.protocol.wire import as_json, to_plain
from agent.words.catalogue import _, fill


def group() -> typer.Typer:
    """The commands of this module."""
    root = new_group(_("When and how to back up."))
    root.command("list", help=_("List all settings."))(_list)
    root.command("get", help=_("Show one setting."))(_get)
    root.command("set", help=_("Change a setting."), context_settings={"ignore_unknown_options": True})(_set)
    return root


def _list(context: typer.Context) -> None:
    session = session_of(context)
    found: SettingsRows = session.call("settings.list")
    if session.json:
        print_json({"values": found.values, "defaults": found.defaults})
        return
    rows = [
        (key, _shown(value), "" if value == found.defaults.get(key) else _shown(found.defaults.get(key)))
        for key, value in found.values.items()
    ]
    print_table((_("Setting"), _("Value"), _("Default")), rows, folding=(1, 2))


def _shown(value: Any) -> str:  # noqa: ANN401 - any setting
    return value if isinstance(value, str) else as_json(value).decode()


def _get(context: typer.Context, key: str = typer.Argument(..., metavar="KEY")) -> None:
    session = session_of(context)
    _default(key)
    found: SettingValue = session.call("settings.get", SettingKey(key))
    if session.json:
        print_json({"key": found.key, "value": found.value})
    else:
        say(_shown(found.value))


def _default(key: str) -> object:
    """A setting's default; exit code 2 with all their names where there is no such setting."""
    defaults: dict[str, object] = to_plain(Values())
    if key not in defaults:
        raise failure("setting_unknown", key=key, known=", ".join(defaults))
    return defaults[key]


def _set(
    context: typer.Context,
    key: str = typer.Argument(..., metavar="KEY"),
    value: str = typer.Argument(..., metavar="VALUE", help=_("true or false, a number, text, or a list as JSON.")),
) -> None:
    session = session_of(context)
    wanted = setting_value(key, value, _default(key))
    session.call("settings.set", SettingValue(key, wanted))
    said = fill(_("{key} is {value} now."), {"key": key, "value": _shown(wanted)})
    session.answer({"key": key, "value": wanted}, said)
