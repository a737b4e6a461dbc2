"""What the attempts of one call say of those who were asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.engine._hosts import is_here
from nbapimgr.engine._recovery import UNREACHABLE

if TYPE_CHECKING:
    from nbapimgr.engine._breakers import Breakers
    from nbapimgr.engine._trial import Trial
    from nbapimgr.models import Failure

__all__ = ["Witness"]


class Witness:
    """Tells the breakers how the attempts of a call ended.

    That a host cannot be reached, or that a proxy or a sign-in page answers in its place, may be
    this machine's own trouble, so it counts only once something else was reached in the same call:
    who is offline, or behind a proxy that lets nothing through, finds nothing open afterwards. Then
    it is of that host alone: a proxy blocks it, or its address is that of a website.
    """

    def __init__(self, breakers: Breakers) -> None:
        self._breakers = breakers
        self._online = False
        self._in_doubt: list[tuple[Trial, Failure]] = []

    def ended(self, trial: Trial) -> None:
        """Take note of an attempt that was not cancelled."""
        failure, far = trial.failure, not is_here(trial.candidate.provider.base_url)
        if far and failure is not None and failure.category in _IN_DOUBT:
            self._in_doubt.append((trial, failure))
        elif failure is not None:
            self._breakers.failed(trial.candidate, failure, trial.key, trial.elapsed)
        else:
            self._breakers.succeeded(trial.candidate, trial.key, trial.elapsed)
        if far and trial.sent and (failure is None or failure.category not in _NOT_THERE):
            self._online = True
        if self._online:
            doubts, self._in_doubt = self._in_doubt, []
            for doubted, told in doubts:
                its = msgspec.structs.replace(told, scope="host")
                self._breakers.failed(doubted.candidate, its, doubted.key, doubted.elapsed)
        self._save()

    def _save(self) -> None:
        """Have the others know in a moment: a thread that writes would hold up who is asked now."""
        if self._breakers.store.unsaved:
            asyncio.get_running_loop().call_later(_MOMENT, self._write)

    def _write(self) -> None:
        store = self._breakers.store
        if store.unsaved:  # an attempt before may have done it
            asyncio.get_running_loop().run_in_executor(None, store.flush)


_MOMENT: Final = 0.05
"""Seconds. Failing over to a server nearby takes 4 ms, and 2 more beside a thread."""
_IN_DOUBT = UNREACHABLE | {"network.proxy"}
"""Failures of which the network here may be the cause, and not the host."""
_NOT_THERE = _IN_DOUBT | {"network.offline"}
"""Failures that a host which cannot be reached may cause."""
