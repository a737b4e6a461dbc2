"""What a rule is and when it matches: tables of these records are all that dialects differ by."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from nbapimgr.models import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbapimgr.wire.failures._envelope import Envelope

__all__ = ["ANY", "Reset", "Rule", "match", "rule"]

Reset = Literal["", "month_utc", "day_pacific"]
"""When a limit ends that the provider documents and does not send."""

ANY: Final = frozenset[int]()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """If all its conditions hold, this is what happened.

    Attributes:
        name: What the evidence calls it: "who.what".
        category: One of `CATEGORIES`.
        status: HTTP statuses; 0 stands for "nobody named one". Empty: any.
        words: At least one of these is among the machine words (casefolded).
        every: All of these are.
        like: A pattern found in some machine word.
        said: A pattern found in the provider's own sentences, quoted passages emptied.
        scope: Whose fault it is where the category's own scope is wrong.
        retryable: The same for the retry decision.
        remedy: The same for the remedy.
        reset: When it ends, where the provider documents it and sends nothing.
        vague: It says no more than a status does: what an upstream says goes before it.
    """

    name: str
    category: str
    status: frozenset[int] = ANY
    words: frozenset[str] = frozenset()
    every: frozenset[str] = frozenset()
    like: str = ""
    said: str = ""
    scope: Scope | None = None
    retryable: bool | None = None
    remedy: str = ""
    reset: Reset = ""
    vague: bool = False


def rule(  # noqa: PLR0913  # the columns of a table, each by name
    name: str,
    category: str,
    *,
    status: Iterable[int] = (),
    words: str = "",
    every: str = "",
    like: str = "",
    said: str | tuple[str, ...] = "",
    scope: Scope | None = None,
    retryable: bool | None = None,
    remedy: str = "",
    reset: Reset = "",
    vague: bool = False,
) -> Rule:
    """A rule from what is easy to write: words as one line, sentences as alternatives."""
    return Rule(
        name=name,
        category=category,
        status=frozenset(status),
        words=_words(words),
        every=_words(every),
        like=like,
        said=said if isinstance(said, str) else "|".join(said),
        scope=scope,
        retryable=retryable,
        remedy=remedy,
        reset=reset,
        vague=vague,
    )


def _words(line: str) -> frozenset[str]:
    return frozenset(line.casefold().split())


def match(rule: Rule, envelope: Envelope) -> str | None:
    """Why `rule` holds for `envelope`, in a few words; None when it does not."""
    if rule.status and not _about(rule, envelope.status):
        return None
    why = [f"status {envelope.status}"] if rule.status and envelope.status else []
    if rule.words:
        if not (hits := rule.words & envelope.words):
            return None
        why.append(min(hits))
    if not rule.every <= envelope.words:
        return None
    why += sorted(rule.every)
    if rule.like:
        if not (found := sorted(filter(_pattern(rule.like).search, envelope.words))):
            return None
        why.append(found[0])
    if rule.said:
        if not _pattern(rule.said).search(envelope.said):
            return None
        why.append("message")
    return ", ".join(why)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when it is first needed: most sessions meet few errors, and all would take 30 ms."""
    return re.compile(text, re.IGNORECASE)


def _about(rule: Rule, status: int) -> bool:
    """Whether the status fits. One that nobody named fits rules that ask for more than a status."""
    if status:
        return status in rule.status
    return 0 in rule.status or bool(rule.words or rule.every or rule.like or rule.said)
