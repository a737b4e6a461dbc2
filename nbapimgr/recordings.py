"""Replies kept on disk and found again by what was asked: record, replay and cache.

A recording is one JSON file named by the hash of the question, so that a folder of them can be
read, diffed and committed beside the notebook. Replay needs no key and no network and gives the
same bytes each time. What is written is scrubbed of every key this kernel knows and of what looks
like one.
"""

from __future__ import annotations

import contextlib
import hashlib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from nbapimgr.errors import NbApiMgrError, RecordingMissing
from nbapimgr.models import (
    Attempt,
    Candidate,
    Content,
    Cost,
    Failure,
    Image,
    Provider,
    Reply,
    Request,
    Usage,
)
from nbapimgr.secret import scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbapimgr.secret import Secret

__all__ = ["FOLDER", "Recordings"]

FOLDER: Final = "llm-recordings"
"""The folder beside the notebook."""

_KEY_LENGTH: Final = 16
_ASKED: Final = (
    "messages", "system", "tools", "tool_choice", "schema", "temperature", "top_p", "max_tokens",
    "seed", "stop", "reasoning", "extra", "route",
)  # fmt: skip


class _Tried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a recording says of one attempt."""

    provider: str
    model: str
    outcome: Literal["ok", "error", "cancelled", "refused", "cached"]
    failure: Failure | None = None


class _Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reply as it is kept: nothing of the account that gave it but its name."""

    text: str
    provider: str
    model: str
    dialect: str = ""
    finish_reason: str | None = None
    content: tuple[Content, ...] = ()
    usage: Usage = Usage(source="none")
    cost: Cost = Cost()
    elapsed: float = 0.0
    attempts: tuple[_Tried, ...] = ()


class _Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    version: int
    asked: dict[str, Any]
    reply: _Recorded


class Recordings:
    """A folder of recordings.

    Args:
        folder: Where they are; made when the first is saved.
        secrets: Gives the keys to scrub from what is written.
    """

    def __init__(self, folder: Path, *, secrets: Callable[[], Iterable[Secret]] = tuple) -> None:
        self.folder = folder
        self._secrets = secrets

    def key(self, request: Request) -> str:
        """The name of the recording of a question: a hash of all that shapes the answer.

        Timeouts, streaming and the like do not; neither does the account that answers.
        """
        asked = msgspec.json.encode(self._asked(request), order="deterministic")
        return hashlib.sha256(asked).hexdigest()[:_KEY_LENGTH]

    def path(self, request: Request) -> Path:
        """The file of a question."""
        return self.folder / f"{self.key(request)}.json"

    def load(self, request: Request) -> Reply | None:
        """The reply that was kept for this question, or None.

        Raises:
            NbApiMgrError: The file is there and damaged; it is left as it is.
        """
        path = self.path(request)
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Exchange).reply
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as e:
            raise NbApiMgrError(
                f"recording {path} cannot be read: {e}", hint="delete it and record it again"
            ) from None
        return Reply(
            text=kept.text,
            candidate=_candidate(kept.provider, kept.model, kept.dialect),
            model=kept.model,
            finish_reason=kept.finish_reason,
            content=kept.content,
            usage=kept.usage,
            cost=kept.cost,
            elapsed=kept.elapsed,
            attempts=tuple(_attempt(n, tried) for n, tried in enumerate(kept.attempts, 1)),
            source="replay",
        )

    def replay(self, request: Request) -> Reply:
        """The reply that was kept for this question.

        Raises:
            RecordingMissing: None was; says which and how to make it.
            NbApiMgrError: The file is damaged.
        """
        reply = self.load(request)
        if reply is None:
            raise RecordingMissing(
                f"no recording {self.path(request).name} in {self.folder.name}/ for "
                f"{_excerpt(request)!r}",
                hint="record it: set NBAPIMGR_MODE=record (or %llm mode record) and run the cell",
            )
        return reply

    def save(self, request: Request, reply: Reply) -> None:
        """Keep a reply. A crash leaves the old file or the new one.

        Raises:
            OSError: The folder cannot be written.
        """
        exchange = _Exchange(
            version=1,
            asked=self._asked(request),
            reply=_Recorded(
                text=reply.text,
                provider=reply.provider,
                model=reply.model,
                dialect=reply.candidate.provider.dialect,
                finish_reason=reply.finish_reason,
                content=reply.content,
                usage=msgspec.structs.replace(reply.usage, raw=None),
                cost=reply.cost,
                elapsed=round(reply.elapsed, 3),
                attempts=tuple(_tried(attempt) for attempt in reply.attempts),
            ),
        )
        plain = self._scrub(msgspec.to_builtins(exchange))
        data = msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{self.key(request)}.{uuid.uuid4().hex}.part"
        try:
            part.write_bytes(data)
            part.replace(self.path(request))
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            raise

    def _asked(self, request: Request) -> dict[str, Any]:
        fields = {name: getattr(request, name) for name in _ASKED}
        fields["messages"] = tuple(
            msgspec.structs.replace(m, content=tuple(_small(part) for part in m.content))
            for m in request.messages
        )
        plain = msgspec.to_builtins({k: v for k, v in fields.items() if v not in (None, (), {})})
        scrubbed: dict[str, Any] = self._scrub(plain)
        return scrubbed

    def _scrub(self, plain: Any) -> Any:
        return _map_strings(plain, tuple(self._secrets()))


def _tried(attempt: Attempt) -> _Tried:
    return _Tried(
        provider=attempt.candidate.provider.name,
        model=attempt.candidate.model,
        outcome=attempt.outcome,
        failure=attempt.failure,
    )


def _attempt(number: int, tried: _Tried) -> Attempt:
    """The attempt as far as the recording knows it: who, and what came of it."""
    return Attempt(
        number=number,
        candidate=_candidate(tried.provider, tried.model),
        started_at=0.0,
        duration=0.0,
        outcome=tried.outcome,
        failure=tried.failure,
    )


def _candidate(provider: str, model: str, dialect: str = "") -> Candidate:
    return Candidate(provider=Provider(name=provider, dialect=dialect, base_url=""), model=model)


def _map_strings(value: Any, known: tuple[Secret, ...]) -> Any:
    if isinstance(value, str):
        return scrub(value, known)
    if isinstance(value, dict):
        return {_map_strings(k, known): _map_strings(v, known) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_map_strings(item, known) for item in value]
    return value


def _small(part: Content) -> Content:
    """A picture's hash in place of its bytes."""
    if isinstance(part, Image) and part.data:
        digest = hashlib.sha256(part.data).hexdigest()
        return Image(url=f"sha256:{digest}", media_type=part.media_type)
    return part


def _excerpt(request: Request) -> str:
    text = " ".join(request.messages[-1].text.split()) if request.messages else ""
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004  # what fits one line
