"""A failure told to people: which kind it is, what happened, what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.inert import plain
from nbapimgr.wire.failures import CATEGORIES

if TYPE_CHECKING:
    from nbapimgr.errors import AllProvidersFailed
    from nbapimgr.models import Attempt

__all__ = ["Story", "Tried", "story"]

_SAID: Final = 300
"""Characters of a provider's message that are shown."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt, in words."""

    who: str
    category: str
    """The class, with the HTTP status where there was one."""
    parent: str
    seconds: float
    waited: float
    """Seconds of pause before it."""
    lost: str
    """How much of an answer had come: "broke off after 41 tokens"; empty when nothing had."""
    said: str
    """The provider's own words, as plain text of one line; never to be taken for markup."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a call that nobody answered."""

    parent: str
    """One of the seven words people see."""
    category: str
    what: str
    """What happened, in one clause."""
    happened: str
    """Who was asked, in one sentence."""
    tried: tuple[Tried, ...]
    skipped: tuple[str, ...]
    """Who was not asked, and why."""
    advice: str
    """What to do now."""


def story(error: AllProvidersFailed) -> Story:
    """The story of a failure; its class is that of the newest attempt, as in the red line."""
    category, parent, what = _kind(error)
    return Story(
        parent=parent,
        category=category,
        what=what,
        happened=_happened(error),
        tried=tuple(_tried(attempt) for attempt in error.attempts),
        skipped=tuple(_line(reason) for reason in error.skipped),
        advice=_sentence(_line(error.hint or _remedy(category))),
    )


def _kind(error: AllProvidersFailed) -> tuple[str, str, str]:
    offline = CATEGORIES["network.offline"]
    if error.hint.startswith(offline.what):
        return "network.offline", offline.parent, offline.what
    for attempt in reversed(error.attempts):
        if attempt.failure:
            known = CATEGORIES[attempt.failure.category]
            return attempt.failure.category, known.parent, known.what
    if any(reason.endswith(": no key") for reason in error.skipped):
        return "", "Auth", "there is no key for anybody who could be asked"
    return "", "You", "what was asked for leaves nobody to ask"


def _happened(error: AllProvidersFailed) -> str:
    attempts = len(error.attempts)
    if not attempts:
        return "Nobody could be asked."
    names = list(dict.fromkeys(a.candidate.provider.name for a in error.attempts))
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    times = "once" if attempts == 1 else f"{attempts} times in all"
    return f"Nobody answered: {who} {'was' if len(names) == 1 else 'were'} asked, {times}."


def _tried(attempt: Attempt) -> Tried:
    failure = attempt.failure
    status = f" {failure.status}" if failure and failure.status else ""
    return Tried(
        who=_line(str(attempt.candidate)),
        category=f"{failure.category}{status}" if failure else attempt.outcome,
        parent=CATEGORIES[failure.category].parent if failure else "You",
        seconds=attempt.duration,
        waited=attempt.waited,
        lost=_lost(attempt),
        said=_line(failure.detail or failure.message) if failure else "",
    )


def _lost(attempt: Attempt) -> str:
    if not attempt.text_length:
        return ""
    usage = attempt.usage
    if usage is None or usage.output_tokens is None:
        return f"broke off after {attempt.text_length} characters"
    about = "about " if usage.source == "estimated" else ""
    return f"broke off after {about}{usage.output_tokens} tokens"


def _remedy(category: str) -> str:
    return CATEGORIES[category].remedy if category else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _line(text: str) -> str:
    flat = " ".join(plain(text).split())
    return flat if len(flat) <= _SAID else flat[: _SAID - 1] + "…"
