"""Where an error stands in what a provider sent: from decoded JSON to an `Envelope`.

Eight families of shapes are known: OpenAI's object, Anthropic's, Google's (also in a list of one),
a flat object (Cohere, Cerebras, Mistral, Bedrock), a sentence (Ollama, xAI, Hugging Face),
FastAPI's `detail`, AWS's named exception, and an error that passes on another one (OpenRouter).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.wire import _json
from nbapimgr.wire._json import as_dict, as_list, as_str
from nbapimgr.wire.failures._details import Found, collect
from nbapimgr.wire.failures._envelope import Envelope, clip, unquoted, word

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HTTP_ERRORS", "REDIRECT", "envelope"]

HTTP_ERRORS: Final = range(400, 600)
REDIRECT: Final = 300
"""The first status that is no answer."""

_PLACES: Final[tuple[tuple[str | int, ...], ...]] = (
    ("error",),
    ("response", "error"),
    ("delta", "error"),
    ("choices", 0, "error"),
    ("errors", 0),
    ("detail", "error"),
    ("detail",),
    ("message",),
)
"""Where an error object or sentence may stand, the surest first."""
_SENTENCES: Final = ("message", "Message", "msg", "detail", "error_description", "title", "error")
_AROUND: Final[tuple[str, ...]] = ("code", "type", "error_type", "metadata")
_EXCEPTION_HEADERS: Final = ("x-amzn-errortype", ":exception-type", ":error-code")
_STATUSES: Final = ("status_code", "code", "status", "http_code")
_IDENTIFIER: Final = re.compile(r"[A-Za-z][\w.-]{2,60}")
_GRPC: Final = re.compile(r"[A-Z][A-Z_]{3,40}")
_QUOTES: Final = re.compile(r"^\s*(?:Invalid request: ?)*+(?=\{)")
"""What a router writes before the error it quotes."""
_NESTED: Final = 2
"""Errors within errors that are opened: a router quotes a server that quotes an engine."""


def envelope(
    value: Any, headers: Mapping[str, str], http: int, *, status: int = 0, depth: int = 0
) -> Envelope:
    """The error in decoded JSON.

    Args:
        value: What was decoded: any JSON value.
        headers: Those of the response, names in lower case.
        http: The status of the response.
        status: The status an error that quotes this one was about.
        depth: How many errors quote this one.
    """
    error, outer, exception = _find(value)
    found = Found()
    collect(error, found)
    message = _message(error, outer, found) or clip(headers.get(":error-message"))
    code = word(error.get("code"))
    amazon = exception or _exception(error, headers)
    kind = _type(error, outer, amazon)
    grpc = as_str(error.get("status")) if _GRPC.fullmatch(as_str(error.get("status"))) else ""
    about = http if http >= REDIRECT else _status(error, outer) or status
    upstream, said = _upstream(error, about, depth, found)
    words = {*found.words, *filter(None, (kind, code, grpc)), *_from_headers(headers, http)}
    return Envelope(
        shape=_shape(outer, error, grpc, amazon),
        status=about,
        http=http,
        message=message,
        detail=clip(said or _shown(message, found)),
        type=kind or grpc or None,
        code=code,
        words=frozenset(w.casefold() for w in words),
        said=unquoted(message, *found.sentences),
        hints=tuple(found.hints),
        request_id=_request_id(error, outer),
        upstream=upstream,
        ours=not as_dict(error.get("metadata")) or error["metadata"].get("is_byok") is True,
    )


def _find(value: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The error object, the object around it, and the exception's name where it is the key.

    A sentence becomes an object with a message.
    """
    if isinstance(value, list):
        items = [item for item in value[:_NESTED] if isinstance(item, dict)]
        value = next((item for item in items if "error" in item), items[0] if items else None)
    if isinstance(value, str):
        return {"message": value}, {}, ""
    outer = as_dict(value)
    for place in _PLACES:
        inner = _at(outer, place)
        if isinstance(inner, dict) and inner:
            beside = outer if place[-1] in {"detail", "message"} else {}
            return {**beside, place[-1]: None, **inner}, outer, ""
        if isinstance(inner, str) and inner and place[-1] == "error":
            return _sentence(inner, _at(outer, place[:-1])), outer, ""
    for name, inner in list(outer.items())[:_NESTED]:
        if str(name).lower().endswith("exception") and isinstance(inner, dict):
            return inner, outer, str(name)
    return outer, outer, ""


def _at(value: Any, place: tuple[str | int, ...]) -> Any:
    for step in place:
        if isinstance(step, int):
            value = as_list(value)[step] if len(as_list(value)) > step else None
        else:
            value = as_dict(value).get(step)
    return value


def _sentence(error: str, outer: dict[str, Any]) -> dict[str, Any]:
    """`{"error": "…"}` as an object: the code may stand beside it, or be the error itself."""
    around = {name: outer[name] for name in _AROUND if name in outer}
    if around.get("type") == "error":
        del around["type"]
    words = clip(outer.get("error_description")) or clip(outer.get("message"))
    if words and _IDENTIFIER.fullmatch(error):
        return {"code": error, **around, "message": words}
    return {**around, "message": error}


def _message(error: dict[str, Any], outer: dict[str, Any], found: Found) -> str:
    """The provider's words."""
    texts = (clip(error.get(name)) for name in _SENTENCES)
    message = next(filter(None, texts), "") or next(iter(found.sentences), "")
    return message or clip(outer.get("message"))


def _type(error: dict[str, Any], outer: dict[str, Any], amazon: str) -> str | None:
    """The provider's type. "error" and the names of events say nothing."""
    kind = word(error.get("type")) or word(error.get("error_type"))
    if error is outer and kind and (kind == "error" or kind.startswith("response.")):
        kind = None
    return word(amazon) or kind


def _exception(error: dict[str, Any], headers: Mapping[str, str]) -> str:
    """The name of AWS's exception: in a header of the response or of a frame, or in the body."""
    name = next(filter(None, map(headers.get, _EXCEPTION_HEADERS)), "")
    return (name or as_str(error.get("__type")).rpartition("#")[2]).split(":", 1)[0].strip()


def _status(error: dict[str, Any], outer: dict[str, Any]) -> int:
    """The HTTP status an error names that came without one; 0 when it names none."""
    for part in (error, outer):
        for name in _STATUSES:
            text = word(part.get(name)) or ""
            if text.isdecimal() and text.isascii() and int(text) in HTTP_ERRORS:
                return int(text)
    return 0


def _shape(outer: dict[str, Any], error: dict[str, Any], grpc: str, amazon: str) -> str:
    """Whose envelope it is, where that can be told whatever the dialect."""
    if amazon:
        return "bedrock"
    if grpc:
        return "google"
    if outer.get("type") == "error" and error is not outer and "code" not in error:
        return "anthropic"
    return ""


def _shown(message: str, found: Found) -> str:
    """Words for people where they say more than the message."""
    if not found.shown or found.shown == message:
        return ""
    if message and not message.startswith("$") and message not in found.shown:
        return f"{message.rstrip('.')}: {found.shown}"
    return found.shown


def _upstream(
    error: dict[str, Any], status: int, depth: int, found: Found
) -> tuple[Envelope | None, str]:
    """The error that this one passes on, and its words for people.

    OpenRouter puts the upstream's body into `metadata.raw`; inference servers put theirs, as text,
    where their message should be.
    """
    metadata = as_dict(error.get("metadata"))
    raw = metadata.get("raw")
    if depth >= _NESTED:
        return None, ""
    text = as_str(raw) or as_str(error.get("detail")) or as_str(error.get("message"))
    value = raw if isinstance(raw, dict) else _json.loads_object(_QUOTES.sub("", text))
    who = clip(metadata.get("provider_name"))
    if value:
        inner = envelope(value, {}, 0, status=status, depth=depth + 1)
        said = inner.detail or inner.message
        return inner, f"{who}: {said}" if who and said else said
    said = found.add_sentence(raw)
    if not said:
        return None, ""
    return None, f"{who}: {said}" if who and said else said


def _from_headers(headers: Mapping[str, str], http: int) -> set[str]:
    """What the headers of an HTTP error say, as words: what is used up, whether to try again."""
    if http not in HTTP_ERRORS:
        return set()
    used_up = {
        f"used-up:{name.partition('remaining')[2].strip('-')}"
        for name, value in headers.items()
        if "ratelimit-remaining" in name and value.strip() == "0"
    }
    advice = f"x-should-retry={headers.get('x-should-retry', '').strip().lower()}"
    waits = "retry-after" if any("retry-after" in name for name in headers) else "no-retry-after"
    return {*used_up, advice, waits}


def _request_id(error: dict[str, Any], outer: dict[str, Any]) -> str | None:
    """The id of the request, where the body has it. Cohere's `id` is one, others' are not."""
    for part in (outer, error):
        for name in ("request_id", "requestId", "requestID"):
            if found := word(part.get(name)):
                return found
    flat = error is outer and "message" in outer and "object" not in outer and "code" not in outer
    return word(outer.get("id")) if flat else None
