"""What an address says of where it leads."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

__all__ = ["is_here", "is_loopback", "origin_of"]

_KNOWN = 256
"""Addresses remembered: each attempt asks about its own, and there are few."""


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL; empty for what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(_KNOWN)
def is_here(url: str) -> bool:
    """Whether a URL leads to this machine itself, or to no host at all."""
    host = urlsplit(origin_of(url)).hostname
    return host is None or is_loopback(host)
