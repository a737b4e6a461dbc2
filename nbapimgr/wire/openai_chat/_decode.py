"""The bytes of a chat completion, streamed or whole, become deltas and a `Decoded`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Content, Delta, Text
from nbapimgr.wire import _json
from nbapimgr.wire._decoding import BodyDecoder
from nbapimgr.wire._dialect import Decoded
from nbapimgr.wire.failures import from_event
from nbapimgr.wire.openai_chat._chunk import document, parse
from nbapimgr.wire.openai_chat._reasoning import Thoughts
from nbapimgr.wire.openai_chat._tools import ToolCalls
from nbapimgr.wire.openai_chat._usage import usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.models import Usage
    from nbapimgr.wire.openai_chat._chunk import Choice, Chunk, Said

__all__ = ["decoder"]

_FINISH: Final = {
    "stop": "stop",
    "eos": "stop",  # Together
    "length": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",  # some models at Azure
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def decoder(headers: Mapping[str, str], *, stream: bool, now: float) -> BodyDecoder:  # noqa: ARG001  # the bytes say what came
    """A decoder for one 2xx response."""
    return _Decoder(headers, now=now)


class _Decoder(BodyDecoder):
    """Reads chunks and whole responses alike; see `BodyDecoder`."""

    def __init__(self, headers: Mapping[str, str], *, now: float) -> None:
        super().__init__(headers, now=now)
        self._id: str | None = None
        self._model: str | None = None
        self._index: int | None = None
        self._finish: str | None = None
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._thoughts = Thoughts()
        self._calls = ToolCalls()
        self._order: dict[str, None] = {}
        self._usage: dict[str, Any] | None = None
        self._tier: str | None = None

    # --- hooks -------------------------------------------------------------------------------

    def _event(self, name: str, data: bytes) -> None:
        if data.startswith(b"[DONE]"):
            self.finished = True
            return
        chunk = parse(data)
        if chunk.choices is None or chunk.error or name == "error":
            self._odd(chunk, name, _json.loads(data))
        if self.failure is None:
            self._chunk(chunk)

    def _document(self, value: Any) -> None:
        chunk = document(value)
        self._odd(chunk, "", value)
        if self.failure is None and chunk.choices is None:
            self._fail_as("service.malformed", "The response has no choices.", "no choices")
        for choice in chunk.choices or ():
            choice.delta = choice.message or choice.delta  # Perplexity sends both
        self._chunk(chunk)
        self.settled = True

    def _decoded(self) -> Decoded:
        refusal = "".join(self._refusal) or None
        return Decoded(
            text="".join(self._text),
            content=self._content(),
            finish_reason=self._finish_reason(refusal),
            native_finish_reason=self._finish,
            refusal=refusal,
            model=self._model,
            response_id=self._id,
            usage=self._counted(),
            failure=self.failure,
        )

    # --- what a chunk says -------------------------------------------------------------------

    def _odd(self, chunk: Chunk, name: str, value: Any) -> None:
        """A chunk without choices may be an error: an envelope, or its fields at the top (vLLM)."""
        told = _json.as_dict(value)
        envelope = bool(chunk.error) or name == "error" or told.get("object") == "error"
        bare = chunk.choices is None and ("message" in told or "detail" in told)
        if envelope or bare:
            self._note(chunk)
            self._fail(from_event("openai-chat", value, self.headers, now=self.now))

    def _chunk(self, chunk: Chunk) -> None:
        if self._model is None or self._id is None:
            self._note(chunk)
        choices = chunk.choices
        if choices:
            if len(choices) > 1 or choices[0].index != self._index:
                choices = self._first(choices)
            for choice in choices:
                self._choice(choice)
        if chunk.usage or chunk.x_groq:
            self._count(chunk)

    def _note(self, chunk: Chunk) -> None:
        """Who answers; Azure's first chunk names nobody."""
        self._id = self._id or chunk.id or None
        self._model = self._model or chunk.model or None
        self._tier = chunk.service_tier or self._tier

    def _first(self, choices: list[Choice]) -> list[Choice]:
        """Of several answers (`n`) the one whose index came first."""
        if self._index is None:
            self._index = choices[0].index
        return [choice for choice in choices if choice.index == self._index]

    def _choice(self, choice: Choice) -> None:
        said = choice.delta or choice.message
        if said is not None:
            self._hear(said)
        if choice.finish_reason:
            self._end_with(choice.finish_reason)
        if choice.error:  # OpenRouter
            payload = {"error": choice.error}
            self._fail(from_event("openai-chat", payload, self.headers, now=self.now))

    def _count(self, chunk: Chunk) -> None:
        """The last count is the true one: some send a running one with every chunk."""
        self._tier = chunk.service_tier or self._tier
        self._usage = (
            chunk.usage or _json.as_dict(_json.as_dict(chunk.x_groq).get("usage")) or self._usage
        )

    def _hear(self, said: Said) -> None:
        content = said.content
        if content:
            if not self._text:
                self._order.setdefault("text")
            self._text.append(content)
            self._say(Delta(text=content))
        if said.reasoning_content or said.reasoning or said.reasoning_details or said.thinking:
            self._think(said)
        if said.refusal:
            self._refusal.append(said.refusal)
            self._keep(len(said.refusal))
            self.said = True
        if said.tool_calls:
            for part in said.tool_calls:
                self._tool(self._calls.add(part))
        if said.function_call is not None:
            self._tool(self._calls.add_legacy(said.function_call))

    def _think(self, said: Said) -> None:
        self._order.setdefault("reasoning")
        self._keep(sum(map(len, map(str, said.reasoning_details or ()))))
        text = self._thoughts.add(said)
        if text:
            self._say(Delta(text=text, kind="reasoning"))

    def _tool(self, arguments: str) -> None:
        self._order.setdefault("tools")
        self.said = True
        if arguments:
            self._say(Delta(text=arguments, kind="tool"))

    def _end_with(self, finish: str) -> None:
        self._finish = finish
        self.settled = True
        self.filtered = finish == "content_filter"
        if finish == "error":
            message = "The provider ended the answer with an error."
            self._fail_as("service.error", message, "finish_reason error")

    # --- what it all comes to ----------------------------------------------------------------

    def _content(self) -> tuple[Content, ...]:
        content: list[Content] = []
        for kind in self._order:
            if kind == "text":
                content.append(Text(text="".join(self._text)))
            elif kind == "reasoning":
                content.append(self._thoughts.done())
            else:
                content.extend(self._calls.done())
        return tuple(content)

    def _finish_reason(self, refusal: str | None) -> str | None:
        if self._finish is None:
            return None
        finish = _FINISH.get(self._finish, "other")
        if finish == "stop" and self._calls:  # forced tools at Azure
            return "tool_calls"
        return "refusal" if finish == "stop" and refusal else finish

    def _counted(self) -> Usage | None:
        return None if self._usage is None else usage(self._usage, self._tier)
