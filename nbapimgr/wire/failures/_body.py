"""From the bytes of an error response to an `Envelope`: JSON, an event, a web page, plain text."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.wire import _json
from nbapimgr.wire._limits import MAX_ERROR_BODY
from nbapimgr.wire.failures._envelope import MAX_TEXT, Envelope, clip, unquoted, word
from nbapimgr.wire.failures._shapes import REDIRECT, envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["parse"]

_HEAD: Final = 20_000
"""Characters of a web page that are searched for its title."""
_HTML: Final = re.compile(
    r"\s*+(?:<!--.{0,500}?-->\s*+)?<(?:!doctype\s|html\b|head\b)", re.IGNORECASE | re.DOTALL
)
_TITLE: Final = re.compile(r"<title[^<>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_HEADING: Final = re.compile(r"<h[12][^<>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_EVENT: Final = re.compile(r"^data:[ ]?([^\n]{2,})", re.MULTILINE)
_EVENTS: Final = 5
"""Lines of a stream that are looked at for an error."""


def parse(body: bytes, headers: Mapping[str, str], http: int) -> Envelope:
    """What an error response says. Never raises; work is bounded by `MAX_ERROR_BODY`."""
    text = body[:MAX_ERROR_BODY].decode("utf-8", "replace").removeprefix("\ufeff")
    if _HTML.match(text):
        return _page(text, headers, http)
    value = _decoded(text)
    if value:
        found = envelope(value, headers, http)
        if found.message or found.type or found.code:
            return found
    return _plain(text, envelope({}, headers, http))


def _decoded(text: str) -> Any:
    """The JSON value in a body, or in the first events of a stream; None where there is none."""
    events = (line[1] for line in islice(_EVENT.finditer(text), _EVENTS))
    for candidate in chain((text,), events):
        try:
            value = _json.loads(candidate)
        except ValueError:
            continue
        if isinstance(value, dict | list | str):
            return value
    return None


def _page(text: str, headers: Mapping[str, str], http: int) -> Envelope:
    """A web page: nobody's API answers with one, so its title is all that is read of it."""
    title = _first(_TITLE, text) or _first(_HEADING, text)
    heading = _first(_HEADING, text)
    shown = " – ".join(dict.fromkeys(filter(None, (title, heading))))
    request_id = word(headers.get("cf-ray"))
    return Envelope(
        shape="html",
        status=http if http >= REDIRECT else 0,
        http=http,
        message=clip(text, MAX_TEXT),
        detail=f"a web page: {shown}" if shown else "a web page",
        words=frozenset({"html"}),
        said=unquoted(title, heading),
        request_id=request_id,
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text, 0, _HEAD)
    return " ".join(found[1].split()) if found else ""


def _plain(text: str, bare: Envelope) -> Envelope:
    """A line of a proxy or load balancer, or nothing at all."""
    said = clip(text, MAX_TEXT)
    return Envelope(
        shape=bare.shape,
        status=bare.status,
        http=bare.http,
        message=said,
        type=bare.type,
        words=bare.words | {"text" if said else "empty"},
        said=unquoted(said),
    )
