"""Bytes over HTTP: the one module that knows httpx, and aiohttp under it.

httpx 0.28's own connection pool is quadratic in its connections and its client costs more than the
request; so requests go straight to the aiohttp transport, which is httpx's public transport API.
`httpx2` is the maintained successor with the same API: changing `CLIENT` is the whole move.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import weakref
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from nbapimgr.engine._hosts import origin_of
from nbapimgr.engine._proxies import Proxy, proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from nbapimgr.wire import HttpCall

__all__ = ["CLIENT", "AddressError", "Origin", "Response", "Transport", "UndecodableError"]

CLIENT = "httpx"
"""The client library: "httpx" or "httpx2"."""
_TRANSPORTS: Final = {"httpx": "httpx_aiohttp", "httpx2": "httpx_aiohttp.httpx2"}

_CONNECTIONS: Final = 32
"""Most connections to one origin. More help no provider, and idle ones cost on each call."""
_KEEPALIVE: Final = 60.0
"""Seconds after which an idle connection is closed."""
_REQUEST_IDS: Final = (
    "x-request-id",
    "request-id",  # Anthropic
    "x-amzn-requestid",  # Bedrock
    "apim-request-id",  # Azure
    "cf-ray",
)
_ENCODING: Final = "ascii"
"""Of headers; httpx finds out by trying where it is not told."""
_PIECE: Final = 2**16
"""Most bytes that are unpacked at a time, so that a packed bomb is noticed while it is small."""


class AddressError(Exception):
    """A URL that leads nowhere."""


class UndecodableError(Exception):
    """A body in an encoding that was not asked for and is not known, or is broken."""


class _Library(NamedTuple):
    httpx: Any
    transport: Any
    aiohttp: Any
    connector: Any
    url: Any
    """Parsed URLs, kept: parsing one costs as much as half a request."""


@functools.cache
def _library(name: str) -> _Library:
    httpx = importlib.import_module(name)
    transport = importlib.import_module(_TRANSPORTS[name]).AiohttpTransport
    aiohttp = importlib.import_module("aiohttp")
    url = functools.lru_cache(256)(httpx.URL)
    return _Library(httpx, transport, aiohttp, _connector(aiohttp), url)


def _connector(aiohttp: Any) -> Any:
    """The connector of aiohttp, which tells whose connection is new.

    Tracing tells as much, and costs each request twenty calls for it.
    """

    class Connector(aiohttp.TCPConnector):  # type: ignore[misc]
        def __init__(self, fresh: set[asyncio.Task[Any] | None], **options: Any) -> None:
            super().__init__(**options)
            self._fresh = fresh
            self._kept: weakref.WeakSet[Any] = weakref.WeakSet()

        async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  # aiohttp's own
            task = asyncio.current_task()
            self._fresh.add(task)
            connection = await super().connect(req, traces, timeout)
            if connection.protocol in self._kept:
                self._fresh.discard(task)
            else:
                self._kept.add(connection.protocol)
            return connection

    return Connector


@functools.cache
def _ssl_context(name: str) -> Any:
    """One context for all origins: reading the certificates takes 80 ms."""
    return _library(name).httpx.create_ssl_context()


async def _made(make: functools._lru_cache_wrapper[Any]) -> Any:
    """What is made once for all; the first time in a thread.

    Importing takes 0.3 s, in which the loop must hear a cancellation.
    """
    if make.cache_info().currsize:
        return make(CLIENT)
    return await asyncio.to_thread(make, CLIENT)


class Transport:
    """The origins that are talked to, each with its connections. Lives on one loop.

    Args:
        keepalive: Seconds after which an idle connection is closed.
    """

    def __init__(self, *, keepalive: float = _KEEPALIVE) -> None:
        self._keepalive = keepalive
        self._origins: dict[str, Origin] = {}

    async def origin(self, url: str) -> Origin:
        """Where a URL leads to.

        Raises:
            AddressError: Nowhere.
            UnusableProxyError: Through a proxy that cannot be used.
        """
        base = origin_of(url)
        if not base.startswith(("http://", "https://")):
            raise AddressError
        if base not in self._origins:
            proxy = proxy_for(base)
            library = await _made(_library)
            secure = base.startswith("https:") or (proxy and proxy.url.startswith("https:"))
            verify = await _made(_ssl_context) if secure else False
            if base not in self._origins:
                self._origins[base] = Origin(library, base, proxy, verify, self._keepalive)
        return self._origins[base]

    async def close(self) -> None:
        """Close all connections."""
        origins, self._origins = self._origins, {}
        for origin in origins.values():
            await origin.close()


class Origin:
    """Scheme, host and port: its connections, kept warm, and the slots in front of them.

    Attributes:
        host: The host's name, for messages.
        slots: Held from before a request is sent until its response is closed. The connections
            have no queue of their own, so that waiting for one is not taken for connecting.
    """

    def __init__(
        self, library: _Library, base: str, proxy: Proxy | None, verify: Any, keepalive: float
    ) -> None:
        self._library = library
        self.host = urlsplit(base).hostname or ""
        self.slots = asyncio.Semaphore(_CONNECTIONS)
        self._fresh: set[asyncio.Task[Any] | None] = set()
        self._trying: asyncio.Future[bool] | None = None
        self._proxy_headers = proxy.headers if proxy and base.startswith("http:") else {}
        self._client = library.transport(
            verify=verify,
            proxy=library.httpx.Proxy(proxy.url, headers=proxy.headers) if proxy else None,
            client=functools.partial(self._session, verify, keepalive),
        )

    def _session(self, verify: Any, keepalive: float) -> Any:
        connector = self._library.connector(
            self._fresh, limit=0, ssl=verify, keepalive_timeout=keepalive
        )
        jar = self._library.aiohttp.DummyCookieJar()
        return self._library.aiohttp.ClientSession(connector=connector, cookie_jar=jar)

    async def send(self, call: HttpCall, headers: Mapping[str, str], *, connect: float) -> Response:
        """Send a request and wait for the head of its response. Redirects are not followed.

        A request on a kept connection that the server had closed meanwhile is sent once more:
        servers close idle connections whenever they like (llama.cpp's does so after each answer),
        and one that has sent no byte has not answered.

        Args:
            call: Method, URL and body.
            headers: All headers, the secret ones too.
            connect: Seconds for name look-up, TCP and TLS.

        Raises:
            Exception: Whatever httpx, aiohttp or the system raise; see `_troubles`.
        """
        task = asyncio.current_task()
        try:
            try:
                return await self._send(call, headers, connect)
            except Exception as error:
                if task in self._fresh or not _closed_unread(error):
                    raise
                closed = error
            return await self._send_again(call, headers, connect, closed)
        finally:
            self._fresh.discard(task)

    async def _send_again(
        self, call: HttpCall, headers: Mapping[str, str], connect: float, closed: Exception
    ) -> Response:
        """Send once more; where many connections were closed at once, one finds out for all.

        A server that dies closes each of them, and is not to be asked by all a second time.
        """
        if self._trying is not None:
            if not await asyncio.shield(self._trying):
                raise closed
            return await self._send(call, headers, connect)
        self._trying = trying = asyncio.get_running_loop().create_future()
        answers = False
        try:
            response = await self._send(call, headers, connect)
            answers = True
        finally:
            self._trying = None
            trying.set_result(answers)
        return response

    async def _send(self, call: HttpCall, headers: Mapping[str, str], connect: float) -> Response:
        httpx = self._library.httpx
        request = httpx.Request(
            call.method,
            self._library.url(call.url),
            headers=httpx.Headers({**headers, **self._proxy_headers}, _ENCODING),
            # Of a stream httpx adds no headers; aiohttp adds host and length of what was read.
            stream=httpx.ByteStream(call.body),
            # aiohttp's limit for a connection, opened anew; reading is watched by the attempt.
            extensions={"timeout": {"pool": connect}},
        )
        request.read()
        return Response(await self._client.handle_async_request(request))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


class Response:
    """The head of a response, and its body in pieces.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case.
        pieces: The body, unpacked, in pieces as they come. Can be read on after a break.
        ended: Set by who has read all pieces; the connection has been given back by then.
    """

    def __init__(self, response: Any) -> None:
        self._stream = response.stream
        self._packed: AsyncGenerator[bytes] = self._stream.__aiter__()
        self.ended = False
        self.status: int = response.status_code
        self.headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers.raw
        }
        self.pieces = self._packed
        coding = self.headers.get("content-encoding", "identity").strip().lower()
        if coding != "identity":
            self.pieces = _unpacked(self._packed, coding)

    @property
    def request_id(self) -> str | None:
        """The server's own id of the request."""
        return next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), None)

    async def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        if not self.ended:
            await self.pieces.aclose()
            await self._packed.aclose()
            await self._stream.aclose()


async def _unpacked(pieces: AsyncIterator[bytes], coding: str) -> AsyncGenerator[bytes]:
    """A packed body, unpacked in bounded pieces.

    Packing is never asked for (it delays streams), but some servers pack all the same.
    """
    if coding not in {"gzip", "x-gzip", "deflate"}:
        raise UndecodableError(f"content-encoding {coding!r}")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, by its first bytes
    async for piece in pieces:
        rest = piece
        while rest and not unpacker.eof:
            try:
                data = unpacker.decompress(rest, _PIECE)
            except zlib.error:
                raise UndecodableError(f"broken {coding}") from None
            rest = unpacker.unconsumed_tail
            if data:
                yield data


def _closed_unread(error: Exception) -> bool:
    """Whether a connection was closed before the first byte of a response."""
    names = {kind.__name__ for kind in type(error.__cause__ or error).__mro__}
    if "ServerDisconnectedError" in names:
        # Its message holds the part of the head that had come, if any.
        return isinstance(getattr(error.__cause__, "message", None), str)
    cut = names & {"ClientOSError", "ClientConnectionResetError"}
    return bool(cut) and "ClientConnectorError" not in names
