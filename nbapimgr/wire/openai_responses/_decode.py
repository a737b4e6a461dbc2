"""Bytes of a response -> deltas and one `Decoded`.

The last event of a stream holds the whole response; what came before it is for display, and stands
in where a server leaves the last one's output empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.models import Delta, Opaque, Reasoning, Text, ToolCall
from nbapimgr.wire import _json
from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._dialect import Decoded
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str
from nbapimgr.wire._limits import MAX_BODY
from nbapimgr.wire.failures import from_event
from nbapimgr.wire.openai_responses._items import NAME, output_content, refusal_in
from nbapimgr.wire.openai_responses._usage import read_usage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from nbapimgr.models import Content

__all__ = ["ResponseDecoder", "decoder"]

_DELTAS: Final[dict[str, Literal["text", "reasoning", "tool"]]] = {
    "response.output_text.delta": "text",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_text.delta": "reasoning",
    "response.function_call_arguments.delta": "tool",
}
_BEGINS: Final = frozenset({"response.created", "response.in_progress", "response.queued"})
_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})
_ITEM: Final = "response.output_item.done"
_READ: Final = _BEGINS | _ENDS | {_ITEM, "error"}
"""The events that are read beside the deltas; all others that have a type are skipped."""
_WAITING: Final = frozenset({"queued", "in_progress"})
_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}
_ASIDES: Final = frozenset(
    {"code_interpreter_call", "file_search_call", "mcp_call", "mcp_list_tools", "web_search_call"}
)
"""The provider's own work on the way to an answer. Other unknown items are answers: a picture."""


class _Event(msgspec.Struct, gc=False):
    """An event, as far as the frequent ones go: one is read for each token."""

    type: str = ""
    delta: str = ""


_decode: Final = msgspec.json.Decoder(_Event).decode


def decoder(
    headers: Mapping[str, str],
    *,
    stream: bool,  # noqa: ARG001  # told from the bytes
    now: float,
) -> ResponseDecoder:
    """A decoder for one 2xx response."""
    return ResponseDecoder(headers, now=now)


class ResponseDecoder(BodyDecoder):
    """Reads one response, whole or as server-sent events."""

    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        super().__init__(headers, now=now)
        self._response: dict[str, Any] = {}
        self._items: dict[int, Any] = {}
        self._texts: list[str] = []

    # --- hooks -------------------------------------------------------------------------------

    def _event(self, name: str, data: bytes) -> None:
        if data == b"[DONE]":  # OpenRouter sends it behind the last event
            return
        try:
            event = _decode(data)
        except msgspec.ValidationError:  # JSON, but a field is not what it is elsewhere
            odd = as_dict(_json.loads(data))
            event = _Event(type=as_str(odd.get("type")), delta=as_str(odd.get("delta")))
        kind = event.type or name
        if kind in _DELTAS:
            if event.delta:
                self._piece(Delta(text=event.delta, kind=_DELTAS[kind]))
        elif kind in _READ or not event.type:
            self._hold(len(data))
            self._rare(kind, as_dict(_json.loads(data)))

    def _document(self, value: Any) -> None:
        response = as_dict(value)
        if isinstance(response.get("output"), list):
            self._finish(response)
        elif response.get("error"):
            self._refuse(response)
        else:
            msg = "no response"
            raise ValueError(msg)

    def _decoded(self) -> Decoded:
        response = self._response
        content, native = self._content(), self._native()
        refusal = refusal_in(self._output())
        return Decoded(
            text="".join(part.text for part in content if isinstance(part, Text)),
            content=content,
            finish_reason=_finish_reason(native, content, refusal),
            native_finish_reason=native,
            refusal=refusal,
            model=as_str(response.get("model")) or None,
            response_id=as_str(response.get("id")) or None,
            usage=read_usage(
                as_dict(response.get("usage")), as_str(response.get("service_tier")) or None
            ),
            failure=self.failure,
        )

    # --- events ------------------------------------------------------------------------------

    def _piece(self, delta: Delta) -> None:
        if delta.kind == "text":
            self._texts.append(delta.text)
        self._say(delta)

    def _rare(self, kind: str, event: dict[str, Any]) -> None:
        if kind == _ITEM:
            self._items[as_int(event.get("output_index")) or 0] = event.get("item")
        elif kind in _BEGINS:
            self._response = as_dict(event.get("response"))
        elif kind in _ENDS:
            self._finish(as_dict(event.get("response")))
        elif kind == "error" or event.get("error"):
            self._refuse(event)

    def _finish(self, response: dict[str, Any]) -> None:
        """The response is there as a whole: is it an answer?"""
        self._response = response
        status = as_str(response.get("status"))
        if status == "failed":
            self._refuse({"error": response.get("error")})
        elif status in _WAITING:
            message = f"The response is only {status}: `background` cannot be waited for here."
            self._fail_as("request.bad", message, f"status {status}")
        elif status == "cancelled":
            self._fail_as("service.error", "The response was cancelled.", "status cancelled")
        elif self._answers():
            self.settled = self.said = self.finished = True
        elif self._native() == "content_filter":
            message = "A content filter kept the answer back."
            self._fail_as("request.content_policy", message, "content_filter, no content")
        else:
            self._fail_as("service.empty", "The answer is empty.", "no content")

    def _refuse(self, payload: dict[str, Any]) -> None:
        self._fail(from_event(NAME, payload, self.headers, now=self.now))

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held > MAX_BODY:
            msg = "it is larger than can be kept"
            raise ValueError(msg)

    # --- what was said -----------------------------------------------------------------------

    def _output(self) -> list[Any]:
        """The items: of the whole response, else those that came one by one."""
        done = [self._items[index] for index in sorted(self._items)]
        return as_list(self._response.get("output")) or done

    def _content(self) -> tuple[Content, ...]:
        content = output_content(self._output())
        if self._texts and not any(isinstance(part, Text) for part in content):
            content += (Text(text="".join(self._texts)),)
        return content

    def _native(self) -> str | None:
        response = self._response
        status = as_str(response.get("status")) or None
        if status != "incomplete":
            return None if status in _WAITING else status
        return as_str(as_dict(response.get("incomplete_details")).get("reason")) or status

    def _answers(self) -> bool:
        if refusal_in(self._output()) is not None:
            return True
        return any(_is_answer(part) for part in self._content())


def _is_answer(part: Content) -> bool:
    if isinstance(part, Opaque):
        return as_str(part.raw["type"]) not in _ASIDES
    return isinstance(part, ToolCall) or (isinstance(part, Text | Reasoning) and bool(part.text))


def _finish_reason(
    native: str | None, content: tuple[Content, ...], refusal: str | None
) -> str | None:
    if native is None or native in _REASONS:
        return native and _REASONS[native]
    if native != "completed":
        return "other"
    if any(isinstance(part, ToolCall) for part in content):
        return "tool_calls"
    return "refusal" if refusal else "stop"
