"""Where the vendors of the chat completions format differ, as a table.

What is not in the table is as OpenAI documents it, and a server nobody listed gets `_ANY`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

__all__ = ["Vendor", "vendor"]


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """How one vendor's chat completions differ from OpenAI's."""

    max_tokens: str = "max_tokens"
    """The field that bounds the answer. OpenAI's reasoning models refuse the old name."""
    seed: str = "seed"
    usage_asked: bool = True
    """Whether a stream must be asked for its usage with `stream_options`."""
    schema: bool = True
    """Whether answers can be held to a JSON schema; else only to JSON, the schema as a prompt."""
    no_reasoning: Mapping[str, Any] = MappingProxyType({"reasoning_effort": "none"})
    """What switches reasoning off."""
    replay: frozenset[str] = frozenset()
    """The fields of a message in which reasoning may be sent back; others answer 400 to them."""
    short_call_ids: bool = False
    """Ids of tool calls must be nine letters and digits."""
    result_name: bool = False
    """Whether a tool's result names the tool; others answer 400 to it (Groq, xAI)."""
    prefix: bool = False
    """An answer to be continued must be marked as such."""
    key_header: str = "authorization"
    models_path: str = "/models"


_ALL_REASONING: Final = frozenset({"reasoning", "reasoning_content", "reasoning_details"})
_ANY: Final = Vendor(replay=_ALL_REASONING)
_OPENAI: Final = Vendor(max_tokens="max_completion_tokens")
_THINKING_OFF: Final = {"thinking": {"type": "disabled"}}
_TEMPLATE_OFF: Final = {"chat_template_kwargs": {"enable_thinking": False}}
_CONTENT: Final = frozenset({"reasoning_content"})
_REASONING: Final = frozenset({"reasoning"})

_VENDORS: Final[dict[str, Vendor]] = {
    "openai": _OPENAI,
    "azure": Vendor(max_tokens="max_completion_tokens", key_header="api-key"),
    "mistral": Vendor(
        seed="random_seed",
        usage_asked=False,  # it comes with the last chunk; unknown fields are refused with 422
        replay=frozenset({"thinking"}),
        short_call_ids=True,
        result_name=True,
        prefix=True,
    ),
    "groq": Vendor(replay=_REASONING),
    "openrouter": Vendor(
        no_reasoning={"reasoning": {"enabled": False}},
        replay=frozenset({"reasoning", "reasoning_details"}),
    ),
    "deepseek": Vendor(schema=False, no_reasoning=_THINKING_OFF, replay=_CONTENT),
    "xai": Vendor(max_tokens="max_completion_tokens", replay=_CONTENT),
    "together": Vendor(usage_asked=False, replay=_REASONING),
    "fireworks": Vendor(replay=_CONTENT),
    "perplexity": Vendor(usage_asked=False, models_path="/v1/models"),
    "cerebras": Vendor(max_tokens="max_completion_tokens", replay=_REASONING),
    "zai": Vendor(schema=False, no_reasoning=_THINKING_OFF, replay=_CONTENT),
    "xiaomi": Vendor(no_reasoning=_THINKING_OFF, replay=_CONTENT),
    "dashscope": Vendor(no_reasoning={"enable_thinking": False}, replay=_CONTENT),
    "venice": Vendor(no_reasoning={"venice_parameters": {"disable_thinking": True}}),
    "llamacpp": Vendor(no_reasoning=_TEMPLATE_OFF, replay=_CONTENT),
    "vllm": Vendor(no_reasoning=_TEMPLATE_OFF, replay=_ALL_REASONING),
}


def vendor(name: str) -> Vendor:
    """The ways of the vendor of that catalogue name; what most servers accept if unknown."""
    return _VENDORS.get(name, _ANY)
