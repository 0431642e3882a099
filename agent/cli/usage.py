"""What typer says by itself, the frame of the help and wrong usage, in the person's language.

typer builds these sentences in English. Its errors tell by their class and fields what is wrong, so they are said anew
here; the frame of the help is found in what it prints. A typer that says it otherwise is heard in English.
Patterns are compiled when something is wrong or helped, which is seldom. Main thread.
"""

import re
from typing import Any

from agent.words.catalogue import N_, _, fill, sentences

#: What stands in the help at the beginning of a line, or behind an option: how it is found, and what is said instead.
_FRAME = (
    (r"^Usage: ", N_("Usage: ")),
    (r"^Arguments:$", N_("Arguments:")),
    (r"^Options:$", N_("Options:")),
    (r"^Commands:$", N_("Commands:")),
    (r"Show this message and exit\.$", N_("Show this help.")),
    (r"\[required\]", N_("[required]")),
    (r"\[default: (?=[^]]*\])", N_("[default: ")),
)
_NO_COMMAND = r"No such command (.+?)\.(?: Did you mean (.+)\?)?"
_TOO_MUCH = r"(?s)Got unexpected extra argument\(?s?\)? \((.*)\)"


#: How the checking of types puts what it expected.
_EXPECTED = (
    (r"(?s)Input should be a valid (?:integer|number).*", N_("a whole number")),
    (r"Input should be greater than or equal to (.+)", N_("{value} or more")),
    (r"Input should be less than or equal to (.+)", N_("{value} or less")),
    (r"Input should be (.+)", N_("one of {values}")),
)


def translate_help(command: Any) -> Any:  # noqa: ANN401 - typer keeps the classes of its commands to itself
    """Let this command and all below it print their help in the person's language; the same command."""
    written = command.get_help
    command.get_help = lambda context: _translated(written(context))
    for below in getattr(command, "commands", {}).values():
        translate_help(below)
    return command


def wrong_usage(error: Any) -> str:  # noqa: ANN401 - as above
    """One sentence or two on what is wrong with the words that were typed."""
    # 'Value error' is how the checking of types names itself.
    said = str(getattr(error, "message", "") or "").replace("Value error, ", "")
    option = getattr(error, "option_name", None)
    match type(error).__name__:
        case "NoSuchOption":
            likely = ", ".join(sorted(error.possibilities or ()))
            hint = fill(_("Did you mean {options}?"), {"options": likely}) if likely else ""
            return sentences(fill(_("There is no option {option}."), {"option": option}), hint)
        case "BadOptionUsage" if "requires" in said:
            return fill(_("The option {option} needs a value."), {"option": option})
        case "BadOptionUsage":
            return fill(_("The option {option} takes no value."), {"option": option})
        case "MissingParameter":
            return fill(_("{what} is missing."), {"what": _hint(error)})
        case "BadParameter":
            return _bad_value(_hint(error), said)
        case _:
            return _other(said)


def _bad_value(what: str, said: str) -> str:
    for pattern, expected in _EXPECTED:
        if found := re.fullmatch(pattern, said):
            value = found[1] if found.groups() else ""
            allowed = fill(_(expected), {"value": value, "values": value})
            return fill(_("{key} must be {allowed}."), {"key": what, "allowed": allowed})
    return fill(_("{what} cannot be that: {detail}."), {"what": what, "detail": said.rstrip(".")})


def _other(said: str) -> str:
    if said == "Missing command.":
        return _("A command is missing.")
    if found := re.fullmatch(_NO_COMMAND, said):
        hint = fill(_("Did you mean {options}?"), {"options": found[2]}) if found[2] else ""
        return sentences(fill(_("There is no command {name}."), {"name": found[1]}), hint)
    if found := re.fullmatch(_TOO_MUCH, said):
        return fill(_("That is too much: {words}."), {"words": found[1]})
    return said


def _hint(error: Any) -> str:  # noqa: ANN401 - as above
    """The argument or option that an error is about, as typer names it."""
    hint = error.param_hint
    if hint is None and error.param is not None:
        hint = error.param.get_error_hint()
    return hint if isinstance(hint, str) else " / ".join(hint or ("",))


def _translated(help_text: str) -> str:
    for pattern, instead in _FRAME:
        help_text = re.sub(pattern, _(instead).replace("\\", r"\\"), help_text, flags=re.MULTILINE)
    return help_text
