"""Each attempt of a call gets its price and becomes a usage row."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from nbapimgr.models import Attempt, Cost
from nbapimgr.usage import cost, new_call_id

if TYPE_CHECKING:
    from collections import deque
    from pathlib import Path

    from nbapimgr.models import Candidate, Reply, Request
    from nbapimgr.usage import UsageStore

__all__ = ["Accounting"]


class Accounting:
    """The rows of one call.

    Args:
        store: Where the rows go.
        request: What is asked.
        overrides: The user's own price list, where there is one.
        failures: Where failed attempts are remembered besides.
    """

    def __init__(
        self,
        store: UsageStore,
        request: Request,
        *,
        overrides: Path | None = None,
        failures: deque[Attempt] | None = None,
    ) -> None:
        self._failures = failures
        self._overrides = overrides
        self._store = store
        self._request = request
        self._call_id = new_call_id(time.time())
        self._before: Candidate | None = None
        self.attempts: list[Attempt] = []
        """Those of this call, in order, without the probes beside it."""

    def account(self, attempt: Attempt) -> Attempt:
        """Price an attempt and write its row; the priced attempt."""
        if attempt.usage is not None and attempt.cost.source == "none":
            model = attempt.response_model or attempt.candidate.model
            price = cost(
                attempt.candidate.provider,
                model,
                attempt.usage,
                attempt.started_at,
                overrides=self._overrides,
            )
            attempt = msgspec.structs.replace(attempt, cost=price)
        before, candidate = self._before, attempt.candidate
        fell = before is not None and before != candidate and not attempt.probe
        self._store.record(
            self._call_id, self._request, attempt, fallback_from=str(before) if fell else None
        )
        if attempt.probe:
            return attempt
        self._before = candidate
        self.attempts.append(attempt)
        if attempt.failure is not None and self._failures is not None:
            self._failures.append(attempt)
        return attempt

    def kept(self, reply: Reply) -> None:
        """The row of an answer that cost nothing because it was kept."""
        self._store.record(
            self._call_id,
            self._request,
            Attempt(
                number=0,
                candidate=reply.candidate,
                started_at=time.time(),
                duration=0.0,
                outcome="cached",
                usage=reply.usage,
                cost=Cost(amount=0.0, source="local"),
                response_model=reply.model,
                finish_reason=reply.finish_reason,
                text_length=len(reply.text),
            ),
        )
