"""Reads what Converse says: content blocks, whole or in pieces, usage and the reason to stop.

Source: the service model `bedrock-runtime` of botocore 1.44, and recorded responses.
"""

from __future__ import annotations

import base64
from typing import Any, Final

from nbapimgr.models import Content, Delta, Opaque, Reasoning, Text, ToolCall, Usage
from nbapimgr.wire._json import as_dict, as_int, as_list, as_str, loads_object

__all__ = ["FILTERED", "Block", "finish_reason", "read_block", "read_usage"]

FILTERED: Final = frozenset({"guardrail_intervened", "content_filtered"})
_FINISH: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
    **dict.fromkeys(FILTERED, "content_filter"),
    # the words of families that are read through `invoke`
    "stop": "stop",
    "length": "length",
}
_SERVER_TOOL: Final = "server_tool_use"
"""A tool AWS runs itself: its call and result are part of the turn, not ours to answer."""


def finish_reason(native: str | None) -> str | None:
    """Our word for a `stopReason`."""
    return _FINISH.get(native, "other") if native else None


def read_usage(value: Any, tier: Any = None) -> Usage | None:
    """The tokens, with those of the cache inside the input: Bedrock counts them beside it."""
    raw = as_dict(value)
    if not raw:
        return None
    given = as_int(raw.get("inputTokens"))
    read, written = (
        as_int(raw.get("cacheReadInputTokens")),
        as_int(raw.get("cacheWriteInputTokens")),
    )
    details = [as_dict(detail) for detail in as_list(raw.get("cacheDetails"))]
    hour = [
        as_int(detail.get("inputTokens")) or 0 for detail in details if detail.get("ttl") == "1h"
    ]
    return Usage(
        input_tokens=None if given is None else given + (read or 0) + (written or 0),
        output_tokens=as_int(raw.get("outputTokens")),
        cache_read_input_tokens=read,
        cache_creation_input_tokens=written,
        cache_creation_1h_input_tokens=sum(hour) if details else None,
        service_tier=as_str(as_dict(tier).get("type")) or None,
        raw=raw,
    )


def read_block(block: dict[str, Any], raw_arguments: str | None = None) -> Content | None:
    """One content block of the turn; None where it says nothing.

    Args:
        block: As a whole response holds it.
        raw_arguments: A tool's input as a stream spelled it.
    """
    if "text" in block:
        return Text(text=block["text"]) if as_str(block["text"]) else None
    if "citationsContent" in block:
        # Only the text can be sent back; where it was found is not part of the conversation.
        texts = as_list(as_dict(block["citationsContent"]).get("content"))
        return Text(text="".join(as_str(as_dict(text).get("text")) for text in texts))
    if "reasoningContent" in block:
        thought = as_dict(as_dict(block["reasoningContent"]).get("reasoningText"))
        return Reasoning(
            text=as_str(thought.get("text")), signature=as_str(thought.get("signature")), raw=block
        )
    tool = as_dict(block.get("toolUse"))
    if not tool or tool.get("type") == _SERVER_TOOL:
        return Opaque(dialect="bedrock", raw=block)
    arguments = tool.get("input", {})
    return ToolCall(
        id=as_str(tool.get("toolUseId")),
        name=as_str(tool.get("name")),
        arguments=arguments if isinstance(arguments, dict) else None,
        raw_arguments=raw_arguments,
    )


class Block:
    """One content block in the making, from its start and deltas."""

    __slots__ = ("_head", "_input", "_redacted", "_results", "_signature", "_text", "_thought")

    def __init__(self, start: dict[str, Any]) -> None:
        self._head = start
        self._text: list[str] = []
        self._thought: list[str] = []
        self._signature: list[str] = []
        self._redacted: list[bytes] = []
        self._input: list[str] = []
        self._results: list[Any] = []

    @property
    def calls(self) -> bool:
        """Whether the block is a tool's call that is ours to answer."""
        tool = self._head.get("toolUse")
        return isinstance(tool, dict) and tool.get("type") != _SERVER_TOOL

    def add(self, delta: dict[str, Any]) -> Delta | None:
        """Take a piece; the delta for people, if it holds any text.

        Raises:
            ValueError: Encrypted reasoning is not base64.
        """
        if text := as_str(delta.get("text")):
            self._text.append(text)
            return Delta(text=text)
        if "toolUse" in delta:
            return self._add_input(as_str(as_dict(delta["toolUse"]).get("input")))
        if "reasoningContent" in delta:
            return self._add_thought(as_dict(delta["reasoningContent"]))
        self._results += as_list(delta.get("toolResult"))
        return None

    def _add_input(self, piece: str) -> Delta | None:
        self._input.append(piece)
        return Delta(text=piece, kind="tool") if piece and self.calls else None

    def _add_thought(self, thought: dict[str, Any]) -> Delta | None:
        self._signature.append(as_str(thought.get("signature")))
        if redacted := as_str(thought.get("redactedContent")):
            self._redacted.append(base64.b64decode(redacted, validate=True))
        text = as_str(thought.get("text"))
        self._thought.append(text)
        return Delta(text=text, kind="reasoning") if text else None

    def content(self) -> Content | None:
        """The block as part of the turn."""
        if isinstance(tool := self._head.get("toolUse"), dict):
            spelled = "".join(self._input)
            arguments = loads_object(spelled or "{}")
            return read_block({"toolUse": {**tool, "input": arguments}}, spelled)
        if isinstance(result := self._head.get("toolResult"), dict):
            return read_block({"toolResult": {**result, "content": self._results}})
        if self._redacted:
            sealed = base64.b64encode(b"".join(self._redacted)).decode("ascii")
            return read_block({"reasoningContent": {"redactedContent": sealed}})
        if any(self._thought) or any(self._signature):
            thought = {"text": "".join(self._thought)}
            if signature := "".join(self._signature):
                thought["signature"] = signature
            return read_block({"reasoningContent": {"reasoningText": thought}})
        return read_block({"text": "".join(self._text)})
