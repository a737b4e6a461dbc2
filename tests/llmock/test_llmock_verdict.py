"""llmock breaks each of its providers in each of its ways, and judges what we make of it.

Its verdict is strict: a warning counts like an error. Behind the provider that is in trouble stands
a healthy one on another server, and the answer has to be whole. Then the same without anybody
behind it, where the verdict holds without an exception.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from llmock.ratelimit import LimitSettings
from llmock.scenarios import Delay, Fail, SlowFirstToken, StreamFault

from nbapimgr import AllProvidersFailed
from nbapimgr.engine import _call
from tests.llmock.llmock_stack import MAIN, SPARE, forget, verdict

OTHERWISE = {
    "gave_up": "counts a failed request that has no second one with the same body on the same"
    " server as given up (verdict.py: group_calls, _gave_up)",
    "truncated_stream_accepted": "takes a broken stream that was the last request of its body on"
    " this server for an accepted one (verdict.py: _truncated_stream_accepted)",
    "malformed_chunk_ignored": "the same of a stream with a broken chunk"
    " (verdict.py: _malformed_chunk_ignored)",
}
"""Findings that are wrong of a client that asks somebody else: llmock sees one server, and the
second request went to another. Each is expected exactly where the call did go elsewhere after one
attempt and came back whole; anywhere else it fails the test."""


class Fault(NamedTuple):
    """What the first provider does, and what is right to make of it."""

    name: str
    behaviour: object
    category: str
    by: str
    """Who answers: "main" (asked again), "spare", or nobody ("")."""
    tries: int = 1
    """Failed attempts at the first provider."""
    finding: str = ""
    stream: bool = True


STREAM_BROKEN = [
    Fault(
        f"{kind} after {chunks}",
        StreamFault(kind, after_chunks=chunks),
        category if (kind, chunks) != ("truncate", 0) else "service.empty",
        "spare",
        finding=finding,
    )
    for kind, category, finding in (
        ("disconnect", "service.stream_broken", "gave_up"),
        ("truncate", "service.stream_broken", "truncated_stream_accepted"),
        ("malformed", "service.malformed", "malformed_chunk_ignored"),
    )
    for chunks in (0, 1, 4)
]
FAULTS = [
    Fault("429, soon", Fail(429, retry_after=0.05), "rate_limit.short", "main"),
    Fault("429, plain", Fail(429, retry_after=0.05), "rate_limit.short", "main", stream=False),
    Fault("429, later", Fail(429, retry_after=30), "rate_limit.short", "spare", finding="gave_up"),
    Fault("500", Fail(500), "service.error", "main"),
    Fault("500, plain", Fail(500), "service.error", "main", stream=False),
    Fault("502", Fail(502), "service.error", "main"),
    Fault("409", Fail(409), "service.error", "main"),
    Fault("503", Fail(503, retry_after=0.05), "service.overloaded", "main"),
    Fault("529", Fail(529, retry_after=0.05), "service.overloaded", "main"),
    Fault("500 for good", Fail(500, times=None), "service.error", "spare", tries=2),
    Fault(
        "503 for long", Fail(503, retry_after=30), "service.overloaded", "spare", finding="gave_up"
    ),
    Fault("408", Fail(408), "network.total_timeout", "spare", finding="gave_up"),
    Fault("504", Fail(504), "network.total_timeout", "spare", finding="gave_up"),
    Fault("400", Fail(400), "request.bad", ""),
    Fault("422", Fail(422), "request.bad", ""),
    Fault("401", Fail(401), "auth.invalid_key", "spare"),
    Fault("401, plain", Fail(401), "auth.invalid_key", "spare", stream=False),
    Fault("402", Fail(402), "quota.exhausted", "spare"),
    Fault("403", Fail(403), "auth.permission", "spare"),
    Fault("404", Fail(404), "model.not_found", "spare"),
    Fault("413", Fail(413), "request.too_large", "spare"),
    *STREAM_BROKEN,
]
ALONE = [
    Fault("429, soon", Fail(429, retry_after=0.05), "rate_limit.short", "main"),
    Fault("500", Fail(500), "service.error", "main"),
    Fault("503", Fail(503, retry_after=0.05), "service.overloaded", "main"),
    Fault("500 for good", Fail(500, times=None), "service.error", "", tries=3),
    Fault("400", Fail(400), "request.bad", ""),
    Fault("401", Fail(401), "auth.invalid_key", ""),
    *(fault._replace(by="main", finding="") for fault in STREAM_BROKEN),
]
SILENCE = [
    Fault("stall at once", StreamFault("stall", after_chunks=0), "first_token_timeout", "spare"),
    Fault("stall", StreamFault("stall", after_chunks=6), "stall", "spare"),
    Fault("slow to begin", SlowFirstToken(30), "first_token_timeout", "spare"),
]


def by_name(faults):
    return pytest.mark.parametrize("fault", faults, ids=[fault.name for fault in faults])


@pytest.fixture(autouse=True)
def steady(monkeypatch, servers):
    """Pauses that leave nothing to chance.

    llmock calls two pauses of which the second is shorter "no backoff" (verdict.py: _no_backoff),
    which full jitter is in a quarter of all cases. And it takes a second request for a second call
    when it has not noticed yet that the first was given up (verdict.py: group_calls).
    """
    monkeypatch.setattr("random.random", lambda: 0.2)
    journal = servers[0].state.journal

    async def pause(seconds):
        await asyncio.sleep(seconds)
        while journal.in_flight:  # noqa: ASYNC110  # llmock's, on another thread
            await asyncio.sleep(0.005)

    paused = SimpleNamespace(**{**vars(asyncio), "sleep": pause})
    monkeypatch.setattr(_call, "asyncio", paused)


def put(scene, fault):
    """Ask, and check that the answer is whole or that the failure is the right one."""
    scene.meets(fault.behaviour)
    if fault.name.startswith("malformed"):
        scene.paced()
    try:
        reply = scene.llm.ask("Say it.", stream=fault.stream)
    except AllProvidersFailed as error:
        answered, failed = "", list(error.attempts)
    else:
        answered, failed = reply.provider, list(reply.attempts[:-1])
        assert reply.text == {"main": MAIN, "spare": SPARE}[answered]
        assert reply.attempts[-1].outcome == "ok"
    assert answered == fault.by
    assert {attempt.candidate.provider.name for attempt in failed} == {"main"}
    assert len(failed) == fault.tries
    return failed[0].failure


@by_name(FAULTS)
def test_with_another_behind_it(scene, fault):
    failure = put(scene.with_spare(), fault)
    assert failure.category == fault.category
    found = scene.verdict()
    assert [one.code for one in found.findings] == [fault.finding] * bool(fault.finding), found
    assert not fault.finding or (fault.by == "spare" and fault.finding in OTHERWISE)
    assert len(found.calls) == 1
    assert found.attempts == fault.tries + (fault.by == "main")
    verdict(scene.spare).assert_ok(strict=True)


@by_name(ALONE)
def test_alone(scene, fault):
    failure = put(scene, fault)
    assert failure.category == fault.category
    found = scene.verdict()
    found.assert_ok(strict=True)
    assert found.attempts == fault.tries + (fault.by == "main")


@by_name(SILENCE)
def test_silence(hasty, fault):
    assert put(hasty.with_spare(), fault).category == f"network.{fault.category}"
    found = hasty.verdict()
    found.assert_ok(strict=True)
    assert not found.calls[0].succeeded  # it was left in the middle
    verdict(hasty.spare).assert_ok(strict=True)


def test_a_silent_server_is_left(hasty):
    """Not even a head comes; llmock takes no notice of who has left, and its request ends well."""
    fault = Fault("", Delay(1.2), "network.first_token_timeout", "spare")
    assert put(hasty.with_spare(), fault).category == fault.category
    hasty.verdict().assert_ok(strict=True)


def test_slow_is_not_silent(scene):
    scene.with_spare().meets(SlowFirstToken(0.1), Delay(0.1))
    reply = scene.llm.ask("Say it.")
    assert (reply.provider, reply.text, len(reply.attempts)) == ("main", MAIN, 1)
    scene.verdict().assert_ok(strict=True)


@pytest.mark.parametrize("status", [408, 504])
@pytest.mark.parametrize("scene", ["openai"], indirect=True)
def test_a_timeout_of_the_servers_own_is_tried_again_when_alone(scene, status):
    scene.meets(Fail(status, retry_after=0.05))
    assert scene.llm.ask("Say it.").text == MAIN
    scene.verdict().assert_ok(strict=True)


def test_more_than_the_window(scene):
    """Each provider's own words for it."""
    scene.with_spare().main.state.limiter.configure(LimitSettings(context_window=5))
    reply = scene.llm.ask("A question of more than five tokens, and of more than ten.")
    assert (reply.provider, reply.text) == ("spare", SPARE)
    assert reply.attempts[0].failure.category == "model.context_length"
    scene.verdict().assert_ok(strict=True)


def test_more_than_the_window_in_openais_words(scene):
    message = "This model's maximum context length was exceeded."
    scene.with_spare().meets(Fail(400, code="context_length_exceeded", message=message))
    assert scene.llm.ask("Say it.").text == SPARE
    scene.verdict().assert_ok(strict=True)


def test_a_minutes_quota_is_used_up(scene):
    scene.with_spare().main.state.limiter.configure(LimitSettings(rpm=1))
    replies = [scene.llm.ask(prompt) for prompt in ("Say it.", "Say it again.")]
    assert [reply.text for reply in replies] == [MAIN, SPARE]
    failure = replies[1].attempts[0].failure
    assert failure.category == "rate_limit.short"
    assert 0 < failure.retry_after <= 60
    assert [one.code for one in scene.verdict().findings] == ["gave_up"]


@pytest.mark.parametrize("scene", ["openai"], indirect=True)
def test_a_quota_that_is_used_up_is_remembered(scene):
    scene.with_spare().main.state.limiter.configure(LimitSettings(rpm=1))
    replies = [scene.llm.ask("Say it.") for _ in range(3)]
    assert [reply.text for reply in replies] == [MAIN, SPARE, SPARE]
    assert scene.verdict().errors == ()


def test_a_quota_of_tokens_that_is_soon_there_again(scene):
    """A thousand tokens a second: what is missing comes back within a fraction of one."""
    scene.with_spare().main.state.limiter.configure(LimitSettings(tpm=60_000))
    first = scene.llm.ask("Say it.", max_tokens=59_000)
    second = scene.llm.ask("Say it again.", max_tokens=1_200)
    assert (first.text, second.text) == (MAIN, MAIN)
    assert [attempt.outcome for attempt in second.attempts] == ["error", "ok"]
    assert second.attempts[1].waited >= second.attempts[0].failure.retry_after > 0
    scene.verdict().assert_ok(strict=True)


def test_without_a_fault(scene):
    for stream in (True, False):
        reply = scene.llm.ask("Say it.", stream=stream)
        assert (reply.text, reply.finish_reason) == (MAIN, "stop")
        assert reply.usage.source in {"provider", "estimated"}
    found = scene.verdict()
    found.assert_ok(strict=True)
    assert (found.attempts, found.faults) == (2, 0)


def test_llmock_would_notice(servers):
    """The same faults, and a client that does everything wrong."""
    import httpx

    main, _ = servers
    forget(main)
    main.state.scenarios.add(Fail(401), Fail(429, retry_after=30), StreamFault("truncate"))
    body = {"model": "m", "messages": [{"role": "user", "content": "Say it."}], "stream": True}
    for _ in range(3):
        httpx.post(main.base_url("openai") + "/chat/completions", json=body)
    found = verdict(main)
    assert [one.code for one in found.errors] == [
        "retried_non_retryable",
        "retry_after_ignored",
        "truncated_stream_accepted",
    ]
    with pytest.raises(AssertionError, match="Retry-After asked for 30"):
        found.assert_ok(strict=True)
