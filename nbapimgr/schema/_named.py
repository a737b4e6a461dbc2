"""What a text stands for where a schema is wanted: a name, JSON, a file, or the short form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_origin

import msgspec

from nbapimgr.errors import OptionError, nearest
from nbapimgr.schema._short import read_short

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["named"]

_LIST: Final = re.compile(r"list\[(.+)\]", re.IGNORECASE)
_NAME: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_BUILTIN: Final = {"str": str, "int": int, "float": float, "bool": bool}


def named(text: str, namespace: Mapping[str, Any]) -> Any:
    """The type or JSON schema that `text` stands for.

    Args:
        text: A JSON schema; the path of a file with one (`*.json`); a name in `namespace`
            (`Person`, `list[Person]`, `models.Person`); or the short form `name, age int`.
        namespace: The variables of the notebook.

    Raises:
        OptionError: It stands for none of these.
    """
    text = text.strip()
    if text.startswith("{"):
        return _json(text, "schema")
    if listed := _LIST.fullmatch(text):
        return _list_of(listed[1].strip(), namespace)
    if text.endswith(".json"):
        return _file(Path(text).expanduser())
    is_name = bool(_NAME.fullmatch(text))
    found = _looked_up(text, namespace) if is_name else None
    if isinstance(found, type | dict) or get_origin(found):
        return found
    if isinstance(found, str) and re.search(r"[,{]", found):
        return named(found, {})
    if is_name:
        _refuse_unknown_type(text, namespace)
    return read_short(text)


def _refuse_unknown_type(text: str, namespace: Mapping[str, Any]) -> None:
    """A single word may be a field; one that looks like the name of a type is a mistake."""
    close = nearest(text, (name for name, value in namespace.items() if isinstance(value, type)))
    if close or "." in text or text[0].isupper():
        raise _no_such(text, close)


def _list_of(text: str, namespace: Mapping[str, Any]) -> Any:
    found = _looked_up(text, namespace) or _BUILTIN.get(text)
    if isinstance(found, dict):
        return {"type": "array", "items": found}
    if found is None:
        raise _no_such(text, nearest(text, namespace))
    return list[found]  # type: ignore[valid-type]  # the type comes from the user


def _looked_up(path: str, namespace: Mapping[str, Any]) -> Any:
    first, *rest = path.split(".")
    found = namespace.get(first)
    for step in rest:
        found = getattr(found, step, None)
    return found


def _no_such(text: str, close: list[str]) -> OptionError:
    hint = f"did you mean {close[0]}?" if close else "run the cell that defines it first"
    return OptionError(f"schema: there is no {text!r}", hint=hint)


def _file(path: Path) -> Any:
    try:
        return _json(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as e:
        problem = getattr(e, "strerror", None) or str(e)
    raise OptionError(f"schema: {path} cannot be read: {problem}")


def _json(text: str, where: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError as e:
        raise OptionError(f"{where}: not valid JSON: {e}") from None
    if not isinstance(value, dict):
        raise OptionError(f"{where}: a JSON schema is an object, not {text[:20]!r}")
    return value
