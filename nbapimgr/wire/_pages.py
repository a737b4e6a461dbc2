"""The next page of a list of models: the same call with the token that the last page gave."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

from nbapimgr.wire._dialect import HttpCall

__all__ = ["next_page"]

_TOKEN: Final = {"anthropic": "after_id", "gemini": "pageToken", "cohere": "page_token"}
"""The parameter that names the page. The other dialects' lists have one page."""


def next_page(dialect: str, call: HttpCall, token: str) -> HttpCall:
    """The call for the page of `token`, after `call` for the first or any other page."""
    google = "/publishers/" in call.url  # Vertex AI lists Claude in Google's way
    name = "pageToken" if google else _TOKEN[dialect]
    url, _, query = call.url.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith(f"{name}=")]
    query = "&".join([*kept, f"{name}={quote(token, safe='')}"])
    return msgspec.structs.replace(call, url=f"{url}?{query}")
