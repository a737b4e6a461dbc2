"""The bare clients: what a careful person writes by hand, with the json of the standard library.

All contenders send the same question, read the whole answer, take text, finish reason and usage
from it, and turn to the second base URL when the first fails. They import what they measure when
they are opened, so that this module can be read in any environment.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

KEY = "sk-bench-0123456789abcdefghijklmnop"
HEADERS = {"Authorization": f"Bearer {KEY}"}
MODEL = "gpt-4o-mini"
PATIENCE = 60.0
"""Seconds: more than httpx waits for a free connection as it comes, which 256 at once exceed."""
QUESTION = "What is the capital of France, and what should one see there in two days?"


class Contender(ABC):
    """One way to ask."""

    wide: ClassVar[bool] = True
    """Can have many calls under way in one thread."""

    @abstractmethod
    async def open(self, urls: Sequence[str]) -> None:
        """Make the client; `urls` are base URLs, the first is tried first."""

    async def forget(self) -> None:  # noqa: B027  # most remember nothing
        """Forget who has failed: what is measured is the meeting with a failure."""

    @abstractmethod
    async def ask(self) -> str:
        """The text of a plain answer."""

    @abstractmethod
    def tokens(self) -> AsyncIterator[str]:
        """The pieces of a streamed answer as they come."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of all connections."""


def body(*, stream: bool) -> dict[str, Any]:
    """The question as chat completions take it."""
    asked: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "user", "content": QUESTION}],
        "stream": stream,
    }
    if stream:
        asked["stream_options"] = {"include_usage": True}
    return asked


def read_answer(answer: Any) -> str:
    """Text of a plain answer, once its end and its usage are known to be there."""
    choice = answer["choices"][0]
    if choice["finish_reason"] is None or answer["usage"]["total_tokens"] <= 0:
        raise ValueError("not a whole answer")
    text: str = choice["message"]["content"]
    return text


class Reading:
    """Reads the lines of a stream; `close` tells whether it was whole."""

    def __init__(self) -> None:
        self.finish: str | None = None
        self.usage: dict[str, int] | None = None

    def text(self, line: str | bytes) -> str:
        """The text of one line, "" where there is none."""
        start = "data:" if isinstance(line, str) else b"data:"
        if not line.startswith(start):  # type: ignore[arg-type]  # of the line's own type
            return ""
        data = line[len(start) :].strip()
        if data in {"[DONE]", b"[DONE]"}:
            return ""
        event = json.loads(data)
        self.usage = event.get("usage") or self.usage
        if not event["choices"]:
            return ""
        choice = event["choices"][0]
        self.finish = choice["finish_reason"] or self.finish
        return choice["delta"].get("content") or ""

    def close(self) -> None:
        """Raise ValueError when the stream was cut off."""
        if self.finish is None or self.usage is None:
            raise ValueError("not a whole answer")


class Httpx(Contender):
    """`httpx.AsyncClient` with the pool it comes with."""

    def _client(self) -> Any:
        import httpx

        return httpx.AsyncClient(headers=HEADERS, timeout=PATIENCE)

    async def open(self, urls: Sequence[str]) -> None:
        """Make the client."""
        import httpx

        self._urls = [f"{url}/chat/completions" for url in urls]
        self._error = httpx.HTTPError
        self._http = self._client()

    async def ask(self) -> str:
        """Post, then read."""
        for url in self._urls:
            try:
                response = await self._http.post(url, json=body(stream=False))
                response.raise_for_status()
                return read_answer(response.json())
            except self._error:
                continue
        raise ValueError("nobody answered")

    async def tokens(self) -> AsyncIterator[str]:
        """Post, then read line by line."""
        for url in self._urls:
            try:
                async with self._http.stream("POST", url, json=body(stream=True)) as response:
                    response.raise_for_status()
                    reading = Reading()
                    async for line in response.aiter_lines():
                        if text := reading.text(line):
                            yield text
                reading.close()
            except self._error:
                continue
            return
        raise ValueError("nobody answered")

    async def close(self) -> None:
        """Close the client."""
        await self._http.aclose()


class HttpxOverAiohttp(Httpx):
    """The same client over the aiohttp transport."""

    def _client(self) -> Any:
        from httpx_aiohttp import HttpxAiohttpClient

        return HttpxAiohttpClient(headers=HEADERS, timeout=PATIENCE)


class Aiohttp(Contender):
    """`aiohttp.ClientSession`, as it comes."""

    async def open(self, urls: Sequence[str]) -> None:
        """Make the session."""
        import aiohttp

        self._urls = [f"{url}/chat/completions" for url in urls]
        self._error = aiohttp.ClientError
        self._http = aiohttp.ClientSession(headers=HEADERS)

    async def ask(self) -> str:
        """Post, then read."""
        for url in self._urls:
            try:
                async with self._http.post(url, json=body(stream=False)) as response:
                    response.raise_for_status()
                    return read_answer(await response.json())
            except self._error:
                continue
        raise ValueError("nobody answered")

    async def tokens(self) -> AsyncIterator[str]:
        """Post, then read line by line."""
        for url in self._urls:
            try:
                async with self._http.post(url, json=body(stream=True)) as response:
                    response.raise_for_status()
                    reading = Reading()
                    async for line in response.content:
                        if text := reading.text(line):
                            yield text
                reading.close()
            except self._error:
                continue
            return
        raise ValueError("nobody answered")

    async def close(self) -> None:
        """Close the session."""
        await self._http.close()


class Raw(Aiohttp):
    """The least that reads a stream: pieces as they come, lines cut by hand, msgspec."""

    async def tokens(self) -> AsyncIterator[str]:
        """Post, then read what comes; only the first URL is used."""
        import msgspec

        decode = msgspec.json.Decoder().decode
        rest = b""
        async with self._http.post(self._urls[0], json=body(stream=True)) as response:
            async for piece in response.content.iter_any():
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    if line.startswith(b"data: {"):
                        choices = decode(line[6:])["choices"]
                        if choices and (text := choices[0]["delta"].get("content")):
                            yield text
