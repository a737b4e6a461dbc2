"""The sixteen public scenarios: how the primary breaks, and what must happen.

Written from the description of FailoverBench v0.1 (github.com/failoverbench/failoverbench,
scenarios/catalogue.yaml and METHODOLOGY.md, 2026); no code of it is used. Severities are its own;
checks marked "ours" go beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.wall_server import Attempt
from tests.chaos.wall_verdict import (
    ALIVE,
    AS_QUICK,
    BACK,
    DISCIPLINED,
    GAP_KEPT,
    IN_THE_BOOKS,
    NAMES_FALLBACK,
    NO_MASKING,
    NOT_PASSED_ON,
    OUTAGE,
    SERVED,
    USAGE_SAID,
    Check,
    ended,
    exactly,
    most,
    retried,
)
from tests.engine.faultserver import error, reset, status

if TYPE_CHECKING:
    from tests.chaos.wall_server import Fault
    from tests.engine.faultserver import Behaviour

__all__ = ["SCENARIOS", "Scenario"]


@dataclass(frozen=True)
class Scenario:
    """One way to break."""

    id: str
    title: str
    fault: Fault
    checks: tuple[Check, ...] = ()
    limit: float = 45.0
    """Seconds after which a call counts as hanging."""
    refusal: bool = False
    """Whether an error is what should come of it."""
    takes_prefill: bool = True
    calls: int = 1
    accounts: bool = False
    """Whether the client's books are looked at."""
    interval: float = 4.0
    """Seconds from the beginning of one call to the next, which waits for the one before."""


def _always(behaviour: Behaviour) -> Fault:
    async def fault(attempt: Attempt) -> None:
        await attempt.say(behaviour)

    return fault


def _once(behaviour: Behaviour) -> Fault:
    async def fault(attempt: Attempt) -> None:
        await (attempt.say(behaviour) if attempt.number == 1 else attempt.healthy())

    return fault


async def _limited_once(attempt: Attempt) -> None:
    """The hint is at the wall's own pace."""
    if attempt.number > 1:
        await attempt.healthy()
        return
    hint = f"{2 * attempt.wall.scale:g}"
    await attempt.say(status(429, LIMITED, **{"Retry-After": hint}))


async def _silent(attempt: Attempt) -> None:
    await attempt.pause(120)
    attempt.exchange.cut()


async def _slow(attempt: Attempt) -> None:
    await attempt.exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
    await attempt.pause(20)
    await attempt.wall.stream(attempt.exchange, head=False)


async def _cut(attempt: Attempt) -> None:
    await attempt.wall.stream(attempt.exchange, tokens=40)
    attempt.exchange.cut()


async def _stalled(attempt: Attempt) -> None:
    await attempt.wall.stream(attempt.exchange, tokens=20)
    await attempt.pause(30)
    attempt.exchange.cut()


async def _garbled(attempt: Attempt) -> None:
    await attempt.wall.stream(attempt.exchange, broken_at=10)


async def _unmarked(attempt: Attempt) -> None:
    await attempt.wall.stream(attempt.exchange, done=False)


async def _down_for_a_minute(attempt: Attempt) -> None:
    if attempt.wall.elapsed < OUTAGE:
        await attempt.say(UNAVAILABLE)
    else:
        await attempt.healthy()


LIMITED = {"error": {"message": "Rate limit reached.", "code": "rate_limit_exceeded"}}
UNAVAILABLE = error(503, "The server is overloaded.", type="server_error")
TOO_LONG = error(
    400,
    "This model's maximum context length is 4096 tokens.",
    type="invalid_request_error",
    code="context_length_exceeded",
)
REFUSED = error(
    400,
    "The request was rejected by the safety system.",
    type="invalid_request_error",
    code="content_policy_violation",
)

SCENARIOS = {
    scenario.id: scenario
    for scenario in (
        Scenario(
            "S01",
            "429 once, Retry-After: 2",
            _limited_once,
            (retried(), GAP_KEPT, most(2, within=1.5)),
            limit=20,
        ),
        Scenario(
            "S02",
            "429 always",
            _always(status(429, LIMITED)),
            (most(4, within=3), most(6)),
            limit=40,
        ),
        Scenario("S03", "500 once", _once(error(500, "Internal error.")), (retried(),), limit=20),
        Scenario("S04", "503 always", _always(UNAVAILABLE), (most(6),), limit=40),
        Scenario("S05", "reset once, before headers", _once(reset), limit=20),
        Scenario(
            "S06",
            "never answers",
            _silent,
            (ended(100), most(1, severity="advisory")),
            limit=130,
        ),
        Scenario("S07", "first token after 20 s", _slow, (ended(15, "advisory"),), limit=60),
        Scenario("S08", "cut after 40 of 60 tokens", _cut, limit=40),
        Scenario("S09", "stalls after 20 tokens", _stalled, (ended(45), ALIVE), limit=70),
        Scenario("S10", "10th event is no JSON", _garbled, (ALIVE,), limit=30),
        Scenario("S11", "no [DONE]", _unmarked, (ended(8), USAGE_SAID), limit=30),
        Scenario("S12", "context length exceeded", _always(TOO_LONG), (exactly(1),), limit=20),
        Scenario(
            "S13",
            "content refused",
            _always(REFUSED),
            (exactly(1), NOT_PASSED_ON),
            limit=20,
            refusal=True,
        ),
        Scenario(
            "S14",
            "cut; the fallback takes no prefill",
            _cut,
            (NO_MASKING,),
            limit=40,
            takes_prefill=False,
        ),
        Scenario(
            "S15",
            "503 for 60 s, then healthy; 20 calls",
            _down_for_a_minute,
            (SERVED, BACK, DISCIPLINED, AS_QUICK),
            limit=30,
            calls=20,
        ),
        Scenario(
            "S16",
            "503 always: what is accounted",
            _always(UNAVAILABLE),
            (NAMES_FALLBACK, USAGE_SAID, most(6), IN_THE_BOOKS),
            limit=40,
            accounts=True,
        ),
    )
}
