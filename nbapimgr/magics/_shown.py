"""How a Python value reads in a prompt: as its text, a table, its source, or a picture."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import PromptError
from nbapimgr.magics._pictures import picture
from nbapimgr.magics._source import source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Image

__all__ = ["is_frame", "shown", "table"]

_ROWS: Final = 50
"""Rows of a table in a prompt; the prompt says how many there are."""


def shown(value: Any, what: str, namespace: Mapping[str, Any]) -> str | Image:
    """`value` as it stands in a prompt.

    Args:
        value: What an expression gave.
        what: The expression, for the message of an error.
        namespace: The variables of the notebook.

    Raises:
        PromptError: The value has no text that would mean anything to a model.
    """
    if isinstance(value, str):
        return str(value)
    if found := picture(value):
        return found
    if is_frame(value):
        return table(value)
    if isinstance(value, bytes | bytearray | memoryview):
        hint = f"attach it: -a {what}; or decode it: {{{{ {what}.decode() }}}}"
        raise PromptError(f"{{{{ {what} }}}} is bytes", hint=hint)
    if inspect.ismodule(value):
        raise PromptError(f"{{{{ {what} }}}} is a module", hint="name something in it")
    if inspect.isroutine(value) or isinstance(value, type):
        return _source(value, what, namespace)
    kind = type(value)
    if all(getattr(kind, name) is getattr(object, name) for name in ("__str__", "__repr__")):
        raise PromptError(
            f"{{{{ {what} }}}} is a {kind.__name__}, which has no text of its own",
            hint=f"name a part of it, or write {{{{ {what} | json }}}}",
        )
    return str(value)


def is_frame(value: Any) -> bool:
    """Whether `value` is a pandas DataFrame or Series. pandas is not imported to find out."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series)


def table(frame: Any) -> str:
    """A pandas DataFrame or Series as Markdown, its first rows only, and how many there are."""
    import pandas as pd

    frame = frame.to_frame() if isinstance(frame, pd.Series) else frame
    rows = len(frame)
    part = frame.head(_ROWS)
    if not isinstance(part.index, pd.RangeIndex):
        part = part.reset_index()
    lines = [_row(part.columns), _row("---" for _ in part.columns)]
    lines += [_row(values) for values in part.itertuples(index=False, name=None)]
    if rows > _ROWS:
        lines.append(f"\n(the first {_ROWS} of {rows:,} rows)")
    return "\n".join(lines)


def _row(values: Any) -> str:
    return "| " + " | ".join(_cell(value) for value in values) + " |"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"  # noqa: PLR0124  # only NaN differs from itself
    return " ".join(str(value).split()).replace("|", "\\|")


def _source(value: Any, what: str, namespace: Mapping[str, Any]) -> str:
    source = source_of(value, namespace)
    if source is None:
        raise PromptError(
            f"{{{{ {what} }}}} is {value!r}, whose source is not to be found",
            hint=f"did you mean to call it? {{{{ {what}() }}}}",
        )
    return source
