"""When to come back: every hint a provider gives, the surest first.

The order is openai-python's for headers (milliseconds before seconds), then what the body's
envelope says, then its sentences, then the limits' own reset headers. A hint on a 2xx is ignored:
Anthropic, Together and Hugging Face send `retry-after` with answers. Nonsense (negative, in the
past, more than a year) is skipped, and a zero counts only where nothing better is said: Azure
sends `retry-after-ms: 0` beside `retry-after: 1`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.wire.failures._moments import (
    MAX_WAIT,
    PARTS,
    documented,
    duration,
    moment,
    number,
    wait,
)
from nbapimgr.wire.failures._shapes import HTTP_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbapimgr.wire.failures._envelope import Envelope
    from nbapimgr.wire.failures._rules import Rule

__all__ = ["waits"]

_LIMITS: Final = ("rate_limit.", "quota.", "service.")
"""Categories whose sentences may name a time."""
_WAITED_OUT: Final = ("rate_limit.short", "rate_limit.daily")
"""Categories that the reset of a limit ends."""
_MS_HEADERS: Final = ("retry-after-ms", "x-ms-retry-after-ms")
_SENTENCE: Final = re.compile(
    r"\b(?:try(?:ing)?\s+again|retry(?:ing)?|wait|resets?|available)\b"
    r"(?:\s+(?:your|the|this|requests?|again|in|after|for|at|least|about|approximately|another)){0,4}"
    rf"\s+((?:{PARTS}\s?(?:and\s)?){{1,5}})",
    re.IGNORECASE,
)
_DATED: Final = re.compile(
    r"\b(?:regain access|resets?|again|available)\s+(?:on|at)\s+"
    r"(\d{4}-\d\d-\d\d)(?:(?:T|\s+(?:at\s+)?)(\d\d:\d\d(?::\d\d)?))?",
    re.IGNORECASE,
)
_RESET: Final = re.compile(r"(?:^|-)ratelimit-(?:reset(?:-(?P<what>.+))?|(?P<which>.+)-reset)$")


def waits(
    envelope: Envelope, headers: Mapping[str, str], rule: Rule, now: float
) -> tuple[float | None, float | None]:
    """Seconds the provider asks to wait, and the moment it is worth coming back; None: unknown.

    The two part where a reset is documented: when the day's quota is used up, Gemini still asks to
    wait for some seconds.
    """
    hinted = [
        seconds
        for seconds in _hints(envelope, headers, rule.category, now)
        if seconds is not None and 0 <= seconds <= MAX_WAIT
    ]
    best = next((seconds for seconds in hinted if seconds > 0), 0.0 if hinted else None)
    known = [seconds for seconds in (best, documented(rule.reset, now)) if seconds is not None]
    return best, now + max(known) if known else None


def _hints(
    envelope: Envelope, headers: Mapping[str, str], category: str, now: float
) -> Iterator[float | None]:
    said = envelope.http in HTTP_ERRORS
    # The server's clock where it tells it: its dates mean nothing to a clock that is wrong.
    sent = (moment(headers.get("date")) if said else None) or now
    if said:
        for name in _MS_HEADERS:
            milliseconds = number(headers.get(name))
            yield None if milliseconds is None else milliseconds / 1000
        yield wait(headers.get("retry-after"), sent)
    for source in filter(None, (envelope, envelope.upstream)):
        for where, value in source.hints:
            yield _in_body(where, value, sent)
    if category.startswith(_LIMITS):
        yield from _in_sentences(envelope, sent)
    if said and category in _WAITED_OUT:
        yield _in_limits(envelope, headers, sent)


def _in_body(where: str, value: Any, sent: float) -> float | None:
    """Google's duration is text or an object; all else is a number or a moment."""
    if where == "RetryInfo" and isinstance(value, dict):
        seconds, nanos = number(value.get("seconds", 0)), number(value.get("nanos", 0))
        return None if seconds is None or nanos is None else seconds + nanos / 1e9
    return wait(value, sent)


def _in_sentences(envelope: Envelope, sent: float) -> Iterator[float | None]:
    upstream = envelope.upstream.message if envelope.upstream else ""
    for text in filter(None, (envelope.message, envelope.detail, upstream)):
        if found := _SENTENCE.search(text):
            yield duration(re.sub(r"\band\s", "", found[1], flags=re.IGNORECASE))
        if found := _DATED.search(text):
            yield wait(f"{found[1]}T{found[2] or '00:00'}", sent)


def _in_limits(envelope: Envelope, headers: Mapping[str, str], sent: float) -> float | None:
    """The reset of the limit that was hit: the one the type names, else the latest used up."""
    resets = {}
    for name, value in headers.items():
        if found := _RESET.search(name):
            resets[found["what"] or found["which"] or ""] = wait(value, sent)
    if envelope.type in resets:
        return resets[envelope.type]
    used_up = [
        seconds
        for what, seconds in resets.items()
        if seconds is not None and _remaining(headers, what) == 0
    ]
    return max(used_up) if used_up else resets.get("") or None


def _remaining(headers: Mapping[str, str], what: str) -> float | None:
    ends = (
        (f"ratelimit-remaining-{what}", f"ratelimit-{what}-remaining")
        if what
        else ("ratelimit-remaining",)
    )
    values = (number(value) for name, value in headers.items() if name.endswith(ends))
    return next((value for value in values if value is not None), None)
