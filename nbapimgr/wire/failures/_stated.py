"""What a failure teaches of a model: the window it states, the kind of input it cannot take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from nbapimgr.models import Failure

__all__ = ["Ability", "Stated", "stated", "unable"]

Ability = Literal["images", "tools", "schema"]

_N: Final = r"(\d[\d,]{0,14}\d)"
_WINDOW: Final = (
    rf"maximum context (?:length|window|size)(?: is| of)? {_N}",
    rf"{_N} maximum context length",
    rf"> {_N}",
    rf"context size \({_N} tokens",
    rf"tokens allowed \({_N}\)",
    rf"token limit: {_N}",
    rf"\blimit is {_N}",
    rf"\bcannot exceed {_N}",
)
"""OpenAI, DeepSeek, vLLM; Mistral; Anthropic; llama.cpp; Google; Moonshot; Cerebras; Cohere."""
_ASKED: Final = (
    rf"\brequested {_N} tokens",
    rf"\bresulted in {_N} tokens",
    rf"{_N} tokens >",
    rf"request \({_N} tokens\)",
    rf"token count \({_N}\)",
    rf"current length is {_N}",
    rf"contains {_N} tokens",
    rf"received {_N}",
)
_LEAST, _MOST = 128, 100_000_000
"""Windows outside of these are numbers that mean something else."""
_UNABLE: Final[tuple[tuple[Ability, str], ...]] = (
    ("images", r"\bimages?(?:_url)?\b|\bvision\b|\bpictures?\b|\bmultimodal"),
    ("tools", r"\btools\b|\btool[ _-](?:use|calls?|calling)\b|\bfunction[ _-]call|\bfunctions\b"),
    ("schema", r"\bjson[ _]schema|\bstructured[ _]outputs?\b|\bresponse[_ ]?(?:format|schema)"),
)


class Stated(NamedTuple):
    """What a `model.context_length` failure says in numbers; None where it does not."""

    window: int | None = None
    """Tokens the model takes."""
    asked: int | None = None
    """Tokens the request had, by the provider's count."""


def stated(failure: Failure) -> Stated:
    """The window and the size of the request, from the provider's own words."""
    if failure.category != "model.context_length":
        return Stated()
    said = _said(failure)
    return Stated(_first(_WINDOW, said), _first(_ASKED, said))


def unable(failure: Failure) -> Ability | None:
    """What a model has said that it cannot take; None when it has said no such thing."""
    if failure.category != "request.bad" or failure.scope != "model":
        return None
    said = _said(failure)
    return next((able for able, words in _UNABLE if re.search(words, said, re.IGNORECASE)), None)


def _said(failure: Failure) -> str:
    return f"{failure.message} {failure.detail}"


def _first(patterns: tuple[str, ...], said: str) -> int | None:
    for pattern in patterns:
        if found := re.search(pattern, said, re.IGNORECASE):
            count = int(found[1].replace(",", ""))
            if _LEAST <= count <= _MOST:
                return count
    return None
