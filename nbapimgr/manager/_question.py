"""What the caller passed -> one frozen `Request`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, get_type_hints

import msgspec

from nbapimgr.errors import OptionError, PromptError, UnknownName
from nbapimgr.models import Image, Message, Request, Text, Tool, user

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["Prompt", "question"]

if TYPE_CHECKING:
    Prompt = str | Message | Sequence[Message | Mapping[str, Any]]

_MESSAGE: Final = '{"role": "user", "content": "…"}'
_POLICIES: Final = ("replace", "buffer", "raise")
_FIELDS = tuple(f for f in Request.__struct_fields__ if f not in {"messages", "tools"})


def question(
    prompt: Prompt,
    *,
    images: Iterable[Image | bytes | str | Path] = (),
    tools: Iterable[Tool | Callable[..., Any]] = (),
    **fields: Any,
) -> Request:
    """The request that puts `prompt`.

    Args:
        prompt: Text, a message, or a conversation (messages, or mappings with role and content).
        images: Pictures: bytes, a file, a URL or an `Image`.
        tools: Functions the model may call; their signature and docstring describe them.
        fields: Other fields of `Request`.

    Raises:
        PromptError: There is nothing to ask.
        OptionError: A field has the wrong type; a picture cannot be read.
        UnknownName: No such field; names the nearest.
    """
    pictures = tuple(_image(image) for image in _several(images, str | bytes | os.PathLike))
    messages = _messages(prompt, pictures)
    for field in fields:
        if field not in _FIELDS:
            hint = 'a model is named by route="…"' if field == "model" else ""
            raise UnknownName("option", field, _FIELDS, hint=hint)
    for listed in ("stop", "only", "exclude"):
        if isinstance(fields.get(listed), str):
            fields[listed] = (fields[listed],)
    given = {name: value for name, value in fields.items() if value is not None}
    policy = given.get("on_restart")
    if isinstance(policy, str) and policy not in _POLICIES:
        raise UnknownName("on_restart", policy, _POLICIES)
    described = tuple(_tool(tool) for tool in _several(tools, Tool))
    try:
        request = msgspec.convert({"messages": messages, "tools": described, **given}, Request)
    except msgspec.ValidationError as e:
        raise OptionError(str(e).replace(" - at `$.", ": ").rstrip("`")) from None
    _check_characters(request)
    return request


def _several(value: Any, one: Any) -> Iterable[Any]:
    """A list as it is; what is one thing as a list of it."""
    return (value,) if isinstance(value, one) or not isinstance(value, Iterable) else value


def _check_characters(request: Request) -> None:
    for text in (request.system or "", *(message.text for message in request.messages)):
        try:
            text.encode()
        except UnicodeEncodeError as e:
            raise PromptError(
                f"the prompt holds half a character, {text[e.start]!a}, which cannot be sent",
                hint="it comes of text that was decoded wrongly, or of a file's name",
            ) from None


def _messages(prompt: Any, pictures: tuple[Image, ...]) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        if not prompt.strip() and not pictures:
            raise PromptError("the prompt is empty")
        return (user(prompt, pictures),)
    if isinstance(prompt, bytes) or not isinstance(prompt, Message | Iterable):
        raise OptionError(
            f"a prompt is text, a message or a list of messages, not {type(prompt).__name__}"
        )
    turns = tuple(_message(turn) for turn in _several(prompt, Message | Mapping))
    if not turns:
        raise PromptError("the conversation is empty")
    if pictures:
        last = turns[-1]
        turns = (*turns[:-1], msgspec.structs.replace(last, content=(*pictures, *last.content)))
    return turns


def _message(turn: Message | Mapping[str, Any]) -> Message:
    if isinstance(turn, Message):
        return turn
    if not isinstance(turn, Mapping):
        raise OptionError(f"a message is wrong: {turn!r:.60}", hint=_MESSAGE)
    for field in turn.keys() - set(Message.__struct_fields__):
        raise UnknownName("field of a message", str(field), Message.__struct_fields__)
    content = turn.get("content")
    given = (Text(text=content),) if isinstance(content, str) else content or ()
    try:
        return msgspec.convert({**turn, "content": given}, Message)
    except msgspec.ValidationError as e:
        raise OptionError(f"a message is wrong: {e}", hint=_MESSAGE) from None


def _image(image: Image | bytes | str | Path) -> Image:
    if isinstance(image, Image):
        return image
    if isinstance(image, bytes):
        return Image(data=image, media_type=_media_type(image))
    if str(image).startswith(("https://", "http://")):
        return Image(url=str(image))
    from pathlib import Path

    try:
        data = Path(image).read_bytes()
    except (OSError, TypeError, ValueError) as e:
        why = getattr(e, "strerror", None) or e
        raise OptionError(f"picture {str(image)!r} cannot be read: {why}") from None
    return Image(data=data, media_type=_media_type(data))


def _media_type(data: bytes) -> str:
    """By the first bytes; PNG when they say nothing."""
    starts = {b"\xff\xd8": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
    return next((kind for start, kind in starts.items() if data.startswith(start)), "image/png")


def _tool(tool: Any) -> Tool:
    if isinstance(tool, Tool):
        return tool
    name = getattr(tool, "__name__", "")
    if not callable(tool) or not name.isidentifier():
        raise OptionError(
            f"{tool!r:.60} cannot be a tool", hint="a named function with type hints, or a Tool"
        )
    try:
        return _described(tool)
    except OptionError:
        raise
    except (TypeError, ValueError, NameError) as e:
        raise OptionError(f"tool {name!r}: {str(e).splitlines()[-1]}") from None


def _described(tool: Callable[..., Any]) -> Tool:
    """A function's name, signature and docstring as a tool."""
    hints = get_type_hints(tool)
    fields: list[Any] = []
    for name, parameter in inspect.signature(tool).parameters.items():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise OptionError(f"tool {tool.__name__!r}: *{name} has no type a model could fill")
        kind = hints.get(name, Any)
        default = parameter.default
        fields.append((name, kind) if default is parameter.empty else (name, kind, default))
    shape = msgspec.defstruct(tool.__name__, fields, kw_only=True)
    _, parts = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    parameters = dict(parts.pop(tool.__name__))
    parameters.pop("title", None)
    if parts:
        parameters["$defs"] = parts
    return Tool(name=tool.__name__, description=inspect.getdoc(tool) or "", parameters=parameters)
