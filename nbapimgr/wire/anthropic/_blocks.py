"""One block of an answer, put together from its pieces and read as content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from nbapimgr.models import Opaque, Reasoning, Text, ToolCall
from nbapimgr.wire._json import as_dict, as_str, loads_object

if TYPE_CHECKING:
    from nbapimgr.models import Content

__all__ = ["NAME", "Block"]

NAME: Final = "anthropic"
_INPUT: Final = "partial_json"
"""Under this field of its deltas the `input` of a tool arrives, as the text of a JSON object."""


class Block:
    """A block as it began and what was added to it since.

    Args:
        raw: The block of a `content_block_start`, or a whole one.
    """

    __slots__ = ("_pieces", "raw")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self._pieces: dict[str, list[str]] = {}

    def add(self, field: str, text: str) -> None:
        """One more piece of a field; pieces are joined once, at the end."""
        pieces = self._pieces.get(field)
        if pieces is None:
            self._pieces[field] = [text]
        else:
            pieces.append(text)

    def content(self) -> Content | None:
        """The block as content; None for a text without a letter."""
        block, given = self._whole()
        match block.get("type"):
            case "text":
                text = as_str(block.get("text"))
                return Text(text=text) if text else None
            case "thinking":
                return Reasoning(
                    text=as_str(block.get("thinking")),
                    signature=as_str(block.get("signature")),
                    raw=block,
                )
            case "redacted_thinking":
                return Reasoning(raw=block)
            case "tool_use":
                return _call(block, given)
        return Opaque(dialect=NAME, raw=block)

    def _whole(self) -> tuple[dict[str, Any], str | None]:
        """The block with its pieces in it, and the text its input came as, if it came as text."""
        block = dict(self.raw)
        given = None
        for field, pieces in self._pieces.items():
            joined = "".join(pieces)
            if field == _INPUT:
                given = joined
            else:
                block[field] = as_str(block.get(field)) + joined
        if given is not None and given.strip():
            block["input"] = loads_object(given)
        return block, given


def _call(block: dict[str, Any], given: str | None) -> ToolCall:
    """A call of a tool. A tool without arguments comes with an empty text, or none at all."""
    arguments = block.get("input", {})
    return ToolCall(
        id=as_str(block.get("id")),
        name=as_str(block.get("name")),
        arguments=arguments if isinstance(arguments, dict) else None,
        raw_arguments=given,
        extra={"caller": block["caller"]} if as_dict(block.get("caller")) else {},
    )
