"""Who is asked after a prompt did not fit: those known to take more, then those unknown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.models import Skip
from nbapimgr.wire.failures import stated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbapimgr.models import Candidate, Failure

__all__ = ["larger_first"]


def larger_first(
    failure: Failure,
    failed: Candidate,
    others: Iterable[Candidate],
    windows: Mapping[str, int],
) -> tuple[tuple[Candidate, ...], tuple[Skip, ...]]:
    """The others in a new order, and who would only refuse the same.

    Args:
        failure: Of the class `model.context_length`; it may state the window and what was asked.
        failed: Whose window was too small.
        others: Who is left, in order.
        windows: Tokens, by `str(candidate)`, of those whose window is known.
    """
    window, asked = stated(failure)
    window = window or windows.get(str(failed))
    larger, unknown, dropped = [], [], []
    for other in others:
        known = windows.get(str(other))
        if known is None or (window is None and asked is None):
            unknown.append(other)
        elif known <= (window or 0):
            reason = f"its window, {known:,} tokens, is no larger than that of {failed}"
            dropped.append(Skip(candidate=str(other), reason=reason))
        elif known < (asked or 0):
            reason = f"the prompt has {asked:,} tokens, its window is {known:,}"
            dropped.append(Skip(candidate=str(other), reason=reason))
        else:
            larger.append(other)
    return (*larger, *unknown), tuple(dropped)
