"""The bodies that are not messages: lists of models, counts of tokens."""

from __future__ import annotations

from typing import Any

from nbapimgr.models import ModelInfo
from nbapimgr.wire import _json
from nbapimgr.wire._json import as_dict, as_int, as_str

__all__ = ["read_models", "read_token_count"]


def read_models(body: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
    """The models of one page and the token of the next; Vertex AI's list has other names.

    Raises:
        ValueError: The body is not a model list.
    """
    page = as_dict(_json.loads(body))
    match page:
        case {"data": [*entries]}:
            models = [
                _model(entry) for item in entries if as_str((entry := as_dict(item)).get("id"))
            ]
            following = page.get("last_id") if page.get("has_more") else None
        case {"publisherModels": [*entries]}:
            names = [as_str(as_dict(item).get("name")) for item in entries]
            models = [ModelInfo(id=name.rpartition("/")[2]) for name in names if name]
            following = page.get("nextPageToken")
        case _:
            msg = "the body is not a list of models"
            raise ValueError(msg)
    return tuple(models), as_str(following) or None


def read_token_count(body: bytes) -> int:
    """The answer of `/messages/count_tokens`.

    Raises:
        ValueError: The body holds no count.
    """
    count = as_int(as_dict(_json.loads(body)).get("input_tokens"))
    if count is None:
        msg = "the body holds no count of tokens"
        raise ValueError(msg)
    return count


def _model(entry: dict[str, Any]) -> ModelInfo:
    able = as_dict(entry.get("capabilities"))
    return ModelInfo(
        id=entry["id"],
        context_window=as_int(entry.get("max_input_tokens")),
        max_output_tokens=as_int(entry.get("max_tokens")),
        images=_supported(able.get("image_input")),
        schema=_supported(able.get("structured_outputs")),
        raw=entry,
    )


def _supported(ability: Any) -> bool | None:
    value = as_dict(ability).get("supported")
    return value if isinstance(value, bool) else None
