"""The probe of a candidate that is due again: the user's own request, sent beside their call."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import msgspec

from nbapimgr.engine._breaker_rules import SHOWS_LATE
from nbapimgr.engine._limits import PATIENT
from nbapimgr.engine._records import attempt_of, cancelled_attempt_of
from nbapimgr.engine._trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.engine._gear import Gear
    from nbapimgr.engine._witness import Witness
    from nbapimgr.models import Attempt, Breaker, Candidate, Request

__all__ = ["Shadow"]


class Shadow:
    """Sends a request to a candidate beside the user's call, and ends it at the first piece.

    Where what had failed shows only in the middle of an answer, it is read to its end. Nobody waits
    for it, so it is given the longest limit there is: one who has become slower than their limit is
    so told from one who is gone, and what was measured makes the next limit longer.

    Args:
        gear: What the engine works with.
        request: What the user asks.
        candidate: Who is due.
        account: As for the user's own attempts; called once if something was sent.
        witness: Who is told how it ended.
    """

    def __init__(
        self,
        gear: Gear,
        request: Request,
        candidate: Candidate,
        account: Callable[[Attempt], Attempt],
        witness: Witness,
    ) -> None:
        self._gear = gear
        self._account = account
        self._witness = witness
        self._trial = Trial(
            gear, request, candidate, number=0, waited=0.0, end=float("inf"), patience=PATIENT
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Send it, unless somebody else does or the candidate cannot be asked this."""
        breakers = self._gear.breakers
        breaker = breakers.lease(self._trial.candidate)
        if breaker is None:
            return
        if self._trial.unfit():
            breakers.release(breaker)
            return
        self._task = asyncio.create_task(self._run(breaker))
        self._gear.shadows.add(self._task)
        self._task.add_done_callback(self._gear.shadows.discard)

    def cancel(self) -> None:
        """The user has stopped the call."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, breaker: Breaker) -> None:
        breakers = self._gear.breakers
        try:
            if await asyncio.to_thread(breakers.lease_for_all, breaker):
                await self._ask(to_its_end=breaker.category in SHOWS_LATE)
                breakers.release(breaker)
        except asyncio.CancelledError:
            breakers.release(breaker)
            raise

    async def _ask(self, *, to_its_end: bool) -> None:
        trial, estimate = self._trial, self._gear.estimate
        cut = False
        try:
            try:
                async with contextlib.aclosing(trial.run()) as pieces:
                    async for _ in pieces:
                        if not to_its_end:
                            cut = True
                            break
            except asyncio.CancelledError:
                trial.stop()
                self._note(cancelled_attempt_of(trial, estimate))
                raise
            if cut:
                trial.stop()
                self._note(cancelled_attempt_of(trial, estimate))
            else:
                self._note(attempt_of(trial, estimate))
            self._witness.ended(trial)
        finally:
            await trial.close()

    def _note(self, attempt: Attempt) -> None:
        attempt = self._account(msgspec.structs.replace(attempt, probe=True))
        self._gear.observe(attempt)
