"""What a dialect is: a module of pure functions that has the shape of `Dialect`.

A dialect turns a `Request` into one HTTP call and the bytes of the response into deltas and one
`Decoded`. It does no I/O, keeps no state between calls, reads no clock and knows no secret but the
one handed to `authorise`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from nbapimgr.models import Content, Delta, Failure, ModelInfo, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Provider, Request

__all__ = ["Decoded", "Decoder", "Dialect", "Embedded", "HttpCall"]


class HttpCall(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, without its secrets."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""


class Decoded(msgspec.Struct, frozen=True, kw_only=True):
    """All that a response said. An answer is good only when `failure` is None."""

    text: str = ""
    content: tuple[Content, ...] = ()
    """The turn in the order it came, as it can be sent back."""
    finish_reason: str | None = None
    """stop, length, tool_calls, content_filter, refusal, other; None when none was sent."""
    native_finish_reason: str | None = None
    """The provider's own word."""
    refusal: str | None = None
    """The provider's words where the model refused."""
    model: str | None = None
    response_id: str | None = None
    usage: Usage | None = None
    failure: Failure | None = None
    """Why this is no answer: an error event, a broken, truncated or empty response."""


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    """Embeddings: one vector for each input (a list of floats, or base64 as it came)."""

    vectors: tuple[Any, ...] = ()
    model: str | None = None
    usage: Usage | None = None
    failure: Failure | None = None


class Decoder(Protocol):
    """Reads the body of one 2xx response, whole or streamed, in pieces cut anywhere.

    Bounded: a line over `_limits.MAX_LINE` or a body over `_limits.MAX_BODY` bytes ends in a
    `Failure`. It never raises on any bytes.
    """

    settled: bool
    """The finish reason has been seen: only usage or an end mark may follow."""
    finished: bool
    """The dialect's own end mark has been seen, or a failure: nothing of value follows."""
    failure: Failure | None
    """Set as soon as the response is known to be no answer."""

    def feed(self, data: bytes, /) -> list[Delta]:
        """Take the next bytes; return what became readable. Empty after `finished`."""
        ...

    def end(self) -> Decoded:
        """The body has ended. Truncated, malformed and empty answers carry a failure."""
        ...


class Dialect(Protocol):
    """The functions of a dialect module."""

    NAME: str

    def build(self, request: Request, provider: Provider, model: str, *, stream: bool) -> HttpCall:
        """The HTTP call that puts `request` to `model`."""
        ...

    def authorise(self, call: HttpCall, key: str, provider: Provider) -> dict[str, str]:
        """The headers that prove who asks, for exactly this call."""
        ...

    def decoder(self, headers: Mapping[str, str], *, stream: bool, now: float) -> Decoder:
        """A decoder for one 2xx response to `build`. Header names are in lower case.

        `stream` is what was asked for; what came is told from the content type and the bytes.
        `now` is the moment the response came, in seconds since the epoch.
        """
        ...

    def models_call(self, provider: Provider) -> HttpCall:
        """The free call that lists models and so checks the key."""
        ...

    def read_models(self, body: bytes) -> tuple[tuple[ModelInfo, ...], str | None]:
        """The models of one page and the token of the next, if there is one.

        Raises:
            ValueError: The body is not a model list.
        """
        ...
