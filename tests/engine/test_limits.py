"""How long is waited for what: the limits of an attempt, the deadline of a call."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from faultserver import hang, sse, status, streamed, whole

from nbapimgr.engine import Engine, Limits
from nbapimgr.engine import _transport as transport
from nbapimgr.engine._limits import Limit
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Delta, Image, Message, Provider, Request, ToolCall, user
from nbapimgr.secret import Secret

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


ASKED = {"messages": ()}
AWAY = Provider(name="away", dialect="openai-chat", base_url="http://127.0.0.1:9/v1")
HERE = Provider(name="here", dialect="openai-chat", base_url="")


def seconds(silence):
    return silence.first.seconds, silence.stall.seconds


def test_the_silence_that_is_allowed_depends_on_what_is_asked():
    limits = Limits(first_token=10, stall=12, thinking=60, total=600)
    assert seconds(limits.silence(Request(**ASKED), AWAY)) == (10, 12)
    assert seconds(limits.silence(Request(**ASKED, reasoning="minimal"), AWAY)) == (10, 12)
    assert seconds(limits.silence(Request(**ASKED, reasoning="high"), AWAY)) == (60, 60)
    assert seconds(limits.silence(Request(**ASKED, stream=False), AWAY)) == (600, 600)
    assert seconds(limits.silence(Request(**ASKED), HERE)) == (60, 12)


@pytest.mark.parametrize(
    ("own", "allowed", "words"),
    [
        (None, 10, "10 s"),
        (0.4, 5, "5 s, more than twice its usual slowest"),
        (7.0, 7, "7 s, twice its usual slowest"),
        (12.34567, 12.34567, "12.35 s, twice its usual slowest"),
        (90.0, 30, "30 s, the longest that is waited"),
    ],
)
def test_who_is_known_is_given_twice_its_usual_slowest(own, allowed, words):
    silence = Limits().silence(Request(**ASKED), AWAY, (own, own))
    assert seconds(silence) == (allowed, allowed)
    assert [str(limit) for limit in silence] == [words, words]


def test_a_limit_is_written_as_people_write_numbers():
    assert [str(Limit(seconds)) for seconds in (0.40035, 10.0, 1200.0)] == [
        "0.4 s",
        "10 s",
        "1200 s",
    ]


def test_reasoning_keeps_its_longer_limit_and_a_slower_one_its_own():
    request = Request(**ASKED, reasoning="high")
    assert seconds(Limits().silence(request, AWAY, (0.1, 0.1))) == (60, 60)
    slow = Limits(longest=90).silence(request, AWAY, (80.0, 70.0))
    assert seconds(slow) == (80, 70)
    assert seconds(Limits().silence(Request(**ASKED), HERE, (0.1, 0.1))) == (60, 5)


def test_a_local_server_may_have_to_load_its_model_again():
    local = msgspec.structs.replace(AWAY, keyless=True)
    assert seconds(Limits().silence(Request(**ASKED), local, (0.1, 0.1))) == (10, 5)
    assert seconds(Limits().silence(Request(**ASKED), local, (14.0, 0.1))) == (14, 5)


def test_a_long_question_is_given_longer():
    page = Request(messages=(user("x" * 60_000, images=(Image(url="a"),)),), system="x" * 20_000)
    known = Limits().silence(page, AWAY, (1.0, 1.0))
    assert seconds(known) == (10, 5)
    assert str(known.first).endswith("slowest, 5 s of them for the question's length")
    assert seconds(Limits().silence(page, AWAY)) == (15, 10)
    book = Request(messages=(user("x" * 2_000_000),))
    assert seconds(Limits().silence(book, AWAY)) == (30, 10)
    assert seconds(Limits(first_token=40).silence(book, AWAY)) == (40, 10)
    call = Message(role="assistant", content=(ToolCall(name="f"),))
    assert seconds(Limits().silence(Request(messages=(call,)), AWAY)) == (10, 10)


def test_the_message_says_what_the_limit_was_and_where_it_comes_from(client, server, ask, at):
    limits = Limits(shortest=0.1, total=5)
    engine = Engine(key_for=lambda _: Secret("k"), limits=limits, patience=lambda _: (0.2, 0.3))
    server.script(hang)
    one = ask(engine, at(server))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    message = one.accounted[0].failure.message
    assert message == "no answer began within 0.2 s, twice its usual slowest"
    engine.close()


def test_the_longest_silence_of_a_stream_is_told(client, server, ask, at):
    limits = Limits(shortest=0.1, total=5)
    engine = Engine(key_for=lambda _: Secret("k"), limits=limits, patience=lambda _: (None, 0.3))

    async def stalls(exchange):
        await exchange.write(HEAD)
        await exchange.chunk(sse({"choices": [{"delta": {"content": "x"}}]}))
        await hang(exchange)

    server.script(stalls, whole("at once"), streamed("a", "b", pause_at=1))
    one = ask(engine, at(server), fallback=False)
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.accounted[0].longest_gap == 0.3
    assert one.accounted[0].failure.message.startswith("nothing more came for 0.3 s, twice")
    two = ask(engine, at(server), stream=False)
    two.reply()
    assert two.accounted[0].longest_gap is None
    three = ask(engine, at(server))
    for step in three.stream():
        if isinstance(step, Delta):
            server.open("pause")
    attempt = three.accounted[0]
    assert 0 < attempt.longest_gap <= attempt.duration - attempt.first_chunk
    engine.close()


async def head_then_silence(exchange):
    await exchange.write(HEAD)
    await hang(exchange)


@pytest.mark.parametrize("silence", [hang, head_then_silence])
def test_a_silent_provider_is_left_for_the_next_and_not_tried_again(
    hasty, server, other, ask, at, silence
):
    server.script(silence)
    other.script(streamed("rescued"))
    one = ask(hasty, at(server, "a"), at(other, "b", 2))
    assert one.reply().text == "rescued"
    assert one.categories == ["network.first_token_timeout", "ok"]
    assert "0.4 s" in one.accounted[0].failure.message
    assert len(server.seen) == 1
    server.reached("gone")


def test_a_sign_of_life_is_no_silence(hasty, server, ask, at):
    async def slow(exchange):
        await exchange.write(HEAD)
        for _ in range(4):
            await exchange.chunk(b": thinking\n\n")
            await exchange.gate("tick")
        await exchange.chunk(sse({"choices": [{"delta": {"content": "x"}}]}))
        await hang(exchange)

    server.script(slow)
    server.open("tick")
    one = ask(hasty, at(server))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.categories == ["network.stall"]  # after the text, not before it


def test_where_reasoning_is_asked_for_silence_is_longer(client, server, ask, at):
    limits = Limits(first_token=0.01, stall=0.01, thinking=20)
    engine = Engine(key_for=lambda _: Secret("k"), limits=limits)
    server.script(streamed("a", "b", pause_at=1))
    one = ask(engine, at(server), reasoning="high")
    for step in one.stream():
        if isinstance(step, Delta):
            server.open("pause")
    assert one.events[-1].reply.text == "ab"
    engine.close()


def test_an_attempt_has_an_end(client, server, other, ask, at):
    engine = Engine(key_for=lambda _: Secret("k"), limits=Limits(total=0.6))
    server.script(hang)
    other.script(whole("rescued"))
    one = ask(engine, at(server, "a"), at(other, "b", 2), stream=False)
    assert one.reply().text == "rescued"
    assert one.categories == ["network.total_timeout", "ok"]
    engine.close()


def test_the_deadline_bounds_the_whole_call(engine, server, other, ask, at):
    server.script(hang)
    one = ask(engine, at(server, "a"), at(other, "b", 2), timeout=0.1)
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.categories == ["network.total_timeout"]
    assert not other.seen


def test_the_deadline_bounds_a_pause(engine, server, ask, at):
    server.script(status(429, {"error": {"message": "slow down"}}, retry_after="30"))
    one = ask(engine, at(server), timeout=5)
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.events[-1].wait == 0.0


def test_the_deadline_bounds_the_wait_for_a_slot(client, server, ask, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._transport._CONNECTIONS", 1)
    engine = Engine(key_for=lambda _: Secret("k"))
    server.script(hang)
    first = ask(engine, at(server))
    stream = first.stream()
    next(stream)
    server.reached("hang")
    second = ask(engine, at(server), timeout=0.1)
    with pytest.raises(AllProvidersFailed):
        second.reply()
    assert second.categories == ["network.total_timeout"]
    assert len(server.seen) == 1
    assert second.accounted[0].queued == 0  # it was never sent
    stream.close()
    engine.close()


def test_the_wait_for_a_slot_is_told(client, server, ask, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._transport._CONNECTIONS", 1)
    engine = Engine(key_for=lambda _: Secret("k"))
    server.script(streamed("a", "b", pause_at=1), whole("x"))
    first, second = ask(engine, at(server)), ask(engine, at(server), stream=False)
    stream = first.stream()
    while not isinstance(next(stream), Delta):
        pass
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second.reply)
        server.open("pause")
        list(stream)
        other.result()
    [attempt] = second.accounted
    assert 0 < attempt.queued < attempt.duration
    engine.close()


def test_the_body_of_an_error_is_waited_for_no_longer_than_for_an_answer(hasty, server, ask, at):
    async def half_an_error(exchange):
        await exchange.write(b"HTTP/1.1 401 No\r\ncontent-length: 500\r\n\r\n" + b'{"error": {')
        await hang(exchange)

    server.script(half_an_error)
    one = ask(hasty, at(server))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.categories == ["auth.invalid_key"]


def test_after_the_finish_reason_only_the_grace_is_waited(client, server, ask, at):
    limits = Limits(first_token=30, stall=30, grace=0.05)
    engine = Engine(key_for=lambda _: Secret("k"), limits=limits)
    server.script(streamed("whole", without=["usage", "done", "end"]))
    one = ask(engine, at(server))
    assert one.reply().text == "whole"
    engine.close()


def test_usage_that_comes_within_the_grace_is_taken(engine, client, server, ask, at, monkeypatch):
    module = importlib.import_module(f"{transport._TRANSPORTS[client]}.transport")
    monkeypatch.setattr(module.AiohttpResponseStream, "CHUNK_SIZE", 16)  # many pieces
    server.script(streamed("x"))
    assert ask(engine, at(server)).reply().usage.source == "provider"


def test_a_stream_whose_frames_outweigh_any_answer_is_cut(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._trial._MOST_BYTES", 10_000)

    async def chatter(exchange):
        await exchange.write(HEAD)
        while True:
            await exchange.chunk(b": " + b"x" * 1000 + b"\n\n")

    server.script(chatter)
    one = ask(engine, at(server), at(server, "b", enabled=False))
    monkeypatch.setattr("random.random", lambda: 0.0)
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.categories[0] == "service.stream_broken"


def test_nothing_that_connects_nowhere_is_waited_for(client, ask, at, monkeypatch):
    import socket

    # A listener whose queue is full takes no more connections: the handshake is never answered.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(0)
            one.connect_ex(address)
            waiting.append(one)
        engine = Engine(key_for=lambda _: Secret("k"), limits=Limits(connect=0.1))
        asked = ask(engine, at(f"http://127.0.0.1:{address[1]}/v1"))
        with pytest.raises(AllProvidersFailed):
            asked.reply()
        assert asked.categories == ["network.connect_timeout"]
        engine.close()
        for one in waiting:
            one.close()
