"""Makes a JSON schema one that strict decoding accepts, and undoes in the answer what that added.

OpenAI's strict mode, which others took over, wants: an object at the top, every object closed,
every property required, no `default`, `oneOf` or `allOf`, nothing beside a `$ref`
(https://platform.openai.com/docs/guides/structured-outputs). So a field that may be left out is
sent as required and nullable, and its null is dropped from the answer.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["resolved", "strict", "without_added_nulls"]

Schema = dict[str, Any]

_DEFS: Final = ("$defs", "definitions")
_DROPPED: Final = frozenset({"default", "title", "$schema", "$id", "discriminator", "examples"})
_NULL: Final[Schema] = {"type": "null"}
_NAMED_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number"}


def strict(schema: Schema) -> Schema:
    """What is sent for `schema`."""
    sent: Schema = _strict(resolved(schema, schema), schema)
    pending = [sent]
    while pending:
        for ref in _references(pending.pop()):
            place, _, name = ref.removeprefix("#/").partition("/")
            if place in _DEFS and name in schema.get(place, {}):
                kept = sent.setdefault(place, {})
                if name not in kept:
                    kept[name] = _strict(schema[place][name], schema)
                    pending.append(kept[name])
    return sent


def resolved(node: Any, root: Schema) -> Any:
    """`node`, or what it refers to within `root`, keeping what stands beside the reference."""
    seen: set[str] = set()
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        path = node["$ref"]
        if path in seen or not path.startswith("#/"):
            break
        seen.add(path)
        target: Any = root
        for step in path[2:].split("/"):
            target = target.get(step) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            break
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def without_added_nulls(data: Any, node: Any, root: Schema) -> Any:
    """`data` without the nulls that stand for fields the schema `node` lets be left out."""
    node = resolved(node, root)
    if not isinstance(node, dict):
        return data
    if isinstance(data, list):
        items = _branch(node, "items", root).get("items")
        return [without_added_nulls(item, items, root) for item in data]
    if not isinstance(data, dict):
        return data
    owner = _branch(node, "properties", root)
    properties, required = owner.get("properties", {}), owner.get("required", ())
    return {
        key: without_added_nulls(value, properties.get(key), root)
        for key, value in data.items()
        if value is not None
        or key in required
        or key not in properties
        or _takes_null(properties[key], root)
    }


def _strict(node: Any, root: Schema) -> Any:
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        beside = node.keys() - {"$ref"} - _DROPPED
        if not beside:
            return {"$ref": node["$ref"]}
        described = resolved(node, root)
        endless = bool(_references(described))  # what refers on may refer back
        return {"$ref": node["$ref"]} if endless else _strict(described, root)
    node = _merged(node, root)
    sent: Schema = {}
    for keyword, value in node.items():
        match keyword:
            case _ if keyword in _DROPPED or keyword in _DEFS:
                continue
            case "oneOf" | "anyOf" | "prefixItems":
                name = "anyOf" if keyword == "oneOf" else keyword
                sent[name] = [_strict(part, root) for part in value]
            case "items" | "additionalProperties" | "not":
                sent[keyword] = _strict(value, root)
            case _:
                sent[keyword] = value
    if "properties" in node:
        sent.update(_closed(node, root))
    if "enum" in node and "type" not in node:
        sent.update(_type_of(node["enum"]))
    return sent


def _references(node: Any) -> list[str]:
    """Every `$ref` within `node`."""
    if isinstance(node, list):
        return [ref for part in node for ref in _references(part)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [ref for part in node.values() for ref in _references(part)]


def _merged(node: Schema, root: Schema) -> Schema:
    """A single `allOf` is what older pydantic wraps a described reference in."""
    parts = node.get("allOf")
    if not (isinstance(parts, list) and len(parts) == 1):
        return node
    return {**resolved(parts[0], root), **{k: v for k, v in node.items() if k != "allOf"}}


def _closed(node: Schema, root: Schema) -> Schema:
    required = node.get("required", ())
    properties = {}
    for name, part in node["properties"].items():
        sent = _strict(part, root)
        if name not in required and not _takes_null(part, root):
            sent = _nullable(sent)
        properties[name] = sent
    closed: Schema = {"properties": properties, "required": list(properties)}
    if not isinstance(node.get("additionalProperties"), dict):
        closed["additionalProperties"] = False
    return closed


def _nullable(sent: Schema) -> Schema:
    if isinstance(sent.get("type"), str) and "enum" not in sent and "const" not in sent:
        return {**sent, "type": [sent["type"], "null"]}
    described = {key: sent[key] for key in ("description",) if key in sent}
    rest = {key: value for key, value in sent.items() if key not in described}
    if rest.keys() == {"anyOf"}:
        return {"anyOf": [*rest["anyOf"], _NULL], **described}
    return {"anyOf": [rest, _NULL], **described}


def _type_of(values: list[Any]) -> Schema:
    kinds = {_NAMED_TYPES.get(type(value), "") for value in values}
    return {"type": kinds.pop()} if len(kinds) == 1 and "" not in kinds else {}


def _branch(node: Schema, keyword: str, root: Schema) -> Schema:
    """`node`, or the first of its alternatives, that has `keyword`."""
    if keyword in node:
        return node
    for part in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
        found = _branch(resolved(part, root), keyword, root)
        if found:
            return found
    return {}


def _takes_null(node: Any, root: Schema) -> bool:
    node = resolved(node, root)
    if not isinstance(node, dict):
        return bool(node)  # `true` takes all, `false` nothing
    if "enum" in node:
        return None in node["enum"]
    if "const" in node:
        return node["const"] is None
    kind = node.get("type")
    if kind is not None:
        return kind == "null" or (isinstance(kind, list) and "null" in kind)
    parts = (*node.get("anyOf", ()), *node.get("oneOf", ()))
    return any(_takes_null(part, root) for part in parts) if parts else "allOf" not in node
