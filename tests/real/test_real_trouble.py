"""What goes wrong with a real model: it is stopped, it dies, it was never there."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import aclosing, closing

import psutil
import pytest

from nbapimgr import AllProvidersFailed, CallInterrupted
from nbapimgr.engine import Limits
from nbapimgr.models import Delta, Failed, Finished, Restarted

pytestmark = pytest.mark.real

STORY = "Tell a long story about a fox and a raven."
LENGTH = 150
SHORT = {"max_tokens": 3, "temperature": 0.0, "seed": 7}


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, Delta))


def until_deltas(events, seen, count=3):
    """Take events until so many pieces have come."""
    while sum(isinstance(event, Delta) for event in seen) < count:
        seen.append(next(events))


def test_the_user_stops_it_in_the_middle(llm, child):
    process, seen, silent = child(), [], threading.Event()

    def idle():
        if silent.is_set():
            signal.raise_signal(signal.SIGINT)

    events = llm.stream(STORY, max_tokens=LENGTH, idle=idle)
    until_deltas(events, seen)
    process.send_signal(signal.SIGSTOP)  # the model falls silent: the caller waits, and is idle
    silent.set()
    try:
        with pytest.raises(CallInterrupted) as caught:
            seen.extend(events)
    finally:
        process.send_signal(signal.SIGCONT)
    assert not any(isinstance(event, Finished | Failed) for event in seen)
    assert caught.value.partial == text_of(seen) != ""
    [attempt] = llm.attempts
    assert attempt.outcome == "cancelled"
    assert attempt.text_length == len(caught.value.partial)
    assert llm.usage(columns=["outcome"])["outcome"].tolist() == ["cancelled"]
    assert llm.last is None
    assert llm.ask("Say hello.", **SHORT).text
    assert child() is process


def test_leaving_early_stops_it_without_a_word(llm, child):
    process, seen = child(), []
    with closing(llm.stream(STORY, max_tokens=LENGTH)) as events:
        until_deltas(events, seen)
    assert [attempt.outcome for attempt in llm.attempts] == ["cancelled"]
    assert llm.ask("Say hello.", **SHORT).text
    assert child() is process


def test_a_long_prompt_that_is_given_up_is_not_read_to_its_end(llm, child):
    """Processor time is compared, since a machine may be slow."""
    spent = psutil.Process(child().pid).cpu_times
    prompt = "A fox and a raven sat in a tree. " * 100 + "Say hello."
    before = spent().user
    llm.ask(prompt, **SHORT)
    whole = spent().user - before

    def stop():
        raise KeyboardInterrupt

    before = spent().user
    with pytest.raises(CallInterrupted):
        list(llm.stream("Now: " + prompt, idle=stop, **SHORT))
    assert llm.ask("Say hello.", **SHORT).text
    assert spent().user - before < whole / 2


async def test_a_cancelled_task_stops_it(llm):
    seen = asyncio.Event()

    async def read():
        async with aclosing(llm.astream(STORY, max_tokens=LENGTH)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    seen.set()

    task = asyncio.create_task(read())
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [attempt.outcome for attempt in llm.attempts] == ["cancelled"]
    assert (await llm.aask("Say hello.", **SHORT)).text


def test_killed_in_the_middle_another_takes_over(llm, add, child):
    add("spare", model="smollm2-spare", context=1024)
    child("spare")
    process, seen = child(), []
    events = llm.stream(STORY, route="local,spare", max_tokens=LENGTH)
    until_deltas(events, seen)
    process.kill()
    process.wait()
    seen.extend(events)
    [failed] = [event for event in seen if isinstance(event, Failed)]
    assert failed.failure.category == "service.stream_broken"
    assert str(failed.next) == "spare:smollm2-spare"
    [restarted] = [event for event in seen if isinstance(event, Restarted)]
    at = seen.index(restarted)
    assert restarted.kept_text == text_of(seen[:at])
    reply = seen[-1].reply
    assert reply.provider == "spare"
    assert reply.text == text_of(seen[at:])
    assert [attempt.outcome for attempt in reply.attempts] == ["error", "ok"]
    assert llm.usage(columns=["outcome"])["outcome"].tolist() == ["error", "ok"]

    again = llm.ask("Say hello.", route="local,", **SHORT)
    assert again.text
    assert child().pid != process.pid


def test_killed_in_the_middle_and_alone_it_is_started_again(llm, child):
    process, seen = child(), []
    events = llm.stream(STORY, max_tokens=LENGTH)
    until_deltas(events, seen)
    process.kill()
    process.wait()
    seen.extend(events)
    [failed] = [event for event in seen if isinstance(event, Failed)]
    assert failed.failure.category == "service.stream_broken"
    at = next(i for i, event in enumerate(seen) if isinstance(event, Restarted))
    assert seen[-1].reply.text == text_of(seen[at:])
    assert child().pid != process.pid


def test_killed_between_two_calls_it_is_started_again(llm, child):
    llm.ask("Say hello.", **SHORT)
    process = child()
    process.kill()
    process.wait()
    reply = llm.ask("Say hello.", **SHORT)
    assert [attempt.outcome for attempt in reply.attempts] == ["ok"]
    assert child().pid != process.pid


def test_a_file_that_went_away_fails_over(llm, add, tmp_path):
    llm.providers.update("local", options={"gguf": str(tmp_path / "gone.gguf")})
    add("spare", model="smollm2-spare", context=1024)
    reply = llm.ask("Say hello.", **SHORT)
    assert reply.provider == "spare"
    first = reply.attempts[0]
    assert "no file" in first.failure.message
    assert str(tmp_path / "gone.gguf") in first.failure.message


def test_a_file_that_is_no_model_says_so(llm, tmp_path):
    (tmp_path / "notes.gguf").write_text("these are not weights")
    llm.providers.update("local", options={"gguf": str(tmp_path / "notes.gguf")})
    with pytest.raises(AllProvidersFailed) as caught:
        llm.ask("Say hello.", **SHORT)
    assert "GGUF" in caught.value.hint
    assert "notes.gguf" in caught.value.attempts[0].failure.message


def test_reading_a_page_on_this_machine_may_take_its_time(llm):
    llm._engine._limits = Limits(first_token=0.01)
    assert llm.ask("A fox and a raven sat in a tree. " * 30 + "Say hello.", **SHORT).text
