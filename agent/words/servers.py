"""Words about servers: what a missing permission leaves undone, what a proof found, a page after a sign-in. Pure."""

from collections.abc import Iterable

from agent.words.catalogue import N_, _, fill, ngettext
from agent.words.numbers import number, size

#: Permission of an API key -> what is not done without it.
_PERMISSIONS = {
    "asset.upload": N_("nothing can be backed up"),
    "asset.read": N_("copies cannot be checked"),
    "user.read": N_("the account cannot be recognised"),
    "album.read": N_("albums are not filled"),
    "album.create": N_("albums are not made"),
    "albumAsset.create": N_("albums are not filled"),
    "stack.create": N_("RAW and JPEG are not stacked"),
    "asset.update": N_("a live photo whose video comes late is not joined"),
    "tag.create": N_("tags are not made"),
    "tag.asset": N_("tags are not given"),
    "asset.delete": N_("nothing can be taken out of the trash from here"),
}

_VERDICTS = {
    "whole": N_("whole"),
    "rotten": N_("changed on this computer's disk though nobody touched it"),
    "lost": N_("lost at the destination"),
    "in_trash": N_("in the destination's trash"),
    "unsafe": N_("not at every destination"),
    "unreadable": N_("unreadable"),
}


def permission(name: str) -> str:
    """What is not done without a permission: `album.read: albums are not filled`."""
    lacking = _PERMISSIONS.get(name)
    return f"{name}: {_(lacking)}" if lacking is not None else name


def permissions(names: Iterable[str]) -> list[str]:
    """A line for each."""
    return [permission(name) for name in names]


def verdict(code: str) -> str:
    """How a file came out of a proof."""
    said = _VERDICTS.get(code)
    return _(said) if said is not None else code


def proof(files: int, whole: int) -> str:
    """The statement of a proof in one sentence."""
    if files == 0:
        return _("There is nothing to prove yet.")
    if files == whole:
        said = ngettext(
            "The one photo or video is whole here and at its destinations.",
            "All {count} photos and videos are whole here and at their destinations.",
            files,
        )
        return fill(said, {"count": files})
    args = {"whole": number(whole), "all": number(files)}
    return fill(_("{whole} of {all} photos and videos are proven to be whole, here and at their destinations."), args)


def space(used_bytes: int | None, quota_bytes: int | None, free_bytes: int | None) -> str:
    """What is used and left at a destination; empty where it says nothing."""
    args = {"used": size(used_bytes or 0), "quota": size(quota_bytes or 0), "free": size(free_bytes or 0)}
    if used_bytes is not None and quota_bytes is not None:
        return fill(_("{used} of {quota} used"), args)
    said = []
    if used_bytes is not None:
        said.append(fill(_("{used} used"), args))
    if free_bytes is not None:
        said.append(fill(_("{free} free"), args))
    return ", ".join(said)


def silent_address(url: str) -> str:
    """An address was kept though nothing answers there now."""
    return fill(
        _("{address} does not answer from here now. It is tried when the others do not answer."), {"address": url}
    )


def sign_in_page(*, worked: bool) -> str:
    """What the browser shows after a sign-in."""
    if worked:
        return _("You are signed in. This page can be closed; Safelight goes on.")
    return _("The sign-in did not work. Close this page and try again in Safelight.")
