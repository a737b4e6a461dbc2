"""What the Tab key offers at the cursor, in the line of a magic and in the `{{ }}` of a prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.magics._filters import NAMES as FILTERS
from nbapimgr.magics._offers import Completion, Offers, of_kind, public

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["complete"]

_CELL: Final = re.compile(r"(?:[ \t]*(?:#.*)?\n)*%%(?:nb)?llm(?!\w)")
_LINE: Final = re.compile(r"\s*(?:[^\W\d][^=%#]*=\s*)?(%%?)(?:nb)?llm(?:\s+|$)")
_OPEN: Final = re.compile(r"\{\{((?:(?!\}\}).)*)\Z", re.DOTALL)
_SAVE: Final = re.compile(r"[^\W\d]\w*\s*=?\s*<<\s*")


def complete(
    full_text: str,
    line: str,
    cursor: int,
    *,
    routes: Collection[str] = (),
    models: Collection[str] = (),
    namespace: Mapping[str, Any] | None = None,
) -> Completion | None:
    """The completions at the cursor, or None where neither the cell nor the line is ours.

    Args:
        full_text: The whole cell.
        line: The line the cursor is in.
        cursor: Characters of `line` before the cursor.
        routes: The names of routes and providers.
        models: The models, as `provider:model`.
        namespace: The variables of the notebook.
    """
    before = line[:cursor]
    ours = _LINE.match(before)
    if not (ours or _CELL.match(full_text)):
        return None
    if expression := _OPEN.search(before):
        return _in_expression(expression[1], namespace or {})
    if not ours:
        return Completion("", [])
    text = before[ours.end() :]
    if saved := _SAVE.match(text):
        text = text[saved.end() :]
    fragment = re.search(r"\S*\Z", text)[0]  # type: ignore[index]  # matches anything
    words = text[: len(text) - len(fragment)].split()
    offers = Offers(routes, models, namespace or {})
    return offers.at(words, fragment, is_cell=ours[1] == "%%")


def _in_expression(expression: str, namespace: Mapping[str, Any]) -> Completion:
    """The names at the end of an expression: variables, attributes of one, filters."""
    if filtered := re.search(r"\|\s*(\w*)\Z", expression):
        return of_kind("filter", FILTERS, filtered[1])
    if dotted := re.search(r"(?<![\w.)\]])([^\W\d]\w*)\.(\w*)\Z", expression):
        value = namespace.get(dotted[1])
        names = dir(value) if dotted[1] in namespace else []
        return of_kind("attribute", public(names, dotted[2]), dotted[2])
    fragment = re.search(r"\w*\Z", expression)[0]  # type: ignore[index]  # matches anything
    if re.search(r"[.'\"]\w*\Z", expression):
        return Completion("", [])
    return of_kind("variable", public(namespace, fragment), fragment)
