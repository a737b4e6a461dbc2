"""OpenAI's Responses format: OpenAI, Azure, xAI, OpenRouter, DeepSeek, Bedrock Mantle, LM Studio.

Facts are from https://platform.openai.com/docs/api-reference/responses (November 2026) and
recordings. Keys and model lists are those of the chat completions format.
"""

from __future__ import annotations

from nbapimgr.wire.openai_chat import authorise, models_call, read_models
from nbapimgr.wire.openai_responses._build import build
from nbapimgr.wire.openai_responses._decode import decoder
from nbapimgr.wire.openai_responses._items import NAME

__all__ = ["NAME", "authorise", "build", "decoder", "models_call", "read_models"]
