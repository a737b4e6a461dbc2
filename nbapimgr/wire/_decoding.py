"""What all decoders share: telling what came, bounds, end signals, and one way to fail.

A dialect's decoder inherits `BodyDecoder` and fills in three hooks. What came is told from the
bytes and never from the content type: providers answer a stream with a bare JSON error, and a plain
call with a stream.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import msgspec

from nbapimgr.models import Delta
from nbapimgr.wire import _json
from nbapimgr.wire._limits import MAX_BODY, MAX_DEPTH
from nbapimgr.wire.failures import broken, classify
from nbapimgr.wire.sse import NdjsonReader, SseReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Failure
    from nbapimgr.wire._dialect import Decoded

__all__ = ["BodyDecoder"]

_OK = 200
_BLANK = b" \t\r\n\xef\xbb\xbf"
"""What may come before the first byte that counts: white space and a byte order mark."""
_SSE_STARTS = b":deir"
"""The first bytes of a comment and of the fields data, event, id, retry."""
_BRACE = ord("{")
_USED_UP = "The answer is empty: max_tokens was used up before it began."
_RAISE = "raise max_tokens: the model spent all of them before it began to answer"
_MAY_BE_DEEP = 2 * MAX_DEPTH
"""JSON of fewer bytes cannot be nested too deep."""

_Reader: TypeAlias = NdjsonReader | SseReader


class BodyDecoder(ABC):
    """Base of the decoders; see `_dialect.Decoder` for what `feed` and `end` promise.

    The hooks are called in the order the bytes came, never after `finished`. They raise ValueError
    where something is not what the dialect sends: the failure is made here.

    Hooks call `_say` for text a person may see, `_keep` for anything else they keep, and `_fail`
    when the response is no answer.
    A whole document yields no deltas: its text is in `Decoded`.

    Attributes:
        settled: The finish reason has been seen.
        finished: The end mark has been seen, or a failure.
        failure: Why this is no answer.
        said: Whether anything came that makes an answer: text, tool call, reasoning, refusal.
        filtered: Whether a content filter ended the answer, or refused the question.
    """

    ndjson: ClassVar[bool] = False
    """A body that starts with a brace is a stream of lines, not one document."""

    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        self.headers = headers
        self.now = now
        self.settled = False
        self.finished = False
        self.failure: Failure | None = None
        self.said = False
        self.filtered = False
        self._deltas: list[Delta] = []
        self._reader: _Reader | None = None
        self._document_bytes: bytearray | None = None
        self._held = 0
        self._ended = False

    # --- what the engine calls ---------------------------------------------------------------

    def feed(self, data: bytes, /) -> list[Delta]:
        """Take the next bytes; return what became readable."""
        if self.finished or self._ended:
            return []
        if self._reader is not None:
            self._read(self._reader, data)
        elif self._document_bytes is not None:
            self._collect(self._document_bytes, data)
        else:
            self._sniff(data)
        deltas, self._deltas = self._deltas, []
        return deltas

    def end(self) -> Decoded:
        """The body has ended."""
        if not self._ended:
            self._ended = True
            self._close()
        decoded, empty = self._decoded(), self.failure
        if empty and empty.category == "service.empty" and decoded.finish_reason == "length":
            # A model that thinks out of sight: the same would end the same, and cost the same.
            self.failure = msgspec.structs.replace(
                empty, message=_USED_UP, retryable=False, remedy=_RAISE
            )
            decoded = msgspec.structs.replace(decoded, failure=self.failure)
        return decoded

    # --- hooks -------------------------------------------------------------------------------

    @abstractmethod
    def _event(self, name: str, data: bytes) -> None:
        """One server-sent event, or one line where `ndjson` is true (name "")."""

    @abstractmethod
    def _document(self, value: Any) -> None:
        """The whole body was one JSON value."""

    @abstractmethod
    def _decoded(self) -> Decoded:
        """All that was said, with `self.failure`."""

    # --- what hooks call ---------------------------------------------------------------------

    def _say(self, delta: Delta) -> None:
        """Hand out a piece of the answer."""
        self.said = True
        self._keep(len(delta.text))
        self._deltas.append(delta)

    def _keep(self, size: int) -> None:
        """Count what a decoder keeps, in characters; too much of it is a failure."""
        self._held += size
        if self._held > MAX_BODY:
            self._fail_as(
                "service.malformed", "The answer is larger than can be kept.", "body limit"
            )

    def _fail(self, failure: Failure) -> None:
        """The response is no answer; the first reason counts."""
        self.failure = self.failure or failure
        self.finished = True

    def _fail_as(self, category: str, message: str, evidence: str) -> None:
        self._fail(broken(category, message, evidence))

    # --- how bytes become events -------------------------------------------------------------

    def _sniff(self, data: bytes) -> None:
        start = data.lstrip(_BLANK)
        if not start:
            return
        if start[0] in _SSE_STARTS:
            self._reader = SseReader()
        elif self.ndjson and start[0] == _BRACE:
            self._reader = NdjsonReader()
        if self._reader is not None:
            self._read(self._reader, start)
        else:
            self._document_bytes = bytearray()
            self._collect(self._document_bytes, start)

    def _collect(self, document: bytearray, data: bytes) -> None:
        if len(document) + len(data) <= MAX_BODY:
            document += data
        else:
            document.clear()
            self._fail_as("service.malformed", "The response is larger than 32 MiB.", "body limit")

    def _read(self, reader: _Reader, data: bytes) -> None:
        for name, payload in reader.feed(data):
            self._take(name, payload)
            if self.finished:
                return
        if reader.overflow:
            self._fail_as("service.malformed", "A line of the stream is too long.", "line limit")

    def _take(self, name: str, payload: bytes) -> None:
        if not payload or payload.isspace():
            return
        try:
            if len(payload) > _MAY_BE_DEEP and _json.too_deep(payload):
                msg = f"nested deeper than {MAX_DEPTH}"
                raise ValueError(msg)  # noqa: TRY301  # as if the hook had found it
            self._event(name, payload)
        except (ValueError, RecursionError) as error:
            what = f"An event of the stream is broken: {error}"
            self._fail_as("service.malformed", what, "event")

    def _close(self) -> None:
        if not self.finished and self._document_bytes is not None:
            self._close_document(bytes(self._document_bytes))
        elif not self.finished and self._reader is not None:
            self._close_stream(self._reader)
        if self.failure is None:
            self._judge()

    def _close_document(self, body: bytes) -> None:
        try:
            value = _json.loads(body)
        except (ValueError, RecursionError) as error:
            page = classify("", _OK, {}, body, now=0.0)
            if page.category == "network.proxy":  # a captive portal, or a base URL of a website
                self._fail(page)
            else:
                self._fail_as("service.malformed", f"The response is not JSON: {error}", "body")
            return
        try:
            self._document(value)
        except (ValueError, RecursionError) as error:
            self._fail_as("service.malformed", f"The response has another shape: {error}", "body")

    def _close_stream(self, reader: _Reader) -> None:
        """Deliver the last event, whose end may be missing.

        If it is cut, so is the stream; but where the answer had ended before, only what follows an
        answer is lost, as it is when the cut falls between two events.
        """
        settled = self.settled
        for name, payload in reader.end():
            self._take(name, payload)
        if self.failure is not None and self.failure.category == "service.malformed":
            cut = broken("service.stream_broken", "The stream was cut off.", "cut event")
            self.failure = None if settled else cut

    def _judge(self) -> None:
        streamed = self._reader is not None
        if streamed and not (self.settled or self.finished):
            message = "The stream ended before the answer did."
            self._fail_as("service.stream_broken", message, "no end signal")
        elif not self.said and self.filtered:
            message = "The provider's content filter let nothing through."
            self._fail_as("request.content_policy", message, "content filter, no content")
        elif not self.said:
            self._fail_as("service.empty", "The answer is empty.", "no content")
