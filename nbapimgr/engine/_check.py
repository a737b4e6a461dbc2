"""The free call that checks a provider's key, and the one that lists its models."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

from nbapimgr.engine._records import attempt_of
from nbapimgr.engine._trial import Trial
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.health import Checked, verdict_on
from nbapimgr.models import Request
from nbapimgr.wire import Decoded
from nbapimgr.wire._limits import MAX_BODY
from nbapimgr.wire._pages import next_page
from nbapimgr.wire.catalogue import key_check
from nbapimgr.wire.failures import broken
from nbapimgr.wire.key_answers import answer_on_key, has_public_models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nbapimgr.engine._gear import Gear
    from nbapimgr.health import Verdict
    from nbapimgr.models import Attempt, Candidate, Delta, Failure, ModelInfo, Provider
    from nbapimgr.wire import Decoder, Dialect, HttpCall

__all__ = ["check_keys", "examine", "list_models"]

_MOST_PAGES: Final = 20
"""Pages of a list that are read after the first: the dialects ask for up to a thousand on each."""
_NOTHING_ASKED: Final = Request(messages=(), stream=False)
C = TypeVar("C", bound="_ModelList")
_NO_LIST: Final = "there is no list of models at its base URL; if it answers, all is well"
_PUBLIC: Final = "its list of models is public and says nothing of the key"


async def list_models(
    gear: Gear,
    candidate: Candidate,
    timeout: float | None,  # noqa: ASYNC109  # the watchdog's
) -> tuple[ModelInfo, ...]:
    """The models of a candidate's list, which may come on several pages.

    Raises:
        AllProvidersFailed: There is no list; its one attempt says why.
    """
    check = await _run(_ModelList, gear, candidate, timeout)
    if check.failure is not None:
        raise AllProvidersFailed([attempt_of(check, len)])
    return await _all_pages(check, timeout)


async def check_keys(
    gear: Gear,
    candidates: Sequence[Candidate],
    timeout: float | None,  # noqa: ASYNC109  # the watchdog's
) -> tuple[Checked, ...]:
    """What the providers' free calls say of the candidates' keys, all at once. Raises nothing."""
    checks = [_run(_KeyCheck, gear, candidate, timeout) for candidate in candidates]
    return tuple(check.result() for check in await asyncio.gather(*checks))


async def examine(
    gear: Gear,
    candidate: Candidate,
    timeout: float | None,  # noqa: ASYNC109  # the watchdog's
) -> tuple[Checked, tuple[ModelInfo, ...], tuple[Attempt, ...]]:
    """The verdict on a key, the models its provider lists, and the attempts that failed."""
    check: _ModelList
    check = key = await _run(_KeyCheck, gear, candidate, timeout)
    if key.failure is None and not key.is_list:
        check = await _run(_ModelList, gear, candidate, timeout)
    failed = (attempt_of(check, len),) if check.failure else ()
    return key.result(), await _all_pages(check, timeout), failed


async def _run(
    kind: type[C],
    gear: Gear,
    candidate: Candidate,
    timeout: float | None,  # noqa: ASYNC109  # the watchdog's
    page: HttpCall | None = None,
) -> C:
    limit = gear.limits.check if timeout is None else timeout
    check = kind(gear, candidate, end=asyncio.get_running_loop().time() + limit)
    check.page = page
    try:
        await anext(check.run(), None)  # runs to its end: a list has no pieces to show
    finally:
        await check.close()
    return check


async def _all_pages(
    check: _ModelList,
    timeout: float | None,  # noqa: ASYNC109  # the watchdog's
) -> tuple[ModelInfo, ...]:
    """What a list says with its further pages: as many as come, and not more than twenty."""
    found = check.found
    for _ in range(_MOST_PAGES):
        if check.following is None:
            break
        check = await _run(_ModelList, check.gear, check.candidate, timeout, check.following)
        found += check.found
    return found


class _ModelList(Trial):
    """An attempt that asks for the list in place of an answer."""

    def __init__(self, gear: Gear, candidate: Candidate, *, end: float) -> None:
        super().__init__(gear, _NOTHING_ASKED, candidate, number=1, waited=0.0, end=end)
        self.gear = gear
        self.found: tuple[ModelInfo, ...] = ()
        self.page: HttpCall | None = None
        self.following: HttpCall | None = None

    def _build(self, speaks: Dialect, provider: Provider) -> HttpCall:
        self.page = self.page or speaks.models_call(provider)
        return self.page

    def _decode(self, speaks: Dialect, headers: Mapping[str, str]) -> Decoder:  # noqa: ARG002  # a list is a list
        return _Whole(lambda body: self._read_list(speaks, body))

    def _read_list(self, speaks: Dialect, body: bytes) -> None:
        self.found, token = speaks.read_models(body)
        if token and self.page is not None:
            self.following = next_page(speaks.NAME, self.page, token)


class _KeyCheck(_ModelList):
    """The same by the vendor's own check where it has one; else its list is the check."""

    def __init__(self, gear: Gear, candidate: Candidate, *, end: float) -> None:
        super().__init__(gear, candidate, end=end)
        self.is_list = True
        self.verdict: Verdict = "valid"
        self.reason = ""

    def _build(self, speaks: Dialect, provider: Provider) -> HttpCall:
        self.page = call = key_check(provider)
        self.is_list = call == speaks.models_call(provider)
        if self.is_list and has_public_models(provider):
            self.verdict, self.reason = "unknown", _PUBLIC
        return call

    def _decode(self, speaks: Dialect, headers: Mapping[str, str]) -> Decoder:
        return super()._decode(speaks, headers) if self.is_list else _Whole(self._read_answer)

    def _read_answer(self, body: bytes) -> Failure | None:
        self.verdict, self.reason = answer_on_key(body)
        bad = self.verdict == "rejected"
        return broken("auth.invalid_key", self.reason, "key check") if bad else None

    def result(self) -> Checked:
        """What has come of it."""
        verdict, reason, failure = self.verdict, self.reason, self.failure
        if failure is not None:
            verdict, reason = verdict_on(failure), failure.detail or failure.message
            if failure.category == "model.not_found":  # the words of a page that is not there
                reason = _NO_LIST
        return Checked(
            provider=self.candidate.provider.name,
            verdict=verdict,
            reason=reason,
            failure=failure,
            at=time.time(),
            elapsed=self.elapsed,
            models=len(self.found) if self.is_list and failure is None else None,
            listed=self.found if failure is None and self.following is None else (),
        )


class _Whole:
    """Collects a body and has it read. Has the shape of `Decoder`."""

    def __init__(self, read: Callable[[bytes], Failure | None]) -> None:
        self._read = read
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
        """Read what came."""
        if self.failure is None:
            try:
                self.failure = self._read(bytes(self._body))
            except (ValueError, RecursionError) as error:
                self.failure = broken("service.malformed", str(error), "model list")
        return Decoded(failure=self.failure)
