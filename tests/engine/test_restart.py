"""An answer that breaks off begins again elsewhere; what was shown of it is void."""

from __future__ import annotations

import pytest
from faultserver import cut, error, hang, once_shown, reset, sse, streamed

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Delta, Restarted


def only(events, kind):
    return [event for event in events if isinstance(event, kind)]


BROKEN = {
    "cut": (cut, "service.stream_broken"),
    "reset": (reset, "service.stream_broken"),
    "stalled": (hang, "network.stall"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_stream_begins_again_on_the_next(hasty, server, other, ask, at, how):
    fault, category = BROKEN[how]
    server.script(streamed("half an", after=once_shown(fault)))
    other.script(streamed("a whole", " answer"))
    one = ask(hasty, at(server, "a"), at(other, "b", 2))
    assert one.reply(server).text == "a whole answer"
    assert one.kinds == [
        *("Planned", "Started", "Delta", "Failed"),
        *("Restarted", "Started", "Delta", "Delta", "Finished"),
    ]
    [restarted] = only(one.events, Restarted)
    assert (restarted.kept_text, str(restarted.candidate)) == ("half an", "b:m")
    assert one.categories == [category, "ok"]
    assert one.accounted[0].text_length == 7
    assert one.accounted[0].usage.source == "estimated"


def test_an_error_event_in_a_stream_begins_again(engine, server, other, ask, at):
    async def fail(exchange):
        await exchange.chunk(sse({"error": {"message": "overloaded", "code": 503}}))
        await exchange.gone()

    server.script(streamed("half", after=once_shown(fail)))
    other.script(streamed("whole"))
    one = ask(engine, at(server, "a"), at(other, "b", 2))
    assert one.reply(server).text == "whole"
    assert "Restarted" in one.kinds


def test_an_error_in_the_first_events_shows_nothing(engine, server, other, ask, at):
    async def fail(exchange):
        await exchange.chunk(sse({"error": {"message": "no", "code": 401}}))
        exchange.cut()

    server.script(streamed(after=fail))
    other.script(streamed("whole"))
    one = ask(engine, at(server, "a"), at(other, "b", 2), fallback=True)
    assert one.reply().text == "whole"
    assert "Restarted" not in one.kinds


def test_broken_json_in_a_stream_begins_again(engine, server, other, ask, at):
    async def garble(exchange):
        await exchange.chunk(b'data: {"choices": [{"delta": {"content": \n\n')
        await exchange.gone()

    server.script(streamed("half", after=once_shown(garble)))
    other.script(streamed("whole"))
    one = ask(engine, at(server, "a"), at(other, "b", 2))
    assert one.reply(server).text == "whole"
    assert one.categories[0] == "service.malformed"


def test_a_broken_stream_begins_again_on_the_same_when_there_is_no_other(
    engine, server, ask, at, monkeypatch
):
    monkeypatch.setattr("random.random", lambda: 0.0)
    server.script(streamed("half", after=once_shown(cut)), streamed("whole"))
    one = ask(engine, at(server))
    assert one.reply(server).text == "whole"
    assert only(one.events, Restarted)[0].kept_text == "half"


def test_two_restarts_void_each_only_what_was_shown_since(engine, server, other, ask, at):
    server.script(streamed("one", after=once_shown(cut)))
    other.script(streamed("two", after=once_shown(cut)), streamed("three"))
    one = ask(engine, at(server, "a"), at(other, "b", 2), at(other, "c", 3))
    for step in one.stream():
        if isinstance(step, Delta):
            (server if step.text == "one" else other).open("shown")
    assert [event.kept_text for event in only(one.events, Restarted)] == ["one", "two"]


def test_buffered_nothing_is_shown_before_it_is_whole(engine, server, other, ask, at):
    server.script(streamed("half an", after=cut))
    other.script(streamed("a whole", " answer"))
    one = ask(engine, at(server, "a"), at(other, "b", 2), on_restart="buffer")
    assert one.reply().text == "a whole answer"
    assert one.kinds == ["Planned", "Started", "Failed", "Started", "Delta", "Delta", "Finished"]


def test_told_to_raise_a_broken_stream_is_the_end(engine, server, other, ask, at):
    server.script(streamed("half", after=once_shown(cut)))
    one = ask(engine, at(server, "a"), at(other, "b", 2), on_restart="raise")
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply(server)
    assert len(caught.value.attempts) == 1
    assert not other.seen


def test_told_to_raise_a_failure_before_any_text_still_fails_over(engine, server, other, ask, at):
    server.script(error(401))
    other.script(streamed("whole"))
    assert (
        ask(engine, at(server, "a"), at(other, "b", 2), on_restart="raise").reply().provider == "b"
    )
