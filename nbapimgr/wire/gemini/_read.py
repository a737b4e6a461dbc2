"""What Gemini answers besides chat: models, embeddings, token counts, and usage everywhere."""

from __future__ import annotations

from typing import Any

from nbapimgr.models import ModelInfo, Usage
from nbapimgr.wire import _json
from nbapimgr.wire._dialect import Embedded

__all__ = ["read_embeddings", "read_models", "read_token_count", "read_usage"]


def read_usage(raw: dict[str, Any]) -> Usage:
    """`usageMetadata` in inclusive terms.

    Google counts thoughts beside the candidates and the results of its own tools beside the prompt:
    `totalTokenCount` is the sum of all four (1,277 of 1,277 recordings). Cached tokens are inside.
    """
    prompt = _json.as_int(raw.get("promptTokenCount"))
    tool_use = _json.as_int(raw.get("toolUsePromptTokenCount")) or 0
    thoughts = _json.as_int(raw.get("thoughtsTokenCount"))
    answer = _json.as_int(raw.get("candidatesTokenCount"))
    output = None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0)
    total = _json.as_int(raw.get("totalTokenCount"))
    if output is None and prompt is not None and total is not None:
        output = max(0, total - prompt - tool_use)  # a count of zero is not sent
    tier = _json.as_str(raw.get("serviceTier")) or _json.as_str(raw.get("trafficType"))
    return Usage(
        input_tokens=None if prompt is None else prompt + tool_use,
        output_tokens=output,
        cache_read_input_tokens=_json.as_int(raw.get("cachedContentTokenCount")),
        reasoning_output_tokens=thoughts,
        service_tier=tier or None,
        raw=raw,
    )


def read_models(body: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
    """One page of the model list, and the token of the next page.

    Raises:
        ValueError: The body is not a model list.
    """
    page = _object(body)
    models = page.get("models", page.get("publisherModels"))
    if not isinstance(models, list):
        msg = "the answer holds no list of models"
        raise ValueError(msg)  # noqa: TRY004  # what came is a value, not a type of ours
    found = (_model(_json.as_dict(model)) for model in models)
    following = _json.as_str(page.get("nextPageToken")) or None
    return tuple(model for model in found if model.id), following


def read_embeddings(body: bytes) -> Embedded:
    """The vectors of `embedContent` or `batchEmbedContents`.

    Raises:
        ValueError: The body holds no embeddings.
    """
    answer = _object(body)
    items = answer.get("embeddings", [answer.get("embedding")])
    vectors = tuple(_json.as_dict(item).get("values") for item in _json.as_list(items))
    if not vectors or not all(isinstance(vector, list) for vector in vectors):
        msg = "the answer holds no embeddings"
        raise ValueError(msg)
    usage = answer.get("usageMetadata")
    return Embedded(vectors=vectors, usage=read_usage(usage) if isinstance(usage, dict) else None)


def read_token_count(body: bytes) -> int:
    """The tokens that `countTokens` counted.

    Raises:
        ValueError: The body holds no count.
    """
    count = _json.as_int(_object(body).get("totalTokens"))
    if count is None:
        msg = "the answer holds no token count"
        raise ValueError(msg)
    return count


def _object(body: bytes) -> dict[str, Any]:
    value = _json.loads(body)
    if not isinstance(value, dict):
        msg = f"a JSON object was expected, {type(value).__name__} came"
        raise ValueError(msg)  # noqa: TRY004  # the same
    return value


def _model(raw: dict[str, Any]) -> ModelInfo:
    name = _json.as_str(raw.get("name")).removeprefix("publishers/google/")
    return ModelInfo(
        id=name.removeprefix("models/"),
        context_window=_json.as_int(raw.get("inputTokenLimit")),
        max_output_tokens=_json.as_int(raw.get("outputTokenLimit")),
        raw=raw,
    )
