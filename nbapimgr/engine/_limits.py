"""How long the engine waits for what. Seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from nbapimgr.models import Image, Text

if TYPE_CHECKING:
    from nbapimgr.models import Candidate, Provider, Request

__all__ = ["PATIENT", "Limit", "Limits", "Patience", "Silence", "no_patience"]

_AT_ONCE: Final = frozenset({None, "none", "minimal"})
"""Efforts of reasoning after which the first token comes as quickly as without."""
_READS: Final = 20_000
"""Characters of a question that are read in a second before the answer begins: 5,000 tokens, less
than hosted models manage. Short questions say nothing of how long a long one takes."""
_LOOKS: Final = 1.0
"""The same for one picture, its way up included."""


Patience = tuple[float | None, float | None]
"""Seconds to the first token and between two pieces; None where too little is known."""

PATIENT: Final[Patience] = (float("inf"), float("inf"))
"""As long as the limits allow, whatever is known of the candidate."""


def no_patience(candidate: Candidate) -> Patience:  # noqa: ARG001  # a default
    """Nothing is known of how long a candidate takes: the limits stand as they are."""
    return None, None


class Limit(NamedTuple):
    """A number of seconds, and where it comes from in words that may follow it."""

    seconds: float
    source: str = ""

    def __str__(self) -> str:
        return f"{round(self.seconds, 2):g} s{self.source}"


class Silence(NamedTuple):
    """How long a stream may be silent."""

    first: Limit
    """Before its first piece."""
    stall: Limit
    """After it."""


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
    shortest: float = 5.0
    """The least of the two above, however quick a candidate usually is."""
    longest: float = 30.0
    """The most of them, however slow it usually is."""
    thinking: float = 60.0
    """In their place where the user asked for reasoning, and of the first for a model that this
    kernel serves itself: it reads a page on a busy machine for longer than 10 s."""
    total: float = 600.0
    """One attempt, from its start to the end of its answer."""
    grace: float = 2.0
    """From the finish reason to the end of the stream; after it the answer counts as whole."""
    check: float = 10.0
    """The free call that checks a key."""

    def silence(
        self, request: Request, provider: Provider, patience: Patience = (None, None)
    ) -> Silence:
        """How long a stream may be silent before its first piece, and after it.

        An answer that is not streamed comes in one piece when it is whole, so only the total
        bounds it.

        Args:
            request: What is asked: a long question is given longer.
            provider: Who is asked.
            patience: Seconds for the two by what is known of the candidate, unclamped; None where
                too little is.
        """
        if not request.stream:
            return Silence(Limit(self.total), Limit(self.total))
        first = self._adapted(patience[0], self.first_token)
        stall = self._adapted(patience[1], self.stall)
        if provider.keyless and first.seconds < self.first_token:
            first = Limit(self.first_token)  # a local server loads a model again after a rest
        first = self._longer(first, request)
        if request.reasoning not in _AT_ONCE:
            return Silence(self._thoughtful(first), self._thoughtful(stall))
        return Silence(first if provider.base_url else self._thoughtful(first), stall)

    def _adapted(self, own: float | None, usual: float) -> Limit:
        """The limit by what is known of a candidate, which is twice its usual slowest."""
        if own is None:
            return Limit(usual)
        if own < self.shortest:
            return Limit(self.shortest, ", more than twice its usual slowest")
        if own > self.longest:
            return Limit(self.longest, ", the longest that is waited")
        return Limit(own, ", twice its usual slowest")

    def _longer(self, limit: Limit, request: Request) -> Limit:
        """The limit with the time that reading the question takes."""
        seconds = min(limit.seconds + _reading(request), max(limit.seconds, self.longest))
        more = seconds - limit.seconds
        if more < 1:
            return Limit(seconds, limit.source)
        return Limit(seconds, f"{limit.source}, {more:.0f} s of them for the question's length")

    def _thoughtful(self, limit: Limit) -> Limit:
        return limit if limit.seconds > self.thinking else Limit(self.thinking)


def _reading(request: Request) -> float:
    """Seconds that a question is read for, by its length alone."""
    characters, pictures = len(request.system or ""), 0
    for message in request.messages:
        for part in message.content:
            if isinstance(part, Text):
                characters += len(part.text)
            elif isinstance(part, Image):
                pictures += 1
    return characters / _READS + pictures * _LOOKS
