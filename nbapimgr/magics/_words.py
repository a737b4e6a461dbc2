"""Cuts option values out of a magic's line; prose is never touched by it.

`shlex` is no help here: it fails on the apostrophe of "it's fine" and takes quotes out of JSON.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from nbapimgr.errors import OptionError

__all__ = ["Word", "balanced", "bare", "value"]

_CLOSER: Final = {"{": "}", "[": "]", "(": ")"}
_ESCAPE: Final = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


class Word(NamedTuple):
    """A value on the line: its text without quotes, and where the rest of the line begins."""

    text: str
    end: int
    quoted: bool = False
    """What follows its first `=` was in quotes: text, whatever it looks like."""


def bare(line: str, start: int = 0) -> Word:
    """The next word up to white space, as it stands; an empty one at the end of the line."""
    while start < len(line) and line[start].isspace():
        start += 1
    end = start
    while end < len(line) and not line[end].isspace():
        end += 1
    return Word(line[start:end], end)


def value(line: str, start: int, owner: str) -> Word:
    r"""The value at `start`, which is no white space.

    Quotes group, at the start or after the first `=`; so do balanced brackets there, and `{{ }}`
    anywhere. A quote inside a word is an apostrophe. In double quotes `\n`, `\t`, `\"` and `\\`
    are read as in Python, so that `--stop "\n"` works.

    Raises:
        OptionError: A quote or bracket is never closed; `owner` names the option in the message.
    """
    text, at, fresh = "", start, True
    while at < len(line) and not line[at].isspace():
        char = line[at]
        if fresh and char in "\"'":
            end = _closing(line, at, owner)
            inner = _unescaped(line[at + 1 : end], char)
            return Word(text + inner, end + 1, quoted=bool(text))
        if (fresh and char in "{[") or line.startswith("{{", at):
            end = balanced(line, at)
            if end < 0:
                raise OptionError(f"the {char} after {owner} is never closed")
            text += line[at:end]
            at, fresh = end, False
            continue
        fresh = char == "=" and "=" not in text
        text += char
        at += 1
    return Word(text, at)


def balanced(text: str, start: int) -> int:
    """Where the bracket at `start` has been closed (the index after it), or -1.

    Brackets in quoted strings do not count.
    """
    stack: list[str] = []
    at = start
    while at < len(text):
        char = text[at]
        if char in "\"'":
            at = _string_end(text, at)
            if at < 0:
                return -1
            continue
        if char in _CLOSER:
            stack.append(_CLOSER[char])
        elif char in ")]}":
            if stack.pop() != char:
                return -1
            if not stack:
                return at + 1
        at += 1
    return -1


def _string_end(text: str, start: int) -> int:
    found = re.compile(r"\\.|" + text[start], re.DOTALL)
    at = start + 1
    while match := found.search(text, at):
        at = match.end()
        if match.group() == text[start]:
            return at
    return -1


def _closing(line: str, start: int, owner: str) -> int:
    """The same quote where a word ends: `'it's fine'` is one value."""
    quote = line[start]
    mark = re.compile(rf"{quote}(?=\s|$)" if quote == "'" else rf"\\.|{quote}(?=\s|$)")
    at = start + 1
    while found := mark.search(line, at):
        if found[0] == quote:
            return found.start()
        at = found.end()
    raise OptionError(f"the {quote} after {owner} is never closed")


def _unescaped(text: str, quote: str) -> str:
    if quote == "'":
        return text
    return re.sub(r'\\([nt"\\])', lambda m: _ESCAPE[m[1]], text)
