"""Asking: the four faces, what they leave behind, and whose the kernel's manager is."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing, closing

import pytest

import nbapimgr
from nbapimgr import (
    AllProvidersFailed,
    CallInterrupted,
    Manager,
    OptionError,
    SchemaError,
    Settings,
    UnknownName,
)
from nbapimgr.errors import NbApiMgrError
from nbapimgr.manager import _connect
from nbapimgr.manager._prices import Prices
from nbapimgr.models import Delta, Failed, Finished, Planned, Restarted, Started
from nbapimgr.settings import load
from tests.engine.faultserver import FaultServer, cut, error, hang, streamed, whole


@pytest.fixture
def two(asked):
    """A second provider behind the first, on a server of its own."""
    with FaultServer() as behind:
        asked.providers.add("two", base_url=behind.url, models=["n"], priority=200)
        behind.script(streamed("from ", "two"))
        yield asked


def test_ask(asked, server):
    server.script(streamed("He", "llo"))
    reply = asked.ask("Hi", temperature=0)
    assert (reply.text, reply.provider, reply.model, reply.source) == (
        "Hello", "one", "served-model", "live",
    )  # fmt: skip
    assert asked.last is reply
    assert server.seen[0].json["temperature"] == 0
    assert server.seen[0].json["messages"] == [{"role": "user", "content": "Hi"}]


async def test_aask(asked, server):
    server.script(streamed("He", "llo"))
    reply = await asked.aask("Hi")
    assert reply.text == "Hello"
    assert asked.last is reply


def test_stream(asked, server):
    server.script(streamed("He", "llo"))
    events = list(asked.stream("Hi"))
    assert [type(event) for event in events] == [Planned, Started, Delta, Delta, Finished]
    assert asked.last is events[-1].reply


async def test_astream(asked, server):
    server.script(streamed("He", "llo"))
    async with aclosing(asked.astream("Hi")) as events:
        seen = [event async for event in events]
    assert [type(event) for event in seen] == [Planned, Started, Delta, Delta, Finished]
    assert asked.last is seen[-1].reply


def test_a_request_may_be_made_first(asked):
    request, read = asked.request("Hi", max_tokens=5)
    assert (request.max_tokens, read) == (5, None)
    assert list(asked.stream(request))[-1].reply.text == "ok"


async def test_faces_mix(asked):
    """A cell's own loop runs while another is asked synchronously."""
    assert asked.ask("Hi").text == "ok"
    assert (await asked.aask("Hi")).text == "ok"
    texts = await asyncio.gather(*(asked.aask(f"Hi {n}") for n in range(5)))
    assert [reply.text for reply in texts] == ["ok"] * 5


def test_from_many_threads(asked):
    replies = []
    threads = [
        threading.Thread(target=lambda n=n: replies.append(asked.ask(f"Hi {n}").text))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == ["ok"] * 8
    assert len(asked.usage()) == 8


# --- a shape --------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_of_a_shape(asked, server, stream):
    text = '{"name": "Ada", "age": 36}'
    server.script(streamed(text[:5], text[5:]) if stream else whole(text))
    reply = asked.ask("Who?", schema="name, age int", stream=stream)
    assert reply.data == {"name": "Ada", "age": 36}
    assert asked.last is reply
    assert server.seen[0].json["response_format"]["type"] == "json_schema"


async def test_an_awaited_list_of_a_shape(asked, server):
    server.script(streamed('{"items": [{"name": "Ada"}, {"name": "Bob"}]}'))
    reply = await asked.aask("Who?", schema="name", many=True)
    assert reply.data == [{"name": "Ada"}, {"name": "Bob"}]
    assert list(reply.df["name"]) == ["Ada", "Bob"]


def test_a_shape_by_its_name(asked):
    fields = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    request, read = asked.request("Who?", schema="Person", namespace={"Person": fields})
    assert request.schema["properties"]["name"] == {"type": "string"}
    assert read('{"name": "Ada"}') == {"name": "Ada"}


def test_an_answer_of_no_shape_is_kept_as_it_came(asked):
    with pytest.raises(SchemaError) as caught:
        asked.ask("Who?", schema="name")
    assert caught.value.text == asked.last.text == "ok"
    assert asked.last.data is None


# --- what goes wrong ------------------------------------------------------------------------------


def test_the_next_one_answers(two, server):
    server.script(error(500), error(500))
    reply = two.ask("Hi")
    assert (reply.text, reply.provider) == ("from two", "two")
    assert [a.outcome for a in two.attempts] == [a.outcome for a in reply.attempts]
    assert [str(a.candidate) for a in two.attempts] == ["one:m", "one:m", "two:n"]


def test_half_an_answer_is_taken_back(two, server):
    server.script(streamed("half ", "an", after=cut))
    events = list(two.stream("Hi"))
    assert [type(e) for e in events if not isinstance(e, Delta)] == [
        Planned, Started, Failed, Restarted, Started, Finished,
    ]  # fmt: skip
    [restarted] = [event for event in events if isinstance(event, Restarted)]
    assert restarted.kept_text == "half an"
    assert events[-1].reply.text == "from two"


def test_nobody_answers(asked, server):
    server.script(error(401, "bad key"))
    with pytest.raises(AllProvidersFailed) as caught:
        asked.ask("Hi")
    assert caught.value.attempts == asked.attempts
    assert [a.failure.category for a in asked.attempts] == ["auth.invalid_key"]
    assert asked.last is None
    assert asked.usage()["outcome"].tolist() == ["error"]


def test_nobody_to_ask(llm):
    with pytest.raises(AllProvidersFailed, match="nothing could be tried"):
        llm.ask("Hi")
    assert llm.attempts == ()


def test_a_wrong_call_sends_nothing(asked, server):
    for wrong in ({"temprature": 1}, {"route": "nobody"}, {"only": "nobody"}, {"temperature": "x"}):
        with pytest.raises(NbApiMgrError):
            asked.ask("Hi", **wrong)
    with pytest.raises(OptionError):
        next(asked.stream(3))
    assert server.seen == []
    assert len(asked.usage()) == 0


def test_the_user_stops_it(asked, server):
    server.script(streamed("half ", "an", pause_at=1))

    def stop():
        if server.gate("pause").reached.is_set():
            raise KeyboardInterrupt

    with pytest.raises(CallInterrupted) as caught:
        list(asked.stream("Hi", idle=stop))
    assert caught.value.partial == "half "
    [attempt] = asked.attempts
    assert (attempt.outcome, attempt.text_length) == ("cancelled", 5)
    assert asked.last is None
    assert asked.usage()["outcome"].tolist() == ["cancelled"]
    server.script(streamed("well"))
    assert asked.ask("Hi").text == "well"


def test_leaving_early_stops_it(asked, server):
    server.script(streamed("half ", "an", pause_at=1))
    with closing(asked.stream("Hi")) as events:
        for event in events:
            if isinstance(event, Delta):
                break
    assert [a.outcome for a in asked.attempts] == ["cancelled"]


async def test_a_cancelled_task_stops_it(asked, server):
    server.script(hang)
    task = asyncio.create_task(asked.aask("Hi"))
    await asyncio.to_thread(server.reached, "hang")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [a.outcome for a in asked.attempts] == ["cancelled"]


def test_idle_is_called_while_nothing_comes(asked, server):
    server.script(streamed("one ", "two", pause_at=1))
    calls = []

    def idle():
        calls.append(threading.current_thread())
        if server.gate("pause").reached.is_set():
            server.open("pause")

    assert list(asked.stream("Hi", idle=idle))[-1].reply.text == "one two"
    assert set(calls) == {threading.current_thread()}


def test_events_that_end_without_a_word_are_an_error(asked, monkeypatch):
    monkeypatch.setattr(asked._engine, "stream", lambda *_, **__: iter(()))
    with pytest.raises(NbApiMgrError, match="ended without an answer"):
        asked.ask("Hi")


# --- who is asked ---------------------------------------------------------------------------------


def test_why(two, server):
    assert two.why() is None
    two.providers.update("two", enabled=False)
    two.ask("Hi")
    plan = two.why()
    assert [str(c) for c in plan.candidates] == ["one:m"]
    assert [(s.candidate, s.reason) for s in plan.skipped] == [("two", "disabled")]


def test_a_plan_sends_nothing(two, server):
    plan = two.plan(two.request("Hi", route="two", exclude="one")[0])
    assert [str(c) for c in plan.candidates] == ["two:n"]
    assert plan.route == "two"
    assert two.why() is None
    assert two.why("two").candidates[0] == plan.candidates[0]
    assert server.seen == []


def test_without_fallback_one_is_asked(two, server):
    server.script(error(401))
    with pytest.raises(AllProvidersFailed):
        two.ask("Hi", fallback=False)
    assert len(two.attempts) == 1


def test_a_wish_has_the_others_behind_it_and_a_chain_has_not(two, server):
    server.script(error(401))
    assert two.ask("Hi", route="one").provider == "two"
    with pytest.raises(AllProvidersFailed):
        two.ask("Hi", route="one,")


def test_the_route_of_the_kernel(two, home):
    assert two.route is None
    two.use("two:n")
    assert (two.route, two.ask("Hi").provider) == ("two:n", "two")
    assert two.ask("Hi", route="one").provider == "one"
    assert load(home / "settings.toml").default is None
    two.use(None)
    assert two.route is None
    assert two.ask("Hi").provider == "one"


def test_the_route_of_later_kernels(two, home):
    two.use("two", save=True)
    again = Manager(home)
    assert again.route == "two"
    two.use("one")
    assert two.route == "one"
    two.use(None, save=True)
    assert load(home / "settings.toml").default is None
    again.close()


def test_a_route_nobody_knows_changes_nothing(two, home):
    two.use("two")
    with pytest.raises(UnknownName, match="'tow'"):
        two.use("tow", save=True)
    assert two.route == "two"
    assert load(home / "settings.toml").default is None


def test_using_a_known_vendor_adds_it(llm):
    llm.use("groq")
    assert llm.providers["groq"].vendor == "groq"
    assert llm.route == "groq"


def test_what_is_there_is_not_adopted(asked):
    asked.providers.update("one", models=["groq"])
    asked.adopt("one")
    asked.adopt("nobody-at-all")
    mine = asked.providers.add("groq", base_url="http://127.0.0.1:9")
    asked.adopt("groq")
    assert asked.providers["groq"] == mine
    assert list(asked.providers) == ["one", "groq"]


def test_what_can_be_named(two):
    assert two.routes == ["one", "two", "one:m", "two:n"]


def test_credentials_are_by_provider(asked, server):
    asked.credentials.add("one", "first-key-of-mine", alias="work")
    asked.credentials.add("one", b"second-key-of-mine", alias="home")
    asked.credentials.activate("one", "home")
    assert [(i.alias, i.active) for i in asked.credentials.list("one")] == [
        ("home", True), ("work", False),
    ]  # fmt: skip
    asked.ask("Hi")
    assert server.seen[0].headers["authorization"] == "Bearer second-key-of-mine"
    asked.credentials.remove("one", "home")
    asked.ask("Hi")
    assert server.seen[1].headers["authorization"] == "Bearer first-key-of-mine"
    with pytest.raises(UnknownName, match="no provider named 'oen'") as caught:
        asked.credentials.add("oen", "third-key-of-mine")
    assert "llm.providers.add('oen')" in caught.value.hint
    assert "third" not in str(caught.value) + caught.value.hint


# --- the kernel's manager -------------------------------------------------------------------------


@pytest.fixture
def kernel():
    """A kernel without a manager."""
    nbapimgr.disconnect()
    yield
    nbapimgr.disconnect()


def test_there_is_one(kernel, home):
    first = nbapimgr.connect()
    assert nbapimgr.connect() is first
    assert first.places.settings == home / "settings.toml"


@pytest.mark.parametrize("how", ["home", "settings"])
def test_another_one_takes_its_place(kernel, tmp_path, monkeypatch, how):
    first = nbapimgr.connect()
    closed = []
    monkeypatch.setattr(first, "close", lambda: closed.append(first))
    given = {"home": tmp_path / "other"} if how == "home" else {"settings": Settings()}
    second = nbapimgr.connect(**given)
    assert second is not first
    assert nbapimgr.connect() is second
    assert closed == [first]


def test_one_that_cannot_be_made_leaves_the_old_one(kernel, tmp_path, monkeypatch):
    first = nbapimgr.connect()
    monkeypatch.setenv("NBAPIMGR_MODE", "rplay")
    with pytest.raises(UnknownName, match="no mode named 'rplay'") as caught:
        nbapimgr.connect(tmp_path / "other")
    assert caught.value.hint == "did you mean 'replay'?"
    assert nbapimgr.connect() is first


def test_disconnecting(kernel):
    first = nbapimgr.connect()
    nbapimgr.disconnect()
    assert _connect._current is None
    nbapimgr.disconnect()
    assert nbapimgr.connect() is not first


def test_a_closed_one_works_again(asked):
    assert asked.ask("Hi").text == "ok"
    asked.close()
    assert asked.ask("Hi").text == "ok"
    assert len(asked.usage()) == 2


def test_prices_are_made_ready_once(monkeypatch):
    ready = threading.Event()
    calls = []

    def prepare():
        calls.append(threading.current_thread().name)
        ready.set()

    monkeypatch.setattr("nbapimgr.manager._prices.prepare", prepare)
    prices = Prices()
    assert calls == []
    prices.start()
    prices.start()
    assert ready.wait(20)
    assert calls == ["nbapimgr-prices"]
