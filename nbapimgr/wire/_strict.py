"""Whether OpenAI's strict decoding can hold a model to a JSON schema."""

from __future__ import annotations

from typing import Any

__all__ = ["is_strict"]


def is_strict(schema: Any) -> bool:
    """Whether each object in `schema` is closed and requires all that it names.

    Strict mode refuses any other
    (https://platform.openai.com/docs/guides/structured-outputs#supported-schemas).
    """
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            pending.extend(node.values())
            if not _is_strict_object(node):
                return False
    return True


def _is_strict_object(node: dict[str, Any]) -> bool:
    properties = node.get("properties")
    named = set(properties) if isinstance(properties, dict) else set()
    if not named and node.get("type") != "object":
        return True
    return node.get("additionalProperties") is False and set(node.get("required", ())) == named
