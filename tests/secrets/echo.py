"""A provider that gives everything it is told back, in each place an error can have."""

from __future__ import annotations

import json


def _heard(exchange):
    """The headers and the body of the request."""
    return " ".join(f"{k}: {v}" for k, v in exchange.seen.headers.items()) + exchange.seen.target


def _key(exchange):
    headers = exchange.seen.headers
    names = ("authorization", "x-api-key", "x-goog-api-key", "api-key")
    return next((headers[name].removeprefix("Bearer ") for name in names if name in headers), "")


def _error(exchange):
    heard = _heard(exchange)
    fields = {"message": heard, "type": heard, "code": _key(exchange), "param": heard}
    return {**fields, "error": fields, "detail": heard, "request_id": _key(exchange)}


async def _send(exchange, status, kind, body, **headers):
    await exchange.head(
        status, content_type=kind, content_length=str(len(body)), connection="close", **headers
    )
    await exchange.write(body)
    exchange.cut()


def json_error(status):
    """An error in JSON that repeats the request, in its headers too."""

    async def behave(exchange):
        body = json.dumps(_error(exchange)).encode()
        await _send(exchange, status, "application/json", body, x_request_id=_key(exchange))

    return behave


async def escaped_error(exchange):
    """JSON as PHP writes it, with a backslash before each slash."""
    body = json.dumps(_error(exchange)).replace("/", "\\/").encode()
    await _send(exchange, 403, "application/json", body)


async def sentence(exchange):
    """`{"error": "…"}`, as Ollama words it."""
    body = json.dumps({"error": f"bad key {_key(exchange)}"}).encode()
    await _send(exchange, 401, "application/json", body)


async def plain_text(exchange):
    """No JSON at all."""
    await _send(exchange, 400, "text/plain", _heard(exchange).encode())


async def web_page(exchange):
    """A proxy's page with the request on it."""
    page = f"<html><title>{_key(exchange)}</title><body>{_heard(exchange)}</body></html>"
    await _send(exchange, 502, "text/html", page.encode())


async def cut_short(exchange):
    """Half a key, where the server's own limit for messages falls."""
    message = "Incorrect API key provided: " + _key(exchange)[:20]
    body = json.dumps({"error": {"message": message}, "message": message}).encode()
    await _send(exchange, 401, "application/json", body)


async def in_stream(exchange):
    """An error event in a stream that began well."""
    value = json.dumps({"type": "error", **_error(exchange)})
    body = f"event: error\ndata: {value}\n\n".encode()
    await _send(exchange, 200, "text/event-stream", body)


async def in_document(exchange):
    """An error object with status 200, which no decoder takes for an answer."""
    body = json.dumps(_error(exchange)).encode()
    await _send(exchange, 200, "application/json", body)


async def broken_event(exchange):
    """A stream that breaks off in the middle of the echo."""
    body = f'data: {{"choices": [{{"delta": "{_heard(exchange)}'.encode()
    await _send(exchange, 200, "text/event-stream", body)


async def redirect(exchange):
    """To an address that has the key in it."""
    await _send(exchange, 302, "text/plain", b"", location=f"http://evil.invalid/{_key(exchange)}")


ECHOES = {
    "401": json_error(401),
    "429": json_error(429),
    "500": json_error(500),
    "escaped": escaped_error,
    "sentence": sentence,
    "plain text": plain_text,
    "web page": web_page,
    "cut short": cut_short,
    "in stream": in_stream,
    "in document": in_document,
    "broken event": broken_event,
    "redirect": redirect,
}
