"""Ties it together: what the user wrote -> what is sent and how the answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, get_origin

import msgspec

from nbapimgr.errors import OptionError, SchemaError, nearest
from nbapimgr.schema._answer import found_in, is_cut_off
from nbapimgr.schema._short import read_short
from nbapimgr.schema._strict import resolved, strict, without_added_nulls
from nbapimgr.schema._types import Mismatch, Reader, of_json_schema, of_type

__all__ = ["Shape", "shape"]

_LIST: Final = re.compile(r"list\[(.+)\]", re.IGNORECASE)
_NAME: Final = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_MISSING: Final = object()


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer must look like."""

    schema: dict[str, Any]
    """The JSON schema that is sent: an object, closed, as strict decoding wants it."""
    name: str
    """A name for it that every provider takes."""
    read: Callable[[str], Any]
    """The answer's text -> its data, of the type that was asked for. Raises `SchemaError`."""


def shape(spec: Any, *, many: bool = False, namespace: Mapping[str, Any] | None = None) -> Shape:
    """The shape that `spec` describes.

    Args:
        spec: A type (pydantic model, dataclass, TypedDict, Enum, `list[T]`, …), a JSON schema, or
            text: a JSON schema, the path of a file with one, a name in `namespace` (`Person`,
            `list[Person]`, `models.Person`), or the short form `name, age int`.
        many: A list of that shape.
        namespace: Where names are looked up.

    Raises:
        OptionError: It is none of these.
    """
    if isinstance(spec, str):
        spec, listed = _from_text(spec.strip(), namespace or {})
        many = many or listed
    own, read = of_json_schema(spec) if isinstance(spec, dict) else of_type(spec)
    name = str(own.get("title") or getattr(spec, "__name__", "answer"))
    sent, key = _as_object(own, many=many)
    return Shape(
        schema=strict(sent),
        name=re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64].strip("_") or "answer",
        read=lambda text: _read(text, sent, key, _each(read) if many else read),
    )


def _from_text(text: str, namespace: Mapping[str, Any]) -> tuple[Any, bool]:
    """What a text stands for, and whether a list of it is meant."""
    if text.startswith("{"):
        return _json(text, "schema"), False
    if listed := _LIST.fullmatch(text):
        return _named(listed[1], namespace), True
    if text.endswith(".json"):
        return _file(Path(text).expanduser()), False
    if _NAME.fullmatch(text):
        found = _looked_up(text, namespace)
        if isinstance(found, str) and re.search(r"[,{]", found):
            return _from_text(found.strip(), {})
        if isinstance(found, type | dict) or get_origin(found):
            return found, False
        close = nearest(
            text, (name for name, value in namespace.items() if isinstance(value, type))
        )
        if close or "." in text or text[0].isupper():
            raise _no_such(text, close)
    return read_short(text), False


def _named(text: str, namespace: Mapping[str, Any]) -> Any:
    found = _looked_up(text.strip(), namespace)
    if found is _MISSING:
        builtin = {"str": str, "int": int, "float": float, "bool": bool}.get(text.strip())
        if builtin is None:
            raise _no_such(text, nearest(text, namespace))
        return builtin
    return found


def _looked_up(path: str, namespace: Mapping[str, Any]) -> Any:
    first, *rest = path.split(".")
    found = namespace.get(first, _MISSING)
    for step in rest:
        found = getattr(found, step, _MISSING)
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


def _as_object(own: dict[str, Any], *, many: bool) -> tuple[dict[str, Any], str]:
    """`own` as an object at the top, and the key under which a wrapped value stands ("": none)."""
    top = resolved(own, own)
    if not many and (top.get("type") == "object" or "properties" in top):
        return own, ""
    defs: dict[str, Any] = {place: own[place] for place in ("$defs", "definitions") if place in own}
    inner = {key: value for key, value in own.items() if key not in defs}
    if many:
        inner = {"type": "array", "items": inner}
    key = "items" if inner.get("type") == "array" else "value"
    return {"type": "object", "properties": {key: inner}, "required": [key], **defs}, key


def _each(read: Reader) -> Reader:
    def read_all(data: Any) -> Any:
        if not isinstance(data, list):
            raise Mismatch("", f"expected a list, got {type(data).__name__}")
        items = []
        for index, item in enumerate(data):
            try:
                items.append(read(item))
            except Mismatch as e:
                inner = e.path if e.path.startswith("[") or not e.path else f".{e.path}"
                raise Mismatch(f"[{index}]{inner}", e.problem) from None
        return items

    return read_all


def _read(text: str, sent: dict[str, Any], key: str, read: Reader) -> Any:
    problem = ""
    for value in found_in(text):
        wrapped = not key or (isinstance(value, dict) and value.keys() == {key})
        clean = without_added_nulls(value if wrapped else {key: value}, sent, sent)
        try:
            return read(clean[key] if key else clean)
        except Mismatch as e:
            problem = problem or str(e)
    if problem:
        raise SchemaError(f"the answer does not fit the schema: {problem}", text=text)
    if is_cut_off(text):
        raise SchemaError(
            "the JSON of the answer is cut off",
            text=text,
            hint="raise --max-tokens, or ask for less",
        )
    raise SchemaError(
        "the answer holds no JSON", text=text, hint="a model that keeps to schemas answers better"
    )
