"""How long the engine waits for what. Seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from nbapimgr.models import Provider, Request

__all__ = ["Limits"]

_AT_ONCE = frozenset({None, "none", "minimal"})
"""Efforts of reasoning after which the first token comes as quickly as without."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one attempt, in seconds; `Request.timeout` bounds the whole call.

    The defaults are those of a candidate nothing is known of.
    """

    connect: float = 5.0
    """Name look-up, TCP and TLS together."""
    first_token: float = 10.0
    """From sending the request to the first piece of the answer, as long as nothing arrives."""
    stall: float = 10.0
    """Between two pieces of a stream."""
    thinking: float = 60.0
    """In place of the two above where the user asked for reasoning, and of the first for a model
    that this kernel serves itself: it reads a page on a busy machine for longer than 10 s."""
    total: float = 600.0
    """One attempt, from its start to the end of its answer."""
    grace: float = 2.0
    """From the finish reason to the end of the stream; after it the answer counts as whole."""
    check: float = 10.0
    """The free call that lists models."""

    def silence(self, request: Request, provider: Provider) -> tuple[float, float]:
        """How long a stream may be silent before its first piece, and after it.

        An answer that is not streamed comes in one piece when it is whole, so only the total
        bounds it.
        """
        if not request.stream:
            return self.total, self.total
        if request.reasoning in _AT_ONCE:
            served_here = not provider.base_url
            first = max(self.first_token, self.thinking) if served_here else self.first_token
            return first, self.stall
        return max(self.first_token, self.thinking), max(self.stall, self.thinking)
