"""The model's turn, put together from the pieces that come: blocks, plan, tool calls, citations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.models import Opaque, Reasoning, Text, ToolCall
from nbapimgr.wire import _json
from nbapimgr.wire.cohere._build import NAME

if TYPE_CHECKING:
    from nbapimgr.models import Content

__all__ = ["Turn"]


class Turn:
    """Collects pieces; `content()` is what `_build` can send back.

    Attributes:
        plan: Pieces of what the model means to do with its tools. Not shown: it is neither answer
            nor reasoning, but Cohere wants it back.
        citations: Where the answer is from, as it came.
    """

    __slots__ = ("_blocks", "_calls", "_pieces", "_thinking", "citations", "plan")

    def __init__(self) -> None:
        self.plan: list[str] = []
        self.citations: list[Any] = []
        self._calls: dict[Any, _Call] = {}
        self._blocks: list[Content] = []
        self._thinking = False
        self._pieces: list[str] = []

    @property
    def calls(self) -> int:
        """How many tools are called."""
        return len(self._calls)

    def text(self, text: str, *, thinking: bool) -> None:
        """A piece of text; pieces of one kind make one part."""
        if thinking is not self._thinking:
            self._close()
            self._thinking = thinking
        self._pieces.append(text)

    def call(self, index: Any, raw: dict[str, Any]) -> str:
        """The begin of a tool call, or more of it; returns its piece of arguments."""
        call = self._calls.setdefault(index if isinstance(index, int) else 0, _Call())
        function = _json.as_dict(raw.get("function"))
        call.id = call.id or _json.as_str(raw.get("id"))
        call.name = call.name or _json.as_str(function.get("name"))
        arguments = _json.as_str(function.get("arguments"))
        call.arguments.append(arguments)
        return arguments

    def content(self) -> tuple[Content, ...]:
        """All that came: text and reasoning in their order, then plan, calls and citations."""
        self._close()
        content = list(self._blocks)
        if plan := "".join(self.plan):
            content.append(Opaque(dialect=NAME, raw={"tool_plan": plan}))
        content += [call.made() for call in self._calls.values()]
        if self.citations:
            content.append(Opaque(dialect=NAME, raw={"citations": self.citations}))
        return tuple(content)

    def _close(self) -> None:
        text = "".join(self._pieces)
        self._pieces = []
        if text and self._thinking:
            raw = {"type": "thinking", "thinking": text}
            self._blocks.append(Reasoning(text=text, raw=raw))
        elif text:
            self._blocks.append(Text(text=text))


class _Call:
    """A tool call on its way."""

    __slots__ = ("arguments", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []

    def made(self) -> ToolCall:
        """The call; a tool without arguments may be called with no text at all."""
        raw = "".join(self.arguments)
        arguments = _json.loads_object(raw or "{}")
        return ToolCall(id=self.id, name=self.name, arguments=arguments, raw_arguments=raw)
