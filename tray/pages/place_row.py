"""One destination as a row: where it is, who is signed in, what is safe there and what space is left. GUI thread."""

from agent import words
from agent.protocol.destination import DestinationRow, DestinationSpace
from agent.protocol.types import Destination
from agent.words.catalogue import _, fill, ngettext
from tray.model import web_address
from tray.widgets.bar import Bar
from tray.widgets.drawing import light_colour
from tray.widgets.marked_row import MarkedRow
from tray.widgets.text import Aside, BreakableSentence


class PlaceRow(MarkedRow):
    """Shows one destination; its buttons are wired by the card."""

    def __init__(self) -> None:
        super().__init__()
        self.identity = self.name = ""
        self._where = Aside(self)
        self._amount = Aside(self)
        self._quota = Bar(0.25, self)
        self._report = BreakableSentence(self)
        for widget in (self._where, self._amount, self._quota, self._report):
            self.add_line(widget)
        self.sign_in = self.add_button(_("&Sign in again …"), primary=True)
        self.check = self.add_button(_("&Check"))
        self.sync = self.add_button(_("Fetch c&hanges"))
        self.addresses = self.add_button(_("&Addresses …"))
        self.sign_out = self.add_button(_("Sign &out …"))
        self.remove = self.add_button(_("&Remove …"))

    def show_place(
        self,
        place: Destination,
        listed: DestinationRow | None,
        space: DestinationSpace | None,
        report: str,
        *,
        is_out: bool,
    ) -> None:
        """Show this destination; `listed` and `space` are None until they were asked for, `report` may be empty."""
        self.identity, self.name = place.id, place.name
        is_server = place.kind == "immich"
        is_out = is_out or (is_server and place.account is None)
        away = place.reachable is False
        self.mark.show_mark(
            "server" if is_server else "folder", light_colour("attention", self.palette()) if away or is_out else None
        )
        self.call_it(place.name)
        self._where.setText(" · ".join(_where(place, listed)))
        self._show_amount(listed, space)
        self._report.setText(report)
        self._report.setVisible(bool(report))
        self.sign_in.setVisible(is_out)
        for button in (self.sync, self.sign_out):
            button.setVisible(is_server and place.account is not None)
        self.addresses.setVisible(is_server and place.account is not None)

    def _show_amount(self, listed: DestinationRow | None, space: DestinationSpace | None) -> None:
        said = []
        if listed is not None:
            safe = ngettext("{count} file is safe there", "{count} files are safe there", listed.files_safe)
            said.append(fill(safe, {"count": listed.files_safe}))
        if space is not None:
            said.append(words.space(space.used_bytes, space.quota_bytes, space.free_bytes))
        self._amount.setText(" · ".join(one for one in said if one))
        self._amount.setVisible(any(said))
        has_quota = space is not None and bool(space.quota_bytes) and space.used_bytes is not None
        self._quota.setVisible(has_quota)
        if space is not None and space.quota_bytes and space.used_bytes is not None:
            self._quota.setValue(min(100, space.used_bytes * 100 // space.quota_bytes))
            self._quota.setAccessibleName(fill(_("Space used at {name}"), {"name": self.name}))


def _where(place: Destination, listed: DestinationRow | None) -> list[str]:
    said = [web_address(place) if place.kind == "immich" else words.display_path(place.location)]
    further = len(listed.routes) if listed else 0
    if further:
        more = ngettext("{count} further address", "{count} further addresses", further)
        said.append(fill(more, {"count": further}))
    if place.account:
        said.append(fill(_("signed in as {account}"), {"account": place.account}))
    elif place.kind == "immich":
        said.append(_("signed out"))
    if place.secret_store == "file":  # noqa: S105 - the name of a place
        said.append(_("key kept in a file"))
    if place.reachable is False:
        said.append(_("not reachable now"))
    return said
