"""A JSON schema -> the part of JSON Schema that Claude's structured output takes.

Anything else is answered with 400 ("JSON Schema limitations" in
https://platform.claude.com/docs/en/build-with-claude/structured-outputs). A constraint that is not
enforced is told to the model in words.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["accepted"]

_TOLD: Final = frozenset(
    {
        "exclusiveMaximum",
        "exclusiveMinimum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "uniqueItems",
    }
)
_FORMATS: Final = (
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "time",
    "uri",
    "uuid",
)
_NAMED: Final = frozenset({"$defs", "definitions", "properties"})
"""Keywords whose keys are names, not keywords."""
_LISTED: Final = frozenset({"allOf", "anyOf", "oneOf"})


def accepted(schema: Any) -> Any:
    """The schema with its objects closed and its unenforceable constraints moved into words."""
    if not isinstance(schema, dict):
        return schema
    out: dict[str, Any] = {}
    told: list[str] = []
    for keyword, value in schema.items():
        if _enforced(keyword, value):
            same = "anyOf" if keyword == "oneOf" and "anyOf" not in schema else keyword
            out[same] = _inner(keyword, value)
        elif keyword != "discriminator":  # OpenAPI's; only says what the alternatives say
            told.append(f"{keyword}: {value}")
    if "properties" in schema or schema.get("type") == "object":
        closed = out.get("additionalProperties", True) is True
        out["additionalProperties"] = False if closed else out["additionalProperties"]
    if told:
        words = f"({', '.join(told)})"
        out["description"] = f"{out['description']} {words}" if "description" in out else words
    return out


def _enforced(keyword: str, value: Any) -> bool:
    if keyword == "minItems":
        return value in (0, 1)
    if keyword == "format":
        return value in _FORMATS
    return keyword not in _TOLD and keyword != "discriminator"


def _inner(keyword: str, value: Any) -> Any:
    if keyword in _NAMED and isinstance(value, dict):
        return {name: accepted(part) for name, part in value.items()}
    if keyword in _LISTED and isinstance(value, list):
        return [accepted(part) for part in value]
    return accepted(value) if keyword == "items" else value
