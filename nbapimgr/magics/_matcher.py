"""Hands the completions of the magic to IPython, as its completer takes them (API version 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion

from nbapimgr.magics._complete import complete
from nbapimgr.manager import connect

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["match"]


def match(shell: InteractiveShell, context: CompletionContext) -> dict[str, Any]:
    """What is offered at the cursor; where we offer something nobody else does."""
    manager = connect()
    found = complete(
        context.full_text,
        context.line_with_cursor,
        context.cursor_position,
        routes=[*manager.settings.routes, *manager.providers],
        models=[f"{p.name}:{model}" for p in manager.providers.values() for model in p.models],
        namespace=shell.user_ns,
    )
    if found is None:
        return {"completions": []}
    return {
        "completions": [SimpleCompletion(text=text, type=kind) for text, kind in found.offers],
        "matched_fragment": found.fragment,
        "suppress": True,
    }
