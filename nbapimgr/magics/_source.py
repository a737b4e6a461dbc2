"""The source of a function or class, also of one that was typed into a cell."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["source_of"]


def source_of(value: Any, namespace: Mapping[str, Any]) -> str | None:
    """The source of `value`, or None where there is none.

    Python finds a function of a notebook through its cell, but no class: that is looked for in
    IPython's history of the cells, `In`, the latest first.
    """
    if isinstance(value, type) and value.__module__ == "__main__":
        return _from_cells(value.__qualname__, namespace.get("In", ()))
    try:
        return textwrap.dedent(inspect.getsource(value)).rstrip()
    except (OSError, TypeError):
        return None


def _from_cells(name: str, cells: Any) -> str | None:
    for cell in reversed(list(cells)):
        if f"class {name}" not in cell:
            continue
        try:
            body = ast.parse(cell).body
        except (SyntaxError, ValueError):
            continue
        for node in body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
                return "\n".join(cell.splitlines()[first - 1 : node.end_lineno])
    return None
