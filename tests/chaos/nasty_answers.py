"""Nasty cases in what providers answer: broken bodies, hints, huge things."""

from __future__ import annotations

import json
import time
import zlib
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.ground import TEXT, WORDS, healthy
from tests.engine.faultserver import document, event, status, streamed

if TYPE_CHECKING:
    from tests.chaos.ground import Ground
    from tests.engine.faultserver import Behaviour, Exchange


# --- N03, N04 -------------------------------------------------------------------------------------

PAGE = b"<!doctype html><html><head><title>Sign in to Wi-Fi</title></head><body>Hi</body></html>"


def n03(ground: Ground) -> None:
    """200 with an empty answer, with an error body, with a web page."""
    upstream = {"code": 502, "message": "Provider returned error"}
    bad: dict[str, tuple[Behaviour, set[str]]] = {
        "empty stream": (streamed(), {"service.empty"}),
        "empty answer": (status(200, document("")), {"service.empty"}),
        "error body": (status(200, {"error": upstream}), {"service.error", "service.overloaded"}),
        "web page": (status(200, PAGE, content_type="text/html"), {"network.proxy"}),
        "no body": (status(200, b""), {"service.empty", "service.malformed"}),
        "half an answer": (status(200, document(TEXT)[:40]), {"service.malformed"}),
    }
    other = ground.server()
    for name, (behaviour, kinds) in bad.items():
        llm = ground.manager(mine=ground.server(behaviour), other=other)
        asked = ground.ask(llm)
        ground.check(f"{name}: answered by the next", asked.whole, asked.categories)
        ground.check(f"{name}: named", set(asked.categories[:1]) <= kinds, asked.categories[:1])


def _named_event(name: str, **fields: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()


def _sent(*pieces: bytes, shown: bool = False) -> Behaviour:
    """A stream of these pieces; with `shown`, the last one when the caller has seen the others."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
        for number, piece in enumerate(pieces, 1):
            if shown and number == len(pieces):
                await exchange.gate("shown")
            await exchange.chunk(piece)
        await exchange.write(b"0\r\n\r\n")

    return behave


def n04(ground: Ground) -> None:
    """An error event in a stream, after 200 and the first words."""
    overloaded = {"type": "overloaded_error", "message": "Overloaded"}
    message = {"id": "m", "model": "m", "role": "assistant", "content": [], "usage": {}}
    block = {"type": "text", "text": ""}
    broken = {
        "anthropic": _sent(
            _named_event("message_start", message=message),
            _named_event("content_block_start", index=0, content_block=block),
            _named_event(
                "content_block_delta", index=0, delta={"type": "text_delta", "text": "Half of"}
            ),
            _named_event("error", error=overloaded),
            shown=True,
        ),
        "openai-responses": _sent(
            _named_event("response.created", response={"id": "r", "model": "m"}),
            _named_event(
                "response.output_text.delta", delta="Half of", output_index=0, content_index=0
            ),
            _named_event("error", code="server_error", message="The server had an error."),
            shown=True,
        ),
        "openai-chat": _sent(
            event({"content": "Half of"}),
            b'data: {"error": {"message": "overloaded", "code": 503}}\n\n',
            shown=True,
        ),
    }
    other = ground.server()
    for dialect, behaviour in broken.items():
        server = ground.server(behaviour)
        llm = ground.manager(mine={"base_url": server.url, "dialect": dialect}, other=other)
        asked = ground.ask(llm)
        ground.check(f"{dialect}: restarted and whole", asked.whole, asked.categories)
        ground.check(f"{dialect}: what was shown is marked as void", asked.restarted)
        named = asked.categories[0].startswith("service.")
        ground.check(f"{dialect}: named", named, asked.categories[0])


# --- N11 ------------------------------------------------------------------------------------------

LIMITED = {"message": "Rate limit reached.", "code": "rate_limit_exceeded"}
RETRY_INFO = {
    "code": 429,
    "status": "RESOURCE_EXHAUSTED",
    "message": "Quota exceeded.",
    "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.4s"}],
}


def n11(ground: Ground) -> None:
    """Every way of saying when to come back."""
    hints: dict[str, tuple[float, Any]] = {
        "Retry-After as a float": (0.4, {"Retry-After": "0.4"}),
        "retry-after-ms": (0.4, {"retry-after-ms": "400", "Retry-After": "1"}),
        "x-ms-retry-after-ms": (0.4, {"x-ms-retry-after-ms": "400"}),
        "Retry-After as a date": (1.0, None),
        "RetryInfo in the body": (0.4, {"error": RETRY_INFO}),
        "try again in 94ms": (
            0.094,
            {"error": {**LIMITED, "message": "Rate limit. Please try again in 94ms."}},
        ),
    }
    for name, (seconds, said) in hints.items():
        if said is None:  # whole seconds, so the moment is between one and two from now
            said = {"Retry-After": formatdate(time.time() + 2, usegmt=True)}  # noqa: PLW2901
        body = said if "error" in said else {"error": LIMITED}
        headers = {} if "error" in said else said
        server = ground.server(status(429, body, **headers), healthy())
        dialect = "gemini" if body["error"] is RETRY_INFO else "openai-chat"
        if dialect == "gemini":
            server.script(status(429, body))
        llm = ground.manager(mine={"base_url": server.url, "dialect": dialect})
        asked = ground.ask(llm, timeout=4)
        gap = server.seen[1].at - server.seen[0].at if len(server.seen) > 1 else 0.0
        ground.check(f"{name}: obeyed", gap >= seconds - 0.001, f"{gap:.3f} s")
        ground.timely(f"{name}: and not for long", gap, seconds * 1.25 + 1.1)
        if dialect != "gemini":
            ground.check(f"{name}: answered", asked.whole, asked.categories)
    _should_retry(ground)


def _should_retry(ground: Ground) -> None:
    never = ground.server(status(500, {"error": {"message": "no"}}, **{"x-should-retry": "false"}))
    asked = ground.ask(ground.manager(mine=never, other=ground.server()))
    tries = len(never.seen)
    ground.check("x-should-retry: false is obeyed", asked.whole and tries == 1, f"{tries} tries")
    bad = status(400, {"error": {"message": "once more"}}, **{"x-should-retry": "true"})
    again = ground.server(bad, healthy())
    asked = ground.ask(ground.manager(mine=again))
    ground.check("x-should-retry: true is obeyed", asked.whole, asked.categories)
    hinted = ground.server(streamed(*WORDS, headers={"Retry-After": "30"}))
    llm = ground.manager(mine=hinted)
    whole = [ground.ask(llm).whole for _ in range(2)]
    ground.check("a hint on a 200 is ignored", all(whole) and len(hinted.seen) == 2)


# --- N12 ------------------------------------------------------------------------------------------

MEBI = 2**20


def _endless(code: int, head: bytes, piece: bytes) -> Behaviour:
    """A body of 200 MB in pieces; stops when the client has gone."""

    async def behave(exchange: Exchange) -> None:
        await exchange.head(code, content_type="text/event-stream", transfer_encoding="chunked")
        await exchange.chunk(head)
        for _ in range(200 * MEBI // len(piece)):
            await exchange.chunk(piece)
        exchange.cut()

    return behave


def _bomb() -> Behaviour:
    packer = zlib.compressobj(wbits=31)  # gzip
    packed = packer.compress(b'data: {"choices": [{"delta": {"content": "')
    packed += b"".join(packer.compress(b" " * MEBI) for _ in range(256)) + packer.flush()
    kind = {"content_type": "text/event-stream", "content_encoding": "gzip"}
    return status(200, packed, **kind)


def n12(ground: Ground) -> None:
    """200 MB, one line of 200 MB, a gzip bomb, invalid UTF-8, a header of 64 KiB."""
    text = event({"content": "x" * 8000})
    monsters = {
        "200 MB": _endless(200, text, text),
        "200 MB that are an error": _endless(500, b"{", b" " * MEBI),
        "a line of 200 MB": _endless(200, b"data: ", b"x" * MEBI),
        "a gzip bomb": _bomb(),
        "invalid UTF-8": _sent(b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'),
        "a header of 64 KiB": streamed(*WORDS, headers={"x-long": "x" * 64 * 1024}),
    }
    other = ground.server()
    ground.ask(ground.manager(other=other))
    for name, behaviour in monsters.items():
        llm = ground.manager(mine=ground.server(behaviour), other=other)
        before = _memory(reset=True)
        asked = ground.ask(llm, on_restart="buffer")
        grown = (_memory() - before) / MEBI
        ground.check(f"{name}: answered by the next", asked.whole, asked.categories)
        said = asked.categories[0]
        ground.check(f"{name}: named", said.startswith(("service.", "network.")), said)
        ground.check(f"{name}: bounded memory", grown < 100, f"{grown:.0f} MiB")


def _memory(*, reset: bool = False) -> int:
    """The most bytes this process has held since the last reset; 0 where nobody says."""
    status_file = Path("/proc/self/status")
    if not status_file.exists():
        return 0
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = dict(line.split(":", 1) for line in status_file.read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024
