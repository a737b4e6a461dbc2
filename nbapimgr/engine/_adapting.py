"""A parameter that a model refuses is left out or renamed, once, and that is said.

OpenAI's reasoning models refuse `max_tokens`, `temperature` and `stop`, newer Claude a temperature
that is not the default, gateways whatever their upstream does. Only parameters of how an answer is
drawn are touched: never the messages, tools or schema, nor a value that is merely out of range.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from nbapimgr.models import Candidate, Failure, Request

__all__ = ["Adapting"]

_NAMES: Final[dict[str, str]] = {
    "seed": "seed|random_seed",
    "top_p": "top_?p",
    "temperature": "temperature",
    "stop": "stop|stop_?sequences",
    "reasoning": (
        "reasoning|reasoning[_.]?effort|effort|thinking|thinking_?(?:level|budget|config)|think"
    ),
}
"""Field of `Request` -> what providers call it. Of several that are named together ("temperature
and top_p cannot both be specified") the first is left out: it changes the answer least."""
_REFUSED: Final = re.compile(
    r"unsupported|(?:\bnot|n't|\bno longer) (?:\w+ )?support|\bis deprecated|\bonly the default"
    r"|\bmay only be set|\bcannot (?:both )?be (?:used|specified|set)|\bunrecognized|\bunexpected"
    r"|\bunknown (?:name|field|parameter|argument|key)|\bnot permitted|\bextra_forbidden"
    r"|\bnot allowed (?:with|for|when)",
    re.IGNORECASE,
)
_NOT_OURS: Final = re.compile(
    r"\btools?\b|\btool_choice\b|\bfunctions?\b|\bschema\b|\bresponse_format\b|\bimages?\b"
    r"|logprobs|\bmessages?\[|\bprefill",
    re.IGNORECASE,
)
"""What is not adapted: it is what was asked, or the user's own field."""
_QUOTED: Final = re.compile(r"['\"`]([\w.]+)['\"`]")
_ADDRESS: Final = re.compile(r"https?://\S+")
_OLD, _NEW = "max_tokens", "max_completion_tokens"
_BOUND: Final = re.compile(rf"{_OLD}|{_NEW}")


class _Change(NamedTuple):
    """A field of `Request` that is left out, or sent under another name."""

    field: str
    name: str = ""

    def __str__(self) -> str:
        if not self.name:
            return f"{self.field} left out"
        return f"{_OLD if self.name == _NEW else _NEW} sent as {self.name}"


class Adapting:
    """What models have refused, remembered as long as the engine lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], tuple[_Change, ...]] = {}

    def fit(self, request: Request, candidate: Candidate) -> tuple[Request, str]:
        """The request as the candidate takes it, and what was changed, in words for people."""
        said = []
        for change in self._known.get(_key(candidate), ()):
            value = getattr(request, change.field)
            if not _is_set(value):
                continue
            fields: dict[str, Any] = {change.field: () if change.field == "stop" else None}
            if change.name:
                fields["extra"] = {change.name: value, **request.extra}
            request = msgspec.structs.replace(request, **fields)
            said.append(str(change))
        return request, ", ".join(said)

    def learn(self, request: Request, failure: Failure, candidate: Candidate) -> bool:
        """Whether the request can be put again with one parameter less, which `fit` then does."""
        if failure.category != "request.bad":
            return False
        change = _change(request, failure, candidate.provider.dialect)
        if change is None:
            return False
        known = self._known.get(_key(candidate), ())
        if change not in known:
            self._known[_key(candidate)] = (*known, change)
        return True


def _key(candidate: Candidate) -> tuple[str, str, str]:
    return candidate.provider.name, candidate.provider.base_url, candidate.model


def _is_set(value: object) -> bool:
    return value is not None and value != ()


def _change(request: Request, failure: Failure, dialect: str) -> _Change | None:
    """The one change by which the request may pass; None when there is none that is safe."""
    said = _ADDRESS.sub("", f"{failure.message} {failure.detail}")
    if not _REFUSED.search(said):
        return None
    if renamed := _renamed(request, said, dialect):
        return renamed
    if _NOT_OURS.search(said):
        return None
    for words in (" ".join(_QUOTED.findall(said)), said):
        for field, names in _NAMES.items():
            if _is_set(getattr(request, field)) and re.search(
                rf"(?<!\w)(?:{names})(?![\w.]*\w)", words, re.IGNORECASE
            ):
                return _Change(field)
    return None


def _renamed(request: Request, said: str, dialect: str) -> _Change | None:
    """The other name of the bound, where the model refuses the one it was given under."""
    if request.max_tokens is None or dialect != "openai-chat" or _NEW not in said:
        return None
    refused = _BOUND.findall(said)[0]  # "max_tokens is not supported, use …"
    return _Change(_OLD, _NEW if refused == _OLD else _OLD)
