"""The short form of a schema: `name, age int, bio: one line`.

The form is that of the `llm` command line tool: fields separated by commas, or by lines when a
description needs commas; a field is a name, a type where it is not text, and a description after a
colon.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypedDict

import msgspec

from nbapimgr.errors import OptionError, nearest

__all__ = ["read_short"]

_TYPES: Final[dict[str, type]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
}
_FIELD: Final = re.compile(r"([^\W\d][\w-]*)(?:\s+([^\s:]+))?\s*(?::\s*(.*))?", re.DOTALL)


def read_short(text: str) -> Any:
    """The TypedDict that a short form describes; all its fields are required.

    Raises:
        OptionError: A field is no name, has an unknown type or is there twice.
    """
    fields: dict[str, Any] = {}
    for part in text.splitlines() if "\n" in text.strip() else text.split(","):
        if not part.strip():
            continue
        name, what = _field(part.strip().rstrip(","))
        if name in fields:
            raise OptionError(f"schema: the field {name!r} is there twice")
        fields[name] = what
    if not fields:
        raise OptionError("schema: no field is named", hint="for example: 'name, age int'")
    return TypedDict("answer", fields)  # type: ignore[operator]  # the fields come from the user


def _field(part: str) -> tuple[str, Any]:
    found = _FIELD.fullmatch(part)
    if not found:
        raise OptionError(
            f"schema: {part!r} is no field",
            hint="a field is NAME [TYPE][: DESCRIPTION], for example: age int: in years",
        )
    name, kind, description = found.groups()
    if kind and kind not in _TYPES:
        close = nearest(kind, _TYPES)
        hint = f"did you mean {close[0]}?" if close else "types: str, int, float, bool"
        raise OptionError(f"schema: the field {name!r} has the unknown type {kind!r}", hint=hint)
    what = _TYPES[kind or "str"]
    if not (description and description.strip()):
        return name, what
    return name, Annotated[what, msgspec.Meta(description=description.strip())]
