"""Bytes of a chat answer -> deltas and one `Decoded`.

Version 2 streams server-sent events and ends with `message-end` and `[DONE]`; version 1 streams
lines of JSON and ends with `stream-end`. A failed generation is a 200 whose finish reason is ERROR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec

from nbapimgr.models import Delta, Text
from nbapimgr.wire import _json
from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._dialect import Decoded
from nbapimgr.wire.cohere._build import NAME
from nbapimgr.wire.cohere._read import read_usage
from nbapimgr.wire.cohere._turn import Turn
from nbapimgr.wire.failures import from_event

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CohereDecoder", "decoder"]

_ENDS: Final = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}
_NO_ANSWER: Final = {
    "ERROR_TOXIC": "request.content_policy",
    "ERROR_LIMIT": "model.context_length",
    "TIMEOUT": "service.error",
    "USER_CANCEL": "service.stream_broken",
}
"""Ends that leave no answer, besides ERROR, which has words of its own. TIMEOUT is version 2's."""


def decoder(headers: Mapping[str, str], *, stream: bool, now: float) -> CohereDecoder:  # noqa: ARG001  # the bytes tell
    """A decoder for one 2xx answer of either version."""
    lines = "stream+json" in headers.get("content-type", "")
    return (_LineDecoder if lines else CohereDecoder)(headers, now=now)


# --- the usual event, decoded without the rest ---------------------------------------------------


class _Block(msgspec.Struct, gc=False):
    text: str = ""
    thinking: str = ""


class _Message(msgspec.Struct, gc=False):
    content: _Block


class _Inner(msgspec.Struct, gc=False):
    message: _Message


class _ContentDelta(msgspec.Struct, gc=False):
    delta: _Inner


_decode_delta: Final = msgspec.json.Decoder(_ContentDelta).decode


class CohereDecoder(BodyDecoder):
    """Reads an answer of version 2, and one of version 1 that is not streamed."""

    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        super().__init__(headers, now=now)
        self._turn = Turn()
        self._finish: str | None = None
        self._usage: dict[str, Any] = {}
        self._id: str | None = None

    # --- hooks -------------------------------------------------------------------------------

    def _event(self, name: str, data: bytes) -> None:
        if name == "content-delta":
            try:
                block = _decode_delta(data).delta.message.content
            except msgspec.ValidationError:
                pass  # no content-delta after all: the event says itself what it is
            else:
                self._block(block.text, block.thinking)
                return
        if data == b"[DONE]":
            self.finished = True
            return
        event = _json.loads(data)
        if not isinstance(event, dict):
            msg = f"an object was expected, {type(event).__name__} came"
            raise ValueError(msg)  # noqa: TRY004  # what came is a value, not a type of ours
        self._keep(len(data))  # what these hold weighs more than the text in it
        self._take_event(event)

    def _document(self, value: Any) -> None:
        answer = _json.as_dict(value)
        if isinstance(answer.get("message"), dict):
            self._version_2(answer)
        elif "text" in answer or "generation_id" in answer:
            self._version_1(answer)
        elif answer:
            self._fail(from_event(NAME, answer, self.headers, now=self.now))

    def _decoded(self) -> Decoded:
        content = self._turn.content()
        finish = None if self._finish is None else _ENDS.get(self._finish, "other")
        if finish == "stop" and self._turn.calls:
            finish = "tool_calls"  # version 1 has no word for it
        return Decoded(
            text="".join(part.text for part in content if isinstance(part, Text)),
            content=content,
            finish_reason=finish,
            native_finish_reason=self._finish,
            response_id=self._id,
            usage=read_usage(self._usage) if self._usage else None,
            failure=self.failure,
        )

    # --- events of version 2 -----------------------------------------------------------------

    def _take_event(self, event: dict[str, Any]) -> None:
        kind = _json.as_str(event.get("type"))
        delta = _json.as_dict(event.get("delta"))
        message = _json.as_dict(delta.get("message"))
        if kind == "message-end":
            self._usage = _json.as_dict(delta.get("usage"))
            self._end_of_answer(_json.as_str(delta.get("finish_reason")), delta.get("error"))
        elif kind in {"tool-call-start", "tool-call-delta"}:
            self._call(event.get("index"), _json.as_dict(message.get("tool_calls")))
        elif kind == "tool-plan-delta":
            self._turn.plan.append(_json.as_str(message.get("tool_plan")))
        elif kind in {"content-start", "content-delta"}:
            block = _json.as_dict(message.get("content"))
            self._block(_json.as_str(block.get("text")), _json.as_str(block.get("thinking")))
        elif kind == "citation-start":
            self._turn.citations.append(message.get("citations"))
        elif kind == "message-start":
            self._id = _json.as_str(event.get("id")) or None
        elif not kind and event.get("message"):
            self._fail(from_event(NAME, event, self.headers, now=self.now))

    def _end_of_answer(self, reason: str, error: Any = None) -> None:
        self._finish = reason or None
        self.settled = bool(reason)
        if reason == "ERROR" or error:
            payload = {"id": self._id, "message": error or "The generation failed."}
            self._fail(from_event(NAME, payload, self.headers, now=self.now))
        elif reason in _NO_ANSWER:
            self._fail_as(
                _NO_ANSWER[reason], f"The generation ended with {reason}.", f"finish {reason}"
            )

    # --- whole answers -----------------------------------------------------------------------

    def _version_2(self, answer: dict[str, Any]) -> None:
        message = answer["message"]
        blocks = message.get("content")
        for block in [{"text": blocks}] if isinstance(blocks, str) else _json.as_list(blocks):
            fields = _json.as_dict(block)
            self._block(_json.as_str(fields.get("text")), _json.as_str(fields.get("thinking")))
        self._turn.plan.append(_json.as_str(message.get("tool_plan")))
        for index, call in enumerate(_json.as_list(message.get("tool_calls"))):
            self._call(index, _json.as_dict(call))
        self._turn.citations += _json.as_list(message.get("citations"))
        self._id = _json.as_str(answer.get("id")) or None
        self._usage = _json.as_dict(answer.get("usage"))
        self._end_of_answer(_json.as_str(answer.get("finish_reason")))
        if self.said and not self.settled:
            what = "The answer ended before its finish reason."
            self._fail_as("service.stream_broken", what, "no finish_reason")

    def _version_1(self, answer: dict[str, Any], *, told: bool = False) -> None:
        """`told`: its text and tool calls have been streamed. Its oldest form has no end word."""
        if not told:
            self._block(_json.as_str(answer.get("text")))
            self._version_1_calls(answer)
        self._turn.citations += _json.as_list(answer.get("citations"))
        self._id = _json.as_str(answer.get("response_id")) or None
        self._usage = _json.as_dict(answer.get("meta"))
        self._end_of_answer(_json.as_str(answer.get("finish_reason")))

    def _version_1_calls(self, answer: dict[str, Any]) -> None:
        """Version 1 sends arguments as an object, and no ids."""
        for call in _json.as_list(answer.get("tool_calls")):
            fields = _json.as_dict(call)
            arguments = _json.dumps(fields.get("parameters", {})).decode()
            function = {"name": fields.get("name"), "arguments": arguments}
            self._call(self._turn.calls, {"function": function})

    # --- pieces ------------------------------------------------------------------------------

    def _block(self, text: str, thinking: str = "") -> None:
        if thinking:
            self._turn.text(thinking, thinking=True)
            self._say(Delta(text=thinking, kind="reasoning"))
        if text:
            self._turn.text(text, thinking=False)
            self._say(Delta(text=text))

    def _call(self, index: Any, raw: dict[str, Any]) -> None:
        self._say(Delta(text=self._turn.call(index, raw), kind="tool"))


class _LineDecoder(CohereDecoder):
    """Reads a stream of version 1: lines of JSON."""

    ndjson: ClassVar[bool] = True

    def _take_event(self, event: dict[str, Any]) -> None:
        kind = _json.as_str(event.get("event_type"))
        if kind == "text-generation":
            self._block(_json.as_str(event.get("text")))
        elif kind == "tool-calls-generation":
            self._version_1_calls(event)
        elif kind == "stream-end":
            response = {"finish_reason": event.get("finish_reason")}
            response |= _json.as_dict(event.get("response"))
            self._version_1(response, told=self.said)
            self.finished = True
        elif not kind and event.get("message"):
            self._fail(from_event(NAME, event, self.headers, now=self.now))
