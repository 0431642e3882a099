"""Which proxy the system names for an address.

Opens nothing. Any thread. Where the system names none at all, the rules for exceptions, and `requests`, which knows
them, are not even loaded.
"""

from agent.platforms import proxies


def proxy_for(url: str) -> str | None:
    """The proxy's address with its scheme, as the system has it: a login may be in it."""
    if not proxies.are_named():
        return None
    from requests.utils import get_environ_proxies, select_proxy

    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return None
    return found if "://" in found else f"http://{found}"
