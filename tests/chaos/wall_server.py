"""The wall: a provider of two models on loopback, of which the first breaks as told.

Answers as OpenAI's chat completions do. The healthy answer is always the same sixty words, one each
15 ms; usage is said only to those who ask for it with `stream_options.include_usage`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.engine.faultserver import DONE, FaultServer, error, event, sse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.engine.faultserver import Behaviour, Exchange

    Fault = Callable[["Attempt"], Awaitable[None]]

PRIMARY, FALLBACK = "m", "n"
GAP = 0.015
"""Seconds between two tokens."""
QUESTION = "Tell in exactly sixty words how bread is baked."
ANSWER = (
    "Good bread begins with flour, water, salt and a little yeast. Mix them until no dry "
    "corner is left, then let the dough rest under a cloth. Fold it four times within two "
    "hours. Shape a round loaf, wait until it has grown by half, cut its top just once, and "
    "bake it in a very hot oven until dark."
)
WORDS = ANSWER.split()
USAGE = {"prompt_tokens": 12, "completion_tokens": len(WORDS), "total_tokens": 12 + len(WORDS)}


@dataclass(frozen=True)
class Hit:
    """A request that reached the wall."""

    at: float
    """Seconds on the machine's monotonic clock."""
    model: str
    refused_prefill: bool = False


@dataclass
class Attempt:
    """One request to the primary, for the fault that answers it."""

    wall: Wall
    exchange: Exchange
    number: int
    """The how-manieth request to the primary since the wall began, from 1."""

    async def say(self, behaviour: Behaviour) -> None:
        """Answer in a way of the fault server's."""
        await behaviour(self.exchange)

    async def healthy(self) -> None:
        """Answer as a provider should."""
        await self.wall.stream(self.exchange)

    async def pause(self, seconds: float) -> None:
        """Seconds at the wall's own pace."""
        await asyncio.sleep(seconds * self.wall.scale)


class Wall(FaultServer):
    """The provider.

    Args:
        fault: How the primary answers.
        takes_prefill: Whether the fallback takes a turn of the assistant as the last one.
        scale: What one second of the scenario takes.

    Attributes:
        hits: The request log since `begin`.
        began: When that was.
    """

    def __init__(self, fault: Fault, *, takes_prefill: bool = True, scale: float = 1.0) -> None:
        super().__init__()
        self._fault = fault
        self._takes_prefill = takes_prefill
        self.scale = scale
        self.begin()
        self.script(self._answer)

    def begin(self) -> None:
        """Forget what was; the scenario starts now."""
        self.hits: list[Hit] = []
        self.began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds of the scenario since it began."""
        return (time.monotonic() - self.began) / self.scale

    async def _answer(self, exchange: Exchange) -> None:
        asked = exchange.seen.json
        is_primary = asked["model"] == PRIMARY
        prefilled = asked["messages"][-1]["role"] == "assistant"
        refused = prefilled and not is_primary and not self._takes_prefill
        self.hits.append(Hit(exchange.seen.at, asked["model"], refused))
        if refused:
            await error(400, "This model does not take an assistant prefill.")(exchange)
        elif is_primary:
            number = sum(hit.model == PRIMARY for hit in self.hits)
            await self._fault(Attempt(self, exchange, number))
        else:
            await self.stream(exchange)

    async def stream(
        self,
        exchange: Exchange,
        *,
        tokens: int = len(WORDS),
        broken_at: int | None = None,
        done: bool = True,
        head: bool = True,
    ) -> None:
        """The answer's first tokens, and its end if these are all.

        Args:
            exchange: The way back.
            tokens: How many tokens.
            broken_at: The event of this number, from 1, is no JSON.
            done: Whether the end is marked.
            head: Whether the head is still to be sent.
        """
        asked = exchange.seen.json
        model = asked["model"]
        if head:
            await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
        begun = time.monotonic()
        for number, word in enumerate(WORDS[:tokens]):
            if broken_at == number + 1:
                await exchange.chunk(b'data: {"id": "c1", "choices": [{"delta": {"content": \n\n')
            text = word if number == 0 else f" {word}"
            await exchange.chunk(event({"content": text}, model=model))
            due = begun + (number + 1) * GAP * self.scale
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        if tokens < len(WORDS):
            return
        await exchange.chunk(event({}, "stop", model=model))
        if asked.get("stream_options", {}).get("include_usage"):
            about: dict[str, Any] = {"id": "c1", "model": model, "choices": [], "usage": USAGE}
            await exchange.chunk(sse(about))
        if done:
            await exchange.chunk(DONE)
        await exchange.write(b"0\r\n\r\n")
