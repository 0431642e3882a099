"""The functions for the methods about accounts at servers: signing in and out, their addresses, their space.

Decides nothing, like `handlers`, whose table takes these in. Called on the threads of `agent.rpc.pool`.
"""

from collections.abc import Callable
from typing import Any

from agent.protocol import destination as d
from agent.protocol import methods as m
from agent.protocol import server as s
from agent.protocol.message import Message, Nothing
from agent.work.asked.accounts import Accounts
from agent.work.asked.browsing import Browsing


class AccountHandlers:
    """The part of the table for accounts."""

    def __init__(self, accounts: Accounts, browsing: Browsing) -> None:
        self._accounts = accounts
        self._browsing = browsing
        self.table: dict[str, Callable[[Any], Message]] = {
            "server.find": self._find_server,
            "destination.add_immich": self._add_immich,
            "destination.space": self._space,
            "destination.set_addresses": self._set_addresses,
            "destination.sign_out": self._sign_out,
            "destination.oauth_begin": self._oauth_begin,
            "destination.oauth_end": self._oauth_end,
            "destination.oauth_cancel": self._oauth_cancel,
        }

    def _find_server(self, params: m.ServerAddress) -> m.ServerFound:
        return self._accounts.find_server(params)

    def _add_immich(self, params: m.DestinationAddImmich) -> m.DestinationAdded:
        return self._accounts.add_immich(params)

    def _space(self, params: d.DestinationRef) -> d.DestinationSpace:
        return self._accounts.space(params.destination)

    def _set_addresses(self, params: d.DestinationAddresses) -> d.AddressesKept:
        return self._accounts.set_addresses(
            params.destination, params.addresses, fingerprint=params.fingerprint, plain_http=params.plain_http
        )

    def _sign_out(self, params: d.DestinationRef) -> Nothing:
        self._accounts.sign_out(params.destination)
        return Nothing()

    def _oauth_begin(self, params: s.OAuthBegin) -> s.OAuthBegun:
        return self._browsing.begin(self._accounts.as_before(params))

    def _oauth_end(self, params: s.OAuthRef) -> s.OAuthEnded:
        return s.OAuthEnded(self._browsing.end(params.id))

    def _oauth_cancel(self, params: s.OAuthRef) -> Nothing:
        self._browsing.cancel(params.id)
        return Nothing()
