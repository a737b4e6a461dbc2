"""Health checks: who is asked when, and that nobody is asked otherwise."""

from __future__ import annotations

import gc
import threading

import pytest

from nbapimgr.engine import Engine
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.manager import _monitor
from nbapimgr.manager._monitor import HealthMonitor
from nbapimgr.models import Attempt, Candidate, Failure, Provider
from nbapimgr.secret import Secret
from tests.engine.faultserver import FaultServer, error, status

LIST = {"data": [{"id": "m"}, {"id": "n"}]}


class World:
    """A monitor over a real engine, two servers, and time that stands still."""

    def __init__(self, *servers):
        self.servers = servers
        self.now = 100.0
        self.providers = [
            Provider(name=name, dialect="openai-chat", base_url=server.url, models=("m",))
            for name, server in zip(("one", "two"), servers, strict=True)
        ]
        self.keys = {"one": ("default",), "two": ("default",)}
        self.mark = "a key"
        self.trouble = set()
        self.again = []
        self.before = []
        self.read = 0
        self.engine = Engine(key_for=lambda _: Secret("k"))
        self.monitor = HealthMonitor(
            self.engine,
            providers=lambda: self.providers,
            mark=lambda _: self.mark,
            aliases=lambda provider: self.keys.get(provider.name, ()),
            remembered=self.remembered,
            in_trouble=lambda: self.trouble,
            answers_again=self.again.append,
            clock=lambda: self.now,
            chance=lambda: 0.0,
        )

    def remembered(self):
        self.read += 1
        return self.before

    def close(self):
        self.monitor.close()
        self.engine.close()
        self.monitor.join()

    @property
    def calls(self):
        return [len(server.seen) for server in self.servers]

    def verdicts(self, *names, **how):
        return [checked.verdict for checked in self.monitor.check(names or ("one", "two"), **how)]

    def next_news(self):
        """Waits for what is told; call it, do what is to be told of, call what it gave."""
        told = threading.Event()
        news = []

        def hear(names):
            news.append(names)
            told.set()

        stop = self.monitor.listen(hear)

        def wait():
            assert told.wait(20)
            stop()
            return news[0]

        return wait


@pytest.fixture
def world():
    with FaultServer() as one, FaultServer() as two:
        for server in (one, two):
            server.script(status(200, LIST))
        made = World(one, two)
        yield made
        made.close()
        assert not {t.name for t in threading.enumerate()} & {"nbapimgr-health"}


def attempt_at(provider, **fields):
    candidate = Candidate(provider=provider, model="m", credential="default")
    fields = {"outcome": "ok", "first_chunk": 1.0, **fields}
    return Attempt(number=1, candidate=candidate, started_at=1e9, duration=2.0, **fields)


def test_nothing_is_sent_and_nothing_runs_by_itself(world):
    for _ in range(20):
        world.monitor.observe(attempt_at(world.providers[0]))
        world.now += 600
    failed = Failure(category="service.error", scope="provider", retryable=True)
    world.monitor.observe(attempt_at(world.providers[1], outcome="error", failure=failed))
    world.monitor.breakers_changed("one")
    assert world.calls == [0, 0]
    assert "nbapimgr-health" not in {thread.name for thread in threading.enumerate()}
    assert world.monitor.checked(world.providers[0]) is None


def test_on_demand_all_are_asked_once(world):
    world.servers[1].script(error(401, "no such key"))
    assert world.verdicts() == ["valid", "rejected"]
    assert world.calls == [1, 1]
    assert [seen.target for seen in world.servers[0].seen] == ["/v1/models"]
    assert world.monitor.checked(world.providers[1]).reason == "no such key"
    assert world.verdicts("nobody") == []


def test_a_good_result_is_good_for_a_minute_and_a_bad_one_is_asked_again(world):
    world.servers[1].script(error(401), status(200, LIST))
    assert world.verdicts() == ["valid", "rejected"]
    assert world.verdicts() == ["valid", "valid"]
    assert world.calls == [1, 2]
    world.now += 59
    assert world.verdicts("one") == ["valid"]
    assert world.calls == [1, 2]
    world.now += 1
    world.verdicts("one")
    assert world.calls == [2, 2]
    world.now -= 1000  # a clock that was set back
    world.verdicts("one")
    assert world.calls == [3, 2]
    world.verdicts("one", fresh=True)
    assert world.calls == [4, 2]


def test_what_was_changed_is_asked_again(world):
    import msgspec

    world.verdicts("one")
    world.keys["one"] = ("spare",)
    assert world.monitor.checked(world.providers[0]) is None
    world.verdicts("one")
    world.providers[0] = msgspec.structs.replace(world.providers[0], priority=1)
    world.verdicts("one")
    assert world.calls == [3, 0]
    world.mark = "another key of that alias"
    assert world.monitor.checked(world.providers[0]) is None
    world.verdicts("one")
    assert world.calls == [4, 0]


def test_a_model_of_this_kernel_is_not_started_to_be_checked(world):
    world.providers.append(Provider(name="here", dialect="openai-chat", base_url="", keyless=True))
    [checked] = world.monitor.check(["here"])
    assert checked.verdict == "unknown"
    assert "is started when it is asked" in checked.reason
    assert world.calls == [0, 0]


def test_testing_gives_the_models_or_says_why_not(world):
    world.servers[0].script(status(200, LIST), error(401, "bad"))
    one = world.providers[0]
    assert [model.id for model in world.monitor.test(one)] == ["m", "n"]
    assert world.monitor.checked(one).verdict == "valid"
    with pytest.raises(AllProvidersFailed) as caught:
        world.monitor.test(one)
    assert caught.value.attempts[0].failure.category == "auth.invalid_key"
    assert world.monitor.checked(one).verdict == "rejected"


def test_while_somebody_watches_those_that_can_be_used_are_checked(world):
    import msgspec

    world.providers[1] = msgspec.structs.replace(world.providers[1], enabled=False)
    heard = world.next_news()
    with world.monitor.watch():
        assert heard() == {"one"}
        assert world.calls == [1, 0]
        heard = world.next_news()
        with world.monitor.watch() as second:  # another one does not bring more traffic
            world.now += 59
            world.monitor._rounds.wake()
            second.close()
            second.close()
        assert world.calls == [1, 0]
        world.now += 2
        world.monitor._rounds.wake()
        heard()
        assert world.calls == [2, 0]
        thread = world.monitor._rounds._thread
    thread.join(20)
    assert world.monitor._rounds._thread is None
    world.now += 1000
    world.monitor.breakers_changed("one")
    assert world.calls == [2, 0]


def test_a_watch_that_is_dropped_watches_no_more(world):
    watch = world.monitor.watch()
    assert world.monitor._watching
    del watch
    gc.collect()
    assert not world.monitor._watching


def test_without_a_key_there_is_nothing_to_check(world):
    world.keys.clear()
    with world.monitor.watch():
        assert world.monitor._rounds._thread is None
    assert world.calls == [0, 0]


def test_an_open_breaker_is_a_reason_to_look_and_recovery_is_told(world):
    world.servers[0].script(error(503), status(200, LIST))
    world.trouble = {"one", "of another home"}
    heard = world.next_news()
    world.monitor._rounds.wake()
    heard()
    assert world.again == []
    heard = world.next_news()
    world.now += 130  # it did not answer, so there was a longer pause
    world.monitor._rounds.wake()
    heard()
    thread = world.monitor._rounds._thread
    assert world.again == ["one"]
    assert world.calls == [2, 0]
    world.trouble = set()
    world.monitor.breakers_changed("one")
    if thread:
        thread.join(20)
    assert world.monitor._rounds._thread is None


def test_who_always_answered_has_no_recovery(world):
    world.trouble = {"one"}
    world.verdicts("one")
    world.verdicts("one", fresh=True)
    assert world.again == []


def test_recovery_without_a_breaker_is_nobodys_business(world):
    world.servers[0].script(error(503), status(200, LIST))
    assert world.verdicts("one") == ["unknown"]
    assert world.verdicts("one") == ["valid"]
    assert world.again == []


def test_listeners_hear_of_attempts_that_count(world):
    heard = world.next_news()
    world.monitor.observe(attempt_at(world.providers[0], outcome="cancelled"))
    world.monitor.observe(attempt_at(world.providers[1]))
    assert heard() == {"two"}


def test_the_past_is_read_once_and_only_when_somebody_looks(world):
    assert world.read == 0
    world.before = [attempt_at(world.providers[0])]
    world.monitor.remember()
    world.monitor.remember()
    assert world.read == 1
    assert world.monitor.history.snapshot("one", "m").attempts == 1


def test_an_engine_that_is_closed_meanwhile_ends_the_round(world):
    from tests.engine.faultserver import hang

    world.servers[0].script(hang)
    watch = world.monitor.watch()
    world.servers[0].reached("hang")
    world.close()
    watch.close()
    assert world.monitor._rounds._thread is None


def test_in_a_forked_child_nothing_is_held_and_nobody_watches(world):
    watch = world.monitor.watch()
    held = [world.monitor._lock, world.monitor._rounds._lock, world.monitor.history._lock]
    holder = threading.Thread(target=lambda: [lock.acquire() for lock in held])
    world.monitor._rounds.close()
    world.monitor._rounds.join()
    holder.start()
    holder.join()
    _monitor._after_fork_in_child()
    assert not world.monitor._watching
    world.monitor.observe(attempt_at(world.providers[0]))
    world.monitor.remember()
    world.monitor.breakers_changed("one")
    assert world.monitor.history.snapshot("one", "m").attempts == 1
    watch.close()
