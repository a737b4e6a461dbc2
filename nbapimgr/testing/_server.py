"""A server on loopback that answers exactly as scripted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from nbapimgr.testing._behaviours import answer, status

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Sequence

    Behaviour = Callable[["Exchange"], Awaitable[None]]

__all__ = ["PATIENCE", "Exchange", "FaultServer", "Gate", "Seen"]

PATIENCE: Final = 20.0
"""Seconds after which a test that waits for the server has failed."""


@dataclass
class Seen:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    connection: int
    """The how-manieth connection it came by, from 1."""
    at: float
    """The moment its last byte came, on the machine's monotonic clock."""

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
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
    """Whether the connection is used again."""

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        """Send one chunk of a body whose head said `transfer_encoding="chunked"`."""
        await self.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def head(self, code: int = 200, /, **headers: str) -> None:
        """Send a status line and headers; `_` in their names stands for `-`."""
        lines = [f"HTTP/1.1 {code} X"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.write("\r\n".join([*lines, "", ""]).encode())

    async def gate(self, name: str) -> None:
        """Say that this point is reached, and wait until the test opens the gate."""
        gate = self.server.gate(name)
        gate.reached.set()
        await gate.opened.wait()

    async def gone(self) -> None:
        """Wait until the client has closed the connection, which `reached("gone")` then tells."""
        with contextlib.suppress(ConnectionError):  # one way of closing it
            await self.reader.read()
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
    """The server: a thread with a loop of its own. Use it as a context.

    Args:
        behaviours: What the requests meet, in order; the last one stays. Without any, each one is
            answered with "ok".
        models: Answer all GET requests with a list of these, whatever the script says: checks of a
            provider may come at any time.
        tls: Speak TLS with this context.
        greeting: Sent to whoever connects, before anything is read.

    Attributes:
        seen: The requests, in the order they came.
        connections: How many connections were opened.
        open_now: How many of them are open.
        most_open: The most that were open at once.
    """

    def __init__(
        self,
        *behaviours: Behaviour,
        models: Sequence[str] = (),
        tls: ssl.SSLContext | None = None,
        greeting: bytes = b"",
    ) -> None:
        data = [{"id": name, "object": "model"} for name in models]
        self._list = status(200, {"object": "list", "data": data}) if models else None
        self._tls = tls
        self._greeting = greeting
        self._script = list(behaviours) or [answer("ok")]
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
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
        ready.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL of a provider that is this server."""
        return f"{self.origin}/v1"

    def script(self, *behaviours: Behaviour) -> None:
        """What the next requests meet, in order; the last one stays."""
        with self._lock:
            self._script = list(behaviours)

    def gate(self, name: str) -> Gate:
        """The gate of that name, made when it is first asked for."""
        with self._lock:
            return self._gates.setdefault(name, Gate())

    def reached(self, name: str) -> None:
        """Wait until a behaviour stands at the gate.

        Raises:
            TimeoutError: None does within `PATIENCE`.
        """
        if not self.gate(name).reached.wait(PATIENCE):
            raise TimeoutError(f"nothing reached {name!r}")

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
            with contextlib.suppress(AttributeError):
                # What closed after it had sent the rest has no loop any more, and asyncio asks it.
                writer.transport.abort()
        for _ in range(3):  # each layer of a connection takes a turn of the loop to close
            await asyncio.sleep(0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: Any = asyncio.current_task()
        self._tasks.add(task)
        self._writers.append(writer)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        number = self.connections
        writer.write(self._greeting)
        try:
            while seen := await self._request(reader, number):
                exchange = Exchange(self, seen, reader, writer)
                await self._next(seen)(exchange)
                if not exchange.keep:
                    break
        except ConnectionError:  # the client went while it was being answered
            self.gate("gone").reached.set()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self.open_now -= 1
            writer.close()

    def _next(self, seen: Seen) -> Behaviour:
        with self._lock:
            self.seen.append(seen)
            if self._list is not None and seen.method == "GET":
                return self._list
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    async def _request(self, reader: asyncio.StreamReader, number: int) -> Seen | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        pairs = (line.split(": ", 1) for line in lines)
        headers = {name.lower(): value for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        return Seen(method, target, headers, body, number, time.monotonic())
