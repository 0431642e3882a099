"""A notice in words: its title and its content. Pure; any thread."""

from agent.protocol.types import Notice
from agent.words.catalogue import _, display_path, fill, ngettext
from agent.words.problems import problem_text


def notice(raised: Notice) -> tuple[str, str]:
    """Title and content of what a notification says; a kind or code that is not known here still gets both."""
    args = raised.args
    match raised.kind:
        case "total":
            total = _whole(args.get("total"))
            said = ngettext(
                "{total} photo or video is on its way.", "{total} photos and videos are on their way.", total
            )
            return _("Backing up"), fill(said, {"total": total})
        case "single":
            path = args.get("path")
            return _("Backing up"), display_path(path) if isinstance(path, str) else ""
        case "done":
            count = _whole(args.get("count"))
            said = ngettext("{count} photo or video is safe.", "{count} photos and videos are safe.", count)
            return _("Backup finished"), fill(said, {"count": count})
        case _:
            return problem_text(raised.code, args)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
