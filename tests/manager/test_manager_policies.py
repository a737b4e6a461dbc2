"""Policies: in which order a route's candidates are tried, by what, and what stays as it is."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.health import History
from nbapimgr.manager import Manager, plan_rows
from nbapimgr.manager._ordering import Ordering
from nbapimgr.manager._planning import plan_for
from nbapimgr.manager._policies import Figure, Known, ordered
from nbapimgr.models import Candidate, Provider, Request, user
from nbapimgr.settings import Settings
from nbapimgr.settings._records import POLICIES
from tests.engine.faultserver import FaultServer, error, streamed
from tests.health.health_attempts import attempt

NAMES = ("a", "b", "c")
PRICES = {"a": 3.0, "b": 2.0, "c": 1.0}
"""US dollars for a million tokens of either kind."""
SECONDS = {"a": 2.0, "b": 1.0, "c": 3.0}


@pytest.fixture
def servers():
    """One for each of `NAMES`; each answers with its name."""
    running = {name: FaultServer() for name in NAMES}
    for name, server in running.items():
        server.__enter__()
        server.script(streamed(name))
    yield running
    for server in running.values():
        server.__exit__(None, None, None)


@pytest.fixture
def kernel(home, servers):
    """Makes managers whose providers a, b and c are tried in this order by priority."""
    made = []

    def start(policy="priority", **settings):
        providers = tuple(
            Provider(
                name=name, dialect="openai-chat", base_url=server.url, models=("m",), keyless=True
            )
            for name, server in servers.items()
        )
        given = Settings(**{"providers": providers, "policy": policy, **settings})
        made.append(Manager(home, settings=given))
        return made[-1]

    yield start
    for llm in made:
        llm.close()


def price(llm, prices, currency="USD"):
    """Write the user's own price list."""
    llm.places.prices.parent.mkdir(parents=True, exist_ok=True)
    llm.places.prices.write_text(
        "".join(
            f'[[price]]\nprovider = "{name}"\nmodel = "m"\ninput = {each}\noutput = {each}\n'
            f'currency = "{currency}"\n'
            for name, each in prices.items()
        )
    )


def timed(llm, seconds):
    """Let the kernel know how long answers took."""
    for name, each in seconds.items():
        candidate = Candidate(provider=llm.settings.provider(name), model="m")
        llm.monitor.history.observe(attempt(candidate, duration=each))


def plan(llm, **options):
    return llm.plan(llm.request("Hi", **options)[0])


def order(llm, **options):
    return "".join(candidate.provider.name for candidate in plan(llm, **options).candidates)


# each policy


def test_without_a_policy_it_is_the_order_of_priority(kernel):
    llm = kernel()
    price(llm, PRICES)
    timed(llm, SECONDS)
    found = plan(llm)
    assert (order(llm), found.policy, found.reasons) == ("abc", "priority", {})
    assert {row["reason"] for row in plan_rows(found)} == {"tried in this place"}


def test_the_cheapest_is_asked_first(kernel, servers):
    llm = kernel("cheapest")
    price(llm, PRICES)
    assert llm.ask("Hi").text == "c"
    assert [len(servers[name].seen) for name in NAMES] == [0, 0, 1]
    assert llm.why().policy == "cheapest"
    assert [(row["candidate"], row["reason"]) for row in plan_rows(llm.why())] == [
        ("c:m", "cheapest: $0.0013 for 1,000+300 tokens"),
        ("b:m", "cheapest: $0.0026 for 1,000+300 tokens"),
        ("a:m", "cheapest: $0.0039 for 1,000+300 tokens"),
    ]


def test_a_changed_price_changes_the_order(kernel):
    llm = kernel("cheapest")
    price(llm, PRICES)
    assert order(llm) == "cba"
    price(llm, PRICES | {"a": 0.125})
    assert order(llm) == "acb"


def test_what_runs_at_home_costs_nothing_and_the_price_of_others_is_in_a_list(kernel, monkeypatch):
    monkeypatch.setenv("KEY", "a-key-of-mine")
    url = "http://127.0.0.1:9/v1"
    paid = [
        Provider(
            name=name, dialect="openai-chat", base_url=url, models=(model,), vendor=name,
            env=("KEY",),
        )
        for name, model in [("mine", "m"), ("openai", "gpt-4o"), ("groq", "openai/gpt-oss-20b")]
    ]  # fmt: skip
    free = Provider(name="here", dialect="openai-chat", base_url=url, models=("m",), keyless=True)
    rows = plan_rows(plan(kernel("cheapest", providers=(*paid, free))))
    assert [row["candidate"].partition(":")[0] for row in rows] == [
        "here", "groq", "openai", "mine",
    ]  # fmt: skip
    assert rows[0]["reason"] == "cheapest: $0 for 1,000+300 tokens"
    assert rows[3]["reason"] == "cheapest: price unknown"


def test_other_money_is_not_compared(kernel):
    llm = kernel("cheapest")
    price(llm, {"a": 1, "b": 2}, currency="EUR")
    assert order(llm) == "cab"
    assert plan(llm).reasons["a:m"] == (
        "cheapest: price in EUR, which is not compared with dollars"
    )


def test_a_price_list_that_cannot_be_loaded_fails_no_call(kernel, servers, monkeypatch):
    def gone(*_):
        raise ImportError

    monkeypatch.setenv("KEY", "a-key-of-mine")
    models = {"a": "gpt-4o", "b": "gpt-4o-mini"}
    llm = kernel(
        "cheapest",
        providers=tuple(
            Provider(
                name=name, dialect="openai-chat", base_url=servers[name].url, models=(model,),
                vendor="openai", env=("KEY",),
            )
            for name, model in models.items()
        ),
    )  # fmt: skip
    assert order(llm) == "ba"
    monkeypatch.setattr("nbapimgr.usage._tariffs.charge", gone)
    assert order(llm) == "ab"
    assert set(plan(llm).reasons.values()) == {"cheapest: price unknown"}
    assert llm.ask("Hi").text == "a"


def test_the_fastest_is_asked_first(kernel, servers):
    llm = kernel("fastest")
    timed(llm, SECONDS)
    assert [(row["candidate"], row["reason"]) for row in plan_rows(plan(llm))] == [
        ("b:m", "fastest: 1.00 s, median of 1 attempt"),
        ("a:m", "fastest: 2.00 s, median of 1 attempt"),
        ("c:m", "fastest: 3.00 s, median of 1 attempt"),
    ]
    timed(llm, {"a": 0.5})
    assert plan(llm).reasons["a:m"] == "fastest: 0.50 s, median of 2 attempts"
    assert llm.ask("Hi").text == "a"


def test_who_was_not_timed_comes_behind_those_who_were(kernel):
    llm = kernel("fastest")
    timed(llm, {"c": 9.0})
    assert order(llm) == "cab"
    assert plan(llm).reasons["a:m"] == "fastest: speed unknown"
    candidate = plan(llm).candidates[1]
    llm.monitor.history.observe(attempt(candidate, category="service.error"))
    assert order(llm) == "cab"


def test_what_an_earlier_kernel_met_counts(kernel):
    first = kernel()
    assert first.ask("Hi", route="b").text == "b"
    first.close()
    assert order(kernel("fastest")) == "bac"


def test_price_and_speed_are_balanced_by_rank(kernel):
    llm = kernel("balanced")
    price(llm, {"a": 3, "b": 1, "c": 2})
    assert plan(llm).reasons["c:m"] == (
        "balanced: 3 = 2 ($0.0026 for 1,000+300 tokens) + 1 (speed unknown)"
    )
    timed(llm, {"a": 1.0, "b": 2.0})
    assert order(llm) == "bca"
    assert plan(llm).reasons == {
        "a:m": "balanced: 4 = 3 ($0.0039 for 1,000+300 tokens) + 1 (1.00 s, median of 1 attempt)",
        "b:m": "balanced: 3 = 1 ($0.0013 for 1,000+300 tokens) + 2 (2.00 s, median of 1 attempt)",
        "c:m": "balanced: 3.5 = 2 ($0.0026 for 1,000+300 tokens) + 1.5 (speed unknown)",
    }
    timed(llm, {"c": 0.5})
    assert order(llm) == "cba"  # 2 + 1, 1 + 3, 3 + 2


def test_calls_are_spread(kernel, servers):
    llm = kernel("spread")
    assert "".join(llm.ask("Hi").text for _ in range(7)) == "abcabca"
    assert [len(servers[name].seen) for name in NAMES] == [3, 2, 2]
    assert llm.why().reasons == {
        "a:m": "spread: in turn, first this time",
        "b:m": "spread: in turn, first in 1 call",
        "c:m": "spread: in turn, first in 2 calls",
    }


async def test_calls_that_await_are_spread(kernel):
    llm = kernel("spread")
    assert [(await llm.aask("Hi")).text for _ in range(4)] == ["a", "b", "c", "a"]


def test_looking_takes_no_turn(kernel):
    llm = kernel("spread")
    assert {order(llm) for _ in range(4)} == {"abc"}
    llm.ask("Hi")
    assert {order(llm) for _ in range(4)} == {"bca"}


def test_each_route_has_its_own_turns(kernel):
    llm = kernel("spread", routes={"two": ("b", "c")})
    said = [llm.ask("Hi", route=route).text for route in (None, "two", None, "two", None, "two")]
    assert said == ["a", "b", "b", "c", "c", "b"]


def test_each_part_of_a_list_has_its_own_turns(kernel):
    routes = {"x": ("a", "b"), "y": ("c", "a:n")}
    llm = kernel(routes=routes, policies=dict.fromkeys(routes, "spread"))
    request = llm.request("Hi", route="x,y")[0]
    said = [[str(one) for one in llm._wish(request).candidates] for _ in range(3)]
    assert said == [
        ["a:m", "b:m", "c:m", "a:n"],
        ["b:m", "a:m", "a:n", "c:m"],
        ["a:m", "b:m", "c:m", "a:n"],
    ]


def test_turns_are_shared_fairly_by_threads(kernel):
    llm = kernel("spread")
    request = llm.request("Hi")[0]
    alone = []

    class Turns(dict):
        def get(self, *args):
            alone.append(llm._ordering._lock.locked())
            return super().get(*args)

    llm._ordering._turns = Turns()
    with ThreadPoolExecutor(8) as pool:
        firsts = pool.map(lambda _: str(llm._wish(request).candidates[0]), range(300))
        assert Counter(firsts) == {"a:m": 100, "b:m": 100, "c:m": 100}
    assert alone == [True] * 300


# what is ordered by what


@pytest.mark.parametrize("policy", POLICIES)
def test_a_list_in_the_call_stays_as_it_was_written(kernel, policy):
    llm = kernel(policy)
    price(llm, PRICES)
    timed(llm, SECONDS)
    for _ in range(2):
        assert llm.ask("Hi", route="b,a,c").text == "b"
    assert order(llm, route="b, a, c") == "bac"
    assert (plan(llm, route="b,a").policy, plan(llm, route="b,a").reasons) == ("priority", {})


def test_a_route_in_a_list_is_ordered_by_its_own_policy_in_its_place(kernel):
    settings = {
        "routes": {"few": ("a", "b"), "all": ("c", "few")}, "policies": {"few": "cheapest"},
    }  # fmt: skip
    llm = kernel(**settings)
    price(llm, PRICES)
    assert order(llm, route="few") == "ba"
    assert order(llm, route="c,few") == "cba"
    assert order(llm, route="all") == "cba"
    assert order(llm, route="few,c") == "bac"
    assert order(llm) == "abc"
    llm = kernel("cheapest", routes=settings["routes"], policies={"few": "priority"})
    assert order(llm, route="all") == "cba"  # as a whole
    assert order(llm, route="few") == "ab"
    assert order(llm) == "cba"


def test_the_default_is_a_route_as_well(kernel):
    settings = {"routes": {"few": ("a", "b")}, "policies": {"few": "cheapest"}}
    llm = kernel(default="few", **settings)
    price(llm, PRICES)
    assert order(llm) == "ba"
    assert order(kernel("cheapest", default="a,b")) == "ab"
    llm.use("c,few")
    assert order(llm) == "cba"


def test_a_providers_policy_orders_its_models_where_it_is_named(kernel, servers):
    def provider(name):
        return Provider(
            name=name, dialect="openai-chat", base_url=servers[name].url, models=("m", "n", "o"),
            keyless=True,
        )  # fmt: skip

    llm = kernel(providers=(provider("a"), provider("b")), policies={"a": "spread"})
    for _ in range(4):
        assert llm.ask("Hi", route="a").provider == "a"
    assert [seen.json["model"] for seen in servers["a"].seen] == ["m", "n", "o", "m"]
    assert plan(llm, route="a").policy == "spread"
    assert [str(c) for c in plan(llm, route="b,a").candidates][:4] == ["b:m", "b:n", "b:o", "a:m"]
    assert [str(c) for c in plan(llm, route="a").candidates] == [
        "a:n", "a:o", "a:m", "b:m", "b:n", "b:o",
    ]  # fmt: skip


def test_who_is_named_comes_first_and_the_others_behind_in_their_order(kernel):
    llm = kernel("cheapest")
    price(llm, PRICES)
    assert order(llm, route="a") == "acb"
    assert order(llm, route="b:m") == "bca"
    assert "b:m" not in plan(llm, route="b").reasons
    assert order(llm, route="m") == "cba"
    assert order(llm, route="b:other") == "bcba"


def test_keys_stay_together_in_their_order(kernel, servers, monkeypatch):
    llm = kernel("cheapest")
    for alias in ("one", "two"):
        llm.credentials.add("b", f"sk-{alias}-0123456789", alias=alias)
    price(llm, PRICES)
    found = [(c.provider.name, c.credential) for c in plan(llm).candidates]
    active = [alias for name, alias in found if name == "b"]
    assert sorted(active) == ["one", "two"]
    assert found == [("c", ""), *(("b", alias) for alias in active), ("a", "")]


def test_who_is_skipped_stays_skipped(kernel):
    llm = kernel("spread")
    llm.providers.update("b", enabled=False)
    assert [llm.ask("Hi").text for _ in range(4)] == ["a", "c", "a", "c"]
    found = plan(llm)
    assert [(skip.candidate, skip.reason) for skip in found.skipped] == [("b", "disabled")]
    assert "b:m" not in found.reasons
    assert order(llm, exclude=("c",)) == "a"


def test_who_failed_is_left_alone_all_the_same(kernel, servers):
    llm = kernel("cheapest")
    price(llm, PRICES)
    servers["c"].script(error(404, code="model_not_found"))
    assert llm.ask("Hi").text == "b"
    assert order(llm) == "bac"
    [first, _, last] = plan_rows(plan(llm))
    assert first["reason"] == "cheapest: $0.0026 for 1,000+300 tokens"
    assert last["reason"].startswith("last resort, open: model.not_found")


@pytest.mark.parametrize("route", ["none", ","])
@pytest.mark.parametrize("policy", ["priority", "spread"])
def test_a_route_of_nobody_is_nobody(kernel, policy, route):
    llm = kernel("cheapest", routes={"none": ()}, policies={"none": policy})
    assert plan(llm, route=route).candidates == ()


# without a policy nothing is done for it


def test_priority_asks_for_no_order(kernel, monkeypatch):
    asked = []

    def noted(_, plan, *_route, take):
        asked.append(take)
        return plan

    monkeypatch.setattr(Ordering, "ordered", noted)
    assert order(kernel()) == "abc"
    assert asked == []
    assert order(kernel("cheapest")) == "abc"
    assert asked == [False]
    assert kernel(policies={"a": "cheapest"}).ask("Hi").text == "a"
    assert asked == [False, True]


@pytest.mark.parametrize("policy", POLICIES)
def test_only_what_a_policy_needs_is_asked_for(policy):
    asked = set()

    def figure(kind):
        return lambda *_: asked.add(kind) or Figure(1.0, kind)

    known = Known(figure("price"), figure("speed"), lambda: asked.add("turn") or 0)
    two = [Candidate(provider=PROVIDERS[0], model=model) for model in ("m", "n")]
    ordered(policy, two, known)
    assert asked == {
        "priority": set(), "cheapest": {"price"}, "fastest": {"speed"},
        "balanced": {"price", "speed"}, "spread": {"turn"},
    }[policy]  # fmt: skip
    asked.clear()
    assert ordered(policy, two[:1], known) == (two[:1], {})
    assert asked == set()


@pytest.mark.parametrize("policy", POLICIES)
def test_the_price_list_is_loaded_where_prices_decide(policy, home):
    code = f"""
import os, sys
from nbapimgr.manager import Manager
from nbapimgr.models import Provider
from nbapimgr.settings import Settings
os.environ["KEY"] = "a-key-of-mine"
providers = tuple(
    Provider(name=name, dialect="openai-chat", base_url="http://127.0.0.1:9/v1", env=("KEY",),
             models=("gpt-4o-mini",), vendor="openai")
    for name in ("a", "b")
)
llm = Manager({str(home)!r}, settings=Settings(providers=providers, policy={policy!r}))
found = llm.plan(llm.request("Hi")[0])
llm.close()
print(len(found.candidates), "genai_prices" in sys.modules)
"""
    ran = subprocess.run(  # noqa: S603  # this interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["2", str(policy in {"cheapest", "balanced"})]


# any candidates, any figures

PROVIDERS = tuple(
    Provider(
        name=name, dialect="openai-chat", base_url="http://127.0.0.1:9/v1", models=("m", "n"),
        keyless=True,
    )
    for name in "abcd"
)  # fmt: skip
GROUPS = [(provider, model) for provider in PROVIDERS for model in provider.models]
figures = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 2.0]))


@st.composite
def some(draw):
    """Candidates as a plan has them, a policy, and the figures of each."""
    chosen = draw(st.permutations(GROUPS))[: draw(st.integers(0, len(GROUPS)))]
    candidates = [
        Candidate(provider=provider, model=model, credential=alias)
        for provider, model in chosen
        for alias in ("x", "y", "z")[: draw(st.integers(1, 3))]
    ]
    drawn = {
        f"{provider.name}:{model}": (draw(figures), draw(figures)) for provider, model in GROUPS
    }
    known = Known(
        lambda candidate: Figure(drawn[str(candidate)][0], "price"),
        lambda candidate: Figure(drawn[str(candidate)][1], "speed"),
        lambda: turn,
    )
    turn = draw(st.integers(0, 99))
    return draw(st.sampled_from(POLICIES)), candidates, known


def grouped(candidates):
    """The providers' models in order; each once, for their keys stand together."""
    return [
        str(candidate)
        for place, candidate in enumerate(candidates)
        if not place or str(candidates[place - 1]) != str(candidate)
    ]


@given(some())
def test_every_policy_gives_all_of_them_once_and_keys_together(case):
    policy, candidates, known = case
    found, reasons = ordered(policy, candidates, known)
    assert Counter(map(repr, found)) == Counter(map(repr, candidates))
    names = grouped(found)
    assert len(names) == len(set(names))
    for name in names:
        mine = [one.credential for one in found if str(one) == name]
        assert mine == [one.credential for one in candidates if str(one) == name]
    there_is = policy != "priority" and len(names) > 1
    assert reasons.keys() == (set(names) if there_is else set())
    assert all(why.startswith(f"{policy}: ") for why in reasons.values())


@given(some())
def test_unknown_is_last_and_ties_keep_their_order(case):
    policy, candidates, known = case
    if policy not in {"cheapest", "fastest"}:
        policy = "cheapest"
    asked = known.price if policy == "cheapest" else known.speed
    found, _ = ordered(policy, candidates, known)
    keys = [
        (value is None, value or 0.0, candidates.index(one))
        for one in found
        for value in [asked(one).value]
    ]
    assert keys == sorted(keys)


@given(some())
def test_balanced_prefers_who_is_better_in_both(case):
    _, candidates, known = case
    found, _ = ordered("balanced", candidates, known)

    def both(one):
        return known.price(one).value, known.speed(one).value

    for place, later in enumerate(found):
        for earlier in found[:place]:
            if None in both(later) + both(earlier):
                continue
            worse = all(b > a for a, b in zip(both(later), both(earlier), strict=True))
            assert not worse


@given(some())
def test_as_many_calls_as_candidates_begin_once_with_each(case):
    _, candidates, known = case
    names = grouped(candidates)
    turns = [ordered("spread", candidates, known._replace(turn=lambda n=n: n))[0]
             for n in range(len(names))]  # fmt: skip
    assert [str(turn[0]) for turn in turns] == names
    for number, turn in enumerate(turns):
        assert grouped(turn) == names[number:] + names[:number]


words = st.sampled_from(["a", "b:n", "c:other", "m", "few", "deep", "d"])
routes = st.one_of(st.none(), words, st.lists(words, min_size=1, max_size=4).map(",".join))
POLICY = st.sampled_from(POLICIES)


@given(
    route=routes, policy=POLICY,
    policies=st.dictionaries(st.sampled_from(["a", "d", "few", "deep"]), POLICY),
    prices=st.dictionaries(st.sampled_from("abcd"), st.sampled_from([0.0, 1.0, 2.0])),
    exclude=st.sampled_from([(), ("c",)]),
)  # fmt: skip
def test_a_plan_with_a_policy_asks_the_same_and_nobody_else(
    route, policy, policies, prices, exclude
):
    settings = Settings(
        providers=PROVIDERS, policy=policy, policies=policies,
        routes={"few": ("d:n", "b"), "deep": ("c", "few", "a:n")},
    )  # fmt: skip
    ordering = Ordering(SimpleNamespace(remember=lambda: None, history=History()), None)
    ordering._price = lambda candidate: Figure(prices.get(candidate.provider.name), "price")
    facts = SimpleNamespace(prepare=lambda *_: False, of=lambda *_: None, first_hand=None)

    def made(order):
        return plan_for(
            Request(messages=(user("Hi"),), exclude=exclude), route, settings,
            credentials=lambda _: ("x", "y"), facts=facts, order=order,
        )  # fmt: skip

    plain = made(lambda plan, *_: plan)
    found = made(lambda *args: ordering.ordered(*args, take=True))
    assert Counter(map(str, found.candidates)) == Counter(map(str, plain.candidates))
    assert found.skipped == plain.skipped
    assert set(found.reasons) <= set(map(str, found.candidates))
    if route and "," in route and not policies:
        assert found == plain
    if route in {"a", "d"}:
        assert {one.provider.name for one in found.candidates[:4]} == {route}
