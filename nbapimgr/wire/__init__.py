"""What providers really send: one module a dialect, pure functions, bytes in, events out."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from nbapimgr.errors import UnknownName
from nbapimgr.wire._dialect import Decoded, Decoder, Dialect, Embedded, HttpCall

if TYPE_CHECKING:
    from typing import Final

__all__ = ["DIALECTS", "Decoded", "Decoder", "Dialect", "Embedded", "HttpCall", "dialect"]

DIALECTS: Final = {
    "openai-chat": "nbapimgr.wire.openai_chat",
    "openai-responses": "nbapimgr.wire.openai_responses",
    "anthropic": "nbapimgr.wire.anthropic",
    "gemini": "nbapimgr.wire.gemini",
    "cohere": "nbapimgr.wire.cohere",
    "bedrock": "nbapimgr.wire.bedrock",
    "ollama": "nbapimgr.wire.ollama",
}
"""Dialect name -> the module that speaks it. A new dialect is one line here and one file."""


def dialect(name: str) -> Dialect:
    """The dialect of that name, imported when it is first asked for.

    Raises:
        UnknownName: There is none.
    """
    try:
        module = DIALECTS[name]
    except KeyError:
        raise UnknownName("dialect", name, DIALECTS) from None
    return cast("Dialect", importlib.import_module(module))
