"""Tool calls from their pieces, which arrive whole, in crumbs, with and without index and id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbapimgr.models import ToolCall
from nbapimgr.wire import _json

if TYPE_CHECKING:
    from nbapimgr.wire.openai_chat._chunk import Function, ToolPart

__all__ = ["ToolCalls"]


class _Call:
    """One call while it is being told."""

    __slots__ = ("arguments", "extra", "free", "id", "name")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.arguments: list[str] = []
        self.extra: dict[str, Any] = {}
        self.free = False

    def done(self) -> ToolCall:
        raw = "".join(self.arguments)
        empty = not self.free and not raw.strip()
        return ToolCall(
            id=self.id,
            name=self.name,
            arguments={} if empty else _json.loads_object(raw),
            raw_arguments=raw,
            extra=self.extra,
        )


class ToolCalls:
    """The calls of one message, in the order they began."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, part: ToolPart) -> str:
        """Take a piece; return the piece of arguments in it."""
        function = part.function
        call = self._find(part, function.name if function else None)
        call.id = call.id or part.id or ""
        if part.extra_content:
            call.extra = {"extra_content": part.extra_content}
        if part.custom is not None:  # a tool of free text, no JSON
            call.free = True
            call.name = call.name or _json.as_str(part.custom.get("name"))
            return self._grow(call, _json.as_str(part.custom.get("input")))
        return self._function(call, function)

    def add_legacy(self, function: Function) -> str:
        """Take a piece of `function_call`, which older models send: one call, without an id."""
        if not self._calls:
            self._calls.append(_Call())
        return self._function(self._calls[0], function)

    def done(self) -> list[ToolCall]:
        """The calls as far as they came."""
        return [call.done() for call in self._calls]

    def _function(self, call: _Call, function: Function | None) -> str:
        if function is None:
            return ""
        call.name = call.name or function.name or ""
        return self._grow(call, function.arguments or "")

    def _grow(self, call: _Call, arguments: str) -> str:
        if arguments:
            call.arguments.append(arguments)
        return arguments

    def _find(self, part: ToolPart, name: str | None) -> _Call:
        """The call a piece belongs to.

        By index where there is one. A piece that has a new id and a name begins a call even under
        an index that was used: some servers number every call 0. Without an index a new id begins
        a call and everything else continues the last one.
        """
        if part.index is not None:
            known = self._by_index.get(part.index)
        else:
            known = self._calls[-1] if self._calls else None
        fresh = bool(part.id) and known is not None and bool(known.id) and part.id != known.id
        if known is None or (fresh and (name or part.index is None)):
            known = _Call()
            self._calls.append(known)
            if part.index is not None:
                self._by_index[part.index] = known
        return known
