"""The panel's check of a provider: its free call, and what came of it in a person's words."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.health import Checked

if TYPE_CHECKING:
    from nbapimgr.manager import Manager

__all__ = ["check", "in_words"]


def check(manager: Manager, name: str) -> Checked:
    """Ask a provider with its free call. A provider without models takes the first it lists.

    Raises:
        UnknownName: It was removed meanwhile.
    """
    provider = manager.providers.known(name)
    if not provider.models:
        with contextlib.suppress(AllProvidersFailed):  # the check below says it too
            if models := manager.monitor.test(provider):
                manager.providers.update(name, models=(models[0].id,))
    found = manager.monitor.check([name], fresh=True)
    return found[0] if found else Checked(provider=name, verdict="unknown", reason="it is gone")


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
