"""Which proxy the system wants for an origin."""

from __future__ import annotations

import base64
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from nbapimgr.engine._hosts import is_loopback

__all__ = ["Proxy", "UnusableProxyError", "proxy_for"]


class UnusableProxyError(Exception):
    """The proxy that is set is of a kind that cannot be used, such as SOCKS."""


class Proxy(NamedTuple):
    """A proxy without, and the header with, its credentials."""

    url: str
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"


def proxy_for(base: str) -> Proxy | None:
    """The proxy for an origin from the environment or the system's settings; None for direct.

    `NO_PROXY` is respected; this machine itself is never reached through a proxy.

    Raises:
        UnusableProxyError: It is neither http nor https.
    """
    parts = urlsplit(base)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    url = proxies.get(parts.scheme) or proxies.get("all")
    if not url:
        return None
    proxy = urlsplit(url if "://" in url else f"http://{url}")
    if proxy.scheme not in {"http", "https"}:
        raise UnusableProxyError(proxy.scheme)
    headers = {}
    if proxy.username is not None:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        headers["proxy-authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(f"{proxy.scheme}://{proxy.netloc.rpartition('@')[2]}", headers)
