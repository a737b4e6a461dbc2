"""What a request needs of a model, and what a model is known to lack of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nbapimgr.models import Image, Text, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbapimgr.models import ModelInfo, Request

__all__ = ["Needs", "by_length"]

_OVER: Final = 1.5
"""How far an estimate may be over: Russian comes out at 1.5 times its count, English at 1.2. A
model is passed over only when the prompt is clearly too long for it."""
_WIDEST: Final = 4
"""Most bytes of a character, and more tokens than one comes to."""


def by_length(text: str) -> int:
    """Four characters a token: what English text comes to."""
    return -(-len(text) // 4)


class Needs:
    """What one request needs.

    Args:
        request: What is asked.
        estimate: Tokens in a text, on the high side.

    Attributes:
        abilities: What a model must be able to take, in the fields of `ModelInfo`.
        most: More tokens than it can possibly need, told without reading the prompt.
    """

    def __init__(self, request: Request, estimate: Callable[[str], int] = by_length) -> None:
        self._request = request
        self._estimate = estimate
        self._tokens: int | None = None
        pictures = any(isinstance(part, Image) for m in request.messages for part in m.content)
        wanted = {
            "images": pictures,
            "tools": bool(request.tools),
            "schema": request.schema is not None,
        }
        self.abilities = tuple(ability for ability, needed in wanted.items() if needed)
        self.most = (request.max_tokens or 0) + sum(
            len(text) * (1 if text.isascii() else _WIDEST) for text in _texts(request)
        )

    def lacking(self, known: ModelInfo | None) -> str:
        """Why a model cannot take the request, in words for people; empty when it may.

        What is not known is no reason.
        """
        if known is None:
            return ""
        if unable := [ability for ability in self.abilities if getattr(known, ability) is False]:
            return f"cannot take {', '.join(unable)}"
        window = known.context_window
        if window is None or self.most <= window:
            return ""
        answer = self._request.max_tokens or 0
        if self.tokens / _OVER + answer <= window:
            return ""
        return f"needs about {_rounded(self.tokens + answer):,} tokens, its window is {window:,}"

    @property
    def tokens(self) -> int:
        """About how many tokens the prompt has; pictures are not counted."""
        if self._tokens is None:
            self._tokens = sum(self._estimate(text) for text in _texts(self._request))
        return self._tokens


def _texts(request: Request) -> Iterator[str]:
    if request.system:
        yield request.system
    for message in request.messages:
        for part in message.content:
            if isinstance(part, Text):
                yield part.text
            elif isinstance(part, ToolResult):
                yield part.content


def _rounded(count: int) -> int:
    """Two digits: it is an estimate."""
    size: int = 10 ** max(0, len(str(count)) - 2)
    return round(count / size) * size
