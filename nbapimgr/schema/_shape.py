"""Ties it together: what the user wrote -> what is sent and how the answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nbapimgr.errors import SchemaError
from nbapimgr.schema._answer import found_in, is_cut_off
from nbapimgr.schema._named import named
from nbapimgr.schema._strict import resolved, strict, without_added_nulls
from nbapimgr.schema._types import Mismatch, Reader, of_json_schema, of_type

__all__ = ["Shape", "shape"]


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
        spec = named(spec, namespace or {})
    own, read = of_json_schema(spec) if isinstance(spec, dict) else of_type(spec)
    name = str(own.get("title") or getattr(spec, "__name__", "answer"))
    sent, key = _as_object(own, many=many)
    return Shape(
        schema=strict(sent),
        name=re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64].strip("_") or "answer",
        read=lambda text: _read(text, sent, key, _each(read) if many else read),
    )


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
