"""Where an answer comes from: live, recorded, replayed, cached; and keeping it never costs it."""

from __future__ import annotations

import errno
import logging
import os

import pytest

from nbapimgr import AllProvidersFailed, Manager, RecordingMissing, Source, UnknownName
from nbapimgr.errors import NbApiMgrError
from nbapimgr.manager import mode_named
from nbapimgr.models import Delta, Finished
from tests.engine.faultserver import error, event, streamed

CACHED = Source(cache=True)


@pytest.fixture
def beside(tmp_path):
    """The recordings beside the notebook."""
    return tmp_path / "llm-recordings"


def files(folder):
    return sorted(path.name for path in folder.glob("*.json"))


def test_live_is_asked_each_time(asked, server):
    assert asked.mode == "live"
    asked.ask("Hi")
    asked.ask("Hi")
    assert len(server.seen) == 2


def test_recorded_and_replayed(asked, server, beside, home):
    server.script(streamed("recorded ", "words"))
    asked.mode = "record"
    assert asked.ask("Hi").source == "live"
    assert len(files(beside)) == 1

    asked.mode = "replay"
    server.script(error(500))
    reply = asked.ask("Hi")
    assert (reply.text, reply.source, reply.provider) == ("recorded words", "replay", "one")
    assert len(server.seen) == 1


async def test_replayed_in_all_faces_without_any_provider(asked, beside, home):
    asked.mode = "record"
    first = asked.ask("Hi")
    other = Manager(home / "new")
    other.mode = "replay"
    assert other.ask("Hi").text == first.text
    assert (await other.aask("Hi")).text == first.text
    events = list(other.stream("Hi"))
    assert [type(one) for one in events] == [Delta, Finished]
    assert events[0].text == events[1].reply.text == first.text
    assert [type(one) async for one in other.astream("Hi")] == [Delta, Finished]
    other.close()


def test_a_replayed_answer_has_its_shape(asked, server):
    server.script(streamed('{"name": "Ada"}'))
    asked.mode = "record"
    asked.ask("Who?", schema="name")
    asked.mode = "replay"
    assert asked.ask("Who?", schema="name").data == {"name": "Ada"}


def test_a_replayed_tool_call_says_nothing(asked, server):
    call = {"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}}

    async def behave(exchange):
        await exchange.head(content_type="text/event-stream")
        await exchange.write(event({"tool_calls": [call]}) + event({}, "tool_calls"))
        exchange.cut()

    server.script(behave)
    asked.mode = "record"
    asked.ask("Do it.")
    asked.mode = "replay"
    [finished] = asked.stream("Do it.")
    assert [c.name for c in finished.reply.tool_calls] == ["f"]


def test_what_was_never_recorded(asked, server):
    asked.mode = "replay"
    with pytest.raises(RecordingMissing, match="'Hi'"):
        asked.ask("Hi")
    assert server.seen == []


def test_a_damaged_recording_is_not_passed_over(asked, beside):
    asked.mode = "record"
    asked.ask("Hi")
    (beside / files(beside)[0]).write_text("{")
    asked.mode = "replay"
    with pytest.raises(NbApiMgrError, match="cannot be read"):
        asked.ask("Hi")


def test_recordings_may_be_elsewhere(home, tmp_path, monkeypatch, server):
    monkeypatch.setenv("NBAPIMGR_RECORDINGS", str(tmp_path / "mine"))
    monkeypatch.setenv("NBAPIMGR_MODE", "record")
    llm = Manager(home)
    llm.providers.add("one", base_url=server.url, models=["m"])
    llm.ask("Hi")
    assert len(files(tmp_path / "mine")) == 1
    llm.close()


def test_cached(asked, server, beside, home):
    server.script(streamed("first"), streamed("second"), streamed("third"))
    assert asked.ask("Hi", source=CACHED).source == "live"
    reply = asked.ask("Hi", source=CACHED)
    assert (reply.text, reply.source) == ("first", "cache")
    assert len(server.seen) == 1
    assert asked.ask("Hi").text == "second"  # who does not want it from the cache does not get it
    assert not beside.exists()
    assert len(files(home / "cache" / "replies")) == 1


def test_another_question_is_another_answer(asked, server):
    for options in ({}, {"temperature": 0.5}, {"system": "Be short."}, {"route": "one"}):
        assert asked.ask("Hi", source=CACHED, **options).source == "live"
    assert asked.ask("Hi", source=CACHED, timeout=9, stream=False).source == "cache"


def test_refreshed(asked, server):
    server.script(streamed("old"), streamed("new"))
    asked.ask("Hi", source=CACHED)
    fresh = asked.ask("Hi", source=asked.source(cache=True, refresh=True))
    assert (fresh.text, fresh.source) == ("new", "live")
    assert asked.ask("Hi", source=CACHED).text == "new"
    assert len(server.seen) == 2


def test_recording_asks_anew_even_what_is_cached(asked, server, beside):
    server.script(streamed("old"), streamed("new"))
    asked.ask("Hi", source=CACHED)
    asked.mode = "record"
    assert asked.ask("Hi", source=asked.source(cache=True)).text == "new"
    assert len(files(beside)) == 1


def test_a_damaged_cache_costs_nothing(asked, server, home, caplog):
    server.script(streamed("old"), streamed("new"))
    asked.ask("Hi", source=CACHED)
    [path] = (home / "cache" / "replies").glob("*.json")
    path.write_text("{")
    assert asked.ask("Hi", source=CACHED).text == "new"
    assert "cannot be read" in caplog.text
    assert asked.ask("Hi", source=CACHED).source == "cache"


def test_failures_are_not_kept(asked, server, beside, home):
    server.script(error(401))
    asked.mode = "record"
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi", source=asked.source(cache=True))
    assert not beside.exists()
    assert not (home / "cache").exists()


@pytest.mark.parametrize("mode", ["record", "live"])
def test_a_full_disk_never_costs_the_answer(asked, monkeypatch, caplog, mode):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    asked.mode = mode
    with caplog.at_level(logging.WARNING):
        reply = asked.ask("Hi", source=asked.source(cache=True))
    assert reply.text == "ok"
    assert "the reply is not kept in" in caplog.text
    assert "No space left on device" in caplog.text


def test_modes_have_names(asked):
    assert [mode_named(name) for name in ("live", "record", "replay")] == [
        "live", "record", "replay",
    ]  # fmt: skip
    with pytest.raises(UnknownName, match="no mode named 'recrod'") as caught:
        asked.mode = "recrod"
    assert caught.value.hint == "did you mean 'record'?"
    assert asked.mode == "live"
    assert asked.source(cache=True) == Source(mode="live", cache=True)
