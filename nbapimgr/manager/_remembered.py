"""What the usage rows of the last hours say of providers, for a kernel that has just begun."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from nbapimgr.models import Attempt, Candidate, Failure, Provider, Usage
from nbapimgr.wire.failures import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.usage import UsageStore

__all__ = ["remembered"]

_WORTH: Final = 2 * 3600.0
"""Seconds after which an attempt weighs less than a sixtieth, and is not looked for any more."""
_ACCOUNT: Final = re.compile("[:#]")
"""What ends the account's name in a credential's id; an alias or a fingerprint follows."""


def remembered(store: UsageStore) -> Iterator[Attempt]:
    """The attempts of all kernels as far as rows tell of them: no gaps, no words of providers."""
    for row in store.recent(_WORTH):
        failure = _failure(row.error_type or "")
        if row.outcome != ("error" if failure else "ok"):
            continue
        account, *alias = _ACCOUNT.split(row.credential_id or "", maxsplit=1)
        yield Attempt(
            number=row.attempt,
            candidate=Candidate(
                provider=Provider(name=account, dialect="", base_url=""),
                model=row.request_model or "",
                credential=alias[0] if alias else "",
            ),
            started_at=(row.started_at or row.recorded_at) / 1_000_000,
            duration=row.duration_s or 0.0,
            outcome="error" if failure else "ok",
            first_chunk=row.time_to_first_chunk_s,
            stream=row.stream,
            failure=failure,
            usage=Usage(output_tokens=row.output_tokens),
        )


def _failure(category: str) -> Failure | None:
    known = CATEGORIES.get(category)
    if known is None:
        return None
    return Failure(category=category, scope=known.scope, retryable=known.retryable)
