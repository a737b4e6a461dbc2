"""Reads the answers of `/api/chat`, `/api/generate` and `/api/embed`.

Source: docs.ollama.com/api, and api/types.go of Ollama. An answer is whole when an object says
`done: true`; with `stream: false` that object is the only one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from nbapimgr.models import Content, Delta, Reasoning, Text, ToolCall, Usage
from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._dialect import Decoded, Embedded
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str, dumps, loads, loads_object
from nbapimgr.wire.failures import broken, from_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.wire._dialect import Decoder

__all__ = ["decoder", "read_embeddings"]

_FINISH: Final = {"stop": "stop", "length": "length", "": "stop"}
"""Servers before 0.1.33 send no reason at all."""
_NO_ANSWER: Final = {"load": "loaded", "unload": "unloaded"}
"""Reasons that mean there was nothing to answer: the prompt was empty."""
_PART_COST: Final = 512
"""What a part of the turn costs beside its text, in bytes, so that many small ones are bounded."""
_METRICS: Final = (
    "prompt_eval_count",
    "eval_count",
    "total_duration",
    "load_duration",
    "prompt_eval_duration",
    "eval_duration",
)


def decoder(headers: Mapping[str, str], *, stream: bool, now: float) -> Decoder:  # noqa: ARG001  # the bytes tell
    """A decoder for one answer of `/api/chat` or `/api/generate`, in one piece or in lines."""
    return _Decoder(headers, now=now)


def read_embeddings(body: bytes) -> Embedded:
    """The vectors of `/api/embed`, or of the older `/api/embeddings`."""
    try:
        answer = as_dict(loads(body))
    except ValueError as error:
        return Embedded(failure=broken("service.malformed", f"The response is {error}", "body"))
    single = answer.get("embedding")
    vectors = as_list(answer.get("embeddings")) or ([single] if single else [])
    if not vectors or not all(isinstance(vector, list) and vector for vector in vectors):
        message = as_str(answer.get("error")) or "The response holds no vectors."
        return Embedded(failure=broken("service.malformed", message, "no embeddings"))
    return Embedded(
        vectors=tuple(vectors), model=as_str(answer.get("model")) or None, usage=_usage(answer)
    )


def _usage(answer: dict[str, Any]) -> Usage | None:
    """Either count may be missing: a prompt that was wholly cached has no `prompt_eval_count`."""
    raw = {name: answer[name] for name in _METRICS if name in answer}
    if not raw:
        return None
    return Usage(
        input_tokens=as_int(raw.get("prompt_eval_count")),
        output_tokens=as_int(raw.get("eval_count")),
        raw=raw,
    )


class _Decoder(BodyDecoder):
    ndjson: ClassVar[bool] = True

    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        super().__init__(headers, now=now)
        self._content: list[Content] = []
        self._kind = ""
        self._pieces: list[str] = []
        self._texts: list[str] = []
        self._model: str | None = None
        self._native: str | None = None
        self._usage: Usage | None = None

    def _event(self, name: str, data: bytes) -> None:  # noqa: ARG002  # lines have no name
        self._document(loads(data))

    def _document(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise ValueError("not an object")  # noqa: TRY004  # the base class asks for it
        if value.get("error"):
            self._fail(from_event("ollama", value, self.headers, now=self.now))
            return
        if not ({"message", "response", "done"} & value.keys()):
            raise ValueError("neither a message, a response nor an end")
        self._model = as_str(value.get("model")) or self._model
        message = as_dict(value.get("message")) or value
        self._add("reasoning", as_str(message.get("thinking")))
        self._add("text", as_str(message.get("content")) or as_str(message.get("response")))
        for call in as_list(message.get("tool_calls")):
            if not self.finished:
                self._call(as_dict(call))
        if value.get("done") is True:
            self._done(value)

    def _done(self, value: dict[str, Any]) -> None:
        self._native = as_str(value.get("done_reason")) or None
        self._usage = _usage(value)
        self.settled = True
        if self._native in _NO_ANSWER:
            what = f"The prompt was empty: the model was only {_NO_ANSWER[self._native]}."
            self._fail_as("service.empty", what, f"done_reason {self._native}")
        elif not self.said:
            self._fail_as("service.empty", "The answer is empty.", "no content")
        self.finished = True

    def _add(self, kind: str, text: str) -> None:
        if not text:
            return
        if kind != self._kind:
            self._flush()
            self._kind = kind
            self._keep(_PART_COST)
        self._pieces.append(text)
        if kind == "text":
            self._texts.append(text)
            self._say(Delta(text=text))
        else:
            self._say(Delta(text=text, kind="reasoning"))

    def _call(self, call: dict[str, Any]) -> None:
        self._flush()
        function = as_dict(call.get("function"))
        given = function.get("arguments") or {}
        # Ollama sends an object; servers that imitate it send a string like everybody else.
        raw = given if isinstance(given, str) else None
        arguments = loads_object(dumps(given) if raw is None else raw)
        called, name = as_str(call.get("id")), as_str(function.get("name"))
        self._keep(_PART_COST + len(called) + len(name))
        self._content.append(ToolCall(id=called, name=name, arguments=arguments, raw_arguments=raw))
        self._say(Delta(text=raw or dumps(given).decode(), kind="tool"))

    def _flush(self) -> None:
        text = "".join(self._pieces)
        if self._kind == "text":
            self._content.append(Text(text=text))
        elif self._kind == "reasoning":
            self._content.append(Reasoning(text=text, raw={"thinking": text}))
        self._kind = ""
        self._pieces = []

    def _decoded(self) -> Decoded:
        self._flush()
        return Decoded(
            text="".join(self._texts),
            content=tuple(self._content),
            finish_reason=self._finish(),
            native_finish_reason=self._native,
            model=self._model,
            usage=self._usage,
            failure=self.failure,
        )

    def _finish(self) -> str | None:
        if not self.settled:
            return None
        reason = _FINISH.get(self._native or "", "other")
        called = any(isinstance(part, ToolCall) for part in self._content)
        return "tool_calls" if called and reason == "stop" else reason
