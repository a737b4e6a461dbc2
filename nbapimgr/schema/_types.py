"""A type or a JSON schema -> its JSON schema, and the function that checks data against it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec

from nbapimgr.errors import OptionError

__all__ = ["Mismatch", "Reader", "of_json_schema", "of_type"]

Reader = Callable[[Any], Any]
"""Plain data -> data of the type. Raises `Mismatch`."""


class Mismatch(ValueError):
    """Data is not of the shape: `.path` is the field (`items[2].age`), empty for the whole."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def of_type(wanted: Any) -> tuple[dict[str, Any], Reader]:
    """The JSON schema of a type and its reader.

    msgspec reads the types of the standard library; pydantic is asked only when the user's own
    code brought it and the type is one that msgspec does not know, or one of pydantic's.

    Raises:
        OptionError: The type has no JSON schema.
    """
    pydantic = sys.modules.get("pydantic")
    problem = ""
    if not hasattr(wanted, "__pydantic_core_schema__"):
        try:
            schema = msgspec.json.schema(wanted)
            _in_written_order(schema, wanted)
            return schema, _msgspec_reader(wanted)
        except (TypeError, ValueError) as e:
            problem = str(e).splitlines()[-1]
    if pydantic is not None:
        try:
            adapter = pydantic.TypeAdapter(wanted)
            return adapter.json_schema(), _pydantic_reader(adapter, pydantic)
        except pydantic.errors.PydanticUserError as e:
            problem = str(e).splitlines()[0]
    raise OptionError(
        f"schema: {wanted!r} has no JSON schema: {problem}",
        hint="take a pydantic model, dataclass, TypedDict, Enum, list[T] or 'name, age int'",
    )


def of_json_schema(schema: dict[str, Any]) -> tuple[dict[str, Any], Reader]:
    """A JSON schema itself and a reader that checks against it. Nothing is fetched for a `$ref`.

    Raises:
        OptionError: It is no valid JSON schema.
    """
    import jsonschema
    import referencing

    checker = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    try:
        checker.check_schema(schema)
    except jsonschema.SchemaError as e:
        raise OptionError(f"schema: no valid JSON schema: {e.json_path}: {e.message}") from None
    validator = checker(schema, registry=referencing.Registry())

    def read(data: Any) -> Any:
        try:
            error = jsonschema.exceptions.best_match(validator.iter_errors(data))
        except referencing.exceptions.Unresolvable as e:
            raise OptionError(f"schema: the reference {e.ref!r} leads nowhere") from None
        if error is not None:
            raise Mismatch(_path(error.json_path), error.message)
        return data

    return schema, read


def _in_written_order(schema: dict[str, Any], wanted: Any) -> None:
    """Undo msgspec's sorting of a TypedDict's fields: models answer in the order of the schema."""
    pending: list[Any] = [msgspec.inspect.type_info(wanted)]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(node)
        elif isinstance(node, msgspec.Struct) and id(node) not in seen:
            seen.add(id(node))
            pending.extend(getattr(node, name) for name in node.__struct_fields__)
            if isinstance(node, msgspec.inspect.TypedDictType):
                _sort_fields(schema, list(get_type_hints(node.cls)))


def _sort_fields(schema: dict[str, Any], order: list[str]) -> None:
    """Sort the definitions that have just these fields."""
    for part in schema["$defs"].values():
        if part.get("properties", {}).keys() == set(order):
            part["properties"] = {name: part["properties"][name] for name in order}
            part["required"].sort(key=order.index)


def _msgspec_reader(wanted: Any) -> Reader:
    def read(data: Any) -> Any:
        try:
            # not strict: models write "42" for 42, and the result is an int all the same
            return msgspec.convert(data, wanted, strict=False)
        except msgspec.ValidationError as e:
            problem, _, path = str(e).partition(" - at ")
            raise Mismatch(_path(path.strip("`")), _lower(problem).replace("`", "")) from None

    return read


def _pydantic_reader(adapter: Any, pydantic: Any) -> Reader:
    def read(data: Any) -> Any:
        try:
            return adapter.validate_json(msgspec.json.encode(data))
        except pydantic.ValidationError as e:
            first = e.errors(include_url=False)[0]
            steps = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in first["loc"])
            raise Mismatch(_path(f"${steps}"), _lower(first["msg"])) from None

    return read


def _path(json_path: str) -> str:
    return json_path.removeprefix("$").removeprefix(".")


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
