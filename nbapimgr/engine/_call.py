"""The one loop: plan, attempt, classify, next. Gives events, and accounts for each attempt once."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING

import msgspec

from nbapimgr.engine._breaker_rules import SILENT
from nbapimgr.engine._limits import PATIENT
from nbapimgr.engine._records import attempt_of, cancelled_attempt_of, reply_of
from nbapimgr.engine._recovery import Decision, decide, offline
from nbapimgr.engine._shadow import Shadow
from nbapimgr.engine._trial import Trial
from nbapimgr.engine._witness import Witness
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Delta, Failed, Finished, Planned, Restarted, Skip, Started
from nbapimgr.wire.failures import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from nbapimgr.engine._gear import Gear
    from nbapimgr.engine._limits import Patience
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
        self._skipped = list(plan.skipped)
        self._held: list[Skip] = []
        self._resorts: Sequence[Candidate] = ()
        self._witness = Witness(gear.breakers)
        self._shown: list[Delta] = []
        self._adapted = ""

    async def events(self) -> AsyncGenerator[Event]:
        """All that happens, in order.

        Raises:
            AllProvidersFailed: Nobody answered.
        """
        shadow = self._begin()
        try:
            yield Planned(plan=self._plan)
            async for event in self._answers(self._plan.candidates):
                yield event
        except (asyncio.CancelledError, GeneratorExit):
            if shadow is not None:
                shadow.cancel()
            raise

    def _begin(self) -> Shadow | None:
        """Put the candidates in order as they stand, and send the probe that is due."""
        gear, request = self._gear, self._request
        gear.retries.earn()
        plan = self._plan
        if not request.fallback:
            plan = msgspec.structs.replace(plan, candidates=plan.candidates[:1])
        self._plan, fit, probe = gear.breakers.arrange(plan)
        self._resorts = self._plan.candidates[fit:]
        self._held = list(self._plan.resorts)
        if probe is None:
            return None
        request, _ = gear.adapting.fit(request, probe)
        shadow = Shadow(gear, request, probe, self._account, self._witness)
        shadow.start()
        return shadow

    async def _answers(self, queue: tuple[Candidate, ...]) -> AsyncGenerator[Event]:
        """The attempts, one candidate after the other."""
        waited = 0.0
        while queue:
            candidate, *others = queue
            trial = self._trial(candidate, others, waited)
            if reason := trial.unfit():
                self._skipped.append(Skip(candidate=str(candidate), reason=reason))
                queue = tuple(others)
                continue
            if trial.is_barred():
                queue = self._passed_over(candidate, others)
                continue
            if self._shown:
                kept = "".join(delta.text for delta in self._shown if delta.kind == "text")
                yield Restarted(candidate=candidate, kept_text=kept)
                self._shown.clear()
            yield Started(candidate=candidate, number=trial.number)
            async for delta in self._attempt(trial):
                yield delta
            if trial.passed_over:
                queue = self._passed_over(candidate, others)
                continue
            if trial.failure is None:
                elapsed = self._clock() - self._began
                yield Finished(reply=reply_of(trial, self._attempts, elapsed))
                await trial.release()
                return
            decision = await self._decide(trial, trial.failure, others)
            queue, waited = decision.queue, decision.wait
            yield Failed(
                attempt=self._attempts[-1],
                failure=trial.failure,
                next=queue[0] if queue else None,
                wait=waited,
            )
            if waited:
                await asyncio.sleep(waited)
        raise AllProvidersFailed(self._attempts, skipped=self._unasked(), hint=self._hint())

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
            self._ended(trial)
        except BaseException:
            await trial.close()
            raise
        if trial.failure is not None or trial.passed_over:
            await trial.close()
            return
        pieces = held if buffered else self._shown
        sent = sum(len(delta.text) for delta in pieces if delta.kind == "text")
        if rest := trial.decoded.text[sent:]:  # an answer that came whole, or an unfinished line
            held.append(Delta(text=rest))
        for delta in held:
            yield delta

    def _ended(self, trial: Trial) -> None:
        """Account for an attempt that was not cancelled, and have the breakers know of it."""
        if trial.passed_over:
            return
        self._note(attempt_of(trial, self._gear.estimate))
        if self._clock() < self._end:  # what the user's deadline cut says nothing
            self._witness.ended(trial)

    def _note(self, attempt: Attempt) -> None:
        if self._adapted:
            attempt = msgspec.structs.replace(attempt, adapted=self._adapted)
        attempt = self._account(attempt)
        self._attempts.append(attempt)
        self._gear.observe(attempt)

    async def _decide(
        self, trial: Trial, failure: Failure, others: Sequence[Candidate]
    ) -> Decision:
        candidate = trial.candidate
        left = self._left()
        adapted = self._gear.adapting.learn(trial.request, failure, candidate)
        if adapted and (left is None or left > 0):
            return Decision(queue=(candidate, *others))
        windows: Mapping[str, int] = {}
        if failure.category == "model.context_length":
            windows = await asyncio.to_thread(self._gear.windows, (candidate, *others))
        decision = decide(
            failure,
            self._attempts,
            self._request,
            others,
            time.time(),
            left=left,
            shown=bool(self._shown),
            chance=random.random(),  # noqa: S311  # jitter, no secret
            again=self._gear.retries.left and self._gear.breakers.standing(candidate) is None,
            windows=windows,
        )
        if decision.spent:
            self._gear.retries.spend()
        self._skipped += decision.dropped
        return decision

    def _left(self) -> float | None:
        """Seconds until the call's deadline; None when there is none."""
        return None if self._request.timeout is None else self._end - self._clock()

    def _hint(self) -> str:
        if not offline(self._attempts):
            return ""
        known = CATEGORIES["network.offline"]
        return f"{known.what}; {known.remedy}"

    def _unasked(self) -> list[str]:
        """Who was not asked, and why; a last resort may have been in the end."""
        asked = {str(attempt.candidate) for attempt in self._attempts}
        held = [skip for skip in self._held if skip.candidate not in asked]
        skips = dict.fromkeys((*held, *self._skipped))  # several keys may be held for one reason
        return [f"{skip.candidate}: {skip.reason}" for skip in skips]

    def _passed_over(
        self, candidate: Candidate, others: Sequence[Candidate]
    ) -> tuple[Candidate, ...]:
        """Who is tried when a candidate has been opened meanwhile: it, too, as the last resort.

        Also where it will be refused: so it would be asked had it been open from the beginning, and
        one more refusal is cheaper than a lost cell.
        """
        if standing := self._gear.breakers.standing(candidate):
            reason = standing.breaker.line(time.time())
            self._held.append(Skip(candidate=str(candidate), reason=reason))
        self._resorts = (*self._resorts, candidate)
        return (*others, candidate)

    def _barred(
        self, candidate: Candidate, others: Sequence[Candidate]
    ) -> Callable[[], bool] | None:
        """What asks whether a candidate is left alone by now, while there are others."""
        if not others or any(candidate is resort for resort in self._resorts):
            return None
        breakers = self._gear.breakers
        return lambda: breakers.standing(candidate) is not None

    def _patience(self, candidate: Candidate, others: Sequence[Candidate]) -> Patience | None:
        """How long a last resort is waited for: who was silent, and is the last hope, the longest.

        Its limit has cut it off already, and would again if it has only become slower.
        """
        standing = self._gear.breakers.standing
        mine = standing(candidate)
        if mine is None or mine.breaker.category not in SILENT:
            return None
        hopes = [other for other in others if (its := standing(other)) is None or not its.definite]
        return None if hopes else PATIENT

    def _trial(self, candidate: Candidate, others: Sequence[Candidate], waited: float) -> Trial:
        request, self._adapted = self._gear.adapting.fit(self._request, candidate)
        return Trial(
            self._gear,
            request,
            candidate,
            number=len(self._attempts) + 1,
            waited=waited,
            end=self._end,
            barred=self._barred(candidate, others),
            patience=self._patience(candidate, others) if self._resorts else None,
        )
