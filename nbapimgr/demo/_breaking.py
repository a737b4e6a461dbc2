"""The ways in which a rehearsed provider can be broken, and what each of them does."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from nbapimgr.errors import OptionError, UnknownName, nearest

__all__ = ["DIALECTS", "MEND", "WAYS", "Way", "says"]

DIALECTS: Final = {"rehearsal-anthropic": "anthropic", "rehearsal-gemini": "gemini"}
"""The rehearsed providers, and what each one speaks."""
MEND: Final = "mend"


class Way(NamedTuple):
    """One way to be broken.

    Attributes:
        says: What the provider does now, for people.
        kind: Which of llmock's behaviours it is.
        details: What that behaviour is told.
    """

    says: str
    kind: Literal["Fail", "StreamFault", "SlowFirstToken", "Delay", "Reply"]
    details: dict[str, Any]


_LONG: Final = 60.0
"""Seconds of silence: longer than anybody waits."""

WAYS: Final[dict[str, Way]] = {
    "stream": Way(
        "its streams now break in the middle",
        "StreamFault",
        {"kind": "disconnect", "after_chunks": 12},
    ),
    "cut": Way(
        "its streams now end early, as if they were whole",
        "StreamFault",
        {"kind": "truncate", "after_chunks": 12},
    ),
    "garbled": Way(
        "its streams now hold what nobody can read",
        "StreamFault",
        {"kind": "malformed", "after_chunks": 12},
    ),
    "silent": Way(
        "it now falls silent after a few words",
        "StreamFault",
        {"kind": "stall", "after_chunks": 12, "stall_seconds": _LONG},
    ),
    "mute": Way("it now takes questions and says nothing at all", "Delay", {"seconds": _LONG}),
    "slow": Way(
        "it now waits a minute before its first word", "SlowFirstToken", {"seconds": _LONG}
    ),
    "empty": Way("its answers are now empty", "Reply", {"text": ""}),
    "down": Way("it now answers 503", "Fail", {"status": 503}),
    "error": Way("it now answers 500", "Fail", {"status": 500}),
    "limit": Way(
        "it now answers 429, try again in 30 seconds", "Fail", {"status": 429, "retry_after": 30.0}
    ),
    "quota": Way("its credit is now used up", "Fail", {"status": 402}),
    "auth": Way("it now refuses every key", "Fail", {"status": 401}),
    "gone": Way("its model is now gone", "Fail", {"status": 404}),
}


def says(name: str, how: str) -> str:
    """The line about a provider that is broken, or mended, in this way.

    Raises:
        UnknownName: There is no such rehearsal provider.
        OptionError: There is no such way to break it.
    """
    if name not in DIALECTS:
        raise UnknownName("rehearsal provider", name, DIALECTS)
    if how == MEND:
        return f"{name}: it works again"
    if how not in WAYS:
        close = nearest(how, (*WAYS, MEND))
        hint = f"did you mean {close[0]!r}?" if close else f"{', '.join(WAYS)} or {MEND}"
        raise OptionError(f"{how!r} is no way to break a provider", hint=hint)
    return f"{name}: {WAYS[how].says}"
