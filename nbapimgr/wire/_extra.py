"""`Request.extra` into a body: the user's own fields beside what the request already says."""

from __future__ import annotations

from typing import Any

__all__ = ["merged"]


def merged(body: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """`body` with `extra` in it: objects field by field, lists behind what is there.

    So a provider's own tools stand beside the request's, and one more field of an object does not
    cost the fields it has.
    """
    out = dict(body)
    for name, value in extra.items():
        here = body.get(name)
        if isinstance(here, dict) and isinstance(value, dict):
            out[name] = merged(here, value)
        elif isinstance(here, list) and isinstance(value, list):
            out[name] = [*here, *value]
        else:
            out[name] = value
    return out
