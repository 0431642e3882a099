"""Signing in to a server through the agent: by password, by key, or in the browser. GUI thread; nothing waits.

The secret goes one way, and what the agent makes of it stays there. The browser's way takes three calls: the agent
gives the page to open, waits until the person is done there, and then adds the server.
"""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from agent import words
from agent.protocol.methods import DestinationAddImmich
from agent.protocol.server import OAuthBegin, OAuthBegun, OAuthEnded, OAuthRef
from agent.words.catalogue import _
from tray.model import Model

MakeWish = Callable[[str | None], DestinationAddImmich]


class SignIn(QObject):
    """One try at a time; a new one gives the one before up.

    Signals:
        said(str): how far it is.
        added(DestinationAdded): the agent has signed in.
        refused(Error): why not.
    """

    said = Signal(str)
    added = Signal(object)
    refused = Signal(object)

    def __init__(
        self, model: Model, parent: QObject, open_url: Callable[[QUrl], bool] = QDesktopServices.openUrl
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._open_url = open_url
        self._begun = ""

    @property
    def is_in_browser(self) -> bool:
        """Whether a person is awaited from the browser."""
        return bool(self._begun)

    def begin(self, make_wish: MakeWish, *, by_browser: bool) -> None:
        """Sign in as wished; `make_wish` is given the token of the browser's sign-in, None without one."""
        wish = make_wish(None)
        self.give_up()
        if not by_browser:
            self.said.emit(_("Signing in …"))
            self._add(wish)
            return
        self.said.emit(_("Opening the browser …"))
        question = OAuthBegin(
            wish.url,
            wish.headers,
            wish.fingerprint,
            wish.ca_file,
            wish.client_certificate,
            plain_http=wish.plain_http,
            renew=wish.renew,
        )
        self._model.call(
            "destination.oauth_begin",
            question,
            lambda begun: self._open(make_wish, begun),
            self.refused.emit,
            owner=self,
        )

    def give_up(self) -> None:
        """Forget a sign-in that is under way in the browser."""
        if self._begun:
            self._model.call("destination.oauth_cancel", OAuthRef(self._begun), None, lambda _error: None)
            self._begun = ""

    def _open(self, make_wish: MakeWish, begun: OAuthBegun) -> None:
        self._begun = begun.id
        self._open_url(QUrl(begun.page))
        self.said.emit(_("Sign in in the browser, then come back here."))
        self._model.call(
            "destination.oauth_end",
            OAuthRef(begun.id),
            lambda ended: self._return(make_wish, begun, ended),
            lambda error: self.refused.emit(error) if begun.id == self._begun else None,
            owner=self,
        )

    def _return(self, make_wish: MakeWish, begun: OAuthBegun, ended: OAuthEnded) -> None:
        if begun.id == self._begun:
            self._begun = ""
            self.said.emit(_("Signing in …"))
            self._add(make_wish(ended.token))

    def _add(self, wish: DestinationAddImmich) -> None:
        self._model.call("destination.add_immich", wish, self.added.emit, self.refused.emit, owner=self)


def said_of_permissions(missing: Sequence[str]) -> str:
    """What is not done for want of a key's permissions, a line each; empty where none is missing."""
    if not missing:
        return ""
    said = _("It works, but the API key lacks permissions; add them in Immich at any time. Left out until then:")
    return "\n".join((said, *words.permissions(missing)))
