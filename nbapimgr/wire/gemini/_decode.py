"""Bytes of a generateContent answer -> deltas and one `Decoded`.

Streams are server-sent events, or one JSON array where `alt=sse` was not asked for, and have no end
mark: the answer is whole when a `finishReason` has come and the body ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.models import Delta, Text
from nbapimgr.wire import _json
from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._dialect import Decoded
from nbapimgr.wire.failures import from_event
from nbapimgr.wire.gemini._content import NAME, SIGNATURE
from nbapimgr.wire.gemini._read import read_usage
from nbapimgr.wire.gemini._turn import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GeminiDecoder", "decoder"]

_ENDS: Final = {"STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "length"}
_FILTERS: Final = frozenset(
    {
        "BLOCKLIST",
        "ESCALATION",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_SAFETY",
        "LANGUAGE",
        "MODEL_ARMOR",
        "PROHIBITED_CONTENT",
        "RECITATION",
        "SAFETY",
        "SPII",
    }
)
_NO_ANSWER: Final = {
    "MISSING_THOUGHT_SIGNATURE": "request.bad",
    "PUP_LIMITED_DISABLED": "auth.permission",
    **dict.fromkeys(_FILTERS, "request.content_policy"),
}
"""Why nothing came, where the finish reason says more than that nothing came."""


def decoder(headers: Mapping[str, str], *, stream: bool, now: float) -> GeminiDecoder:  # noqa: ARG001  # the bytes tell
    """A decoder for one 2xx answer; what came is told from the bytes."""
    return GeminiDecoder(headers, now=now)


# --- the usual chunk, decoded four times quicker than any ------------------------------------


class _Part(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    text: str
    thought: bool = False


class _Parts(msgspec.Struct, gc=False):
    parts: list[_Part] = []


class _Candidate(msgspec.Struct, gc=False):
    content: _Parts
    index: int = 0
    finishReason: str = ""  # noqa: N815  # Google's name


class _Chunk(msgspec.Struct, gc=False):
    candidates: list[_Candidate]
    error: Any = None
    modelVersion: str = ""  # noqa: N815  # Google's name
    responseId: str = ""  # noqa: N815  # Google's name
    usageMetadata: msgspec.Raw = msgspec.Raw()  # noqa: N815  # Google's name


_decode_plain: Final = msgspec.json.Decoder(_Chunk).decode


class GeminiDecoder(BodyDecoder):
    """Reads one GenerateContentResponse, or the pieces of one."""

    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        super().__init__(headers, now=now)
        self._turn = Turn()
        self._finish: str | None = None
        self._usage: dict[str, Any] = {}
        self._raw_usage: msgspec.Raw = msgspec.Raw()
        self._model: str | None = None
        self._id: str | None = None

    # --- hooks -------------------------------------------------------------------------------

    def _event(self, name: str, data: bytes) -> None:  # noqa: ARG002  # events have no names
        before = len(self._turn.content)
        if not self._plain(data):
            self._chunk(_json.loads(data))
        if len(self._turn.content) > before:
            self._keep(len(data))  # parts weigh more than their text, which `_say` counts

    def _document(self, value: Any) -> None:
        for chunk in value if isinstance(value, list) else [value]:
            self._chunk(chunk)
            if self.finished:
                return
        if self.said and not self.settled:
            message = "The answer ended before its finish reason."
            self._fail_as("service.stream_broken", message, "no finishReason")

    def _decoded(self) -> Decoded:
        self._turn.close()
        content = tuple(self._turn.content)
        usage = _json.loads_object(bytes(self._raw_usage)) or self._usage
        return Decoded(
            text="".join(part.text for part in content if isinstance(part, Text)),
            content=content,
            finish_reason=self._finish_reason(),
            native_finish_reason=self._finish,
            model=self._model,
            response_id=self._id,
            usage=read_usage(usage) if usage else None,
            failure=self.failure,
        )

    def _finish_reason(self) -> str | None:
        if self._finish is None:
            return None
        if self._finish in _FILTERS:
            return "content_filter"
        if self._finish == "STOP" and self._turn.called:
            return "tool_calls"  # Google says STOP for these too
        return _ENDS.get(self._finish, "other")

    # --- one chunk ---------------------------------------------------------------------------

    def _plain(self, data: bytes) -> bool:
        """Take a chunk that is a piece of text and nothing else, as nearly all are; else False."""
        try:
            chunk = _decode_plain(data)
        except msgspec.DecodeError:
            return False
        if len(chunk.candidates) != 1 or chunk.error:
            return False
        candidate = chunk.candidates[0]
        if candidate.index or candidate.finishReason or not candidate.content.parts:
            return False
        self._model = chunk.modelVersion or self._model
        self._id = chunk.responseId or self._id
        self._raw_usage = chunk.usageMetadata or self._raw_usage
        for part in candidate.content.parts:
            self._text(part.text, thought=part.thought)
        return True

    def _chunk(self, chunk: Any) -> None:
        if not isinstance(chunk, dict):
            msg = f"an object was expected, {type(chunk).__name__} came"
            raise ValueError(msg)  # noqa: TRY004  # what came is a value, not a type of ours
        if chunk.get("error"):
            self._fail(from_event(NAME, chunk, self.headers, now=self.now))
            return
        self._model = _json.as_str(chunk.get("modelVersion")) or self._model
        self._id = _json.as_str(chunk.get("responseId")) or self._id
        usage = chunk.get("usageMetadata")
        if isinstance(usage, dict) and usage:
            self._usage, self._raw_usage = usage, msgspec.Raw()
        candidates = chunk.get("candidates")
        if candidates and isinstance(candidates, list):
            for candidate in candidates:
                self._candidate(_json.as_dict(candidate))
        else:
            self._blocked(_json.as_dict(chunk.get("promptFeedback")))

    def _candidate(self, candidate: dict[str, Any]) -> None:
        """Only the first of several answers counts; nobody asked for more."""
        if candidate.get("index"):
            return
        for part in _json.as_list(_json.as_dict(candidate.get("content")).get("parts")):
            self._part(_json.as_dict(part))
        reason = candidate.get("finishReason")
        if reason:
            self._end_of_answer(str(reason), _json.as_str(candidate.get("finishMessage")))

    def _end_of_answer(self, reason: str, message: str) -> None:
        self._finish = reason
        self.settled = True
        if self._turn.answered or (self.said and reason in _ENDS):
            return
        category = _NO_ANSWER.get(reason, "service.empty")
        message = message or f"No answer came: {reason}."
        self._fail_as(category, message, f"finishReason {reason} without content")

    def _blocked(self, feedback: dict[str, Any]) -> None:
        reason = feedback.get("blockReason")
        if reason:
            message = _json.as_str(feedback.get("blockReasonMessage"))
            message = message or f"The prompt was blocked: {reason}."
            self._fail_as("request.content_policy", message, f"blockReason {reason}")

    # --- one part ----------------------------------------------------------------------------

    def _part(self, part: dict[str, Any]) -> None:
        text = part.get("text")
        signature = _json.as_str(part.get(SIGNATURE))
        if isinstance(text, str):
            self._text(text, thought=bool(part.get("thought")))
            if signature:
                self._turn.close(signature)
        elif isinstance(part.get("functionCall"), dict):
            self._say(Delta(text=self._turn.call(part["functionCall"], signature), kind="tool"))
        elif part:
            self._turn.other(part)
            self.said = True

    def _text(self, text: str, *, thought: bool) -> None:
        self._turn.text(text, thought=thought)
        if text:
            self._say(Delta(text=text, kind="reasoning" if thought else "text"))
