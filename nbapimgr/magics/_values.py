"""Reads what was given to the options: words become numbers, names and JSON."""

from __future__ import annotations

import ast
import keyword
import math
from typing import TYPE_CHECKING, Any

import msgspec

from nbapimgr.errors import OptionError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.magics._options import Option
    from nbapimgr.magics._words import Word

__all__ = ["names", "pair", "read"]


def read(option: Option, words: list[Word], expand: Callable[[str], str]) -> Any:
    """The value of an option from the words it was given.

    Args:
        option: What was given.
        words: One for each time it was given; none of it is empty.
        expand: Renders the `{{ }}` of a value.

    Raises:
        OptionError: The value is not of the option's kind.
    """
    texts = [expand(word.text) for word in words]
    match option.kind:
        case "flag":
            return True
        case "names":
            return tuple(part for text in texts for part in names(option, text))
        case "number" | "integer":
            return _number(option, texts[0])
        case "choice":
            return _choice(option, texts[0])
        case "variable":
            return variable(texts[0], f"--{option.name}")
    return tuple(texts) if option.repeat else texts[0]


def names(option: Option, text: str) -> list[str]:
    """The parts of a comma list.

    Raises:
        OptionError: There is none.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise OptionError(f"--{option.name} needs {option.metavar}, not {text!r}")
    return parts


def pair(word: Word, expand: Callable[[str], str]) -> tuple[str, Any]:
    """`K=V` as a key and its value: JSON or a Python literal where it is one, else text.

    Raises:
        OptionError: There is no `=` or no key.
    """
    key, equals, text = word.text.partition("=")
    if not (key.strip() and equals):
        raise OptionError(f"-o needs K=V, not {word.text!r}", hint="for example: -o top_k=40")
    text = expand(text)
    return key.strip(), text if word.quoted else _literal(text)


def variable(text: str, owner: str) -> str:
    """The name of a Python variable.

    Raises:
        OptionError: It cannot be one.
    """
    if not text.isidentifier() or keyword.iskeyword(text):
        raise OptionError(f"{owner} needs the name of a variable, not {text!r}")
    return text


def _number(option: Option, text: str) -> float | int:
    try:
        if option.kind == "integer":
            return int(text)
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        what = "a whole number" if option.kind == "integer" else "a number"
        raise OptionError(f"--{option.name} needs {what}, not {text!r}")
    return number


def _choice(option: Option, text: str) -> str:
    if text in option.choices:
        return text
    close = nearest(text, option.choices)
    hint = f"did you mean {close[0]}?" if close else f"one of: {', '.join(option.choices)}"
    raise OptionError(f"--{option.name} cannot be {text!r}", hint=hint)


def _literal(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        pass
    if text[:1] in {"{", "[", "("} or text in {"True", "False", "None"}:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            pass
    return text
