"""`llm.health()`: the numbers, the words, and that looking sends nothing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from nbapimgr import AllProvidersFailed
from nbapimgr.manager import Manager, provider_rows
from nbapimgr.manager._health_rows import HEALTH_COLUMNS
from tests.engine.faultserver import FaultServer, error, status

LIST = {"data": [{"id": "m"}]}


def row(llm, number=0, **how):
    frame = llm.health(**how)
    assert tuple(frame.columns) == HEALTH_COLUMNS
    return frame.iloc[number].where(frame.iloc[number].notna(), None).to_dict()


def words(llm):
    return [row["health"] for row in provider_rows(llm)]


@pytest.fixture
def quick(monkeypatch):
    """Pauses before a second try take no time."""
    monkeypatch.setattr("random.random", lambda: 0.0)


def test_where_nobody_is_configured_the_table_is_empty(llm):
    frame = llm.health()
    assert type(frame).__name__ == "DataFrame"
    assert (len(frame), tuple(frame.columns)) == (0, HEALTH_COLUMNS)
    assert len(llm.health(check=True)) == 0


def test_before_the_first_call_nothing_is_known(asked, server):
    found = row(asked)
    assert (found["provider"], found["model"], found["state"]) == ("one", "m", "unknown")
    assert found["calls"] == 0
    assert {found[name] for name in HEALTH_COLUMNS[3:8] + HEALTH_COLUMNS[9:]} == {None}
    assert words(asked) == ["no calls yet"]
    assert not server.seen


def test_calls_are_what_is_known(asked, server):
    for _ in range(3):
        asked.ask("Hi")
    found = row(asked)
    assert (found["state"], found["success_rate"], found["calls"]) == ("ok", 1.0, 3)
    assert 0 < found["first_token_s"] <= found["p50_s"] <= found["p95_s"]
    assert (found["last_error"], found["open_until"], found["check"]) == (None, None, None)
    assert words(asked)[0].startswith("ok: 100% of 3 calls well, begins after 0.")
    assert len(server.seen) == 3


def test_answers_that_are_not_streamed_have_a_duration(asked):
    asked.ask("Hi", stream=False)
    assert "1 call well, takes 0." in words(asked)[0]
    assert row(asked)["first_token_s"] is None


def test_failures_and_open_breakers_are_named(asked, server, quick):
    server.script(error(500))
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi")
    found = row(asked)
    assert (found["state"], found["success_rate"]) == ("open", 0.0)
    assert found["last_error"] == "service.error"
    assert found["open_until"] > datetime.now(UTC)
    assert words(asked)[0].startswith("open: service.error")
    asked.reset()
    assert row(asked)["state"] == "failing"
    assert words(asked) == [f"failing: 0% of {found['calls']} calls well, last service.error"]


def test_one_that_cannot_be_asked_is_off(asked):
    asked.providers.update("one", enabled=False)
    asked.providers.add("paid", base_url="http://127.0.0.1:9/v1", keyless=False, models=["a", "b"])
    assert list(asked.health()["state"]) == ["off", "off", "off"]
    assert words(asked) == ["disabled", "no key"]


def test_a_model_that_was_asked_by_name_has_its_row(asked):
    asked.ask("Hi", route="one:other")
    frame = asked.health()
    assert list(frame["model"]) == ["m", "other"]
    assert list(frame["state"]) == ["unknown", "ok"]
    assert "1 call " in words(asked)[0]
    asked.providers.update("one", models=())
    assert list(asked.health()["model"]) == ["other"]


def test_one_without_models_has_a_row_too(llm, server):
    llm.providers.add("bare", base_url=server.url)
    assert row(llm)["model"] == ""
    assert words(llm) == ["no calls yet"]


def test_checks_are_made_when_they_are_asked_for(asked, server):
    server.script(status(200, LIST), error(401, "no such key"))
    found = row(asked, check=True)
    assert (found["check"], found["check_reason"], found["state"]) == ("valid", None, "unknown")
    assert (datetime.now(UTC) - found["checked_at"]).total_seconds() < 60
    assert words(asked) == ["no calls yet; key valid"]
    assert row(asked, check=True)["check"] == "valid"  # of a moment ago
    assert [seen.target for seen in server.seen] == ["/v1/models"]
    asked.credentials.add("one", "another-key-of-mine-6789")
    found = row(asked, check=True)
    assert (found["check"], found["state"]) == ("rejected", "failing")
    assert words(asked) == ["no calls yet; key rejected: no such key"]
    asked.credentials.add("one", "the-right-key-of-mine-2345")
    assert words(asked) == ["no calls yet"]


def test_a_test_is_a_check_too(asked, server):
    server.script(status(200, LIST))
    assert [model.id for model in asked.providers.test("one")] == ["m"]
    assert row(asked)["check"] == "valid"


def test_after_a_while_a_call_says_nothing_any_more(asked, monkeypatch):
    asked.ask("Hi")
    history = asked.monitor.history
    now = history._clock() + 6 * 3600
    monkeypatch.setattr(history, "_clock", lambda: now)
    assert row(asked)["state"] == "unknown"
    assert row(asked)["success_rate"] == 1.0
    assert words(asked) == ["no calls lately"]


def test_a_new_kernel_knows_what_others_met(asked, home, server):
    for _ in range(2):
        asked.ask("Hi")
    other = Manager(home)
    assert other.health()["calls"].tolist() == [2]
    other.close()


def test_limits_are_learned_from_calls(asked):
    (candidate,) = asked.plan(asked.request("Hi")[0]).candidates
    assert asked._patience(candidate) == (None, None)
    for _ in range(8):
        asked.ask("Hi")
    first, gap = asked._patience(candidate)
    assert 0 < first < 10
    assert 0 <= gap < 10


def test_a_kernel_that_only_asks_has_no_health_thread_and_sends_nothing_else(asked, server):
    asked.ask("Hi")
    asked.health()
    provider_rows(asked)
    assert [seen.target for seen in server.seen] == ["/v1/chat/completions"]
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"nbapimgr-health", "nbapimgr-bell"}


def test_an_open_breaker_is_looked_after_until_it_closes(asked, server, quick):
    looked = threading.Event()
    server.script(error(503))
    stop = asked.monitor.listen(lambda _: looked.set() if looked_at(server) else None)
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi")
    assert asked._engine.breakers.waiting() == {"one"}
    assert looked.wait(20)
    stop()
    asked.reset()
    assert asked._engine.breakers.waiting() == set()
    thread = asked.monitor._rounds._thread
    if thread:
        thread.join(20)
    assert asked.monitor._rounds._thread is None


def looked_at(server):
    return "/v1/models" in [seen.target for seen in server.seen]


def test_a_bad_key_is_no_trouble_that_passes(llm):
    with FaultServer() as server:
        llm.providers.add("one", base_url=server.url, models=["m"], key="a-key-of-mine")
        server.script(error(401))
        with pytest.raises(AllProvidersFailed):
            llm.ask("Hi")
        assert row(llm)["state"] == "open"
        assert llm._engine.breakers.waiting() == set()
        assert len(server.seen) == 1


def test_nothing_is_left_at_the_end(home, server):
    manager = Manager(home)
    manager.providers.add("one", base_url=server.url, models=["m"])
    server.script(status(200, LIST))
    looked = threading.Event()
    manager.monitor.listen(lambda _: looked.set())
    watch = manager.monitor.watch()
    assert looked.wait(20)
    manager.close()
    assert "nbapimgr-health" not in {thread.name for thread in threading.enumerate()}
    watch.close()
    assert "nbapimgr-health" not in {thread.name for thread in threading.enumerate()}


def test_one_that_answers_its_free_call_again_is_tried_with_the_next_call(asked, server, quick):
    server.script(error(503))
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi")
    asked.monitor.check(["one"], fresh=True)  # it does not answer that either
    (breaker,) = asked.breakers()
    (candidate,) = asked.plan(asked.request("Hi")[0]).candidates
    breakers = asked._engine.breakers
    assert breakers.standing(candidate).wait > 0
    server.script(status(200, LIST))
    [checked] = asked.monitor.check(["one"], fresh=True)
    assert checked.verdict == "valid"
    assert breakers.standing(candidate).wait == 0
    assert breakers.waiting() == set()
    assert asked.breakers() == (breaker,)  # whether it answers questions a call has to show


def test_what_another_kernel_leaves_alone_is_seen_without_a_call(asked, home, server, quick):
    store = asked._engine.breakers.store
    server.script(error(401))
    asked.credentials.add("one", "a-key-of-mine")
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi")
    other = Manager(home)
    other.credentials.add("one", "a-key-of-mine")
    other._engine.breakers.store = store
    assert row(other)["state"] == "open"
    assert words(other)[0].startswith("open: auth.invalid_key")
    other.close()
