"""A server on loopback that answers exactly as scripted, well or badly, byte by byte.

    with FaultServer() as server:
        server.script(status(503), streamed("All", " good"))
        ...                                  # first request: 503; every later one: the stream
        server.seen[0].headers["authorization"]

A behaviour is a coroutine function that takes the `Exchange` and writes what it likes. Pauses are
driven by gates and never by the clock: a behaviour that waits at a gate says so with
`server.reached(name)` and goes on after `server.open(name)`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Behaviour = Callable[["Exchange"], Awaitable[None]]

PATIENCE = 20.0
"""Seconds after which a test that waits for the server has failed."""


@dataclass
class Seen:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    at: float
    """The moment its last byte came, on the machine's monotonic clock."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Gate:
    """A point at which a behaviour waits for the test; `reached` is for the test to wait for."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Exchange:
    """One request, and the way back."""

    server: FaultServer
    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    keep: bool = True

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        await self.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def head(self, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.write("\r\n".join([*lines, "", ""]).encode())

    async def gate(self, name: str) -> None:
        """Say that this point is reached, and wait until the test opens the gate."""
        gate = self.server.gate(name)
        gate.reached.set()
        await gate.opened.wait()

    async def gone(self) -> None:
        """Wait until the client has closed the connection, which `reached("gone")` then tells."""
        while await self.reader.read(4096):
            pass
        self.server.gate("gone").reached.set()
        self.keep = False

    def cut(self) -> None:
        """Close the connection cleanly, wherever it is."""
        self.keep = False

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self.keep = False


class FaultServer:
    """The server: a thread with a loop of its own.

    Args:
        tls: Speak TLS with this context.
        greeting: Sent to whoever connects, before anything is read.

    Attributes:
        seen: The requests, in the order they came.
        connections: How many connections were opened.
        open_now: How many of them are open.
        most_open: The most that were open at once.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, greeting: bytes = b"") -> None:
        self._tls = tls
        self._greeting = greeting
        self._script: list[Behaviour] = [streamed("ok")]
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.seen: list[Seen] = []
        self.connections = 0
        self.open_now = 0
        self.most_open = 0
        self.port = 0

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._main, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    def script(self, *behaviours: Behaviour) -> None:
        """What the next requests meet, in order; the last one stays."""
        with self._lock:
            self._script = list(behaviours)

    def gate(self, name: str) -> Gate:
        with self._lock:
            return self._gates.setdefault(name, Gate())

    def reached(self, name: str) -> None:
        """Wait until a behaviour stands at the gate."""
        assert self.gate(name).reached.wait(PATIENCE), f"nothing reached {name!r}"

    def open(self, name: str) -> None:
        """Let pass who waits at the gate, now and later."""
        self._loop.call_soon_threadsafe(self.gate(name).opened.set)

    def shut(self, name: str) -> None:
        """Have those that come later wait again."""
        self._loop.call_soon_threadsafe(self.gate(name).opened.clear)

    def _main(self, ready: threading.Event) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._connection, "127.0.0.1", 0, ssl=self._tls, limit=2**20, backlog=512
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        for _ in range(3):  # each layer of a connection takes a turn of the loop to close
            await asyncio.sleep(0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self._writers.append(writer)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        number = self.connections
        writer.write(self._greeting)
        try:
            while seen := await self._request(reader, number):
                with self._lock:
                    self.seen.append(seen)
                    behave = self._script[0]
                    if len(self._script) > 1:
                        self._script.pop(0)
                exchange = Exchange(self, seen, reader, writer)
                await behave(exchange)
                if not exchange.keep:
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self.open_now -= 1
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, number: int) -> Seen | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = dict(line.split(": ", 1) for line in lines)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        return Seen(method, target, headers, body, number, time.monotonic())


# --- what OpenAI-compatible servers say -----------------------------------------------------------

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    """One event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return sse({"id": "c1", "model": "served-model", "choices": [choice], **more})


def sse(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def document(text: str, **more: Any) -> bytes:
    """A whole answer."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    answer = {"id": "c1", "model": "served-model", "choices": [choice], "usage": USAGE}
    return json.dumps({**answer, **more}).encode()


# --- behaviours -----------------------------------------------------------------------------------


def streamed(
    *texts: str,
    without: Sequence[str] = (),
    pause_at: int | None = None,
    after: Behaviour | None = None,
    headers: dict[str, str] | None = None,
) -> Behaviour:
    """A stream of these texts; waits at the gate "pause" before the text of that number.

    `without` leaves parts of its end out: "finish", "usage", "done", "end"; `after` is what happens
    in place of the end.
    """
    kind = {"content_type": "text/event-stream", "transfer_encoding": "chunked", **(headers or {})}
    usage = sse({"id": "c1", "choices": [], "usage": USAGE})
    end = {"finish": event({}, "stop"), "usage": usage, "done": DONE}

    async def behave(exchange: Exchange) -> None:
        await exchange.head(**kind)
        for number, text in enumerate(texts):
            if number == pause_at:
                await exchange.gate("pause")
            await exchange.chunk(event({"content": text}))
        if after is not None:
            await after(exchange)
            return
        for name, data in end.items():
            if name not in without:
                await exchange.chunk(data)
        await (exchange.gone() if "end" in without else exchange.write(b"0\r\n\r\n"))

    return behave


def status(code: int, body: Any = None, **headers: str) -> Behaviour:
    """An answer with a body of known length: bytes as they are, anything else as JSON."""

    async def behave(exchange: Exchange) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body or {"error": {}}).encode()
        await exchange.head(
            code,
            **{"content_type": "application/json", **headers, "content_length": str(len(data))},
        )
        await exchange.write(data)

    return behave


def error(code: int, message: str = "no", /, **fields: Any) -> Behaviour:
    """An error as OpenAI words it."""
    return status(code, {"error": {"message": message, **fields}})


def whole(text: str) -> Behaviour:
    """A whole answer that was not streamed."""
    return status(200, document(text))


def raw(data: bytes) -> Behaviour:
    """These bytes, then the connection is closed."""

    async def behave(exchange: Exchange) -> None:
        await exchange.write(data)
        exchange.cut()

    return behave


async def cut(exchange: Exchange) -> None:
    """Close the connection cleanly."""
    exchange.cut()


async def reset(exchange: Exchange) -> None:
    """Reset the connection."""
    exchange.reset()


async def hang(exchange: Exchange) -> None:
    """Say nothing (more) until the client has gone."""
    exchange.server.gate("hang").reached.set()
    await exchange.gone()


def once_shown(behaviour: Behaviour) -> Behaviour:
    """This, but not before the test has seen text and opened the gate "shown"."""

    async def behave(exchange: Exchange) -> None:
        await exchange.gate("shown")
        await behaviour(exchange)

    return behave
