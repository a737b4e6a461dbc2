"""Providers that are down when a script says so, on the loop of who asks them."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.bench.server import Answering, burst, pieces, stream, whole
from tests.chaos.outages import Outage, standing

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TEXT", "Site"]

_CHUNKS = 3
TEXT = "".join(pieces(_CHUNKS))
"""The healthy answer."""
_SLOW = 20.0
"""Seconds until the first token of who is slow."""


@dataclass
class Site:
    """A provider: where it is, and when it is down."""

    outages: list[Outage]
    begun: float = 0.0
    """When its script began."""
    port: int = 0
    server: asyncio.Server | None = None
    visits: set[Any] = field(default_factory=set)
    asked: int = 0

    def now(self) -> Outage | None:
        """The outage it has."""
        return standing(self.outages, time.monotonic() - self.begun)

    async def run(self) -> None:
        """Begin the script; close for the time of each outage in which nobody listens."""
        self.begun = time.monotonic()
        for outage in self.outages:
            if outage.kind == "refused":
                await self._at(outage.begin)
                self.close()
                await self._at(outage.end)
                await self.open()

    async def open(self) -> None:
        """Listen, on the same port each time."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: _Visit(self), "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listen no more, and cut all connections."""
        if self.server is not None:
            self.server.close()
        for visit in list(self.visits):
            visit.transport.abort()

    async def _at(self, moment: float) -> None:
        await asyncio.sleep(moment - (time.monotonic() - self.begun))


class _Visit(Answering):
    """A connection to a site."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self._site = site

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._site.visits.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._site.visits.discard(self)

    def _answer(self, _: bytes) -> None:
        site = self._site
        site.asked += 1
        outage = site.now()
        kind = outage.kind if outage else ""
        if kind == "flapping":
            kind = "503" if site.asked % 3 else ""
        _ANSWERS.get(kind, _well)(self.transport)


def _well(transport: asyncio.Transport) -> None:
    if not transport.is_closing():
        transport.write(burst(_CHUNKS))


def _cut(transport: asyncio.Transport) -> None:
    transport.write(stream(_CHUNKS)[0])
    transport.close()


def _slow(transport: asyncio.Transport) -> None:
    asyncio.get_running_loop().call_later(_SLOW, _well, transport)


def _silent(_: asyncio.Transport) -> None:
    """Nothing comes."""


def _saying(line: str, body: bytes, kind: str = "application/json") -> Callable[[Any], None]:
    data = whole(line, body, kind)
    return lambda transport: transport.write(data)


def _refusing(line: str, **error: Any) -> Callable[[Any], None]:
    return _saying(line, json.dumps({"error": error}).encode())


def _sending(data: bytes) -> Callable[[Any], None]:
    return lambda transport: transport.write(data)


_HEAD = stream(_CHUNKS)[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
_BROKEN = b'data: {"choices": [{"delta": \n\n'
_ANSWERS: dict[str, Callable[[asyncio.Transport], None]] = {
    "503": _refusing("503 Service Unavailable", message="The server is overloaded."),
    "500": _refusing("500 Internal Server Error", message="An error."),
    "429": _refusing("429 Too Many", message="Rate limit reached.", code="rate_limit_exceeded"),
    "402": _refusing("402 Payment Required", message="Insufficient credits.", code=402),
    "401": _refusing("401 Unauthorized", message="Incorrect API key.", code="invalid_api_key"),
    "404": _refusing("404 Not Found", message="No such model.", code="model_not_found"),
    "page": _saying("200 OK", b"<!doctype html><title>Sign in</title>", "text/html"),
    "reset": lambda transport: transport.abort(),
    "cut": _cut,
    "garbled": _sending(stream(_CHUNKS)[0] + b"%x\r\n%s\r\n" % (len(_BROKEN), _BROKEN)),
    "empty": _sending(_HEAD + b"0\r\n\r\n"),
    "stalled": _sending(stream(_CHUNKS)[0]),
    "slow": _slow,
    "silent": _silent,
}
"""How a site answers that has an outage of a kind."""
