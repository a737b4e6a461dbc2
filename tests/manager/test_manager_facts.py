"""What is known of models, from whom, and what the plan makes of it."""

from __future__ import annotations

import sys

import pytest

from nbapimgr.engine import Needs
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.manager import _facts as room
from nbapimgr.manager._facts import Facts
from nbapimgr.models import (
    Attempt,
    Candidate,
    Failure,
    ModelInfo,
    Provider,
    Request,
    Tool,
    user,
)
from nbapimgr.settings import provider_from
from tests.engine.faultserver import error, status

OPENAI = Provider(
    name="openai", vendor="openai", dialect="openai-chat", base_url="https://api.openai.com/v1",
    models=("gpt-4o-mini",),
)  # fmt: skip
PLAIN = Needs(Request(messages=(user("hi"),)))
LONG = Needs(Request(messages=(user("x" * 30_000),)))
TOOLS = Needs(Request(messages=(user("hi"),), tools=(Tool(name="f"),)))


@pytest.fixture
def facts(tmp_path):
    return Facts(tmp_path)


def one(*models):
    fields = {"name": "one", "dialect": "openai-chat", "base_url": "http://one"}
    return provider_from({**fields, "models": models})


def failed(provider, model="m", **fields):
    usual = {"category": "model.context_length", "scope": "request", "retryable": False}
    return Attempt(
        number=1,
        candidate=Candidate(provider=provider, model=model),
        started_at=0.0,
        duration=0.0,
        outcome="error",
        failure=Failure(**{**usual, **fields}),
    )


def test_nothing_is_known_of_a_stranger(facts):
    assert facts.of(one("m"), "m") == ModelInfo(id="m")


def test_the_user_is_believed_before_the_list_and_a_failure_before_the_user(facts):
    provider = one({"id": "m", "context_window": 1000})
    facts.heard(provider, (ModelInfo(id="m", context_window=2000, images=False),))
    assert facts.of(provider, "m") == ModelInfo(id="m", context_window=1000, images=False)
    facts.learn(failed(provider, message="maximum context length is 500 tokens"))
    assert facts.of(provider, "m").context_window == 500


def test_what_cannot_be_taken_is_learned_too(facts):
    provider = one("m", "n")
    said = "this model does not support image input"
    facts.learn(failed(provider, category="request.bad", scope="model", message=said))
    assert facts.of(provider, "m") == ModelInfo(id="m", images=False)
    assert facts.of(provider, "n") == ModelInfo(id="n")


def test_what_was_learned_holds_for_that_address(facts):
    facts.learn(failed(one("m"), message="limit is 8192"))
    moved = provider_from(
        {"name": "one", "dialect": "openai-chat", "base_url": "http://two", "models": ["m"]}
    )
    assert facts.of(one("m"), "m").context_window == 8192
    assert facts.of(moved, "m").context_window is None


def test_a_good_attempt_and_other_failures_teach_nothing(facts):
    provider = one("m")
    facts.learn(failed(provider, category="service.error", message="limit is 8192"))
    ok = failed(provider)
    facts.learn(Attempt(**{f: getattr(ok, f) for f in ok.__struct_fields__ if f != "failure"}))
    assert facts.of(provider, "m") == ModelInfo(id="m")


def test_a_list_outlives_the_kernel_and_is_read_when_it_is_needed(facts, tmp_path):
    provider = one("m")
    facts.heard(provider, (ModelInfo(id="m", tools=False),))
    later = Facts(tmp_path)
    assert not later.prepare(PLAIN, [provider])
    assert later.of(provider, "m").tools is None
    assert later.prepare(TOOLS, [provider])
    assert later.of(provider, "m").tools is False
    assert later.prepare(TOOLS, [provider])


def test_prices_are_asked_for_windows_of_long_prompts_only(facts, monkeypatch):
    asked = []
    monkeypatch.setattr(room, "context_window", lambda _, m: asked.append(m) or 128_000)
    for needs in (PLAIN, TOOLS):
        facts.prepare(needs, [OPENAI])
        assert facts.of(OPENAI, "gpt-4o-mini").context_window is None
    assert asked == []
    assert facts.prepare(LONG, [OPENAI])
    assert facts.of(OPENAI, "gpt-4o-mini").context_window == 128_000
    assert facts.of(OPENAI, "gpt-4o-mini").context_window == 128_000
    assert asked == ["gpt-4o-mini"]
    assert facts.first_hand(OPENAI, "gpt-4o-mini").context_window is None


def test_the_windows_of_candidates_are_those_that_are_known(facts):
    candidates = [
        Candidate(provider=OPENAI, model="gpt-4o-mini"),
        Candidate(provider=one({"id": "m", "context_window": 77}), model="m"),
        Candidate(provider=one(), model="unknown"),
    ]
    known = facts.windows(candidates)
    assert known == {"openai:gpt-4o-mini": 128_000, "one:m": 77}


def test_a_changed_provider_is_looked_at_anew(facts):
    assert facts.of(one({"id": "m", "context_window": 1000}), "m").context_window == 1000
    assert facts.of(one({"id": "m", "context_window": 2000}), "m").context_window == 2000


def test_what_a_list_says_again_is_not_written_again(tmp_path):
    facts, provider = Facts(tmp_path), one("m")
    said = (ModelInfo(id="m", tools=False, raw={"at": 1}), ModelInfo(id="n"))
    facts.heard(provider, said)
    [path] = tmp_path.iterdir()
    path.unlink()
    facts.heard(provider, (ModelInfo(id="m", tools=False, raw={"at": 2}), said[1]))
    assert not path.exists()
    facts.heard(provider, (ModelInfo(id="m", tools=True),))
    assert path.exists()
    assert facts.of(provider, "m").tools is True


# --- in the manager -------------------------------------------------------------------------------


def small(llm, server, **table):
    llm.providers.add("small", base_url=server.url, models=[{"id": "s", **table}], priority=1)


def test_who_lacks_what_is_needed_is_skipped_with_the_reason_and_not_asked(asked, server):
    small(asked, server, context_window=4096)
    reply = asked.ask("word " * 9_000)
    assert reply.provider == "one"
    assert [seen.json["model"] for seen in server.seen] == ["m"]
    (skip,) = asked.why().skipped
    assert str(skip.candidate) == "small:s"
    assert skip.reason == "needs about 9,000 tokens, its window is 4,096"


@pytest.mark.parametrize(
    "look",
    [
        lambda llm: llm.providers.test("one"),
        lambda llm: llm.health(check=True),
        lambda llm: llm.monitor.check(["one"]),
        lambda llm: llm.credentials.test("one"),
    ],
)
def test_every_free_call_that_lists_models_tells_what_they_can_do(asked, server, look):
    server.script(status(200, {"data": [{"id": "m", "context_window": 4096}]}))
    look(asked)
    assert len(server.seen) == 1
    facts = asked._facts
    assert facts.of(asked.providers["one"], "m").context_window == 4096
    kept = asked.monitor.checked(asked.providers["one"])
    assert kept is None or kept.listed == ()


def test_without_anybody_able_the_cell_says_so_and_nothing_is_sent(llm, server):
    small(llm, server, tools=False)

    def roll() -> int:
        """Roll a die."""
        return 4

    with pytest.raises(AllProvidersFailed, match="small:s: cannot take tools"):
        llm.ask("roll", tools=[roll])
    assert server.seen == []


def test_the_price_list_alone_loses_no_cell(llm, server, monkeypatch):
    monkeypatch.setattr(room, "context_window", lambda *_: 4096)
    llm.providers.add("one", base_url=server.url, models=["m"])
    assert llm.ask("word " * 9_000).text == "ok"
    llm.providers.add("two", base_url=server.url, models=[{"id": "n", "context_window": 10**6}])
    assert llm.ask("word " * 9_000).provider == "two"


def test_what_a_check_lists_is_known_from_then_on(asked, server):
    server.script(status(200, {"data": [{"id": "m", "context_window": 4096}]}))
    asked.providers.test("one")
    with pytest.raises(AllProvidersFailed, match="its window is 4,096"):
        asked.ask("word " * 9_000)


def test_a_failure_is_not_met_twice(asked, server):
    said = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens."
    server.script(error(400, said))
    for _ in range(2):
        with pytest.raises(AllProvidersFailed):
            asked.ask("word " * 9_000)
    assert len(server.seen) == 1


def test_a_plain_call_does_not_wait_for_the_price_list(asked, monkeypatch):
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    assert asked.plan(asked.request("hi")[0]).candidates
