"""Reads Bedrock's list of foundation models and its token counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbapimgr.models import ModelInfo
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str, loads
from nbapimgr.wire.bedrock._place import control_url

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["models_call", "read_models", "read_token_count"]


def models_call(provider: Provider) -> HttpCall:
    """The list of foundation models, which the control plane keeps.

    Raises:
        SettingsError: The provider's region is not known.
    """
    url = f"{control_url(provider)}/foundation-models"
    return HttpCall(method="GET", url=url, headers=dict(provider.headers))


def read_models(body: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
    """The models, all on one page.

    Raises:
        ValueError: The body is not Bedrock's list.
    """
    summaries = as_dict(loads(body)).get("modelSummaries")
    if not isinstance(summaries, list):
        raise ValueError("the body has no list `modelSummaries`")  # noqa: TRY004  # the contract's error
    models = (_model(as_dict(summary)) for summary in summaries)
    return tuple(model for model in models if model.id), None


def _model(summary: dict[str, object]) -> ModelInfo:
    converse = as_dict(summary.get("converse"))
    inputs = as_list(summary.get("inputModalities"))
    return ModelInfo(
        id=as_str(summary.get("modelId")),
        max_output_tokens=as_int(converse.get("maxTokensMaximum")),
        images="IMAGE" in inputs if inputs else None,
        raw=summary,
    )


def read_token_count(body: bytes) -> int:
    """The tokens of a request, as `count-tokens` answers.

    Raises:
        ValueError: The body holds no count.
    """
    count = as_int(as_dict(loads(body)).get("inputTokens"))
    if count is None:
        raise ValueError("the body has no `inputTokens`")
    return count
