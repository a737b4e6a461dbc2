"""What is asked: messages, tools, and how they may be answered."""

from __future__ import annotations

from typing import Any, Literal

from nbapimgr.models._record import Record

__all__ = [
    "Content",
    "Image",
    "Message",
    "Opaque",
    "Origin",
    "Reasoning",
    "Request",
    "Text",
    "Tool",
    "ToolCall",
    "ToolResult",
    "user",
]


class Text(Record, frozen=True, kw_only=True, tag="text"):
    """Text of a message."""

    text: str


class Image(Record, frozen=True, kw_only=True, tag="image"):
    """A picture in a message: its bytes with their media type, or a URL the provider fetches."""

    data: bytes = b""
    media_type: str = "image/png"
    url: str = ""


class Reasoning(Record, frozen=True, kw_only=True, tag="reasoning"):
    """A model's reasoning; `raw` is the provider's own block, sent back as it came."""

    text: str = ""
    signature: str = ""
    raw: Any = None


class ToolCall(Record, frozen=True, kw_only=True, tag="tool_call"):
    """A model's wish to call a tool. `arguments` is parsed; `raw_arguments` is what came.

    `arguments` is None when what came is not a JSON object. `extra` holds what the provider wants
    back unchanged (Gemini's thought signature).
    """

    id: str = ""
    name: str = ""
    arguments: dict[str, Any] | None = None
    raw_arguments: str | None = None
    extra: dict[str, Any] = {}


class ToolResult(Record, frozen=True, kw_only=True, tag="tool_result"):
    """What a tool gave back: text, or JSON as text."""

    id: str
    content: str
    name: str = ""
    is_error: bool = False


class Opaque(Record, frozen=True, kw_only=True, tag="opaque"):
    """A block only its own dialect understands, kept so that it can be sent back."""

    dialect: str
    raw: Any


Content = Text | Image | Reasoning | ToolCall | ToolResult | Opaque


class Message(Record, frozen=True, kw_only=True):
    """One turn. Tool results travel in a message of role "tool"."""

    role: Literal["system", "user", "assistant", "tool"]
    content: tuple[Content, ...] = ()

    @property
    def text(self) -> str:
        """The text parts joined."""
        return "".join(part.text for part in self.content if isinstance(part, Text))


class Tool(Record, frozen=True, kw_only=True):
    """A function the model may call; `parameters` is a JSON schema of type object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Origin(Record, frozen=True, kw_only=True):
    """Where a call comes from; written to the usage rows."""

    notebook: str | None = None
    cell_id: str | None = None
    execution_count: int | None = None
    project: str | None = None
    conversation_id: str | None = None
    tags: dict[str, str] = {}


class Request(Record, frozen=True, kw_only=True):
    """One question and how it may be answered. Nothing the user did not set is sent."""

    messages: tuple[Message, ...]
    system: str | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    """One of "auto", "none", "required", or a tool's name."""
    schema: dict[str, Any] | None = None
    schema_name: str = "answer"
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning: str | None = None
    """Effort: "none", "minimal", "low", "medium", "high"."""
    extra: dict[str, Any] = {}
    """Fields sent as they are, at the top of the dialect's body."""

    # how it is to be answered; never sent
    route: str | None = None
    stream: bool = True
    timeout: float | None = None
    """Seconds for the whole call, retries and fallbacks included."""
    fallback: bool = True
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    on_restart: Literal["replace", "buffer", "raise"] = "replace"
    cross_refusal: bool = False
    """A content refusal is put to the next provider only if the user said so."""
    origin: Origin = Origin()


def user(text: str, images: tuple[Image, ...] = ()) -> Message:
    """A user's message from text and pictures."""
    return Message(role="user", content=(*images, Text(text=text)))
