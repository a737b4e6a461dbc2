"""What OpenAI's strict mode refuses, as its documentation lists it."""

from __future__ import annotations

import pytest

_REFUSED = {"default", "oneOf", "allOf", "discriminator", "$schema"}


def _problems(node: object, where: str = "$") -> list[str]:
    if isinstance(node, list):
        return [p for n, part in enumerate(node) for p in _problems(part, f"{where}[{n}]")]
    if not isinstance(node, dict):
        return []
    found = [f"{where}: {key}" for key in _REFUSED & node.keys()]
    if "$ref" in node and len(node) > 1:
        found.append(f"{where}: something beside a reference")
    if "properties" in node:
        if node.get("additionalProperties") is not False:
            found.append(f"{where}: open")
        if set(node.get("required", ())) != set(node["properties"]):
            found.append(f"{where}: not all required")
        found += _problems(list(node["properties"].values()), f"{where}.properties")
    for key in ("$defs", "definitions"):
        found += _problems(list(node.get(key, {}).values()), f"{where}.{key}")
    return found + [
        problem
        for key in ("items", "anyOf", "prefixItems")
        for problem in _problems(node.get(key), f"{where}.{key}")
    ]


@pytest.fixture
def strictness():
    """A function that lists what strict mode would refuse in a schema."""
    assert _problems({"type": "object", "properties": {"a": {"default": 1}}}) == [
        "$: open",
        "$: not all required",
        "$.properties[0]: default",
    ]
    return _problems
