"""The panel's check of a provider: its free call, and what came of it in a person's words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from nbapimgr.errors import AllProvidersFailed, NbApiMgrError
from nbapimgr.health import Checked, verdict_on

if TYPE_CHECKING:
    from nbapimgr.manager import Manager

__all__ = ["check", "in_words"]


def check(manager: Manager, name: str) -> Checked:
    """Ask a provider with its free call. A provider without models takes the first it lists."""
    start = time.monotonic()
    try:
        found = manager.providers.test(name)
    except AllProvidersFailed as e:
        failure = e.attempts[-1].failure if e.attempts else None
        return Checked(
            provider=name,
            verdict=verdict_on(failure) if failure else "unknown",
            reason=failure.message if failure else str(e),
            failure=failure,
            at=time.time(),
            elapsed=time.monotonic() - start,
        )
    except NbApiMgrError as e:  # removed meanwhile, or its files are gone
        return Checked(provider=name, verdict="unknown", reason=str(e), at=time.time())
    if found and not manager.providers[name].models:
        manager.providers.update(name, models=(found[0].id,))
    return Checked(
        provider=name,
        verdict="valid",
        at=time.time(),
        elapsed=time.monotonic() - start,
        models=len(found),
    )


def in_words(title: str, checked: Checked) -> str:
    """What came of a check, as a sentence."""
    match checked.verdict:
        case "valid":
            count = checked.models
            lists = "" if count is None else f" and lists {count} model{'s' * (count != 1)}"
            return f"{title} answers{lists}."
        case "limited":
            return f"{title} knows the key, and something stands in the way: {checked.reason}"
        case "rejected":
            return f"{title} rejects the key: {checked.reason}"
        case _ if checked.answered:
            return f"{title} answers, but says nothing of the key: {checked.reason}"
    return f"{title} does not answer: {checked.reason}"
