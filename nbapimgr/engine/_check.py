"""The free call that lists a provider's models and so checks its key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from nbapimgr.engine._records import attempt_of
from nbapimgr.engine._trial import Trial
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Request
from nbapimgr.wire import Decoded
from nbapimgr.wire._limits import MAX_BODY
from nbapimgr.wire.failures import broken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbapimgr.engine._gear import Gear
    from nbapimgr.models import Candidate, Delta, Failure, ModelInfo, Provider
    from nbapimgr.wire import Decoder, Dialect, HttpCall

__all__ = ["list_models"]

_NOTHING_ASKED = Request(messages=(), stream=False)


async def list_models(
    gear: Gear,
    candidate: Candidate,
    timeout: float | None,  # noqa: ASYNC109  # the watchdog's
) -> tuple[ModelInfo, ...]:
    """The models on the first page of a candidate's list; the dialects ask for the longest page.

    Raises:
        AllProvidersFailed: There is no list; its one attempt says why.
    """
    limit = gear.limits.check if timeout is None else timeout
    check = _Check(gear, candidate, end=asyncio.get_running_loop().time() + limit)
    try:
        await anext(check.run(), None)  # runs to its end: a list has no pieces to show
    finally:
        await check.close()
    if check.failure is not None:
        raise AllProvidersFailed([attempt_of(check, len)])
    return check.found


class _Check(Trial):
    """An attempt that asks for the list in place of an answer."""

    def __init__(self, gear: Gear, candidate: Candidate, *, end: float) -> None:
        super().__init__(gear, _NOTHING_ASKED, candidate, number=1, waited=0.0, end=end)
        self.found: tuple[ModelInfo, ...] = ()

    def _build(self, speaks: Dialect, provider: Provider) -> HttpCall:
        return speaks.models_call(provider)

    def _decode(self, speaks: Dialect, headers: Mapping[str, str]) -> Decoder:  # noqa: ARG002  # a list is a list
        return _List(self, speaks)


class _List:
    """Collects a list of models. Has the shape of `Decoder`."""

    def __init__(self, check: _Check, speaks: Dialect) -> None:
        self._check = check
        self._speaks = speaks
        self._body = bytearray()
        self.settled = False
        self.finished = False
        self.failure: Failure | None = None

    def feed(self, data: bytes, /) -> list[Delta]:
        """Take the next bytes."""
        self._body += data
        if len(self._body) > MAX_BODY:
            self.failure = broken("service.malformed", "the list is too long", "body limit")
        return []

    def end(self) -> Decoded:
        """Read the list."""
        if self.failure is None:
            try:
                self._check.found, _ = self._speaks.read_models(bytes(self._body))
            except (ValueError, RecursionError) as error:
                self.failure = broken("service.malformed", str(error), "model list")
        return Decoded(failure=self.failure)
