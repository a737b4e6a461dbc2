"""Which rules are asked for an error, in which order: whose envelope it is, the dialect, all."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

from nbapimgr.wire.failures._tables._anthropic import ANTHROPIC
from nbapimgr.wire.failures._tables._bedrock import BEDROCK
from nbapimgr.wire.failures._tables._cohere import COHERE
from nbapimgr.wire.failures._tables._common import COMMON
from nbapimgr.wire.failures._tables._google import GOOGLE
from nbapimgr.wire.failures._tables._html import HTML
from nbapimgr.wire.failures._tables._ollama import OLLAMA
from nbapimgr.wire.failures._tables._openai import OPENAI
from nbapimgr.wire.failures._tables._openrouter import OPENROUTER
from nbapimgr.wire.failures._tables._status import STATUS
from nbapimgr.wire.failures._tables._vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.wire.failures._rules import Rule

__all__ = ["DIALECTS", "SHAPES", "rules"]

DIALECTS: Final = {
    "openai-chat": (OPENROUTER, VENDORS, OPENAI),
    "openai-responses": (OPENROUTER, VENDORS, OPENAI),
    "anthropic": (ANTHROPIC, OPENROUTER, VENDORS),
    "gemini": (GOOGLE,),
    "cohere": (COHERE,),
    "bedrock": (BEDROCK,),
    "ollama": (OLLAMA, OPENAI),
}
"""A dialect's own rules; many vendors speak Anthropic's beside OpenAI's. A dialect that has none is
served by `COMMON` and `STATUS` alone."""
SHAPES: Final = {"google": GOOGLE, "anthropic": ANTHROPIC, "bedrock": BEDROCK, "html": HTML}
"""Rules for envelopes that tell whose they are: Claude on Vertex fails in Google's way."""


def rules(dialect: str, shape: str) -> Iterator[Rule]:
    """The rules to ask, the most particular first. The last one always holds."""
    if shape == "html":
        return iter((*HTML, *STATUS))
    own = DIALECTS.get(dialect, ())
    first = SHAPES.get(shape, ())
    return chain(first, *(table for table in own if table is not first), COMMON, STATUS)
