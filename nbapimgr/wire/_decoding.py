"""What all decoders share: telling what came, bounds, end signals, and one way to fail.

A dialect's decoder inherits `BodyDecoder` and fills in three hooks. What came is told from the
bytes and never from the content type: providers answer a stream with a bare JSON error, and a plain
call with a stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from nbapimgr.models import Delta
from nbapimgr.wire import _json
from nbapimgr.wire._limits import MAX_BODY, MAX_DEPTH
from nbapimgr.wire.failures import broken
from nbapimgr.wire.sse import LineReader, SseReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Failure
    from nbapimgr.wire._dialect import Decoded

__all__ = ["BodyDecoder"]

_BLANK = b" \t\r\n\xef\xbb\xbf"
"""What may come before the first byte that counts: white space and a byte order mark."""
_SSE_STARTS = b":deir"
"""The first bytes of a comment and of the fields data, event, id, retry."""
_BRACE = ord("{")
_MAY_BE_DEEP = 2 * MAX_DEPTH
"""JSON of fewer bytes cannot be nested too deep."""


class BodyDecoder:
    """Base of the decoders; see `_dialect.Decoder` for what `feed` and `end` promise.

    Hooks, called in the order the bytes came, never after `finished`:

    * `_event(name, data)`: one server-sent event, or one line where `ndjson` is true (name "").
      Raises ValueError where `data` is not what the dialect sends: the failure is made here.
    * `_document(value)`: the whole body was one JSON value.
    * `_decoded()`: all that was said, with `self.failure`.
    * `_why_empty()`: words for a complete answer in which nothing was said; has a default.

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
        self._reader: LineReader | SseReader | None = None
        self._document_bytes: bytearray | None = None
        self._held = 0
        self._ended = False

    # --- what the engine calls ---------------------------------------------------------------

    def feed(self, data: bytes, /) -> list[Delta]:
        """Take the next bytes; return what became readable."""
        if self.finished or self._ended:
            return []
        if self._reader is not None:
            self._read(data)
        elif self._document_bytes is not None:
            self._collect(data)
        else:
            self._sniff(data)
        deltas, self._deltas = self._deltas, []
        return deltas

    def end(self) -> Decoded:
        """The body has ended."""
        if not self._ended:
            self._ended = True
            self._close()
        return self._decoded()

    # --- hooks -------------------------------------------------------------------------------

    def _event(self, name: str, data: bytes) -> None:
        raise NotImplementedError

    def _document(self, value: Any) -> None:
        raise NotImplementedError

    def _decoded(self) -> Decoded:
        raise NotImplementedError

    def _why_empty(self) -> str:
        return "The answer is empty."

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
            self._reader = LineReader()
        else:
            self._document_bytes = bytearray()
            self._collect(start)
            return
        self._read(start)

    def _collect(self, data: bytes) -> None:
        document = self._document_bytes
        if document is None or len(document) + len(data) > MAX_BODY:
            self._document_bytes = bytearray()
            self._fail_as("service.malformed", "The response is larger than 32 MiB.", "body limit")
        else:
            document += data

    def _read(self, data: bytes) -> None:
        reader = self._reader
        if isinstance(reader, SseReader):
            for name, payload in reader.feed(data):
                self._take(name, payload)
                if self.finished:
                    return
        elif reader is not None:
            for line in reader.feed(data):
                self._take("", line)
                if self.finished:
                    return
        if reader is not None and reader.overflow:
            self._fail_as("service.malformed", "A line of the stream is too long.", "line limit")

    def _take(self, name: str, payload: bytes) -> None:
        if not payload or payload.isspace():
            return
        try:
            self._event(name, payload)
        except (ValueError, RecursionError) as error:
            self._fail_as(
                "service.malformed", f"An event of the stream is broken: {error}", "event"
            )

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
            what = "an HTML page" if body[:1] == b"<" else "not JSON"
            self._fail_as("service.malformed", f"The response is {what}: {error}", "body")
            return
        try:
            self._document(value)
        except (ValueError, RecursionError) as error:
            self._fail_as("service.malformed", f"The response has another shape: {error}", "body")

    def _close_stream(self, reader: LineReader | SseReader) -> None:
        """Deliver the last event, whose end may be missing. If it is cut, so is the stream."""
        tail: list[tuple[str, bytes]] = (
            reader.end() if isinstance(reader, SseReader) else [("", x) for x in reader.end()]
        )
        for name, payload in tail:
            self._take(name, payload)
        if self.failure is not None and self.failure.category == "service.malformed":
            self.failure = broken("service.stream_broken", "The stream was cut off.", "cut event")

    def _judge(self) -> None:
        streamed = self._reader is not None
        if streamed and not (self.settled or self.finished):
            message = "The stream ended before the answer did."
            self._fail_as("service.stream_broken", message, "no end signal")
        elif not self.said and self.filtered:
            message = "The provider's content filter let nothing through."
            self._fail_as("request.content_policy", message, "content filter, no content")
        elif not self.said:
            self._fail_as("service.empty", self._why_empty(), "no content")
