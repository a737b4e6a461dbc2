"""Request -> one call of generateContent, on AI Studio or Vertex AI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from nbapimgr.wire import _json
from nbapimgr.wire._dialect import HttpCall
from nbapimgr.wire._extra import merged
from nbapimgr.wire._vertex import is_vertex, list_url, project_url
from nbapimgr.wire.gemini._content import contents

if TYPE_CHECKING:
    from nbapimgr.models import Provider, Request, Tool

__all__ = ["authorise", "build", "models_call"]

_BUDGETS: Final = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Thinking tokens of Gemini 2.5 for each effort, as Google's own OpenAI endpoint maps them
(https://ai.google.dev/gemini-api/docs/openai#thinking)."""
_LEAST_25_PRO: Final = 128
"""Gemini 2.5 Pro cannot stop thinking; this is the least it takes."""
_OLD: Final = re.compile(r"gemini-(?:1|2)\b")
"""Before Gemini 3: a budget and no level, and no demand for signatures."""
_MINIMAL: Final = re.compile(r"gemini-3(?:\.[0-6])?-flash")
"""The models that know the level `minimal`; all know `low`, none of them can be stopped
(https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/thinking, November 2026)."""
_MODES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
_OAUTH: Final = "ya29."
"""How every OAuth access token of Google begins."""


def build(request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
    """The call that puts `request` to `model`."""
    body: dict[str, Any] = {
        "contents": contents(request.messages, signed="gemini" in model and not _OLD.search(model)),
    }
    system = [request.system] if request.system else []
    system += [m.text for m in request.messages if m.role == "system"]
    if system:
        body["systemInstruction"] = {"parts": [{"text": text} for text in system]}
    if request.tools:
        body["tools"] = [{"functionDeclarations": [_declare(tool) for tool in request.tools]}]
    if request.tool_choice is not None:
        body["toolConfig"] = {"functionCallingConfig": _choice(request.tool_choice)}
    if config := _generation(request, model):
        body["generationConfig"] = config
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return HttpCall(
        method="POST",
        url=f"{_base(provider)}/{_path(model)}:{verb}",
        headers={"content-type": "application/json", **provider.headers},
        body=_json.dumps(merged(body, request.extra)),
    )


def authorise(call: HttpCall, key: str, provider: Provider) -> dict[str, str]:  # noqa: ARG001  # the contract's
    """An API key goes into a header of its own, an OAuth token (Vertex) is a bearer."""
    if key.startswith(_OAUTH):
        return {"authorization": f"Bearer {key}"}
    return {"x-goog-api-key": key}


def models_call(provider: Provider) -> HttpCall:
    """The list of models."""
    if is_vertex(provider):
        url = list_url(provider, "google")
    else:
        url = f"{_base(provider)}/models?pageSize=1000"
    return HttpCall(method="GET", url=url, headers=dict(provider.headers))


def _base(provider: Provider) -> str:
    """The URL before `/models`."""
    if not is_vertex(provider):
        return provider.base_url.rstrip("/")
    base = project_url(provider)
    return base if base.endswith("/publishers/google") else f"{base}/publishers/google"


def _path(model: str) -> str:
    name = model.removeprefix("publishers/google/").removeprefix("models/")
    return quote(name if name.startswith("tunedModels/") else f"models/{name}", safe="/@")


def _declare(tool: Tool) -> dict[str, Any]:
    declaration: dict[str, Any] = {"name": tool.name}
    if tool.description:
        declaration["description"] = tool.description
    if tool.parameters:
        # `parameters` takes an OpenAPI subset only: no $ref, no additionalProperties
        declaration["parametersJsonSchema"] = tool.parameters
    return declaration


def _choice(choice: str) -> dict[str, Any]:
    if choice in _MODES:
        return {"mode": _MODES[choice]}
    return {"mode": "ANY", "allowedFunctionNames": [choice]}


def _generation(request: Request, model: str) -> dict[str, Any]:
    config: dict[str, Any] = {
        "temperature": request.temperature,
        "topP": request.top_p,
        "maxOutputTokens": request.max_tokens,
        "seed": request.seed,
        "stopSequences": list(request.stop) or None,
    }
    if request.schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = request.schema
    if request.reasoning is not None:
        config["thinkingConfig"] = _thinking(request.reasoning, model)
    return {name: value for name, value in config.items() if value is not None}


def _thinking(effort: str, model: str) -> dict[str, Any]:
    """The effort in the model's own terms; a word we do not know is the API's to judge."""
    if _OLD.search(model) and effort in _BUDGETS:
        least = _LEAST_25_PRO if "2.5-pro" in model else 0
        return {"thinkingBudget": max(_BUDGETS[effort], least)}
    if effort == "none":
        effort = "minimal" if _MINIMAL.search(model) else "low"
    return {"thinkingLevel": effort}
