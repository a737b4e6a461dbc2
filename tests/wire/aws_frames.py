"""Writes AWS event stream frames, for tests."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any


def string_header(name: str, value: str) -> bytes:
    return _name(name) + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()


def raw_header(name: str, kind: int, value: bytes) -> bytes:
    return _name(name) + bytes([kind]) + value


def _name(name: str) -> bytes:
    return bytes([len(name.encode())]) + name.encode()


def pack(headers: bytes, payload: bytes) -> bytes:
    """A frame of ready headers, with good checksums."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    head = prelude + struct.pack(">I", zlib.crc32(prelude))
    body = head + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def frame(payload: bytes, **headers: str) -> bytes:
    """A frame; `event_type="x"` is the header `:event-type`."""
    packed = [string_header(":" + n.replace("_", "-"), v) for n, v in headers.items()]
    return pack(b"".join(packed), payload)


def event(name: str, value: Any) -> bytes:
    """One event of Bedrock, with the padding it adds."""
    payload = json.dumps({**value, "p": "abcdefghij"}).encode()
    return frame(payload, event_type=name, content_type="application/json", message_type="event")


def chunk(value: Any) -> bytes:
    """One event of a model family, wrapped as `invoke-with-response-stream` does."""
    return event("chunk", {"bytes": base64.b64encode(json.dumps(value).encode()).decode()})
