"""The breakers of one engine, and of several that share a place: by clocks that the tests set."""

from __future__ import annotations

import logging
import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nbapimgr.engine import _breakers
from nbapimgr.engine._breaker_keys import fingerprint, home_of, host_of
from nbapimgr.engine._breakers import LEASE, Breakers
from nbapimgr.models import Candidate, Failure, Plan, Provider
from nbapimgr.secret import Secret
from nbapimgr.state import MemoryStore
from nbapimgr.wire.failures import CATEGORIES

KEY = Secret("sk-a-key-for-tests-1")


class Clock:
    def __init__(self):
        self.now = 1000.0
        self.wall = 1_800_000_000.0

    def advance(self, seconds):
        self.now += seconds
        self.wall += seconds


def provider(name="p", base_url="https://h.example/v1", **fields):
    return Provider(name=name, dialect="openai-chat", base_url=base_url, **fields)


def candidate(name="p", model="m", credential="default", **fields):
    return Candidate(provider=provider(name, **fields), model=model, credential=credential)


def failure(category="service.error", **fields):
    known = CATEGORIES[category]
    return Failure(
        **{"category": category, "scope": known.scope, "retryable": known.retryable, **fields}
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def kernel(clock, store):
    """Makes breakers as another kernel's engine has them."""

    def make(chance=0.0, key_for=lambda _: KEY):
        return Breakers(
            store,
            key_for,
            clock=lambda: clock.now,
            wall=lambda: clock.wall,
            chance=lambda: chance,
        )

    return make


@pytest.fixture
def one(kernel):
    return kernel()


def fail(breakers, whom=None, category="service.error", times=1, key=KEY, **fields):
    for _ in range(times):
        breakers.failed(whom or candidate(), failure(category, **fields), key, 0.0)


def labels(breakers):
    return [breaker.label for breaker in breakers.all()]


# --- whose they are -------------------------------------------------------------------------------


def test_a_fingerprint_gives_no_key_away():
    marks = {fingerprint(Secret(key), b"salt") for key in ("one", "two")}
    assert len(marks) == 2
    assert all(len(mark) == 16 for mark in marks)
    assert fingerprint(Secret("one"), b"pepper") not in marks
    assert fingerprint(None, b"salt") == fingerprint(Secret(""), b"salt") == ""


def test_an_address_is_known_without_what_it_may_hold():
    assert host_of("p", "https://me:secret@h.example:8/v1?key=x") == "https://h.example:8"
    assert host_of("p", "") == "p"
    assert home_of("p", "https://h.example/v1") == "p https://h.example"


@pytest.mark.parametrize(
    ("category", "shared", "apart"),
    [
        ("service.error", ["model", "credential"], ["name", "base_url"]),
        ("network.reset", ["model", "credential", "name"], ["base_url"]),
        ("model.not_found", ["credential"], ["name", "base_url", "model"]),
        ("auth.invalid_key", ["model"], ["name", "base_url"]),
        ("quota.exhausted", ["model"], ["name", "base_url"]),
    ],
)
def test_who_shares_a_breaker(one, category, shared, apart):
    fail(one, category=category, times=2)
    changes = {"name": {"name": "q"}, "model": {"model": "n"}, "credential": {"credential": "b"},
               "base_url": {"base_url": "https://other.example/v1"}}  # fmt: skip
    assert one.standing(candidate())
    assert all(one.standing(candidate(**changes[field])) for field in shared)
    assert not any(one.standing(candidate(**changes[field])) for field in apart)


def test_another_key_has_another_breaker(kernel):
    keys = {"a": Secret("sk-key-a-123456"), "b": Secret("sk-key-b-123456")}
    one = kernel(key_for=lambda candidate: keys[candidate.credential])
    fail(one, candidate(credential="a"), "auth.invalid_key", key=keys["a"])
    assert one.standing(candidate(credential="a")).definite
    assert one.standing(candidate(credential="b")) is None
    keys["a"] = Secret("sk-key-a-new-123")
    assert one.standing(candidate(credential="a")) is None
    assert "key-a" not in repr(one.all())


def test_a_good_key_ends_the_breaker_of_the_one_before_it(kernel):
    one = kernel()
    fail(one, category="auth.invalid_key", key=Secret("the-old-one-1234"))
    assert labels(one) == ["p (key default)"]
    one.succeeded(candidate(credential="other"), KEY, 0.0)
    assert labels(one) == ["p (key default)"]
    one.succeeded(candidate(), KEY, 0.0)
    assert labels(one) == []


DEFINITE_OF_A_KEY = [
    ("auth.invalid_key", "credential"),
    ("auth.permission", "credential"),
    ("quota.exhausted", "account"),
    ("rate_limit.daily", "account"),
    ("model.not_found", "model"),
    ("auth.permission", "model"),
    ("rate_limit.daily", "model"),
]


@pytest.mark.parametrize(("category", "scope"), DEFINITE_OF_A_KEY)
def test_what_one_key_may_not_do_another_may(kernel, category, scope):
    keys = {"a": Secret("sk-key-a-123456"), "b": Secret("sk-key-b-123456")}
    one = kernel(key_for=lambda candidate: keys[candidate.credential])
    fail(one, candidate(credential="a"), category, key=keys["a"], scope=scope)
    assert one.standing(candidate(credential="a")).definite
    assert one.standing(candidate(credential="b")) is None
    one.succeeded(candidate(credential="b"), keys["b"], 0.0)
    assert one.standing(candidate(credential="a"))
    [resort] = one.arrange(plan(candidate(credential="a"))).plan.resorts
    assert resort.reason.endswith(" (key a)")
    keys["a"] = Secret("sk-key-a-new-123")  # the change it waited for
    assert one.standing(candidate(credential="a")) is None
    one.succeeded(candidate(credential="a"), keys["a"], 0.0)
    assert one.all() == ()


def test_another_model_by_the_new_key_says_nothing_of_this_one(kernel):
    one = kernel()
    fail(one, category="model.not_found", key=Secret("the-old-one-1234"))
    one.succeeded(candidate(model="n"), KEY, 0.0)
    assert labels(one) == ["p:m (key default)"]
    one.succeeded(candidate(), KEY, 0.0)
    assert labels(one) == []


def test_a_model_in_trouble_is_in_trouble_for_every_key(kernel):
    keys = {"a": Secret("sk-key-a-123456"), "b": Secret("sk-key-b-123456")}
    one = kernel(key_for=lambda candidate: keys[candidate.credential])
    for _ in range(2):
        fail(one, candidate(credential="a"), "service.overloaded", key=keys["a"], scope="model")
    assert one.standing(candidate(credential="b"))
    assert labels(one) == ["p:m"]


def test_without_a_key_a_model_that_is_not_there_is_left_alone_too(kernel):
    one = kernel(key_for=lambda _: None)
    fail(one, candidate(credential=""), "model.not_found", key=None)
    assert one.standing(candidate(credential="")).definite
    assert labels(one) == ["p:m"]
    one.succeeded(candidate(credential=""), None, 0.0)
    assert labels(one) == []


# --- opening and closing --------------------------------------------------------------------------


def test_a_success_in_between_begins_the_count_anew(one, clock):
    fail(one)
    clock.advance(1)
    one.succeeded(candidate(), KEY, 0.5)
    fail(one)
    assert one.standing(candidate()) is None
    fail(one)
    assert one.standing(candidate())


def test_an_old_attempt_that_ends_well_closes_nothing(one, clock):
    clock.advance(100)
    fail(one, times=2)
    clock.advance(1)
    one.succeeded(candidate(), KEY, 50.0)
    assert one.standing(candidate())
    one.succeeded(candidate(), KEY, 0.5)
    assert one.standing(candidate()) is None


def test_an_old_attempt_that_ends_well_does_not_end_the_count(one, clock):
    clock.advance(100)
    fail(one)
    clock.advance(1)
    one.succeeded(candidate(), KEY, 50.0)
    fail(one)
    assert one.standing(candidate())


def test_those_that_were_under_way_do_not_make_it_longer(one):
    fail(one, times=30)
    [breaker] = one.all()
    assert breaker.strikes == 2
    assert breaker.until - breaker.opened == 15


def test_a_stated_moment_further_off_makes_it_longer(one, clock):
    fail(one, category="rate_limit.short", retry_after=5.0)
    fail(one, category="rate_limit.short", retry_after=3.0)
    assert one.standing(candidate()).wait == 5
    fail(one, category="rate_limit.short", retry_after=50.0)
    assert one.standing(candidate()).wait == 50
    clock.advance(50)
    assert one.standing(candidate()) is None
    assert one.all() == ()


def test_a_host_and_the_provider_at_it_count_together(one, clock):
    fail(one, category="network.reset")
    fail(one, category="service.error")
    assert [breaker.scope for breaker in one.all()] == ["provider"]
    clock.advance(15)
    fail(one, category="network.reset")
    [breaker] = one.all()
    assert (breaker.scope, breaker.category, breaker.strikes) == ("provider", "network.reset", 3)
    assert breaker.until - breaker.since == 30


def test_who_is_banned_is_not_mixed_up_with_a_host_in_trouble(one):
    fail(one, category="auth.region")
    fail(one, category="network.reset")
    assert [breaker.category for breaker in one.all()] == ["auth.region"]
    fail(one, category="network.reset")
    assert sorted(breaker.scope for breaker in one.all()) == ["host", "provider"]


def test_another_trouble_after_its_time_takes_its_place(one, clock):
    fail(one, category="auth.region")
    clock.advance(3600)
    fail(one, category="service.error")
    assert one.standing(candidate()) is None
    fail(one, category="service.error")
    assert one.standing(candidate()).breaker.category == "service.error"


@pytest.mark.parametrize("category", ["request.bad", "model.context_length", "request.too_large"])
def test_who_reads_a_request_is_well(one, clock, category):
    fail(one, times=2)
    clock.advance(15)
    one.failed(candidate(), failure(category), KEY, 0.0)
    assert one.standing(candidate())
    one.failed(candidate(), failure(category, status=400), KEY, 0.0)
    assert one.standing(candidate()) is None


def test_what_a_wrong_request_says_nothing_of(one, clock):
    fail(one, category="auth.invalid_key")
    clock.advance(3600)
    one.failed(candidate(), failure("request.bad", status=400), KEY, 0.0)
    assert one.standing(candidate())


def test_resetting_a_provider_closes_what_concerns_it(one):
    fail(one, candidate("p"), times=2)
    fail(one, candidate("p"), "auth.invalid_key")
    fail(one, candidate("q"), "model.not_found")
    fail(one, candidate("r", base_url="https://r.example"), "network.refused", times=2)
    closed = one.reset(provider("p"))
    assert sorted(breaker.category for breaker in closed) == ["auth.invalid_key", "service.error"]
    assert one.reset(provider("x", "https://r.example/v2"))[0].label == "r.example"
    assert labels(one) == ["q:m (key default)"]
    assert [breaker.label for breaker in one.reset()] == ["q:m (key default)"]
    assert one.reset() == ()


def test_resetting_begins_the_count_anew(one):
    fail(one)
    one.reset()
    fail(one)
    assert one.all() == ()


# --- the order ------------------------------------------------------------------------------------


def plan(*candidates):
    return Plan(candidates=candidates)


def test_without_a_breaker_a_plan_is_left_as_it_is(one):
    asked = plan(candidate("a"), candidate("b"))
    assert one.arrange(asked).plan is asked
    fail(one, candidate("c"), times=2)
    arranged = one.arrange(asked)
    assert (arranged.plan, arranged.fit, arranged.probe) == (asked, 2, None)


def test_the_order_of_those_that_are_left_alone(one, clock):
    many = [candidate(name, base_url=f"https://{name}.example") for name in "abcdef"]
    a, b, c, d, e, f = many
    fail(one, a, "auth.invalid_key")
    fail(one, b, "rate_limit.short", retry_after=40.0)
    fail(one, c, "service.error", times=2)
    clock.advance(5)
    fail(one, e, "network.refused", times=2)
    arranged = one.arrange(plan(*many))
    assert arranged.plan.candidates == (d, f, c, e, b, a)
    assert arranged.fit == 2
    assert [resort.candidate for resort in arranged.plan.resorts] == ["c:m", "e:m", "b:m", "a:m"]
    assert arranged.plan.skipped == ()
    assert arranged.probe is None
    clock.advance(12)
    assert one.arrange(plan(*many)).probe == c
    assert one.arrange(plan(d, c)).probe is None  # nobody would rather have asked it
    alone = one.arrange(plan(a))
    assert (alone.plan.candidates, alone.fit) == ((a,), 0)


def test_who_is_being_tried_comes_behind_who_is_not(one, clock):
    a, b = (candidate(name, base_url=f"https://{name}.example") for name in "ab")
    fail(one, a, times=2)
    fail(one, b, times=2)
    clock.advance(15)
    assert one.lease(a)
    assert one.arrange(plan(a, b)).plan.candidates == (b, a)


def test_the_first_of_several_that_are_due_is_probed(one, clock):
    a, b, c = (candidate(name, base_url=f"https://{name}.example") for name in "abc")
    fail(one, a, times=2)
    fail(one, b, times=2)
    clock.advance(15)
    assert one.arrange(plan(a, b, c)).probe == a
    assert one.lease(a)
    assert one.arrange(plan(a, b, c)).probe == b


# --- the probe ------------------------------------------------------------------------------------


def test_a_sign_of_life_makes_a_silent_provider_due_at_once(one):
    silent, refused, told = (candidate(n, base_url=f"https://{n}.example") for n in "abc")
    fail(one, silent, "network.refused", times=2)
    fail(one, refused, "auth.invalid_key")
    fail(one, told, "rate_limit.short", retry_after=60.0)
    assert one.waiting() == {"a"}
    for whom in (silent, refused, told):
        one.hasten(whom.provider.name)
    assert one.waiting() == set()
    assert one.standing(silent).wait == 0
    assert one.lease(silent)
    assert one.standing(refused).wait
    assert one.standing(told).wait == 60


def test_one_probe_at_a_time(one, clock):
    fail(one, times=2)
    assert one.lease(candidate()) is None
    clock.advance(15)
    breaker = one.lease(candidate())
    assert breaker.label == "p"
    assert one.lease_for_all(breaker)
    assert one.lease(candidate()) is None
    one.release(breaker)
    assert one.lease(candidate())
    clock.advance(LEASE)
    assert one.lease(candidate())
    one.reset()
    one.release(breaker)
    assert one.lease(candidate()) is None


# --- several kernels ------------------------------------------------------------------------------


def test_what_one_kernel_learns_the_others_know(kernel, clock):
    one, two = kernel(), kernel()
    assert two.all() == ()
    fail(one, times=2)
    assert two.standing(candidate()) is None  # it has looked a moment ago
    clock.advance(0.25)
    assert labels(two) == ["p"]
    assert two.standing(candidate()).wait == pytest.approx(14.75)
    clock.advance(1)
    two.succeeded(candidate(), KEY, 0.5)
    clock.advance(0.25)
    assert labels(one) == []


def test_the_next_kernel_begins_with_what_is_open(kernel, clock):
    fail(kernel(), times=2)
    clock.advance(5)
    assert kernel().arrange(plan(candidate(), candidate("q"))).fit == 1


def test_who_listens_hears_of_each_change_once(kernel, clock, caplog):
    one, two = kernel(), kernel()
    heard = []

    def listener(name):
        return lambda breaker, is_open: heard.append((name, breaker.label, is_open))

    one.listeners += [listener("one"), lambda *_: 1 / 0]
    two.listeners.append(listener("two"))
    two.all()
    with caplog.at_level(logging.ERROR):
        fail(one, times=4)
    assert "who listens for breakers failed" in caplog.text
    assert heard == [("one", "p", True)]
    clock.advance(1)
    two.all()
    two.all()
    assert heard[1:] == [("two", "p", True)]
    one.reset()
    clock.advance(1)
    two.all()
    assert heard[2:] == [("one", "p", False), ("two", "p", False)]


def test_a_key_that_is_good_again_is_told_once(one, clock):
    heard = []
    one.listeners.append(lambda *told: heard.append(told[1]))
    fail(one, category="auth.invalid_key")
    clock.advance(1)
    one.succeeded(candidate(), KEY, 0.5)
    assert heard == [True, False]


def test_a_listener_may_ask_what_is_open(one):
    heard = []
    one.listeners.append(lambda *_: heard.append(labels(one)))
    fail(one, times=2)
    assert heard == [["p"]]


def test_many_threads_at_once(kernel):
    one = kernel()
    many = [candidate(f"p{number}", base_url=f"https://{number}.example") for number in range(20)]
    ready = threading.Barrier(8)

    def work():
        ready.wait()
        for whom in many:
            fail(one, whom, times=3)
            one.arrange(plan(*many))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(labels(one)) == sorted(whom.provider.name for whom in many)


def test_a_fork_while_another_thread_holds_the_lock_stops_nobody(one):
    fail(one, times=2)
    held, done = threading.Event(), threading.Event()

    def hold():
        with one._lock:
            held.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    _breakers._after_fork_in_child()
    assert labels(one) == ["p"]
    done.set()
    thread.join()


# --- clocks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-3600.0, -86_400.0, 3600.0])
def test_a_clock_that_is_set_keeps_nothing_open_for_longer(one, clock, jump):
    fail(one, times=2)
    clock.wall += jump
    assert one.standing(candidate()).wait <= 15
    clock.advance(15)
    assert one.standing(candidate()).wait == 0


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_nor_in_a_kernel_that_begins_afterwards(kernel, clock, jump):
    fail(kernel(), times=2)
    clock.wall += jump
    two = kernel()
    two.all()
    assert two.standing(candidate()).wait <= 15
    clock.advance(15)
    assert two.standing(candidate()).wait == 0


def test_a_laptop_that_slept_tries_at_once(one, clock):
    fail(one, times=2)
    clock.wall += 3600  # the other clock stands still meanwhile
    assert one.standing(candidate()).wait == 0


def test_a_success_closes_it_whatever_the_clock_says(kernel, clock):
    one = kernel()
    fail(one, times=2)
    clock.wall -= 3600
    two = kernel()
    two.all()
    clock.advance(16)
    two.succeeded(candidate(), KEY, 0.5)
    clock.advance(1)
    assert one.all() == two.all() == ()


# --- against a model ------------------------------------------------------------------------------

WHO = (candidate("a", base_url="https://a.example"), candidate("b", base_url="https://b.example"))
PASSING = ("service.error", "network.reset", "network.stall")
DEFINITE = ("auth.invalid_key", "model.not_found", "quota.exhausted")
NEUTRAL = ("user.cancelled", "network.proxy", "network.offline")


class Model(RuleBasedStateMachine):
    """What a person would say of each candidate: fit, or not and for how long."""

    @initialize(chance=st.floats(0, 0.99))
    def begin(self, chance):
        self.clock = Clock()
        store = MemoryStore()
        self.kernels = [
            Breakers(
                store,
                lambda _: KEY,
                clock=lambda: self.clock.now,
                wall=lambda: self.clock.wall,
                chance=lambda: chance,
            )
            for _ in range(2)
        ]
        # (kernel, candidate) -> passing failures in a row; counts are not shared
        self.counts = {}
        # candidate -> {kind: (longest wait, the clock when it was opened)}
        self.held = {0: {}, 1: {}}

    def due(self, who, kind):
        wait, opened, wall = self.held[who][kind]
        return self.clock.now >= opened + wait or self.clock.wall >= wall + wait

    @rule(kernel=st.integers(0, 1), who=st.integers(0, 1), category=st.sampled_from(PASSING))
    def passing_failure(self, kernel, who, category):
        self.look()
        fail(self.kernels[kernel], WHO[who], category)
        self.look()
        standing = self.of(who)
        if "passing" in self.held[who]:
            if not self.due(who, "passing"):
                return
        else:
            self.counts[kernel, who] = self.counts.get((kernel, who), 0) + 1
            if self.counts[kernel, who] < 2:
                return
        self.counts[kernel, who] = 0
        assert standing is not None
        self.held[who]["passing"] = (330.0, self.clock.now, self.clock.wall)

    @rule(kernel=st.integers(0, 1), who=st.integers(0, 1), category=st.sampled_from(DEFINITE))
    def definite_failure(self, kernel, who, category):
        self.look()
        fail(self.kernels[kernel], WHO[who], category)
        self.look()
        if category not in self.held[who] or self.due(who, category):
            self.held[who][category] = (3960.0, self.clock.now, self.clock.wall)
        assert self.of(who).definite

    @rule(kernel=st.integers(0, 1), who=st.integers(0, 1), category=st.sampled_from(NEUTRAL))
    def failure_of_nobody(self, kernel, who, category):
        before = self.of(who)
        fail(self.kernels[kernel], WHO[who], category)
        assert (before is None) == (self.of(who) is None)

    @rule(kernel=st.integers(0, 1), who=st.integers(0, 1))
    def success(self, kernel, who):
        self.clock.advance(1)
        self.look()
        self.kernels[kernel].succeeded(WHO[who], KEY, 0.5)
        self.look()
        self.held[who] = {}
        self.counts[kernel, who] = 0
        assert self.of(who) is None

    @rule(seconds=st.sampled_from([0.3, 4, 15, 60, 400, 4000]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-7200, -3600, -10, 10, 3600, 7200]))
    def the_clock_is_set(self, seconds):
        self.clock.wall += seconds

    @precondition(lambda self: any(self.held.values()))
    @rule(kernel=st.integers(0, 1))
    def reset(self, kernel):
        self.look()
        self.kernels[kernel].reset()
        self.look()
        self.held = {0: {}, 1: {}}
        self.counts = {key: 0 if key[0] == kernel else n for key, n in self.counts.items()}

    def look(self):
        """Time enough for each kernel to see what the other wrote."""
        self.clock.advance(0.25)
        for kernel in self.kernels:
            kernel.all()

    def of(self, who):
        return self.kernels[0].standing(WHO[who])

    @invariant()
    def both_kernels_say_what_the_model_says(self):
        if not hasattr(self, "kernels"):
            return
        self.look()
        for who in (0, 1):
            for kernel in self.kernels:
                standing = kernel.standing(WHO[who])
                assert (standing is not None) == bool(self.held[who])
                if standing is None:
                    continue
                assert standing.definite == bool(self.held[who].keys() - {"passing"})
                assert standing.wait <= max(wait for wait, *_ in self.held[who].values())

    @invariant()
    def nothing_is_open_for_ever(self):
        if not hasattr(self, "kernels"):
            return
        for who in (0, 1):
            for kernel in self.kernels:
                standing = kernel.standing(WHO[who])
                if standing is not None and standing.wait:
                    end = self.clock.now + standing.wait
                    seen = kernel._open.of(WHO[who], kernel._mark)
                    assert all(one.wait(end + 0.001, self.clock.wall) == 0 for one in seen)


Model.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestModel = Model.TestCase
