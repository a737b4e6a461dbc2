"""Messages -> Gemini's `contents`, with thought signatures put back where they came from.

How a signature travels (https://ai.google.dev/gemini-api/docs/thought-signatures): a tool call's in
`ToolCall.extra`; that of a part which is nothing but reasoning in `Reasoning.raw`; any other part's
in a `Reasoning` behind it whose `raw` holds the signature alone.
"""

from __future__ import annotations

import base64
import mimetypes
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from nbapimgr.models import Image, Reasoning, Text, ToolCall, ToolResult
from nbapimgr.wire import _json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbapimgr.models import Content, Message

__all__ = ["NAME", "SIGNATURE", "contents"]

NAME: Final = "gemini"
SIGNATURE: Final = "thoughtSignature"

_FOREIGN: Final = "skip_thought_signature_validator"
"""Google's own placeholder for calls that another model made: without it Gemini 3 answers 400."""

_UNSAID: Final = "image/png"
"""The media type of an `Image` whose maker named none; a URL's ending may know better."""

_Part = dict[str, Any]


def contents(messages: Iterable[Message], *, signed: bool) -> list[dict[str, Any]]:
    """The turns in order; system messages are left out, they have a field of their own.

    Results of one turn's tool calls go into one content: Gemini refuses a turn with fewer results
    than calls.

    Args:
        messages: The conversation.
        signed: Whether the model demands a signature on tool calls.
    """
    out: list[dict[str, Any]] = []
    open_calls: list[ToolCall] = []
    last_role = ""
    for message in messages:
        if message.role == "system":
            continue
        if message.role == "assistant":
            open_calls = [part for part in message.content if isinstance(part, ToolCall)]
        parts = _parts(message.content, open_calls)
        if not parts:
            continue
        if signed:
            _sign(parts)
        if message.role == last_role == "tool":
            out[-1]["parts"] += parts
        else:
            role = "model" if message.role == "assistant" else "user"
            out.append({"role": role, "parts": parts})
        last_role = message.role
    return out


def _parts(content: Iterable[Content], open_calls: list[ToolCall]) -> list[_Part]:
    parts: list[_Part] = []
    for item in content:
        if isinstance(item, Reasoning):
            _replay(item, parts)
        elif isinstance(item, Text):
            parts.append({"text": item.text})
        elif isinstance(item, Image):
            parts.append(_image(item))
        elif isinstance(item, ToolCall):
            parts.append(_call(item))
        elif isinstance(item, ToolResult):
            parts.append(_result(item, open_calls))
        elif item.dialect == NAME:
            parts.append(item.raw)
    return parts


def _replay(item: Reasoning, parts: list[_Part]) -> None:
    """Send reasoning back if it is Gemini's own; another model's is of no use here."""
    raw = _json.as_dict(item.raw)
    if "thought" in raw or (SIGNATURE in raw and "text" in raw):
        parts.append(raw)
    elif SIGNATURE in raw and parts:
        parts[-1] = {**parts[-1], SIGNATURE: raw[SIGNATURE]}


def _image(item: Image) -> _Part:
    if item.url.startswith("data:"):
        head, _, data = item.url[5:].partition(",")
        return {"inlineData": {"mimeType": head.partition(";")[0], "data": data}}
    if item.url:
        kind = item.media_type
        if kind == _UNSAID:
            kind = mimetypes.guess_type(urlsplit(item.url).path)[0] or kind
        return {"fileData": {"mimeType": kind, "fileUri": item.url}}
    data = base64.b64encode(item.data).decode("ascii")
    return {"inlineData": {"mimeType": item.media_type, "data": data}}


def _call(item: ToolCall) -> _Part:
    call: dict[str, Any] = {"name": item.name, "args": item.arguments or {}}
    if item.id:
        call["id"] = item.id
    signature = item.extra.get(SIGNATURE)
    return {"functionCall": call, SIGNATURE: signature} if signature else {"functionCall": call}


def _result(item: ToolResult, open_calls: list[ToolCall]) -> _Part:
    """A tool's result; Gemini needs the tool's name, and matches results without id by order."""
    call = next((c for c in open_calls if c.id == item.id), None)
    if call is not None:
        open_calls.remove(call)
    value = _json.loads_object(item.content)
    if item.is_error:
        response = {"error": item.content if value is None else value}
    else:
        response = {"output": item.content} if value is None else value
    result: dict[str, Any] = {
        "name": item.name or (call.name if call else ""),
        "response": response,
    }
    if item.id:
        result["id"] = item.id
    return {"functionResponse": result}


def _sign(parts: list[_Part]) -> None:
    """Only the first of parallel calls carries a signature; none at all means a foreign turn."""
    calls = [part for part in parts if "functionCall" in part]
    if calls and not any(SIGNATURE in part for part in calls):
        calls[0][SIGNATURE] = _FOREIGN
