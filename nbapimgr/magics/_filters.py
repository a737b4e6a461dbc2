"""The filters of a prompt: `{{ df | csv }}`, `{{ text | chars(2000) }}`."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import msgspec

from nbapimgr.errors import PromptError
from nbapimgr.magics._shown import is_frame, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NAMES", "filters"]

NAMES = ("json", "csv", "head", "src", "repr", "chars")


def filters(namespace: Mapping[str, Any]) -> dict[str, Callable[..., str]]:
    """The filters by name; `src` looks for sources in the cells of the notebook."""

    def src(value: Any) -> str:
        return _words(shown(value, "…", namespace))

    def chars(value: Any, most: int = 2000) -> str:
        text = _words(shown(value, "…", namespace))
        if len(text) <= most:
            return text
        return f"{text[:most]}… [the first {most:,} of {len(text):,} characters]"

    return {"json": _json, "csv": _csv, "head": _head, "src": src, "repr": repr, "chars": chars}


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise PromptError("a picture has no text to filter", hint="take the filter away")
    return value


def _json(value: Any, indent: int = 0) -> str:
    text = msgspec.json.encode(value, enc_hook=_plain)
    return (msgspec.json.format(text, indent=indent) if indent else text).decode()


def _plain(value: Any) -> Any:
    """What JSON has no word for: frames as records, numpy's numbers, pydantic's models."""
    if is_frame(value):
        return value.to_dict("records") if value.ndim > 1 else value.to_dict()
    for method in ("model_dump", "tolist", "item", "isoformat"):
        if hasattr(value, method):
            return getattr(value, method)()
    return str(value)


def _csv(value: Any) -> str:
    if is_frame(value):
        text: str = value.to_csv(index=False)
        return text.rstrip("\n")
    rows = list(value)
    out = io.StringIO()
    if rows and isinstance(rows[0], dict):
        table = csv.DictWriter(
            out, list(rows[0]), lineterminator="\n", restval="", extrasaction="ignore"
        )
        table.writeheader()
        table.writerows(rows)
    else:
        csv.writer(out, lineterminator="\n").writerows(
            row if isinstance(row, list | tuple) else [row] for row in rows
        )
    return out.getvalue().rstrip("\n")


def _head(value: Any, rows: int = 5) -> Any:
    if is_frame(value):
        return value.head(rows)
    if isinstance(value, str):
        return "\n".join(value.splitlines()[:rows])
    return value[:rows]
