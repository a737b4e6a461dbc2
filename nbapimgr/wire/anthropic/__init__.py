"""Anthropic's Messages format: the Claude API, Azure Foundry, Vertex AI, and whoever speaks it too.

Facts are from https://platform.claude.com/docs/en/api/messages (November 2026) and recordings.
"""

from __future__ import annotations

from nbapimgr.wire.anthropic._assembly import NAME
from nbapimgr.wire.anthropic._build import build
from nbapimgr.wire.anthropic._decode import decoder
from nbapimgr.wire.anthropic._read import read_models, read_token_count
from nbapimgr.wire.anthropic._site import authorise, models_call

__all__ = [
    "NAME",
    "authorise",
    "build",
    "decoder",
    "models_call",
    "read_models",
    "read_token_count",
]
