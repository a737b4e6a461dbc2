"""One contender in a process of its own: does what its standard input says, one JSON line each.

python -m tests.bench.worker CONTENDER

The loop stands still between two commands, so that nothing runs while others are measured.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from typing import TYPE_CHECKING

from tests.bench import contenders, ours, peers
from tests.bench.obeying import obey
from tests.bench.server import pieces, plain_text

if TYPE_CHECKING:
    from tests.bench.contenders import Contender

CONTENDERS: dict[str, type[Contender]] = {
    "httpx": contenders.Httpx,
    "httpx over aiohttp": contenders.HttpxOverAiohttp,
    "aiohttp": contenders.Aiohttp,
    "raw parsing": contenders.Raw,
    "nbapimgr, cell": ours.Cell,
    "nbapimgr, cell, one try": ours.CellOneTry,
    "nbapimgr, await": ours.Await,
    "nbapimgr, engine alone": ours.Bare,
    "openai": peers.OpenAi,
    "pydantic-ai": peers.PydanticAi,
    "pydantic-ai, tuned": peers.PydanticAiTuned,
    "litellm": peers.LiteLlm,
    "litellm, tuned": peers.LiteLlmTuned,
}


class Worker:
    """Carries the commands out. Each is a method; its keywords are the command's fields."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender

    async def open(self, urls: list[str]) -> None:
        """Make the client anew."""
        await self._contender.open(urls)

    async def close(self) -> None:
        """Let go of the client."""
        await self._contender.close()

    async def calls(self, count: int, width: int, chunks: int) -> dict[str, float]:
        """Make calls, `width` at a time, streams of `chunks` or plain ones when that is 0.

        Gives microseconds of processor time (all threads) and of wall time per call, the slowest
        hundredth in milliseconds, and the memory this process has come to, in MiB.
        """
        expected = "".join(pieces(chunks)) if chunks else plain_text()
        call = self._streamed if chunks else self._contender.ask
        left = iter(range(count))
        took: list[float] = []

        async def caller() -> None:
            for _ in left:
                began = time.perf_counter()
                text = await call()
                took.append(time.perf_counter() - began)
                if text != expected:
                    raise ValueError(f"{len(text)} characters came, not {len(expected)}")

        cpu, wall = time.process_time(), time.perf_counter()
        if width == 1:
            await caller()
        else:
            await asyncio.gather(*(caller() for _ in range(width)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {
            "cpu_us": cpu / count * 1e6,
            "wall_us": wall / count * 1e6,
            "p99_ms": sorted(took)[int(0.99 * (count - 1))] * 1e3,
            "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    async def first_token(self) -> dict[str, float]:
        """Milliseconds from the question to the first token of the one who answers."""
        await self._contender.forget()
        first = 0.0
        began = time.perf_counter()
        async for text in self._contender.tokens():
            if text and not first:
                first = time.perf_counter()
        return {"ms": (first - began) * 1e3}

    async def _streamed(self) -> str:
        return "".join([text async for text in self._contender.tokens()])


if __name__ == "__main__":
    asyncio.run(obey(Worker(CONTENDERS[sys.argv[1]]())))
