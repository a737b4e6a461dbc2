"""Google's generateContent format: AI Studio, Vertex AI and Vertex AI express.

Facts are from https://ai.google.dev/api/generate-content, the google-genai SDK 3.4 and recordings.
"""

from __future__ import annotations

from nbapimgr.wire.gemini._build import authorise, build, models_call
from nbapimgr.wire.gemini._content import NAME
from nbapimgr.wire.gemini._decode import decoder
from nbapimgr.wire.gemini._read import read_embeddings, read_models, read_token_count

__all__ = [
    "NAME",
    "authorise",
    "build",
    "decoder",
    "models_call",
    "read_embeddings",
    "read_models",
    "read_token_count",
]
