"""The dialect `bedrock`: AWS Bedrock's Converse API, one shape for every model family it hosts.

Streams are AWS event streams with checksums. An error's type is in a header, never in the body.
The key is a Bedrock API key, AWS credentials in one line, or what AWS's own tools find.
"""

from __future__ import annotations

from nbapimgr.wire.bedrock._decode import decoder
from nbapimgr.wire.bedrock._models import models_call, read_models, read_token_count
from nbapimgr.wire.bedrock._request import build
from nbapimgr.wire.bedrock._sign import authorise

__all__ = [
    "NAME",
    "authorise",
    "build",
    "decoder",
    "models_call",
    "read_models",
    "read_token_count",
]

NAME = "bedrock"
