"""One attempt: build, prove who asks, send, decode. Ends in an answer or in a failure."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

from nbapimgr.engine._echoes import without_key
from nbapimgr.engine._sending import headers_of, started
from nbapimgr.engine._troubles import before_answer, in_answer, redirected, refused_answer
from nbapimgr.engine._watchdog import Watchdog
from nbapimgr.errors import NbApiMgrError
from nbapimgr.wire import Decoded, dialect
from nbapimgr.wire._limits import MAX_BODY, MAX_ERROR_BODY
from nbapimgr.wire.failures import classify, network

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from nbapimgr.engine._gear import Gear
    from nbapimgr.engine._limits import Patience
    from nbapimgr.engine._transport import Origin, Response
    from nbapimgr.models import Candidate, Delta, Failure, Provider, Request
    from nbapimgr.secret import Secret
    from nbapimgr.wire import Decoder, Dialect, HttpCall

__all__ = ["Trial"]

_TOTAL: Final = "network.total_timeout"
_FIRST: Final = "network.first_token_timeout"
_STALL: Final = "network.stall"
_GRACE: Final = "grace"
_MOST_BYTES: Final = 8 * MAX_BODY
"""Most bytes of one stream: its framing weighs several times its text."""
_OK, _REDIRECT, _ERROR = 200, 300, 400
_DRAIN: Final = 0.25
"""Seconds that reading the rest of a finished stream may take, to keep its connection."""


class Trial:
    """One attempt on one candidate, and what has come of it so far.

    Args:
        gear: What the engine works with.
        request: What is asked.
        candidate: Who is asked.
        number: The how-manieth attempt of the call it is, from 1.
        waited: Seconds of pause before it.
        end: The call's deadline on the loop's clock.
        barred: Asked when there is a connection to be had, for which others may have waited too:
            whether the candidate is to be left alone after all. None does not ask.
        patience: In place of what the gear says of the candidate.

    Attributes:
        passed_over: Nothing was sent, because `barred` said so.
        failure: Why there is no answer; None after a good one.
        decoded: What was decoded.
    """

    def __init__(  # noqa: PLR0913  # what an attempt is of, each by name
        self,
        gear: Gear,
        request: Request,
        candidate: Candidate,
        *,
        number: int,
        waited: float,
        end: float,
        barred: Callable[[], bool] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._gear = gear
        self._clock = asyncio.get_running_loop().time
        self.request = request
        self.candidate = candidate
        self.number = number
        self.waited = waited
        self.started_at = time.time()
        self.began = self._clock()
        self.first_chunk: float | None = None
        self.sent = False
        self.queued = 0.0
        self.passed_over = False
        self.status: int | None = None
        self.request_id: str | None = None
        self.decoded = Decoded()
        self.failure: Failure | None = None
        self._end = min(self.began + gear.limits.total, end)
        self._call: HttpCall | None = None
        self._origin: Origin | None = None
        self._response: Response | None = None
        self._decoder: Decoder | None = None
        self._error_body = bytearray()
        self.key: Secret | None = None
        self._barred = barred
        self._watch: Watchdog | None = None
        patience = patience or gear.patience(candidate)
        self._silence = gear.limits.silence(request, candidate.provider, patience)

    @property
    def elapsed(self) -> float:
        """Seconds since the attempt began."""
        return self._clock() - self.began

    @property
    def longest_gap(self) -> float | None:
        """Seconds of the longest silence after the first piece; None without a stream."""
        if self.first_chunk is None or self._watch is None or not self.request.stream:
            return None
        stalled = self._watch.expired == _STALL
        return self._silence.stall.seconds if stalled else self._watch.longest

    def is_barred(self) -> bool:
        """Whether the candidate is to be left alone by now."""
        return self._barred is not None and self._barred()

    def unfit(self) -> str:
        """Why the candidate cannot be asked this at all; empty when it can."""
        provider = self.candidate.provider
        try:
            speaks = dialect(provider.dialect)
            if provider.base_url or self._gear.start is None:
                self._call = self._build(speaks, provider)
        except (NbApiMgrError, ValueError) as error:  # ValueError: a base URL that is none
            return str(error)
        return ""

    async def run(self) -> AsyncGenerator[list[Delta]]:
        """Ask, and give the pieces of the answer as they come.

        Nothing is raised but a cancellation: how it ended is in `failure` and `decoded`.
        """
        watch = self._watch = Watchdog(self._end, _TOTAL)
        trouble: Failure | None = None
        try:
            with watch:
                response = await self._open(watch)
                if response is None:
                    self.passed_over = True
                elif self._decoder is None:
                    await self._read_error(response)
                else:
                    async for deltas in self._read(response, self._decoder, watch):
                        yield deltas
        except Exception as error:  # noqa: BLE001  # no bytes from outside may end in a traceback
            trouble = self._explain(error)
        if watch.expired not in {None, _GRACE}:
            trouble = self._late(str(watch.expired))
        try:
            self._conclude(trouble)
        except Exception as error:  # noqa: BLE001  # nor may what the decoder makes of them
            self.failure = self._explain(error)
        if self.failure is not None:
            self.failure = without_key(self.failure, self.request_id, self.key)

    def stop(self) -> None:
        """Take stock of an attempt that was cancelled on its way."""
        if self._decoder is not None:
            with contextlib.suppress(Exception):
                self.decoded = self._decoder.end()

    async def release(self) -> None:
        """Read what follows a finished answer, so that its connection can be used again."""
        try:
            if self._response is not None and not self._response.ended:
                with contextlib.suppress(Exception), Watchdog(self._clock() + _DRAIN, _GRACE):
                    async for _ in self._response.pieces:
                        pass
        finally:
            await self.close()

    async def close(self) -> None:
        """Let go of the connection and of the slot."""
        response, self._response = self._response, None
        origin, self._origin = self._origin, None
        try:
            if response is not None:
                await response.close()
        finally:
            if origin is not None:
                origin.slots.release()

    def _build(self, speaks: Dialect, provider: Provider) -> HttpCall:
        request = self.request
        return speaks.build(request, provider, self.candidate.model, stream=request.stream)

    def _decode(self, speaks: Dialect, headers: Mapping[str, str]) -> Decoder:
        return speaks.decoder(headers, stream=self.request.stream, now=time.time())

    async def _open(self, watch: Watchdog) -> Response | None:
        """Send; afterwards there is a decoder if the response may be an answer.

        None when the candidate is to be left alone by now.
        """
        gear, candidate = self._gear, self.candidate
        provider = await started(gear, candidate.provider)
        speaks = dialect(provider.dialect)
        call = self._call
        if call is None:
            call = self._build(speaks, provider)
        origin = await gear.transport.origin(call.url)
        await origin.slots.acquire()
        self._origin = origin
        if self.is_barred():
            return None
        headers, self.key = headers_of(gear, speaks, call, candidate, provider)
        watch.allow(self._silence.first.seconds, _FIRST)
        self.sent, self.queued = True, self.elapsed
        response = await origin.send(call, headers, connect=gear.limits.connect)
        self._response = response
        self.status, self.request_id = response.status, response.request_id
        if _OK <= response.status < _REDIRECT:
            self._decoder = self._decode(speaks, response.headers)
        return response

    async def _read(
        self, response: Response, decoder: Decoder, watch: Watchdog
    ) -> AsyncGenerator[list[Delta]]:
        pause, reason = self._silence.first.seconds, _FIRST
        settled = False
        most = _MOST_BYTES
        async for data in response.pieces:
            deltas = decoder.feed(data)
            most -= len(data)
            if decoder.failure is not None or most < 0:
                return
            if deltas:
                if self.first_chunk is None:
                    self.first_chunk = self.elapsed
                    pause, reason = self._silence.stall.seconds, _STALL
                    watch.forget()
                yield deltas
            if decoder.finished:
                if not settled:
                    watch.allow(pause, reason)  # the last silence counts too
                return
            if not decoder.settled:
                watch.allow(pause, reason)
            elif not settled:
                settled = True
                watch.allow(self._gear.limits.grace, _GRACE)
        response.ended = True

    async def _read_error(self, response: Response) -> None:
        body = self._error_body
        async for data in response.pieces:
            body += data[: MAX_ERROR_BODY - len(body)]
            if len(body) == MAX_ERROR_BODY:
                return

    def _conclude(self, trouble: Failure | None) -> None:
        decoder = self._decoder
        if decoder is None:
            self.failure = self._refusal() or trouble
            return
        self.decoded = decoder.end()
        if trouble is not None and not decoder.settled:
            self.failure = trouble
        else:
            self.failure = self.decoded.failure or refused_answer(self.decoded)

    def _explain(self, error: Exception) -> Failure:
        host = self._origin.host if self._origin else self.candidate.provider.name
        return (in_answer if self._response else before_answer)(error, host)

    def _late(self, reason: str) -> Failure:
        words = {
            _FIRST: f"no answer began within {self._silence.first}",
            _STALL: f"nothing more came for {self._silence.stall}",
        }.get(reason, f"the answer took longer than {self.elapsed:.3g} s")
        return network(reason, words, evidence="limit")

    def _refusal(self) -> Failure | None:
        """What a status says that is no good one."""
        response, origin = self._response, self._origin
        if response is None or origin is None or _OK <= response.status < _REDIRECT:
            return None
        if _REDIRECT <= response.status < _ERROR:
            target = response.headers.get("location", "")
            return redirected(response.status, target, origin.host)
        return classify(
            self.candidate.provider.dialect,
            response.status,
            response.headers,
            bytes(self._error_body),
            now=time.time(),
        )
