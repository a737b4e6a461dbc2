"""Model lists and embeddings in OpenAI's shape, and what vendors add to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from nbapimgr.models import ModelInfo
from nbapimgr.wire import _json
from nbapimgr.wire._dialect import Embedded, HttpCall
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str
from nbapimgr.wire.failures import broken
from nbapimgr.wire.openai_chat._usage import usage
from nbapimgr.wire.openai_chat._vendors import vendor

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["models_call", "read_embeddings", "read_models"]

_WINDOW: Final = ("context_window", "context_length", "max_context_length", "max_model_len")
"""Groq; OpenRouter, Together, Baseten; Mistral; vLLM."""
_JSON: Final = frozenset({"response_format", "json_mode"})
"""What lists call the promise of JSON of any shape (OpenRouter; Baseten)."""
_LONGEST: Final = ("max_completion_tokens", "max_output_length", "max_output_tokens")


def models_call(provider: Provider) -> HttpCall:
    """The free call that lists models and so checks the key."""
    base = provider.base_url.rstrip("/")
    path = vendor(provider.vendor).models_path
    if path.startswith("/v1/") or provider.vendor == "azure":
        place = urlsplit(base)
        base = f"{place.scheme}://{place.netloc}"
    if provider.vendor == "azure":  # one list for the classic API, v1 and Foundry
        path = "/openai/v1/models"
    headers = {"accept": "application/json"} | {
        name.lower(): value for name, value in provider.headers.items()
    }
    return HttpCall(method="GET", url=base + path, headers=headers)


def read_models(body: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
    """The models of the list; it always has one page.

    Raises:
        ValueError: The body is not a model list.
    """
    value = _json.loads(body)
    listed = value if isinstance(value, list) else as_dict(value).get("data")
    if not isinstance(listed, list):
        msg = "not a model list: neither a list nor an object with `data`"
        raise ValueError(msg)  # noqa: TRY004  # malformed data, not a wrong call
    return tuple(_model(model) for model in listed if isinstance(model, dict)), None


def read_embeddings(body: bytes) -> Embedded:
    """The vectors of an embeddings response; never raises."""
    try:
        value = as_dict(_json.loads(body))
    except ValueError as error:
        return Embedded(failure=broken("service.malformed", f"Not JSON: {error}", "body"))
    vectors = tuple(as_dict(item).get("embedding") for item in as_list(value.get("data")))
    if not vectors or not all(isinstance(vector, list | str) for vector in vectors):
        message = "The response holds no embeddings."
        return Embedded(failure=broken("service.malformed", message, "no embeddings"))
    return Embedded(
        vectors=vectors,
        model=as_str(value.get("model")) or None,
        usage=usage(as_dict(value.get("usage")), None),
    )


def _model(model: dict[str, Any]) -> ModelInfo:
    top = as_dict(model.get("top_provider"))  # OpenRouter
    meta = as_dict(model.get("meta"))  # llama.cpp
    return ModelInfo(
        id=as_str(model.get("id")) or as_str(model.get("name")),
        context_window=_count(model, _WINDOW) or _count(meta, ("n_ctx", "n_ctx_train")),
        max_output_tokens=_count(model, _LONGEST) or _count(top, _LONGEST),
        images=_images(model),
        tools=_can(model, "tools", "function_calling"),
        schema=_can(model, "structured_outputs", "structured_output"),
        raw=model,
    )


def _count(told: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((count for name in names if (count := as_int(told.get(name)))), None)


def _images(model: dict[str, Any]) -> bool | None:
    taken = model.get("input_modalities") or as_dict(model.get("architecture")).get(
        "input_modalities"
    )
    if isinstance(taken, list):
        return "image" in taken
    sees = as_dict(model.get("capabilities")).get("vision")
    return sees if isinstance(sees, bool) else None


def _can(model: dict[str, Any], feature: str, capability: str) -> bool | None:
    """Whether the list says that the model can: as a feature, a parameter, or a capability.

    Of one that promises JSON and no schema nothing is known: it often keeps to one all the same.
    """
    for name in ("supported_features", "supported_parameters"):
        told = model.get(name)
        if isinstance(told, list):
            maybe = feature == "structured_outputs" and not _JSON.isdisjoint(map(str, told))
            return True if feature in told else None if maybe else False
    can = as_dict(model.get("capabilities")).get(capability)
    return can if isinstance(can, bool) else None
