"""A JSON schema for the answer: as the vendor holds the model to it, or as a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.wire import _json
from nbapimgr.wire._strict import is_strict

if TYPE_CHECKING:
    from nbapimgr.models import Request
    from nbapimgr.wire.openai_chat._vendors import Vendor

__all__ = ["response_format", "schema_prompt"]


def response_format(request: Request, ways: Vendor) -> dict[str, Any]:
    """What `response_format` says. `strict` only for a schema that strict decoding accepts."""
    if not ways.schema:
        return {"type": "json_object"}
    wanted: dict[str, Any] = {"name": request.schema_name, "schema": request.schema}
    if is_strict(request.schema):
        wanted["strict"] = True
    return {"type": "json_schema", "json_schema": wanted}


def schema_prompt(request: Request, ways: Vendor) -> list[dict[str, Any]]:
    """The schema as words, for a vendor that promises JSON but no schema.

    Those vendors refuse a prompt that does not speak of JSON, so the words are needed anyway.
    """
    if ways.schema or request.schema is None:
        return []
    schema = _json.dumps(request.schema).decode()
    words = f"Answer with one JSON object and nothing else. Its JSON schema: {schema}"
    return [{"role": "system", "content": words}]
