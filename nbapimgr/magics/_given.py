"""Takes the options from the front of a line, and says which one was meant when none fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nbapimgr.errors import OptionError, nearest
from nbapimgr.magics._options import OPTIONS, find
from nbapimgr.magics._words import Word, bare, value

if TYPE_CHECKING:
    from nbapimgr.magics._options import Option

__all__ = ["Given", "take"]

Given = dict[str, list[Word]]
"""What was given to each option, by its long name."""

_LOOKS_LIKE_ONE: Final = re.compile(r"--?[A-Za-z]")


def take(text: str, given: Given, table: tuple[Option, ...] = OPTIONS) -> str:
    """Move the options at the start of `text` into `given`.

    Returns:
        The rest: it begins with a plain word, or is empty.

    Raises:
        OptionError: No such option, given twice, or without the value it needs.
    """
    while _LOOKS_LIKE_ONE.match(text):
        word = bare(text)
        name, equals, _ = word.text.partition("=")
        option = find(name, table)
        if option is None:
            raise _unknown(name, table)
        if option.name in given and not option.repeat:
            raise OptionError(f"{name} is given twice")
        got = Word("", word.end)
        if option.kind != "flag":
            got = _value(text, len(name) + 1 if equals else word.end, name, option, table)
        elif equals:
            raise OptionError(f"{name} takes no value")
        given.setdefault(option.name, []).append(got)
        text = text[got.end :].lstrip()
    return text


def _value(text: str, start: int, name: str, option: Option, table: tuple[Option, ...]) -> Word:
    while start < len(text) and text[start].isspace():
        start += 1
    follows = bare(text, start).text
    if not follows or find(follows.partition("=")[0], table):
        raise OptionError(
            f"{name} needs {option.metavar}", hint=f"{option.spelling}: {option.help}"
        )
    got = value(text, start, name)
    if not got.text.strip(" "):
        raise OptionError(f"{name} needs {option.metavar}, and what it got is empty")
    return got


def _unknown(name: str, table: tuple[Option, ...]) -> OptionError:
    known = [f"--{option.name}" for option in table]
    typed = f"--{name.lstrip('-')}"
    # a dash and one letter say nothing of the long name that was meant
    begins = [full for full in known if len(typed) > len("--x") and full.startswith(typed)]
    close = begins or nearest(typed, known)
    hint = f"did you mean {close[0]}?" if close else "%llm help lists the options"
    return OptionError(f"no option {name}", hint=hint)
