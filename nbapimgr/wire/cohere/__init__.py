"""Cohere's chat format, version 2; answers of version 1 are still read.

Facts are from https://docs.cohere.com/reference/chat, the cohere SDK 7.3 and recordings.
"""

from __future__ import annotations

from nbapimgr.wire.cohere._build import NAME, authorise, build, models_call
from nbapimgr.wire.cohere._decode import decoder
from nbapimgr.wire.cohere._read import read_embeddings, read_models

__all__ = [
    "NAME",
    "authorise",
    "build",
    "decoder",
    "models_call",
    "read_embeddings",
    "read_models",
]
