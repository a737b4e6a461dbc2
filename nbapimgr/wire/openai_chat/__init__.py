"""The chat completions format: OpenAI's own, and that of everybody who speaks it too."""

from __future__ import annotations

from typing import Final

from nbapimgr.wire.openai_chat._build import authorise, build
from nbapimgr.wire.openai_chat._decode import decoder
from nbapimgr.wire.openai_chat._lists import models_call, read_embeddings, read_models

__all__ = [
    "NAME",
    "authorise",
    "build",
    "decoder",
    "models_call",
    "read_embeddings",
    "read_models",
]

NAME: Final = "openai-chat"
