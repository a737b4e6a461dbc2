"""What Cohere answers besides chat: models and embeddings, and usage everywhere."""

from __future__ import annotations

from typing import Any, Final

from nbapimgr.models import ModelInfo, Usage
from nbapimgr.wire import _json
from nbapimgr.wire._dialect import Embedded

__all__ = ["read_embeddings", "read_models", "read_usage"]

_TYPES: Final = ("float", "base64", "int8", "uint8", "binary", "ubinary")


def read_usage(raw: dict[str, Any]) -> Usage:
    """`usage` (or version 1's `meta`) in inclusive terms.

    `tokens` is what the model read and wrote, with cached and reasoning tokens inside but pictures
    beside (34 of input with 259 of a picture are on record). `billed_units` leaves out Cohere's own
    preamble and tells the bill: it stays in `raw`, and counts only where `tokens` is missing.
    """
    tokens = _json.as_dict(raw.get("tokens")) or _json.as_dict(raw.get("billed_units"))
    given = _json.as_int(tokens.get("input_tokens"))
    pictures = _json.as_int(tokens.get("image_tokens")) or 0
    return Usage(
        input_tokens=None if given is None else given + pictures,
        output_tokens=_json.as_int(tokens.get("output_tokens")),
        cache_read_input_tokens=_json.as_int(raw.get("cached_tokens")),
        reasoning_output_tokens=_json.as_int(tokens.get("reasoning_tokens")),
        raw=raw,
    )


def read_models(body: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
    """One page of the model list, and the token of the next page.

    Raises:
        ValueError: The body is not a model list.
    """
    page = _json.as_dict(_json.loads(body))
    models = page.get("models")
    if not isinstance(models, list):
        msg = "the answer holds no list of models"
        raise ValueError(msg)  # noqa: TRY004  # what came is a value, not a type of ours
    found = (_model(_json.as_dict(model)) for model in models)
    following = _json.as_str(page.get("next_page_token")) or None
    return tuple(model for model in found if model.id), following


def read_embeddings(body: bytes) -> Embedded:
    """The vectors of an embed answer; of several encodings the most exact.

    Raises:
        ValueError: The body holds no embeddings.
    """
    answer = _json.as_dict(_json.loads(body))
    vectors = answer.get("embeddings")
    if isinstance(vectors, dict):
        vectors = next((vectors[kind] for kind in _TYPES if vectors.get(kind)), None)
    if not vectors or not isinstance(vectors, list):
        msg = "the answer holds no embeddings"
        raise ValueError(msg)
    meta = _json.as_dict(answer.get("meta"))
    return Embedded(vectors=tuple(vectors), usage=read_usage(meta) if meta else None)


def _model(raw: dict[str, Any]) -> ModelInfo:
    said = raw.get("features")
    features: list[Any] | None = said if isinstance(said, list) else None  # null: nothing is said
    return ModelInfo(
        id=_json.as_str(raw.get("name")),
        context_window=_json.as_int(raw.get("context_length")),
        images=None if features is None else "vision" in features,
        tools=None if features is None else "tools" in features,
        schema=None if features is None else "json_schema" in features,
        raw=raw,
    )
