"""What an error says, whoever says it: one record for the many shapes errors come in.

Two kinds of text are kept apart. `words` are the machine words of the envelope (type, code, the
reasons in its details): rules trust them. `said` is what the provider wrote for people, with every
quoted passage emptied: providers quote the user's own prompt there, and its words decide nothing.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

__all__ = ["Envelope", "clip", "unquoted", "word"]

MAX_MESSAGE: Final = 4000
"""Characters of a message that are kept. The longest of 320 recorded ones has 565."""
MAX_TEXT: Final = 500
"""Characters that are kept of a body that is no JSON: a web page, a line of a proxy."""
_MAX_WORD: Final = 200
"""Characters of a type or code; xAI's codes are sentences."""
_MAX_CODE: Final = 10**9
"""A number beyond is no code (and one of thousands of digits could not even be printed)."""

# A quote opens where no letter is before it and closes where none follows, so that the apostrophe
# of "doesn't" is neither. One that is never closed reaches to the end. Possessive: linear.
_QUOTED: Final = re.compile(
    r"`[^`]*+(?:`|\Z)"
    r'|"[^"]*+(?:"|\Z)'
    r"|“[^”]*+(?:”|\Z)"
    r"|(?<!\w)\u2018[^\u2019]*+(?:\u2019|\Z)"
    r"|(?<!\w)'(?:[^']|'(?=\w))*+(?:'|\Z)"
)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An error as the provider put it.

    Attributes:
        shape: Whose envelope it looks like: "google", "anthropic", "bedrock", "html", or "".
        status: The HTTP status it is about; the one the envelope names where HTTP said 2xx; 0 when
            nobody named one.
        http: The HTTP status of the response it came in.
        message: The provider's words.
        detail: Better words for people than `message`, or "".
        type: The provider's type, or None.
        code: The provider's code as text, or None.
        words: All machine words, casefolded.
        said: What rules may search: the provider's sentences without quoted passages.
        hints: What the body says of waiting: pairs of where it stood and what it was.
        request_id: The provider's id of the request.
        upstream: The error that this one passes on (OpenRouter), if any.
        ours: The upstream was reached with the user's own key.
    """

    shape: str = ""
    status: int = 0
    http: int = 0
    message: str = ""
    detail: str = ""
    type: str | None = None
    code: str | None = None
    words: frozenset[str] = frozenset()
    said: str = ""
    hints: tuple[tuple[str, Any], ...] = ()
    request_id: str | None = None
    upstream: Envelope | None = None
    ours: bool = True


def word(value: Any) -> str | None:
    """A type or code as text: providers send strings, numbers, null and nonsense."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int) and abs(value) > _MAX_CODE:
        return None
    return str(value)[:_MAX_WORD].strip() or None


def clip(value: Any, limit: int = MAX_MESSAGE) -> str:
    """Text for people: stripped and bounded; "" for anything that is no text."""
    return value[: 2 * limit].strip()[:limit] if isinstance(value, str) else ""


def unquoted(*texts: str) -> str:
    """The texts with every quoted passage emptied; what is left is the provider's own language."""
    return _QUOTED.sub(lambda found: found[0][0] * 2, "\n".join(filter(None, texts)))
