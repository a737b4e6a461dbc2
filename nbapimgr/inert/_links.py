"""Judges where a link leads: to be kept with its host shown, or to be removed with the reason."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Kept", "judge", "removed"]

_WEB: Final = re.compile(
    r"https?://(?P<host>[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?)(?P<port>:\d{1,5})?(?:[/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_MAIL: Final = re.compile(
    r"mailto:(?P<address>[\w.+%-]+@[\w.-]+)(?:\?.*)?", re.IGNORECASE | re.ASCII
)
_IN_PAGE: Final = re.compile(r"#[\w.~%-]*", re.ASCII)
_SCHEME: Final = re.compile(r"\s*([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._~:/?#@!&+,;=%-]|@(?=@)|&(?=#?\w+;)")
_PATH_SHOWN: Final = 80
"""Characters of an address that leads nowhere, shown beside its label."""


class Kept(NamedTuple):
    """A link that stays: its address, fit to stand in Markdown, and whom it leads to."""

    url: str
    host: str


def judge(href: str) -> Kept | None:
    """The link of a parsed and normalised address; None when it must not stay a link.

    Kept are http and https with a plain host and no user name before it, mailto without headers,
    and fragments of the page.
    """
    if web := _WEB.fullmatch(href):
        return Kept(_safe(href), web["host"].lower() + (web["port"] or ""))
    if mail := _MAIL.fullmatch(href):
        return Kept(_safe(f"mailto:{mail['address']}"), mail["address"])
    if _IN_PAGE.fullmatch(href):
        return Kept(_safe(href), "")
    return None


def removed(href: str) -> str:
    """Words for an address that is no link any more: its scheme, or the path it named."""
    scheme = _SCHEME.match(href)
    if scheme:
        name = scheme[1].lower()
        return "unclear link removed" if name in {"http", "https"} else f"{name}: link removed"
    return href[:_PATH_SHOWN] if href.strip("/\\") == href and href else "link removed"


def _safe(url: str) -> str:
    return _UNSAFE.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode("utf-8")), url)
