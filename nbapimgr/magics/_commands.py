"""Reads a `%llm` command with its words; what makes no sense for it might be a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from nbapimgr.errors import OptionError, nearest
from nbapimgr.magics import _options
from nbapimgr.magics._asks import Command
from nbapimgr.magics._given import take
from nbapimgr.magics._values import read
from nbapimgr.magics._words import value

if TYPE_CHECKING:
    from nbapimgr.magics._given import Given

__all__ = ["NAMES", "command", "excerpt", "mistyped"]

_BY_NAME: Final = {entry.name: entry for entry in _options.COMMANDS}
NAMES: Final = frozenset(_BY_NAME)

_SHOWN: Final = 60
"""Characters of a line that are repeated in a message, so that it stays one line."""


def command(name: str, rest: str) -> Command:
    """The command `name` with what follows it.

    Raises:
        OptionError: That makes no sense for the command; the hint has the line that asks it as a
            question.
    """
    try:
        return _read(_BY_NAME[name], rest)
    except OptionError as e:
        problem, hint = str(e), e.hint
    meant = f"{hint}\n" if hint else ""
    raise OptionError(
        f"%llm {name}: {problem}",
        hint=f"{meant}to ask this as a question: %llm ask {excerpt(f'{name} {rest}')}",
    )


def mistyped(word: str) -> OptionError:
    """The error for a single word that is no command: it is never sent to a model."""
    close = nearest(word.rstrip("?!."), NAMES)
    meant = f"did you mean %llm {close[0]}?\n" if close else ""
    return OptionError(f"no command {word!r}", hint=f"{meant}to ask it: %llm ask {word}")


def excerpt(text: str) -> str:
    """The beginning of `text`."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _read(entry: _options.Command, text: str) -> Command:
    given: Given = {}
    words: list[str] = []
    table = {option.name: option for option in (*entry.options, _options.HELP)}
    while text := take(text, given, tuple(table.values())):
        word = value(text, 0, f"%llm {entry.name}")
        words.append(word.text)
        text = text[word.end :].lstrip()
    if "help" in given:
        return Command(name="help", words=(entry.name,))
    _check(entry, words)
    options = {name: read(table[name], got, str) for name, got in given.items()}
    return Command(name=entry.name, words=tuple(words), options=options)


def _check(entry: _options.Command, words: list[str]) -> None:
    if len(words) > entry.most:
        takes = f"takes only {entry.usage}" if entry.usage else "takes no words"
        raise OptionError(f"it {takes}, and {words[entry.most]!r} follows")
    if words and entry.choices and words[0] not in entry.choices:
        close = nearest(words[0], entry.choices)
        hint = f"did you mean {close[0]}?" if close else f"one of: {', '.join(entry.choices)}"
        raise OptionError(f"there is no {words[0]!r}", hint=hint)
