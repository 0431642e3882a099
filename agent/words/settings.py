"""What a setting may be, in words, read from its type in `agent.protocol.settings` so that both always agree. Pure."""

from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from agent.protocol.settings import BandwidthWindow, Values, Window
from agent.words.catalogue import _, fill

_EXAMPLES = {
    Window: '[{"since": "22:00", "until": "06:00"}]',
    BandwidthWindow: '[{"since": "08:00", "until": "18:00", "bytes_s": 500000}]',
}


def allowed(key: str) -> str | None:
    """What may be given for a setting, as the end of a sentence: `a whole number from 0 to 100`; None if unknown."""
    kind = get_type_hints(Values, include_extras=True).get(key)
    return None if kind is None else _described(kind)


def _described(kind: Any) -> str:  # noqa: ANN401 - any annotation
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _bounded(args[0], args[1])
    if origin is Literal:
        return fill(_("one of {values}"), {"values": ", ".join(map(str, args))})
    if origin is tuple:
        return _list(args[0])
    if kind is bool:
        return _("true or false")
    if kind is int:
        return _("a whole number")
    return _("text")


def _list(kind: Any) -> str:  # noqa: ANN401 - any annotation
    if kind in _EXAMPLES:
        return fill(_("a list like {example}"), {"example": _EXAMPLES[kind]})
    if get_origin(kind) is Literal:
        return fill(_("a list of {values}"), {"values": ", ".join(map(str, get_args(kind)))})
    if get_origin(kind) in {Annotated, Union}:
        return fill(_("a list, each of it {kind}"), {"kind": _described(kind)})
    return _("a list of names")


def _bounded(kind: Any, bounds: Any) -> str:  # noqa: ANN401 - an annotation and its bounds
    least, most = getattr(bounds, "ge", None), getattr(bounds, "le", None)
    if get_origin(kind) is tuple:
        most = getattr(bounds, "max_length", None)
        said = _list(get_args(kind)[0])
        return fill(_("{list}; at most {most} of them"), {"list": said, "most": most}) if most is not None else said
    if kind is int and least is not None and most is not None:
        return fill(_("a whole number from {least} to {most}"), {"least": str(least), "most": str(most)})
    if kind is int and least is not None:
        return fill(_("a whole number, {least} or more"), {"least": str(least)})
    if getattr(bounds, "pattern", None) is not None:
        return _("a time of day like 03:00")
    return _described(kind)
