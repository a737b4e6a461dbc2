"""Reads the answers of Bedrock: JSON or an AWS event stream, told apart by the first byte."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.models import Content, Delta, Reasoning, Text, ToolCall, Usage
from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._dialect import Decoded
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str, dumps, loads, loads_object
from nbapimgr.wire.bedrock._converse import (
    FILTERED,
    Block,
    finish_reason,
    read_block,
    read_usage,
)
from nbapimgr.wire.bedrock._eventstream import Frame, FrameError, FrameReader
from nbapimgr.wire.bedrock._invoke import Written, as_event, read_written, speaker
from nbapimgr.wire.failures import from_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.wire._dialect import Decoder

__all__ = ["decoder"]

_BLOCK_COST: Final = 1024
"""What a block costs beside its text, in bytes, so that many small ones are bounded too."""


def decoder(headers: Mapping[str, str], *, stream: bool, now: float) -> Decoder:  # noqa: ARG001  # the bytes tell
    """A decoder for one answer of `converse`, `invoke` or the streams of either."""
    return _Decoder(headers, now=now)


class _Decoder(BodyDecoder):
    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        super().__init__(headers, now=now)
        self._began = False
        self._frames: FrameReader | None = None
        self._blocks: dict[int | None, Block] = {}
        self._content: list[Content] = []
        self._native: str | None = None
        self._model: str | None = None
        self._response_id: str | None = None
        self._usage: Usage | None = None
        self._inner: Decoder | None = None
        self._answer: Decoded | None = None

    # --- bytes ---------------------------------------------------------------------------------

    def feed(self, data: bytes, /) -> list[Delta]:
        if data and not self._began:
            self._began = True
            # A frame begins with its length, which is below 2**24; no text begins with NUL.
            if data[0] == 0:
                self._frames = FrameReader()
        if self._frames is None:
            return super().feed(data)
        if not (self.finished or self._ended):
            self._read_frames(self._frames, data)
        deltas, self._deltas = self._deltas, []
        return deltas

    def _read_frames(self, frames: FrameReader, data: bytes) -> None:
        try:
            for frame in frames.feed(data):
                self._frame(frame)
                if self.finished:
                    return
        except FrameError as error:
            self._fail_as("service.malformed", f"The event stream is damaged: {error}", "frame")
        except (ValueError, RecursionError) as error:
            self._fail_as(
                "service.malformed", f"An event of the stream is broken: {error}", "event"
            )

    def _close(self) -> None:
        if self._frames is None:
            super()._close()
        elif self._inner is not None:
            self._take_answer(self._inner)
        elif not self.finished:
            self._close_frames(self._frames)

    def _close_frames(self, frames: FrameReader) -> None:
        if self.settled:
            self._judge()
            return
        evidence = "cut frame" if frames.pending else "no messageStop"
        self._fail_as("service.stream_broken", "The stream ended before the answer did.", evidence)

    # --- events --------------------------------------------------------------------------------

    def _event(self, name: str, data: bytes) -> None:  # noqa: ARG002  # refused unread
        raise ValueError("Bedrock sends no server-sent events")

    def _frame(self, frame: Frame) -> None:
        if frame.headers.get(":message-type", "event") != "event":
            self._fail_by(_error(frame), frame.headers)
            return
        value = loads(frame.payload)
        if not isinstance(value, dict):
            raise ValueError("not an object")  # noqa: TRY004  # the caller asks for it
        match frame.headers.get(":event-type"):
            case "contentBlockStart":
                self._start(value)
            case "contentBlockDelta":
                self._delta(value)
            case "messageStop":
                self._stop(as_str(value.get("stopReason")))
            case "metadata":
                self._metadata(value)
            case "chunk":
                self._chunk(value)
            case _:  # messageStart, contentBlockStop, and what AWS adds later
                pass

    def _start(self, value: dict[str, Any]) -> None:
        block = self._begin(as_int(value.get("contentBlockIndex")), as_dict(value.get("start")))
        self._keep(len(dumps(value)))
        self.said = self.said or block.calls

    def _begin(self, index: int | None, start: dict[str, Any]) -> Block:
        self._keep(_BLOCK_COST)
        block = self._blocks[index] = Block(start)
        return block

    def _delta(self, value: dict[str, Any]) -> None:
        index = as_int(value.get("contentBlockIndex"))
        block = self._blocks.get(index)
        if block is None:  # text and reasoning have no start
            block = self._begin(index, {})
        delta = block.add(as_dict(value.get("delta")))
        if delta is None:
            self._keep(len(dumps(value)))
        else:
            self._say(delta)

    def _stop(self, reason: str) -> None:
        self._native = reason or None
        self.filtered = reason in FILTERED
        self.settled = True

    def _metadata(self, value: dict[str, Any]) -> None:
        self._measure(value)
        if self.settled:
            self._judge()
            self.finished = True

    def _measure(self, value: dict[str, Any]) -> None:
        self._usage = read_usage(value.get("usage"), value.get("serviceTier"))
        router = as_dict(as_dict(value.get("trace")).get("promptRouter"))
        self._model = as_str(router.get("invokedModelId")) or None

    # --- whole answers -------------------------------------------------------------------------

    def _document(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError("not an object")  # noqa: TRY004  # the base class asks for it
        if "output" in value:
            self._converse(value)
        elif inner := speaker(value, self.headers, now=self.now):
            inner.feed(dumps(value))
            self._take_answer(inner)
        elif written := read_written(value):
            self._write(value, written)
        elif "message" in value or "Message" in value:
            self._fail_by(value, {})
        else:
            raise ValueError("neither Converse's nor that of a family known here")

    def _converse(self, value: dict[str, Any]) -> None:
        message = as_dict(as_dict(value["output"]).get("message"))
        for block in as_list(message.get("content")):
            part = read_block(as_dict(block))
            if part is not None:
                self._content.append(part)
                self.said = self.said or isinstance(part, Text | ToolCall | Reasoning)
        self._stop(as_str(value.get("stopReason")))
        self._measure(value)

    # --- model families ------------------------------------------------------------------------

    def _chunk(self, value: dict[str, Any]) -> None:
        event = loads_object(base64.b64decode(as_str(value.get("bytes")), validate=True))
        if event is None:
            raise ValueError("its bytes are no JSON object")
        if self._inner is None:
            self._inner = speaker(event, self.headers, now=self.now)
        if self._inner is not None:
            self._pass_on(self._inner, event)
        elif written := read_written(event):
            self._write(event, written)
        else:
            raise ValueError("a model family whose words are not known here")

    def _pass_on(self, inner: Decoder, event: dict[str, Any]) -> None:
        for delta in inner.feed(as_event(event)):
            self._say(delta)
        self.settled = inner.settled
        if inner.failure is not None:
            self._fail(inner.failure)
        self.finished = self.finished or inner.finished

    def _take_answer(self, inner: Decoder) -> None:
        self._answer = inner.end()
        self.said = True  # whether it is empty was for the other dialect to say
        if self._answer.failure is not None:
            self._fail(self._answer.failure)

    def _write(self, value: dict[str, Any], written: Written) -> None:
        text, native, usage = written
        if text:
            self._delta({"delta": {"text": text}})
        self._model = as_str(value.get("model")) or self._model
        self._response_id = as_str(value.get("id")) or self._response_id
        self._usage = usage or self._usage
        if native:
            self._stop(native)
            self._judge()
            self.finished = True

    # --- results -------------------------------------------------------------------------------

    def _fail_by(self, payload: Any, headers: Mapping[str, str]) -> None:
        said = {**self.headers, **headers}
        self._fail(from_event("bedrock", payload, said, now=self.now))

    def _decoded(self) -> Decoded:
        if self._answer is not None:
            return msgspec.structs.replace(self._answer, failure=self.failure)
        made = [block.content() for block in self._blocks.values()]
        content = (*self._content, *(part for part in made if part is not None))
        reason = finish_reason(self._native)
        called = any(isinstance(part, ToolCall) for part in content)
        return Decoded(
            text="".join(part.text for part in content if isinstance(part, Text)),
            content=content,
            finish_reason="tool_calls" if called and reason == "stop" else reason,
            native_finish_reason=self._native,
            model=self._model,
            response_id=self._response_id,
            usage=self._usage,
            failure=self.failure,
        )


def _error(frame: Frame) -> dict[str, Any]:
    """What an exception says; an `error` frame says it in its headers alone."""
    said = {
        "message": frame.headers.get(":error-message", frame.payload.decode("utf-8", "replace"))
    }
    return loads_object(frame.payload) or said
