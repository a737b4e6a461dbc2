"""What stands beside an error's message: reasons, violated quotas, waits, and whom it quotes."""

from __future__ import annotations

import re
from typing import Any, Final

from nbapimgr.wire._json import as_dict, as_list, as_str
from nbapimgr.wire.failures._envelope import clip, word

__all__ = ["Found", "collect"]

_MOST: Final = 20
"""Details, violations and reasons that are looked at."""
_SHOWN: Final = 3
"""Wrong fields that are shown to people."""
_SENTENCE: Final = 3
"""Blanks in a sentence, at least; the name of a parameter has fewer."""
_REASONS: Final = ("reason", "error_type", "error_code", "subtype", "limit_source")
_DEBUG: Final = re.compile(
    r"^\[ORIGINAL ERROR\]\s*+(?:generic::\w+:)?|\[google\.rpc\..*", re.DOTALL
)
"""What Google's servers write around the sentence of a DebugInfo."""


class Found:
    """What was found, gathered.

    Attributes:
        words: Machine words.
        sentences: What the provider wrote for people besides the message.
        hints: What is said of waiting: pairs of where it stood and what it was.
        shown: The best words for people, or "".
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self.sentences: list[str] = []
        self.hints: list[tuple[str, Any]] = []
        self.shown = ""

    def add_word(self, value: Any) -> None:
        """Take a machine word, if it is one."""
        if found := word(value):
            self.words.append(found)

    def add_sentence(self, value: Any) -> str:
        """Take a sentence, if it is one; return it."""
        if found := clip(value):
            self.sentences.append(found)
        return found

    def add_hint(self, where: str, value: Any) -> None:
        """Take what is said of waiting, if anything is."""
        if value is not None:
            self.hints.append((where, value))


def collect(error: dict[str, Any], found: Found) -> None:
    """Gather from one error object all that is not its type, code and message."""
    for name in _REASONS:
        found.add_word(error.get(name))
    for name in ("innererror", "inner_error"):
        found.add_word(as_dict(error.get(name)).get("code"))
    found.add_hint("retry_after", error.get("retry_after"))
    _details(error.get("details"), found)
    if as_str(error.get("param")).count(" ") >= _SENTENCE:  # Xiaomi's words stand there
        found.shown = found.add_sentence(error["param"])
    _fields(error.get("detail"), found)
    _metadata(as_dict(error.get("metadata")), found)


def _details(details: Any, found: Found) -> None:
    """Google's list of typed details, Anthropic's object, Azure's sentence."""
    if isinstance(details, str):
        found.shown = found.add_sentence(details)
    elif isinstance(details, dict):
        for name in _REASONS:
            found.add_word(details.get(name))
    for item in map(as_dict, as_list(details)[:_MOST]):
        found.add_word(item.get("reason"))
        found.add_hint("RetryInfo", item.get("retryDelay"))
        found.add_hint("reset", as_dict(item.get("metadata")).get("quotaResetTimeStamp"))
        for violation in map(as_dict, as_list(item.get("violations"))[:_MOST]):
            found.add_word(violation.get("quotaId"))
            found.add_sentence(violation.get("description"))
        if debug := found.add_sentence(item.get("detail")):
            found.shown = _DEBUG.sub("", debug).strip()
        _violated(as_list(item.get("fieldViolations")), found)


def _violated(violations: list[Any], found: Found) -> None:
    """Google's wrong fields."""
    told = [
        f"{as_str(item.get('field'))}: {clip(item.get('description'))}"
        for item in map(as_dict, violations[:_SHOWN])
    ]
    found.shown = found.shown or "; ".join(told)


def _fields(detail: Any, found: Found) -> None:
    """The wrong fields a FastAPI server lists. Its `input` quotes the user and is left alone."""
    told = []
    for item in map(as_dict, as_list(detail)[:_SHOWN]):
        said = found.add_sentence(item.get("msg"))
        steps = map(word, as_list(item.get("loc"))[:_MOST])
        where = ".".join(step for step in steps if step and step != "body")
        told.append(f"{where}: {said}" if where else said)
    if told:
        more = len(as_list(detail)) - len(told)
        found.shown = "; ".join(told) + (f" (and {more} more)" if more > 0 else "")


def _metadata(metadata: dict[str, Any], found: Found) -> None:
    """OpenRouter's metadata, but for the error it passes on."""
    for name in _REASONS:
        found.add_word(metadata.get(name))
    if metadata.get("flagged_input") or as_list(metadata.get("reasons")):
        found.add_word("flagged_input")
    found.add_hint("reset", metadata.get("resets_at"))
    headers = as_dict(metadata.get("headers"))
    for name, value in list(headers.items())[:_MOST]:
        if str(name).lower() in {"x-ratelimit-reset", "retry-after"}:
            found.add_hint(str(name).lower(), value)
