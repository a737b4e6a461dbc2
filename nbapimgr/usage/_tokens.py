"""How many tokens a text may have, without a tokenizer and without the network."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["estimate_tokens"]

_CJK = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_CYRILLIC = r"\u0370-\u052f"  # and Greek
_PICTURE = r"\U0001f000-\U0001faff"
_PIECES = re.compile(
    r"(?P<word>[A-Za-z]+)"
    r"|(?P<one>[0-9]{1,3}|[\r\n]+|[ \t]{2,})"
    rf"|(?P<cjk>[{_CJK}]+)"
    rf"|(?P<cyrillic>[{_CYRILLIC}]+)"
    rf"|(?P<picture>[{_PICTURE}]+)"
    rf"|(?P<other>[^\x00-\x7f{_CJK}{_CYRILLIC}{_PICTURE}]+)"
    r"|(?P<sign>[!-/:-@\[-`{-~]+)"
)

# Tokens of a piece of n characters. Fitted to o200k: source code comes out at 1.2 to 1.3 times its
# true count, prose at 1.2, JSON and numbers at 1.0 to 1.1, Chinese at 1.3. A budget wants "a little
# high"; characters / 4 gives 0.4 for numbers and for Chinese.
_TOKENS: dict[str, Callable[[int], float]] = {
    "word": lambda n: math.ceil(n / 6),
    "one": lambda n: 1,  # noqa: ARG005  # same shape as its neighbours
    "cjk": lambda n: 0.8 * n,
    "cyrillic": lambda n: 0.3 * n,
    "picture": lambda n: 1.6 * n,
    "other": lambda n: 0.45 * n,
    "sign": lambda n: math.ceil(n / 2),
}


def estimate_tokens(text: str) -> int:
    """An estimate of the tokens in `text`, on the high side; 0 only for an empty text."""
    total = 0.0
    for piece in _PIECES.finditer(text):
        start, end = piece.span()
        total += _TOKENS[piece.lastgroup or "one"](end - start)
    return max(math.ceil(total), 1 if text else 0)
