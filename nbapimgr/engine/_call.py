"""The one loop: plan, attempt, classify, next. Gives events, and accounts for each attempt once."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

from nbapimgr.engine._records import attempt_of, cancelled_attempt_of, reply_of
from nbapimgr.engine._recovery import decide, offline
from nbapimgr.engine._trial import Trial
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Delta, Failed, Finished, Planned, Restarted, Started
from nbapimgr.wire.failures import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from nbapimgr.engine._gear import Gear
    from nbapimgr.engine._recovery import Decision
    from nbapimgr.models import Attempt, Candidate, Event, Failure, Plan, Request

__all__ = ["Call"]


class Call:
    """One question of the user: its attempts, and what of their answers has been shown."""

    def __init__(
        self,
        gear: Gear,
        plan: Plan,
        request: Request,
        account: Callable[[Attempt], Attempt],
    ) -> None:
        self._gear = gear
        self._plan = plan
        self._request = request
        self._account = account
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._end = self._began + (float("inf") if request.timeout is None else request.timeout)
        self._attempts: list[Attempt] = []
        self._skipped = [f"{skip.candidate}: {skip.reason}" for skip in plan.skipped]
        self._shown: list[Delta] = []

    async def events(self) -> AsyncGenerator[Event]:
        """All that happens, in order.

        Raises:
            AllProvidersFailed: Nobody answered.
        """
        yield Planned(plan=self._plan)
        queue = self._plan.candidates
        if not self._request.fallback:
            queue = queue[:1]
        waited = 0.0
        while queue:
            candidate, *others = queue
            trial = self._trial(candidate, waited)
            if reason := trial.unfit():
                self._skipped.append(f"{candidate}: {reason}")
                queue = tuple(others)
                continue
            if self._shown:
                kept = "".join(delta.text for delta in self._shown if delta.kind == "text")
                yield Restarted(candidate=candidate, kept_text=kept)
                self._shown.clear()
            yield Started(candidate=candidate, number=trial.number)
            async for delta in self._attempt(trial):
                yield delta
            if trial.failure is None:
                elapsed = self._clock() - self._began
                yield Finished(reply=reply_of(trial, self._attempts, elapsed))
                await trial.release()
                return
            decision = self._decide(trial.failure, others)
            queue, waited = decision.queue, decision.wait
            yield Failed(
                attempt=self._attempts[-1],
                failure=trial.failure,
                next=queue[0] if queue else None,
                wait=waited,
            )
            if waited:
                await asyncio.sleep(waited)
        raise AllProvidersFailed(self._attempts, skipped=self._skipped, hint=self._hint())

    async def _attempt(self, trial: Trial) -> AsyncGenerator[Delta]:
        """The pieces of one attempt, which is accounted for once, however it ends."""
        buffered = self._request.on_restart == "buffer"
        held: list[Delta] = []
        estimate = self._gear.estimate
        try:
            try:
                async for deltas in trial.run():
                    if buffered:
                        held += deltas
                        continue
                    self._shown += deltas
                    for delta in deltas:
                        yield delta
            except BaseException:
                trial.stop()
                self._note(cancelled_attempt_of(trial, estimate))
                raise
            self._note(attempt_of(trial, estimate))
        except BaseException:
            await trial.close()
            raise
        if trial.failure is not None:
            await trial.close()
            return
        if not self._shown and not held and trial.decoded.text:
            held.append(Delta(text=trial.decoded.text))  # an answer that came whole
        for delta in held:
            yield delta

    def _note(self, attempt: Attempt) -> None:
        attempt = self._account(attempt)
        self._attempts.append(attempt)
        self._gear.observe(attempt)

    def _decide(self, failure: Failure, others: Sequence[Candidate]) -> Decision:
        left = None if self._request.timeout is None else self._end - self._clock()
        decision = decide(
            failure,
            self._attempts,
            self._request,
            others,
            time.time(),
            left=left,
            shown=bool(self._shown),
            chance=random.random(),  # noqa: S311  # jitter, no secret
        )
        self._skipped += [f"{skip.candidate}: {skip.reason}" for skip in decision.dropped]
        return decision

    def _hint(self) -> str:
        if not offline(self._attempts):
            return ""
        known = CATEGORIES["network.offline"]
        return f"{known.what}; {known.remedy}"

    def _trial(self, candidate: Candidate, waited: float) -> Trial:
        return Trial(
            self._gear,
            self._request,
            candidate,
            number=len(self._attempts) + 1,
            waited=waited,
            end=self._end,
        )
