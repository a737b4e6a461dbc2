"""The events of one message -> its content, without regard to how they are framed.

The same JSON objects come as server-sent events (Anthropic, Azure, Vertex AI) and in the frames of
Amazon's event streams.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.models import Delta, Opaque, Reasoning, Text, ToolCall
from nbapimgr.wire import _json
from nbapimgr.wire._dialect import Decoded
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str
from nbapimgr.wire._limits import MAX_BODY
from nbapimgr.wire.anthropic._blocks import NAME, Block
from nbapimgr.wire.anthropic._usage import read_usage

if TYPE_CHECKING:
    from nbapimgr.models import Content, Failure

__all__ = ["NAME", "Assembly"]

_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}
_UNFINISHED: Final = frozenset({"pause_turn", "compaction"})
"""The turn goes on when it is sent back; it may consist of blocks that are not for people."""
_FIELDS: Final = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "reasoning"),
    "input_json_delta": ("partial_json", "tool"),
}
"""Type of a delta -> the field that holds its text, and the kind of our delta."""
_STARTS: Final = {"text": "text", "thinking": "thinking", "partial_json": "tool_use"}
"""Field of a delta -> the type of the block it belongs to."""


class _Piece(msgspec.Struct, gc=False):
    """A delta, as far as the frequent ones go."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""


class _Event(msgspec.Struct, gc=False):
    """An event, as far as the frequent ones go: one is read for each token."""

    type: str = ""
    index: int = 0
    delta: _Piece | None = None


_decode: Final = msgspec.json.Decoder(_Event).decode


class Assembly:
    """One message, from its events or taken whole.

    Attributes:
        settled: The stop reason has been seen; only `message_stop` may follow.
        stopped: `message_stop` has been seen.
        error: The error object, when the message ends in one.
    """

    def __init__(self) -> None:
        self.settled = False
        self.stopped = False
        self.error: dict[str, Any] | None = None
        self._message: dict[str, Any] = {}
        self._stop: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, Block] = {}
        self._size = 0

    def take(self, data: bytes) -> Delta | None:
        """Read one event, as JSON; return what became readable.

        Raises:
            ValueError: It is not JSON, or the message is larger than `MAX_BODY`.
        """
        try:
            event = _decode(data)
        except msgspec.ValidationError:  # JSON, but a field is not what it is elsewhere
            event = _Event()
        piece = event.delta
        if piece is not None and event.type == "content_block_delta" and piece.type in _FIELDS:
            field, kind = _FIELDS[piece.type]
            return self._add(event.index, field, kind, getattr(piece, field))
        self._grow(len(data))
        return self._rare(as_dict(_json.loads(data)))

    def whole(self, message: dict[str, Any]) -> None:
        """Take a message that was not streamed."""
        self._message = message
        self._stop = message
        self._usage = as_dict(message.get("usage"))
        blocks = [block for block in as_list(message.get("content")) if isinstance(block, dict)]
        self._blocks = {index: Block(block) for index, block in enumerate(blocks)}
        self.settled = self.stopped = True

    @property
    def answers(self) -> bool:
        """Whether what has come is something to give to a person or a program.

        An `end_turn` with an empty content list is legal (a model may have nothing to add to the
        results of its tools) and yet no answer to a cell; neither are blocks of the provider's own
        tools, unless the turn is to go on from them.
        """
        native = as_str(self._stop.get("stop_reason"))
        if native == "refusal":
            return True
        good = (Text, ToolCall, Opaque) if native in _UNFINISHED else (Text, ToolCall)
        return any(
            isinstance(part, good) or (isinstance(part, Reasoning) and bool(part.text))
            for part in self._content()
        )

    def decoded(self, failure: Failure | None) -> Decoded:
        """All that has been said, with `failure` if it is no answer."""
        content = self._content()
        native = as_str(self._stop.get("stop_reason")) or None
        return Decoded(
            text="".join(part.text for part in content if isinstance(part, Text)),
            content=content,
            finish_reason=_FINISH.get(native, "other") if native else None,
            native_finish_reason=native,
            refusal=self._refusal() if native == "refusal" else None,
            model=as_str(self._message.get("model")) or None,
            response_id=as_str(self._message.get("id")) or None,
            usage=read_usage(self._usage),
            failure=failure,
        )

    # --- events ------------------------------------------------------------------------------

    def _rare(self, event: dict[str, Any]) -> Delta | None:
        match event.get("type"):
            case "message_start":
                self._message = as_dict(event.get("message"))
                self._count(self._message.get("usage"))
            case "content_block_start":
                return self._begin(_index(event), as_dict(event.get("content_block")))
            case "content_block_delta":
                return self._odd_delta(_index(event), as_dict(event.get("delta")))
            case "message_delta":
                self._stop |= {k: v for k, v in as_dict(event.get("delta")).items() if v}
                self.settled = "stop_reason" in self._stop
                self._count(event.get("usage"))
            case "message_stop":
                self.settled = self.stopped = True
            case kind:
                if kind == "error" or (kind is None and event.get("error")):
                    self.error = event
        return None

    def _begin(self, index: int, block: dict[str, Any]) -> Delta | None:
        self._blocks[index] = Block(block)
        text = as_str(block.get("text")) if block.get("type") == "text" else ""
        return Delta(text=text) if text else None

    def _odd_delta(self, index: int, delta: dict[str, Any]) -> Delta | None:
        """A delta that is rare: every text in it is added to the block's field of that name."""
        kind = as_str(delta.get("type"))
        if kind in _FIELDS:
            field, ours = _FIELDS[kind]
            return self._add(index, field, ours, as_str(delta.get(field)))
        block = self._blocks.setdefault(index, Block({}))
        for field, value in delta.items():
            if isinstance(value, str) and field != "type":
                block.add(field, value)
        return None

    def _add(self, index: int, field: str, kind: Any, text: str) -> Delta | None:
        block = self._blocks.get(index)
        if block is None:  # its start was left out
            block = self._blocks[index] = Block({"type": _STARTS[field]})
        block.add(field, text)
        self._grow(len(text))
        return Delta(text=text, kind=kind) if text else None

    def _count(self, usage: Any) -> None:
        """Each report is cumulative and may leave fields out: the last value of each counts."""
        self._usage |= {k: v for k, v in as_dict(usage).items() if v is not None}

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_BODY:
            msg = "it is larger than can be kept"
            raise ValueError(msg)

    # --- what was said -----------------------------------------------------------------------

    def _content(self) -> tuple[Content, ...]:
        parts = (block.content() for block in self._blocks.values())
        return tuple(part for part in parts if part is not None)

    def _refusal(self) -> str:
        """The provider's words: an explanation, else the policy's name, else the bare fact."""
        details = as_dict(self._stop.get("stop_details"))
        words = as_str(details.get("explanation")) or as_str(details.get("category"))
        return words or "refusal"


def _index(event: dict[str, Any]) -> int:
    return as_int(event.get("index")) or 0
