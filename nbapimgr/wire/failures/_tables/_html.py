"""Web pages in place of answers: captive portals, company proxies, a base URL that is a website.

Nothing of a page but its title is read, and its status is believed only where a gateway's would be:
5xx, 401, 413, 429.
"""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.failures._rules import Rule, rule

__all__ = ["HTML"]

HTML: Final[tuple[Rule, ...]] = (
    rule(
        "html.cloudflare_block",
        "auth.region",
        status=(403, 429, 503),
        said=r"you have been blocked|access denied.{0,40}cloudflare|error 1020|error 1009",
        remedy="the provider's gateway blocks this network address: try without VPN or another one",
    ),
    rule(
        "html.challenge",
        "network.proxy",
        status=(403, 429, 503),
        said=r"^just a moment|attention required",
        remedy="the provider's gateway asks for a browser: try without VPN or proxy",
    ),
    rule("html.login", "network.proxy", status=(511, 407)),
    rule("html.instead_of_answer", "network.proxy", status=(0, *range(300, 400), 403, 404, 405)),
)
