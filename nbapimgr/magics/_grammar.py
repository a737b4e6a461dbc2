"""Turns the line and the body of a magic into a question or a command.

    %%llm [ROUTE] [options]             the body is the prompt
    %llm [options] [ROUTE] [options] text …
    %llm COMMAND [words] [options]
    NAME <<  or  NAME= <<               in front: save silently, save and show

A line is never guessed at: what could be a command is one or is an error, and no mistyped command
becomes a paid call. `%llm ask …` and `%llm -- …` always ask.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import OptionError, PromptError
from nbapimgr.magics import _commands
from nbapimgr.magics._asks import Ask, Command, Fix
from nbapimgr.magics._given import take
from nbapimgr.magics._options import OPTIONS, RECORDINGS
from nbapimgr.magics._values import pair, read, variable
from nbapimgr.magics._words import Word, bare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from nbapimgr.magics._given import Given

__all__ = ["parse"]

_SAVE: Final = re.compile(r"([^\W\d]\w*)\s*(=?)\s*<<(?=\s|$)")
_ONE_WORD: Final = re.compile(r"[A-Za-z][\w.:/,@+-]*[?!.]*", re.ASCII)
_NBVAL: Final = re.compile(r"^[ \t]*#[ \t]*NBVAL_[A-Z_]+[ \t]*(?:\n|\Z)", re.MULTILINE)
"""nbval reads its marks anywhere in a cell; they are not part of the prompt."""

_TYPED: Final = ("temperature", "top-p", "max-tokens", "seed")
_BY_NAME: Final = {option.name: option for option in OPTIONS}


def parse(
    line: str,
    body: str | None,
    *,
    known_routes: Collection[str] = (),
    expand: Callable[[str], str] = str,
) -> Ask | Command | Fix:
    """What a magic's line and body ask for.

    Args:
        line: What follows `%llm` or `%%llm`.
        body: The rest of the cell; None for a line magic.
        known_routes: What is a route where it stands first in a line of prose: aliases, providers,
            `provider:model`. With a provider's name any `provider:…` and `provider/…` is one.
        expand: Renders the `{{ }}` of option values; not called under `--raw`.

    Raises:
        OptionError: The line is not understood; names the nearest that would be.
        PromptError: Nothing is asked.
    """
    line = line.strip()
    reader = _Reader(known_routes, expand)
    if target := _SAVE.match(line):
        reader.save = (variable(target[1], "<<"),)
        reader.show = bool(target[2])
        line = line[target.end() :].lstrip()
    if body is None:
        return reader.line(line)
    return reader.cell(line, _NBVAL.sub("", body))


class _Reader:
    """Reads one line from the left."""

    def __init__(self, known_routes: Collection[str], expand: Callable[[str], str]) -> None:
        self.known = known_routes
        self.expand = expand
        self.save: tuple[str, ...] = ()
        self.show = True
        self.given: Given = {}
        self.routes: list[str] = []

    def cell(self, line: str, body: str) -> Ask | Command:
        """A cell magic: options and at most one plain word, the route."""
        rest = line
        while rest := take(rest, self.given):
            word = bare(rest)
            self.routes.append(word.text)
            rest = rest[word.end :].lstrip()
        if "help" in self.given:
            return Command(name="help")
        if self.routes and self.routes[0] in _commands.NAMES - set(self.known):
            hint = f"in one line, with one %: %llm {_commands.excerpt(line)}"
            raise OptionError(f"{self.routes[0]!r} is a command, not a route", hint=hint)
        if len(self.routes) > 1:
            raise OptionError(
                f"%%llm takes one route, and {self.routes[1]!r} follows {self.routes[0]!r}",
                hint=f"the question goes below, or in one line: %llm {_commands.excerpt(line)}",
            )
        if not body.strip():
            raise PromptError("the cell asks nothing", hint="write the prompt below the %%llm line")
        return self._ask(body.strip("\n"))

    def line(self, line: str) -> Ask | Command | Fix:
        """A line magic: a command, or a question."""
        if self.save:
            return self._question(line)
        first = bare(line)
        rest = line[first.end :].lstrip()
        if not first.text:
            return Command(name="status")
        if first.text == "ask":
            return self._question(rest)
        if first.text == "fix":
            return self._fix(rest)
        if first.text in _commands.NAMES:
            return _commands.command(first.text, rest)
        if not rest and _ONE_WORD.fullmatch(line):
            raise self._nothing_asked(line) or _commands.mistyped(line)
        return self._question(line)

    def _question(self, line: str) -> Ask | Command:
        text = self._text(line)
        if text is None:
            return Command(name="help")
        if not text:
            raise self._nothing_asked(line) or PromptError(
                "nothing is asked", hint="the question follows the options: %llm -m ROUTE question"
            )
        return self._ask(text)

    def _fix(self, line: str) -> Command | Fix:
        words = self._text(line)
        if words is None:
            return Command(name="help", words=("fix",))
        return Fix(ask=self._ask(words or "fix"), words=words)

    def _text(self, line: str) -> str | None:
        """Options, a route if the first word is one, options, and the text; None for help."""
        rest = take(line, self.given)
        word = bare(rest)
        if "model" not in self.given and _is_route(word.text, self.known):
            self.routes.append(word.text)
            rest = take(rest[word.end :].lstrip(), self.given)
        if "help" in self.given:
            return None
        return rest[2:].strip() if bare(rest).text == "--" else rest

    def _nothing_asked(self, word: str) -> PromptError | None:
        if not _is_route(word, self.known):
            return None
        hint = f"%llm {word} your question; for all that follow: %llm use {word}"
        return PromptError(f"{word!r} is a route, and nothing is asked", hint=hint)

    def _ask(self, prompt: str) -> Ask:
        """The question that was read."""
        expand = str if "raw" in self.given else self.expand
        extra = self._extra(expand)
        fields = {name: read(_BY_NAME[name], got, expand) for name, got in self.given.items()}
        recording = [name for name in RECORDINGS if fields.pop(name, False)]
        if len(recording) > 1:
            raise OptionError(f"--{recording[0]} and --{recording[1]} exclude each other")
        if "many" in fields and "schema" not in fields:
            hint = "for example: --schema 'name, age int' --many"
            raise OptionError("--many needs --schema", hint=hint)
        out = fields.pop("out", None)
        return Ask(
            prompt=prompt,
            save=(*self.save, out) if out else self.save,
            show=self.show,
            route=",".join((*self.routes, *fields.pop("model", ()))) or None,
            extra=extra,
            recording=next(iter(recording), None),
            fallback=not fields.pop("no-fallback", False),
            stream=not fields.pop("no-stream", False),
            format=fields.pop("format", "json" if "schema" in fields else "md"),
            **{name.replace("-", "_"): given for name, given in fields.items()},
        )

    def _extra(self, expand: Callable[[str], str]) -> dict[str, Any]:
        """The `-o` pairs but those with an option of their own: `-o temperature=0.2` is that."""
        extra = {}
        for word in self.given.pop("option", []):
            key, what = pair(word, expand)
            name = key.replace("_", "-")
            if name in _TYPED:
                self.given.setdefault(name, [Word(str(what), 0)])
            else:
                extra[key] = what
        return extra


def _is_route(word: str, known: Collection[str]) -> bool:
    providers = {name.partition(":")[0] for name in known}

    def one(part: str) -> bool:
        if part in known:
            return True
        provider, mark, model = re.match(r"([^:/]*)([:/]?)(.*)", part).groups()  # type: ignore[union-attr]  # matches anything
        return bool(mark and model) and provider in providers

    return bool(word) and all(one(part) for part in word.split(","))
