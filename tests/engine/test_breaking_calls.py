"""Breakers in calls: who is asked after somebody failed, and who is tried beside whom."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from conftest import CANARY, Ask, on_loop, others
from faultserver import FaultServer, cut, error, hang, once_shown, reset, status, streamed, whole
from msgspec.structs import replace

from nbapimgr.engine import Engine, Limits
from nbapimgr.engine._breakers import LEASE, Breakers
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.health import History
from nbapimgr.models import Delta, Planned, Request, Started
from nbapimgr.secret import Secret
from nbapimgr.state import MemoryStore, SqliteStore


class Clock:
    """Both clocks, which stand still until they are told to go on."""

    def __init__(self):
        self.now = 1000.0
        self.wall = 1_800_000_000.0

    def advance(self, seconds):
        self.now += seconds
        self.wall += seconds


class World:
    """An engine with a clock of its own, a first provider and one behind it."""

    def __init__(self, server, other, at):
        self.clock = Clock()
        self.keys = {}
        self.engine = Engine(key_for=self.key, limits=Limits(first_token=5, stall=5))
        self.engine.breakers = self.breakers(MemoryStore())
        self.providers = [at(server, "one"), at(other, "two", 2)]
        server.script(streamed("first"))
        other.script(streamed("second"))
        self.accounted = []

    def breakers(self, store):
        clock = self.clock
        return Breakers(
            store, self.key, clock=lambda: clock.now, wall=lambda: clock.wall, chance=lambda: 0.0
        )

    def key(self, candidate):
        alias = candidate.credential
        return self.keys.get(alias, Secret(f"{CANARY}-{alias}"))

    def ask(self, *providers, **options):
        return Ask(self.engine, *(providers or self.providers), **options)

    def text(self, *providers, **options):
        """The text of an answer, after all that is under way has ended."""
        asked = self.ask(*providers, **options)
        text = asked.reply().text
        self.settle()
        self.accounted += asked.accounted
        return text

    def settle(self):
        on_loop(self.engine, others())

    @property
    def open(self):
        return [(b.label, b.category) for b in self.engine.breakers.all()]


@pytest.fixture
def world(server, other, at, client, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.0)
    one = World(server, other, at)
    yield one
    one.engine.close()


# --- who is asked -------------------------------------------------------------------------------


def test_an_outage_of_a_minute(world, server, other):
    """Twenty calls, one each four seconds: S15 of the public scenarios, without the waiting."""
    served = []
    for number in range(20):
        server.script(error(503) if number * 4 < 60 else streamed("first"))
        before = len(server.seen)
        served.append((world.text(), len(server.seen) - before))
        world.clock.advance(4)
    assert {text for text, _ in served[:15]} == {"second"}
    assert [seen for _, seen in served[:15]] == [2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert served[15] == ("second", 1)
    assert served[16:] == [("first", 1)] * 4
    assert world.open == []


def test_a_refused_key_is_left_alone_until_it_changes(world, server, other):
    server.script(error(401))
    assert world.text() == "second"
    server.script(streamed("first"))
    assert world.text() == "second"
    assert world.open == [("one (key default)", "auth.invalid_key")]
    world.keys["default"] = Secret("sk-another-key-of-mine")
    assert world.text() == "first"
    assert len(server.seen) == 2


def test_a_model_that_is_not_there_is_asked_again_with_another_key(world, server, other):
    server.script(error(404, code="model_not_found"))
    assert world.text() == "second"
    server.script(streamed("first"))
    assert world.text() == "second"
    world.keys["default"] = Secret("sk-another-key-of-mine")
    world.clock.advance(1)
    assert world.text() == "first"
    assert world.open == []


def test_a_model_that_one_key_may_not_use_is_asked_with_the_other(world, server):
    server.script(error(404, code="model_not_found"), streamed("by the backup"))
    one, keys = world.providers[0], ("main", "spare")
    assert world.text(one, credentials=keys) == "by the backup"
    assert world.text(one, credentials=keys) == "by the backup"
    assert [seen.headers["authorization"][-5:] for seen in server.seen] == [
        "-main", "spare", "spare",
    ]  # fmt: skip
    assert world.open == [("one:m (key main)", "model.not_found")]


def test_the_backup_key_is_used_from_then_on(world, server):
    server.script(error(401), streamed("by the backup"))
    assert world.text(credentials=("main", "spare")) == "by the backup"
    assert world.text(credentials=("main", "spare")) == "by the backup"
    assert [seen.headers["authorization"][-5:] for seen in server.seen] == [
        "-main", "spare", "spare",
    ]  # fmt: skip


def test_the_same_key_under_another_name_is_the_same_key(world, server, other):
    world.keys = {"main": Secret("the-same-key"), "spare": Secret("the-same-key")}
    server.script(error(401))
    asked = world.ask(credentials=("main", "spare"))
    assert asked.reply().text == "second"
    assert asked.categories == ["auth.invalid_key", "ok"]
    assert asked.kinds.count("Started") == 2


def test_a_key_that_cannot_be_had_is_no_reason_to_fail(world, server):
    server.script(error(401), streamed("first"))
    assert world.text() == "second"

    def locked(_):
        from nbapimgr.errors import MissingKey

        raise MissingKey("the vault is locked")

    world.engine.breakers._key_for = locked
    assert world.text() == "first"


def test_used_up_credit_is_left_alone_until_its_reset(world, server):
    server.script(error(429, code="insufficient_quota", type="insufficient_quota"))
    assert world.text() == "second"
    server.script(streamed("first"))
    world.clock.advance(1700)
    assert world.text() == "second"
    assert len(server.seen) == 1
    world.clock.advance(200)
    assert world.text() == "second"  # it was tried beside this call
    assert world.text() == "first"
    assert len(server.seen) == 3


def test_a_rate_limit_ends_when_its_provider_said(world, server):
    from faultserver import status

    server.script(status(429, {"error": {"message": "slow"}}, retry_after="40"), streamed("first"))
    assert world.text() == "second"
    world.clock.advance(39)
    assert world.text() == "second"
    world.clock.advance(1)
    assert world.text() == "first"
    assert len(server.seen) == 2
    assert world.open == []


def test_an_unknown_model_is_left_alone_and_its_provider_is_not(world, server, at):
    both = at(server, "one", models=("gone", "m"))
    server.script(error(404, code="model_not_found"), streamed("first"))
    assert world.text(both, world.providers[1]) == "first"
    assert world.text(both, world.providers[1]) == "first"
    assert [seen.json["model"] for seen in server.seen] == ["gone", "m", "m"]


@pytest.mark.parametrize(
    ("code", "fields"),
    [(400, {}), (400, {"code": "context_length_exceeded"}), (413, {})],
)
def test_what_is_the_requests_fault_opens_nothing(world, server, code, fields):
    server.script(error(code, "no", **fields))
    for _ in range(3):
        asked = world.ask()
        try:
            asked.reply()
        except AllProvidersFailed as failed:
            assert failed.attempts[0].failure.category.startswith("request.")  # noqa: PT017
    assert len(server.seen) == 3
    assert world.open == []


def test_the_users_own_deadline_blames_nobody(world, server):
    server.script(hang)
    for _ in range(3):
        asked = world.ask(timeout=0.05)
        with pytest.raises(AllProvidersFailed):
            asked.reply()
        assert asked.categories == ["network.total_timeout"]
    assert world.open == []


def test_the_plan_says_who_is_left_alone_and_why(world, server):
    server.script(error(503))
    assert world.text() == "second"
    asked = world.ask()
    asked.reply()
    plan = next(event.plan for event in asked.events if isinstance(event, Planned))
    assert [str(candidate) for candidate in plan.candidates] == ["two:m", "one:m"]
    assert [(resort.candidate, resort.reason) for resort in plan.resorts] == [
        ("one:m", "open: service.overloaded twice, tried again in 15 s")
    ]
    assert plan.skipped == ()


def test_without_a_fallback_the_one_is_asked_whatever_happened(world, server):
    server.script(error(503), error(503), streamed("first"))
    assert world.text() == "second"
    world.clock.advance(1)
    assert world.text(fallback=False) == "first"
    assert world.open == []


# --- when nobody is well --------------------------------------------------------------------------


def test_a_last_resort_saves_the_cell(world, server, other):
    server.script(error(503))
    assert world.text() == "second"
    world.clock.advance(1)
    server.script(streamed("first"))
    other.script(error(401))
    asked = world.ask()
    assert asked.reply().text == "first"
    assert [attempt.candidate.provider.name for attempt in asked.accounted] == ["two", "one"]
    assert world.open == [("two (key default)", "auth.invalid_key")]


def test_if_all_are_open_the_one_that_closes_soonest_is_asked(world, server, other):
    server.script(error(503))
    other.script(streamed("second"), error(500))
    assert world.text() == "second"
    world.clock.advance(3)
    with pytest.raises(AllProvidersFailed):
        world.text()
    assert [name for name, _ in world.open] == ["one", "two"]
    world.clock.advance(3)
    server.script(streamed("first"))
    assert world.text() == "first"
    assert [name for name, _ in world.open] == ["two"]


def test_what_has_to_be_mended_is_asked_when_nobody_else_is_left(world, server, other):
    server.script(error(401))
    other.script(error(401))
    for number in (1, 2):
        with pytest.raises(AllProvidersFailed) as caught:
            world.text()
        assert len(caught.value.attempts) == 2
        assert len(server.seen) == len(other.seen) == number
        assert caught.value.skipped == ()


def test_who_is_opened_meanwhile_is_the_last_resort_whatever_for(world, server, other):
    """By another call, or, as here, under another alias of the key that was just refused."""
    world.keys = {"main": Secret("the-same-key"), "spare": Secret("the-same-key")}
    server.script(error(401), streamed("mended"))
    other.script(error(400, "no such parameter", code="model_not_found"))
    asked = world.ask(credentials=("main", "spare"))
    assert asked.reply().text == "mended"
    assert asked.categories == ["auth.invalid_key", "model.not_found", "ok"]


def test_who_is_opened_and_closed_again_meanwhile_is_asked_in_the_end(
    world, server, other, monkeypatch
):
    world.keys = {"main": Secret("the-same-key"), "spare": Secret("the-same-key")}
    server.script(error(401), streamed("mended"))
    other.script(error(400, "no such parameter", code="model_not_found"))
    breakers = world.engine.breakers
    standing, looks = breakers.standing, []

    def closed_at_the_second_look(candidate):
        if (candidate.provider.name, candidate.credential) == ("one", "spare"):
            looks.append(candidate)
            if len(looks) == 2:
                breakers.reset()
        return standing(candidate)

    monkeypatch.setattr(breakers, "standing", closed_at_the_second_look)
    asked = world.ask(credentials=("main", "spare"))
    assert asked.reply().text == "mended"
    assert asked.categories == ["auth.invalid_key", "model.not_found", "ok"]


def test_who_is_opened_meanwhile_and_not_asked_any_more_is_said(world, server, other):
    world.keys = {"main": Secret("the-same-key"), "spare": Secret("the-same-key")}
    server.script(error(401))
    other.script(error(400, "no such parameter"))
    providers = [replace(world.providers[0], models=("m", "n")), world.providers[1]]
    with pytest.raises(AllProvidersFailed) as caught:
        world.ask(*providers, credentials=("main", "spare")).reply()
    [_, said] = sorted(caught.value.skipped, key=lambda line: "open: " in line)
    assert said.startswith("one:n: open: auth.invalid_key once, tried again when the key changes")


def test_the_only_one_is_asked_although_it_was_opened_meanwhile(world, server):
    world.keys = {"main": Secret("the-same-key"), "spare": Secret("the-same-key")}
    server.script(error(401), streamed("mended"))
    assert world.text(world.providers[0], credentials=("main", "spare")) == "mended"


def test_who_is_held_and_was_not_asked_is_said_once_for_all_its_keys(world, server, other):
    server.script(error(503))
    assert world.text(credentials=("main", "spare")) == "second"
    other.script(error(400, "no such parameter"))
    with pytest.raises(AllProvidersFailed) as caught:
        world.text(credentials=("main", "spare"))
    assert caught.value.skipped == ("one:m: open: service.overloaded twice, tried again in 15 s",)


def test_what_has_to_be_mended_is_asked_when_all_others_have_failed(world, server, other):
    server.script(error(404, code="model_not_found"), streamed("mended"))
    assert world.text() == "second"
    assert world.text() == "second"
    assert len(server.seen) == 1  # it is left alone while there is anybody else
    other.script(error(503))
    assert world.text() == "mended"


@pytest.fixture
def learning(world):
    """The same with limits that are learned: 0.25 s at least, of an unknown candidate 0.5 s."""
    history = History()
    world.engine.close()
    world.engine = Engine(
        key_for=world.key,
        limits=Limits(first_token=0.5, stall=0.5, shortest=0.25, longest=10),
        patience=history.patience,
        observe=history.observe,
    )
    world.engine.breakers = world.breakers(MemoryStore())
    world.history = history
    return world


def slowly(behaviour):
    """This, begun later than an unknown candidate may."""

    async def behave(exchange):
        await asyncio.sleep(0.8)
        await behaviour(exchange)

    return behave


def first_limit(world):
    [one, _] = world.ask().plan.candidates
    patience = world.engine._patience(one)
    return world.engine._limits.silence(Request(messages=()), one.provider, patience).first.seconds


def test_who_has_become_slower_than_the_limit_is_given_a_longer_one(learning, server):
    for _ in range(6):
        assert learning.text() == "first"
    assert first_limit(learning) == 0.25
    server.script(slowly(streamed("first")))
    assert [learning.text(), learning.text()] == ["second", "second"]
    assert learning.open == [("one", "network.first_token_timeout")]
    assert first_limit(learning) == 0.25  # that it took at least so long says nothing of how long
    learning.clock.advance(15)
    assert learning.text() == "second"  # nobody waits for the probe, and it waits for the answer
    assert learning.open == []
    learning.history._kept.clear()
    assert 1.6 <= first_limit(learning) < 10
    assert learning.text() == "first"


def test_who_is_gone_makes_no_limit_longer(learning, server):
    for _ in range(6):
        assert learning.text() == "first"
    server.script(hang)
    for _ in range(2):
        assert learning.text() == "second"
    learning.history._kept.clear()
    assert first_limit(learning) == 0.25
    server.script(streamed("first"))
    learning.clock.advance(15)
    learning.text()
    learning.history._kept.clear()
    assert learning.text() == "first"
    assert first_limit(learning) == 0.25


def test_the_only_one_that_is_slower_than_the_limit_is_waited_for_in_the_end(learning, server):
    server.script(slowly(streamed("first")))
    one = learning.providers[0]
    for _ in range(2):
        with pytest.raises(AllProvidersFailed):
            learning.text(one)
    learning.clock.advance(1)
    assert learning.text(one) == "first"
    assert learning.open == []


def test_of_several_last_resorts_one_is_waited_for_longer(learning, server, other):
    server.script(slowly(streamed("first")))
    other.script(slowly(streamed("second")))
    for _ in range(2):
        with pytest.raises(AllProvidersFailed):
            learning.text()
    asked = learning.ask()
    assert asked.reply().text == "second"
    assert asked.categories == ["network.first_token_timeout", "ok"]


def test_who_would_only_be_refused_is_no_reason_to_hurry(learning, server, other):
    server.script(slowly(streamed("first")))
    other.script(error(401))
    for _ in range(2):
        with pytest.raises(AllProvidersFailed):
            learning.text()
    assert learning.text() == "first"


def test_a_last_resort_that_was_not_silent_has_its_usual_limit(learning, server):
    server.script(error(503))
    one = learning.providers[0]
    with pytest.raises(AllProvidersFailed):
        learning.text(one)
    server.script(slowly(streamed("first")))
    asked = learning.ask(one)
    with pytest.raises(AllProvidersFailed):
        asked.reply()
    assert asked.categories == ["network.first_token_timeout"]


# --- the probe ------------------------------------------------------------------------------------


@pytest.fixture
def recovering(world, server):
    """The first provider is due for a probe."""
    server.script(error(503))
    assert world.text() == "second"
    world.clock.advance(15)
    world.accounted.clear()
    del server.seen[:]
    return world


def test_a_probe_is_sent_beside_the_call_and_ended_at_its_first_piece(recovering, server, other):
    server.script(streamed("f", after=hang))
    asked = recovering.ask()
    assert asked.reply().text == "second"
    recovering.settle()
    server.reached("gone")
    assert recovering.open == []
    assert [seen.json for seen in server.seen] == [
        {**other.seen[-1].json, "model": "m"},
    ]
    assert asked.events[-1].reply.attempts == tuple(
        attempt for attempt in asked.accounted if not attempt.probe
    )
    [probe] = [attempt for attempt in asked.accounted if attempt.probe]
    assert (probe.number, probe.outcome, str(probe.candidate)) == (0, "cancelled", "one:m")
    assert probe.first_chunk is not None
    assert probe.usage.source == "estimated"
    assert probe.usage.output_tokens == 1
    server.script(streamed("first"))
    assert recovering.text() == "first"


def test_nobody_waits_for_a_probe(recovering, server):
    server.script(hang)
    assert recovering.ask().reply().text == "second"
    server.reached("hang")
    assert recovering.ask().reply().text == "second"
    assert len(server.seen) == 1


def test_a_probe_that_fails_makes_it_longer(recovering, server):
    recovering.clock.advance(0.5)
    server.script(error(500))
    assert recovering.text() == "second"
    [breaker] = recovering.engine.breakers.all()
    assert breaker.strikes == 3
    assert breaker.category == "service.error"
    assert breaker.until - breaker.since == 30
    [probe] = [attempt for attempt in recovering.accounted if attempt.probe]
    assert (probe.outcome, probe.failure.category) == ("error", "service.error")


def test_a_probe_that_is_not_streamed_ends_with_its_answer(recovering, server, other):
    server.script(whole("first"))
    other.script(whole("second"))
    assert recovering.text(stream=False) == "second"
    [probe] = [attempt for attempt in recovering.accounted if attempt.probe]
    assert (probe.outcome, probe.text_length) == ("ok", 5)
    assert recovering.open == []


@pytest.mark.parametrize("well", [True, False])
def test_where_answers_break_off_a_probe_is_read_to_its_end(world, server, well):
    server.script(streamed("half", after=cut))
    assert [world.text(), world.text()] == ["second", "second"]
    world.clock.advance(15)
    del world.accounted[:]
    if well:
        server.script(streamed("fi", "rst"))
    assert world.text() == "second"
    [probe] = [attempt for attempt in world.accounted if attempt.probe]
    assert (probe.outcome, probe.text_length) == (("ok", 5) if well else ("error", 4))
    assert world.open == ([] if well else [("one", "service.stream_broken")])


def test_a_probe_that_is_told_the_request_is_wrong_has_found_life(recovering, server):
    server.script(error(400, "unknown parameter"))
    assert recovering.text() == "second"
    assert recovering.open == []


def test_a_probe_whose_key_is_refused_is_another_breaker(recovering, server):
    server.script(error(401))
    assert recovering.text() == "second"
    assert sorted(recovering.open) == [
        ("one", "service.overloaded"),
        ("one (key default)", "auth.invalid_key"),
    ]
    assert recovering.text() == "second"
    assert len(server.seen) == 1


def test_of_many_calls_one_probes(recovering, server):
    server.script(once_shown(streamed("first")))

    async def all_of_them():
        async def one():
            asked = recovering.ask()
            async with aclosing(recovering.engine.astream(asked.plan, asked.request)) as events:
                return [event async for event in events][-1].reply.text

        return await asyncio.gather(*(one() for _ in range(20)))

    assert asyncio.run(all_of_them()) == ["second"] * 20
    assert len(server.seen) == 1
    server.open("shown")
    recovering.settle()
    assert recovering.open == []


def test_the_only_candidate_is_probed_by_the_call_itself(recovering, server):
    server.script(streamed("first"))
    one = recovering.providers[0]
    asked = recovering.ask(one)
    assert asked.reply().text == "first"
    assert not asked.accounted[0].probe
    assert recovering.open == []


def test_who_ranks_behind_is_not_probed_and_stays_a_last_resort(recovering, server, other, at):
    first = at(other, "zero", 0)
    assert recovering.text(first, *recovering.providers) == "second"
    assert len(server.seen) == 0
    other.script(error(401))
    server.script(streamed("first"))
    assert recovering.text(first, *recovering.providers) == "first"


def test_stopping_the_call_stops_its_probe(recovering, server, other):
    server.script(hang)
    other.script(streamed("sec", "ond", pause_at=1))
    asked = recovering.ask()
    stream = asked.stream()
    for event in stream:
        if isinstance(event, Delta):
            server.reached("hang")
            break
    stream.close()
    recovering.settle()
    assert sorted((a.outcome, a.probe) for a in asked.accounted) == [
        ("cancelled", False),
        ("cancelled", True),
    ]
    assert recovering.open == [("one", "service.overloaded")]
    server.script(streamed("first"))
    other.script(streamed("second"))
    assert recovering.text() == "second"  # the probe was given back
    assert recovering.open == []


def test_a_probe_that_another_kernel_sends_is_not_sent(recovering, server):
    breakers = recovering.engine.breakers
    breakers.store.lease = lambda *_: False
    server.script(streamed("first"))
    assert recovering.text() == "second"
    assert server.seen == []
    del breakers.store.lease
    assert recovering.text() == "second"
    assert server.seen == []  # this kernel has been told that it is being tried
    recovering.clock.advance(LEASE)
    assert recovering.text() == "second"
    assert len(server.seen) == 1
    assert recovering.open == []


def test_who_cannot_be_asked_this_is_not_probed(recovering, server, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._trial.Trial.unfit", _unfit_for_one)
    assert recovering.text() == "second"
    assert server.seen == []
    monkeypatch.undo()
    server.script(streamed("first"))
    assert recovering.text() == "second"
    assert recovering.open == []


def _unfit_for_one(trial):
    return "cannot" if trial.candidate.provider.name == "one" else ""


def test_a_call_whose_probe_was_taken_can_be_stopped(recovering, server, other, monkeypatch):
    monkeypatch.setattr(recovering.engine.breakers, "lease", lambda _: None)
    other.script(streamed("sec", "ond", pause_at=1))
    asked = recovering.ask()
    stream = asked.stream()
    assert any(isinstance(event, Delta) for event in stream)
    stream.close()
    recovering.settle()
    assert [(a.outcome, a.probe) for a in asked.accounted] == [("cancelled", False)]
    assert server.seen == []


def test_what_is_learnt_is_shared_when_the_call_has_ended(world, server, tmp_path):
    world.engine.breakers = Breakers(SqliteStore(tmp_path / "state"), world.key)
    server.script(error(401))
    assert world.text() == "second"
    world.settle()
    world.engine.close()
    next_kernel = Breakers(SqliteStore(tmp_path / "state"), world.key)
    assert [breaker.category for breaker in next_kernel.all()] == ["auth.invalid_key"]
    assert next_kernel.standing(world.ask().plan.candidates[0]).definite
    next_kernel.store.close()


def test_a_probe_leaves_out_what_the_model_refuses(recovering, server):
    recovering.engine._adapting.fit = lambda request, _: (replace(request, temperature=None), "")
    server.script(streamed("first"))
    assert recovering.text(temperature=0.5) == "second"
    assert "temperature" not in server.seen[0].json
    assert recovering.open == []


def test_a_closed_engine_leaves_no_probe(recovering, server):
    server.script(hang)
    asked = recovering.ask()
    asked.reply()
    server.reached("hang")
    recovering.engine.close()
    assert [a.outcome for a in asked.accounted if a.probe] == ["cancelled"]


# --- many at once, and nobody there ---------------------------------------------------------------


def crowd(world, server, behaviour, size):
    """The events of calls that are all under way before any of them is answered."""
    most = min(size, 32)
    server.script(together(behaviour, most))

    async def all_of_them():
        async def one():
            asked = world.ask()
            async with aclosing(world.engine.astream(asked.plan, asked.request)) as events:
                return [event async for event in events]

        calls = [asyncio.create_task(one()) for _ in range(size)]
        await asyncio.to_thread(server.reached, str(most))
        server.open("go")
        return await asyncio.gather(*calls)

    happened = asyncio.run(all_of_them())
    server.shut("go")
    server.gate(str(most)).reached.clear()
    return happened


def together(behaviour, most):
    """This for all, once so many wait for it and the test says so."""
    waiting = []

    async def behave(exchange):
        waiting.append(exchange)
        if len(waiting) >= most:
            exchange.server.gate(str(most)).reached.set()
        await exchange.gate("go")
        await behaviour(exchange)

    return behave


def test_many_calls_while_the_first_provider_dies(world, server):
    happened = crowd(world, server, error(503), 200)
    assert {events[-1].reply.text for events in happened} == {"second"}
    assert len(server.seen) <= 32 + 2
    numbers = {event.number for events in happened for event in events if type(event) is Started}
    assert numbers <= {1, 2, 3}


def test_many_kept_connections_that_die_at_once_are_not_all_tried_again(world, server):
    assert {events[-1].reply.text for events in crowd(world, server, streamed("first"), 20)} == {
        "first"
    }
    del server.seen[:]
    happened = crowd(world, server, reset, 20)
    assert {events[-1].reply.text for events in happened} == {"second"}
    assert len(server.seen) <= 20 + 3


def test_many_kept_connections_that_were_closed_are_all_opened_anew(world, server):
    crowd(world, server, streamed("first"), 20)
    closed = []

    async def once(exchange):
        """Close the kept ones unread; answer on new ones."""
        if exchange.seen.connection <= 20:
            closed.append(exchange)
            exchange.reset()
        else:
            await streamed("anew")(exchange)

    happened = crowd(world, server, once, 20)
    assert {events[-1].reply.text for events in happened} == {"anew"}
    assert closed
    assert world.open == []


@pytest.fixture
def proxy(monkeypatch):
    """A proxy that answers in the place of every host beyond this machine."""
    with FaultServer() as one:
        one.script(status(407, b""))
        monkeypatch.setenv("http_proxy", one.origin)
        yield one


def test_a_proxy_that_lets_nothing_through_opens_nothing(world, proxy, at):
    far = [at(f"http://{name}.invalid/v1", name, number) for number, name in enumerate("abc")]
    for _ in range(3):
        asked = world.ask(*far)
        with pytest.raises(AllProvidersFailed):
            asked.reply()
        assert asked.categories == ["network.proxy"] * 3
    assert len(proxy.seen) == 9
    assert world.open == []


def test_a_host_that_a_proxy_blocks_is_left_alone(world, server, proxy, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._witness.is_here", lambda _: False)
    blocked, found = at("http://a.invalid/v1", "a"), at(server, "b", 2)
    for _ in range(4):
        assert world.text(blocked, found) == "first"
    assert len(proxy.seen) == 2
    assert world.open == [("a.invalid", "network.proxy")]
    world.clock.advance(15)
    assert world.text(blocked, found) == "first"
    assert len(proxy.seen) == 3  # by the probe


def test_who_is_offline_finds_nothing_open_afterwards(world, at):
    far = [at(f"http://{name}.invalid/v1", name, number) for number, name in enumerate("abc")]
    for _ in range(3):
        with pytest.raises(AllProvidersFailed) as caught:
            world.text(*far)
        assert {a.failure.category for a in caught.value.attempts} <= {
            "network.dns", "network.refused", "network.connect_timeout",
        }  # fmt: skip
        assert world.open == []


def test_a_host_that_is_gone_counts_once_another_was_reached(world, server, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._witness.is_here", lambda _: False)
    lost, found = at("http://a.invalid/v1", "a"), at(server, "b", 2)
    for _ in range(2):
        assert world.text(lost, found) == "first"
    assert [label for label, _ in world.open] == ["a.invalid"]


def test_a_server_of_ones_own_machine_says_nothing_of_the_network(world, server, at):
    lost, found = at("http://a.invalid/v1", "a"), at(server, "b", 2)
    for _ in range(2):
        assert world.text(lost, found) == "first"
    assert world.open == []


def test_a_reset_and_an_error_are_the_same_trouble(world, server):
    server.script(reset, error(500))
    assert world.text() == "second"
    assert world.open == [("one", "service.error")]


def test_what_opens_while_a_call_pauses_is_not_tried_again(world, server, other, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.5)
    server.script(error(500))
    first = world.ask()
    stream = first.stream()
    assert [type(next(stream)).__name__ for _ in range(3)] == ["Planned", "Started", "Failed"]
    assert world.text() == "second"  # opens it
    seen = len(server.seen)
    assert [type(event).__name__ for event in stream][-1] == "Finished"
    assert len(server.seen) == seen


def test_retries_end_with_their_budget(world, server, other):
    for _ in range(30):
        world.engine._retries.spend()
    server.script(error(500))
    asked = world.ask()
    assert asked.reply().text == "second"
    assert asked.categories == ["service.error", "ok"]
    alone = world.ask(world.providers[0])
    with pytest.raises(AllProvidersFailed):
        alone.reply()
    assert alone.categories == ["service.error"] * 3  # nobody else is left to ask


# --- the end of a stream --------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["replace", "buffer"])
def test_a_last_event_without_its_blank_line_is_shown(world, server, policy):
    from faultserver import event

    async def unfinished(exchange):
        data = event({"content": " end"}, "stop")
        await exchange.chunk(data.rstrip(b"\n"))
        await exchange.write(b"0\r\n\r\n")
        exchange.cut()

    server.script(streamed("the", after=unfinished))
    asked = world.ask(on_restart=policy)
    reply = asked.reply()
    shown = "".join(event.text for event in asked.events if isinstance(event, Delta))
    assert shown == reply.text == "the end"


def test_a_cut_stream_twice_in_a_row_opens(world, server):
    server.script(streamed("half", after=cut))
    assert [world.text(), world.text()] == ["second", "second"]
    assert world.open == [("one", "service.stream_broken")]
    with FaultServer():
        assert world.text() == "second"
    assert len(server.seen) == 2
