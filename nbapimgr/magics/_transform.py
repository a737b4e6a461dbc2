"""What IPython would misread in a cell with our magics, put right before it reads it.

* `%llm what is a monad?` and `x = %llm …?` would be asked as help on "monad": a blank goes behind
  the question mark. `%llm?` stays help.
* A backslash at the end of the `%%llm` line continues it; IPython takes the next for the body.
* A `%%llm` with nothing below it would be an error that is only printed, and that nbval takes for
  a green cell: it gets an empty body, about which the magic says what is wrong.
* Comments and blank lines may stand above `%%llm`; nbval's marks can only stand there.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["transform"]

_CELL: Final = re.compile(r"%%(?:nb)?llm(?!\w)")
_QUESTION: Final = re.compile(r"\s*(?:[^\W\d][^=%#]*=\s*)?%(?:nb)?llm\s+[^\s?]")
_ENDS_ASKING: Final = re.compile(r"\?(?=\n?\Z)")
_GOES_ON: Final = re.compile(r"\s*\\\s*\Z")
_QUOTES: Final = re.compile(r"\"\"\"|'''")


def transform(lines: list[str]) -> list[str]:
    """The lines of a cell, for `ip.input_transformers_cleanup`.

    Args:
        lines: The cell with its line ends, as IPython hands it over.
    """
    first = next(
        (n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")),
        len(lines),
    )
    if first < len(lines) and _CELL.match(lines[first]):
        return _joined(lines[first:])
    if lines and lines[0].startswith("%%"):
        return lines
    return _protected(lines)


def _joined(lines: list[str]) -> list[str]:
    """The lines of a `%%llm` cell, the first with those it goes on in."""
    head, *body = lines
    while _GOES_ON.search(head):
        head = _GOES_ON.sub(" ", head) + (body.pop(0).lstrip() if body else "")
    if not body and not head.rstrip().endswith("?"):
        return [head.rstrip() + "\n", "\n"]
    return [head, *body]


def _protected(lines: list[str]) -> list[str]:
    """The lines of another cell, a question mark at the end of a question no longer at the end."""
    done: list[str] = []
    in_string = goes_on = False
    for line in lines:
        is_question = goes_on or (not in_string and bool(_QUESTION.match(line)))
        goes_on = is_question and bool(_GOES_ON.search(line))
        if is_question:
            line = _ENDS_ASKING.sub("? ", line)  # noqa: PLW2901  # the line as it goes on
        elif len(_QUOTES.findall(line)) % 2:
            in_string = not in_string
        done.append(line)
    return done
