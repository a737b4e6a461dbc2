"""The loop: events in order, failing over, restarting, running out of candidates."""

from __future__ import annotations

import pytest
from faultserver import error, event, reset, status, streamed, whole

from nbapimgr.errors import AllProvidersFailed, OptionError
from nbapimgr.models import Delta, Failed, Plan, Skip, Started


def only(events, kind):
    return [event for event in events if isinstance(event, kind)]


# --- an answer ------------------------------------------------------------------------------------


def test_an_answer_streams_event_by_event(engine, server, ask, at):
    server.script(streamed("Hel", "lo", headers={"x_request_id": "r-1"}))
    one = ask(engine, at(server))
    reply = one.reply()
    assert one.kinds == ["Planned", "Started", "Delta", "Delta", "Finished"]
    assert [event.text for event in only(one.events, Delta)] == ["Hel", "lo"]
    assert (reply.text, reply.model, reply.finish_reason) == ("Hello", "served-model", "stop")
    assert (reply.usage.input_tokens, reply.usage.source) == (7, "provider")
    assert (reply.response_id, reply.request_id) == ("c1", "r-1")
    assert reply.attempts == tuple(one.accounted)
    [attempt] = one.accounted
    assert (attempt.outcome, attempt.number, attempt.text_length) == ("ok", 1, 5)
    assert attempt.http_status == 200
    assert 0 < attempt.first_chunk <= attempt.duration <= reply.elapsed


def test_an_answer_that_comes_whole_is_one_delta(engine, server, ask, at):
    server.script(whole("Hello"))
    one = ask(engine, at(server), stream=False)
    assert one.reply().text == "Hello"
    assert [event.text for event in only(one.events, Delta)] == ["Hello"]
    assert server.seen[0].json.get("stream") is not True
    assert one.accounted[0].stream is False


def test_usage_is_estimated_when_the_provider_says_nothing(engine, server, ask, at):
    server.script(streamed("twelve chars", without=["usage"]))
    one = ask(engine, at(server), system="Be short.")
    usage = one.reply().usage
    assert usage.source == "estimated"
    assert usage.output_tokens == 3  # four characters a token
    assert usage.input_tokens == 5  # "Be short.", a line break, "Say it."


def test_the_asked_model_is_named_when_the_provider_names_none(engine, server, ask, at):
    choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
    server.script(status(200, {"choices": [choice]}))
    assert ask(engine, at(server), stream=False).reply().model == "m"


def test_a_stream_without_its_end_mark_is_whole_after_a_grace(hasty, server, ask, at):
    server.script(streamed("all", without=["done", "end"]))
    one = ask(hasty, at(server))
    reply = one.reply()
    assert (reply.text, reply.usage.source) == ("all", "provider")
    assert one.categories == ["ok"]
    server.reached("gone")  # and its connection is not kept


def test_a_stream_cut_after_its_finish_reason_is_whole(engine, server, ask, at):
    async def cut_after_finish(exchange):
        await exchange.chunk(event({}, "stop"))
        exchange.cut()

    server.script(streamed("all", after=cut_after_finish))
    one = ask(engine, at(server))
    assert one.reply().text == "all"
    assert one.categories == ["ok"]


# --- failing over ---------------------------------------------------------------------------------


def test_a_failure_is_followed_by_the_next_candidate(engine, server, other, ask, at):
    server.script(error(401, "bad key"))
    other.script(streamed("rescued"))
    one = ask(engine, at(server, "a"), at(other, "b", 2))
    reply = one.reply()
    assert one.kinds == ["Planned", "Started", "Failed", "Started", "Delta", "Finished"]
    [failed] = only(one.events, Failed)
    assert (failed.attempt.number, failed.failure.category) == (1, "auth.invalid_key")
    assert (str(failed.next), failed.wait) == ("b:m", 0.0)
    assert reply.provider == "b"
    assert [attempt.outcome for attempt in reply.attempts] == ["error", "ok"]
    assert [event.number for event in only(one.events, Started)] == [1, 2]


def test_the_backup_key_is_tried_before_another_provider(engine, server, other, ask, at):
    server.script(error(401), streamed("by the backup"))
    one = ask(engine, at(server, "a"), at(other, "b", 2), credentials=("main", "spare"))
    reply = one.reply()
    assert (reply.candidate.credential, reply.provider) == ("spare", "a")
    assert not other.seen


def test_the_same_is_tried_once_more_after_a_short_pause(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.02)
    server.script(error(500), streamed("second try"))
    one = ask(engine, at(server, "a"))
    assert one.reply().text == "second try"
    [failed] = only(one.events, Failed)
    assert (str(failed.next), failed.wait) == ("a:m", pytest.approx(0.01))
    assert [attempt.waited for attempt in one.accounted] == [0.0, pytest.approx(0.01)]


def test_a_reset_before_any_answer_is_tried_once_more(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.0)
    server.script(reset, streamed("second try"))
    one = ask(engine, at(server))
    assert one.reply().text == "second try"
    assert one.categories == ["network.reset", "ok"]


def test_nobody_answers(engine, server, other, ask, at):
    server.script(error(401, "bad key"))
    other.script(error(404, "no such model"))
    one = ask(engine, at(server, "a"), at(other, "b", 2), at(server, "off", 3, enabled=False))
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert caught.value.attempts == tuple(one.accounted)
    assert one.categories == ["auth.invalid_key", "model.not_found"]
    assert caught.value.skipped == ("off: disabled",)
    assert caught.value.hint
    assert one.events[-1].next is None
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_an_empty_plan_fails_with_its_reasons(engine, ask, at):
    one = ask(engine, at("http://127.0.0.1:1", "off", enabled=False))
    with pytest.raises(AllProvidersFailed, match="off: disabled"):
        one.reply()
    assert one.kinds == ["Planned"]


def test_without_fallback_only_the_first_is_tried(engine, server, other, ask, at):
    server.script(error(401))
    one = ask(engine, at(server, "a"), at(other, "b", 2), fallback=False)
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert not other.seen


def test_a_bad_request_stops(engine, server, other, ask, at):
    server.script(error(400, "unknown parameter"))
    one = ask(engine, at(server, "a"), at(other, "b", 2))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.categories == ["request.bad"]
    assert not other.seen


@pytest.mark.parametrize("allowed", [False, True])
def test_a_refusal_goes_to_another_provider_only_by_the_users_wish(
    engine, server, other, ask, at, allowed
):
    message = {"role": "assistant", "content": None, "refusal": "I will not say it."}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    server.script(status(200, {"choices": [choice]}))
    other.script(whole("It."))
    one = ask(engine, at(server, "a"), at(other, "b", 2), cross_refusal=allowed, stream=False)
    if allowed:
        assert one.reply().text == "It."
    else:
        with pytest.raises(AllProvidersFailed) as caught:
            one.reply()
        assert caught.value.attempts[0].failure.message == "I will not say it."
    assert (one.accounted[0].outcome, one.categories[0]) == ("refused", "request.content_policy")
    assert len(other.seen) == allowed


def test_a_candidate_that_cannot_be_asked_this_is_skipped(engine, server, ask, at, monkeypatch):
    from nbapimgr.wire import openai_chat

    build = openai_chat.build

    def picky(request, provider, model, *, stream):
        if provider.name == "a":
            raise OptionError("no pictures by URL")
        return build(request, provider, model, stream=stream)

    monkeypatch.setattr(openai_chat, "build", picky)
    one = ask(engine, at(server, "a"), at(server, "b", 2))
    assert one.reply().provider == "b"
    assert one.categories == ["ok"]
    server.script(error(401))
    with pytest.raises(AllProvidersFailed) as caught:
        ask(engine, at(server, "a"), at(server, "b", 2)).reply()
    assert caught.value.skipped == ("a:m: no pictures by URL",)


def test_an_unknown_dialect_is_a_reason_to_skip(engine, server, ask, at):
    import msgspec

    odd = msgspec.structs.replace(at(server, "odd"), dialect="opneai-chat")
    one = ask(engine, odd, at(server, "b", 2))
    assert one.reply().provider == "b"
    assert one.categories == ["ok"]


def test_who_shares_the_cause_is_not_tried(engine, server, other, ask, at):
    server.script(error(404, "gone"))
    one = ask(engine, at(server, "a"), at(other, "b", 2), credentials=("main", "spare"))
    one.reply()
    assert len(server.seen) == 1
    other.script(error(401))
    engine.breakers.reset()
    again = ask(engine, at(server, "a"), at(other, "b", 2), credentials=("main", "spare"))
    with pytest.raises(AllProvidersFailed) as caught:
        again.reply()
    assert caught.value.skipped == ("a:m: shares the cause: model.not_found",)


def test_skips_of_the_plan_are_told(engine, server, ask, at):
    server.script(error(401))
    one = ask(engine, at(server))
    one.plan = Plan(
        candidates=one.plan.candidates, skipped=(Skip(candidate="x:y", reason="cannot take tools"),)
    )
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert caught.value.skipped == ("x:y: cannot take tools",)


# --- offline --------------------------------------------------------------------------------------


def test_all_hosts_unreachable_means_offline(engine, ask, at):
    one = ask(engine, at("http://one.invalid/v1", "a"), at("http://two.invalid/v1", "b", 2))
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert one.categories == ["network.dns", "network.dns"]
    assert "offline" in caught.value.hint


def test_one_unreachable_host_does_not(engine, ask, at):
    one = ask(engine, at("http://one.invalid/v1", "a"))
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert "offline" not in caught.value.hint
