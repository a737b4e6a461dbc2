"""Who is left alone, as the manager says it; and what the kernels of a home know of each other."""

from __future__ import annotations

import sqlite3

import pytest

from nbapimgr import UnknownName
from nbapimgr.manager import Manager, plan_rows
from tests.engine.faultserver import FaultServer, error, streamed


@pytest.fixture
def behind():
    with FaultServer() as one:
        one.script(streamed("second"))
        yield one


@pytest.fixture
def kernel(server, behind):
    """Makes managers of one home, as several kernels have them."""
    made = []

    def start(home=None):
        llm = Manager(home)
        made.append(llm)
        if "one" not in llm.providers:
            llm.providers.add("one", base_url=server.url, models=["m"], priority=1)
            llm.providers.add("two", base_url=behind.url, models=["n"], priority=2)
        return llm

    yield start
    for llm in made:
        llm.close()


def test_nobody_is_left_alone_at_first(kernel):
    llm = kernel()
    assert llm.breakers() == ()
    assert llm.reset() == ()
    assert llm.reset("one") == ()
    assert llm.trouble == ()


def test_who_failed_is_left_alone_and_asked_again_after_a_reset(kernel, server):
    llm = kernel()
    server.script(error(404, code="model_not_found"))
    assert llm.ask("Hi").text == "second"
    server.script(streamed("first"))
    assert llm.ask("Hi").text == "second"
    [breaker] = llm.breakers()
    assert (breaker.label, breaker.category) == ("one:m", "model.not_found")
    assert llm.reset("two") == ()
    assert llm.reset("one") == (breaker,)
    assert llm.ask("Hi").text == "first"


def test_resetting_a_provider_that_does_not_exist_names_the_nearest(kernel):
    with pytest.raises(UnknownName, match="'on'") as caught:
        kernel().reset("on")
    assert "'one'" in caught.value.hint


def test_why_says_who_is_left_alone(kernel, server):
    llm = kernel()
    server.script(error(404, code="model_not_found"))
    llm.ask("Hi")
    assert [row["candidate"] for row in plan_rows(llm.why())] == ["one:m", "two:n"]
    assert [row["order"] for row in plan_rows(llm.why("one"))] == ["1", "2"]
    llm.ask("Hi")
    [well, held] = plan_rows(llm.why())
    assert (well["candidate"], well["reason"]) == ("two:n", "tried in this place")
    assert (held["order"], held["candidate"]) == ("2", "one:m")
    reason = held["reason"]
    assert reason.startswith("last resort, open: model.not_found once, tried again in 3")


def test_the_next_kernel_knows_what_the_last_one_learnt(kernel, server):
    server.script(error(404, code="model_not_found"))
    first = kernel()
    assert first.ask("Hi").text == "second"
    first.close()
    second = kernel()
    assert [breaker.label for breaker in second.breakers()] == ["one:m"]
    assert second.ask("Hi").text == "second"
    assert len(server.seen) == 1


def test_kernels_of_another_home_know_nothing_of_it(kernel, server, tmp_path):
    server.script(error(404, code="model_not_found"))
    assert kernel().ask("Hi").text == "second"
    assert kernel(tmp_path / "other").breakers() == ()


def test_another_address_starts_afresh(kernel, server, behind):
    llm = kernel()
    server.script(error(503))
    assert llm.ask("Hi").text == "second"
    assert len(llm.breakers()) == 1
    llm.providers.update("one", base_url=behind.url)
    assert llm.ask("Hi").provider == "one"


def test_who_listens_hears_of_it_until_it_has_enough(kernel, server):
    llm = kernel()
    heard = []
    stop = llm.on_breaker(lambda breaker, is_open: heard.append((breaker.label, is_open)))
    server.script(error(404, code="model_not_found"))
    llm.ask("Hi")
    llm.reset()
    assert heard == [("one:m", True), ("one:m", False)]
    stop()
    stop()
    llm.ask("Hi")
    assert len(heard) == 2


def test_a_state_that_cannot_be_kept_is_told_and_costs_nothing_else(kernel, server, home):
    home.mkdir()
    (home / "state").write_text("in the way")
    llm = kernel()
    server.script(error(404, code="model_not_found"))
    assert llm.ask("Hi").text == "second"
    assert llm.ask("Hi").text == "second"
    assert len(server.seen) == 1
    [line] = llm.trouble
    assert line.startswith("who is left alone is known to this kernel only")
    assert str(home / "state") in line


def test_a_damaged_state_is_made_anew(kernel, server, home):
    (home / "state").mkdir(parents=True)
    path = home / "state" / "state-1.sqlite"
    path.write_bytes(b"no database " * 1000)
    llm = kernel()
    server.script(error(404, code="model_not_found"))
    assert llm.ask("Hi").text == "second"
    assert llm.trouble == ()
    llm.close()
    rows = sqlite3.connect(path).execute("SELECT scope FROM breakers").fetchall()
    assert rows == [("model",)]


def test_no_key_is_in_the_state(kernel, server, home):
    llm = kernel()
    key = "sk-proj-a1b2c3d4e5f6a7b8c9d0e1f2"
    llm.credentials.add("one", key)
    server.script(error(401, f"Incorrect API key provided: {key}"))
    assert llm.ask("Hi").text == "second"
    [breaker] = llm.breakers()
    assert breaker.scope == "credential"
    assert key[8:] not in repr(breaker)
    llm.close()
    for path in (home / "state").iterdir():
        assert key[8:].encode() not in path.read_bytes()
