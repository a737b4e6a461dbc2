"""The free call that lists models and so checks a key."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest
from conftest import CANARY
from faultserver import error, hang, status

from nbapimgr.engine import Engine
from nbapimgr.engine._faces import result
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Candidate, Provider
from nbapimgr.wire.catalogue import Vendor

LIST = {"object": "list", "data": [{"id": "m1"}, {"id": "m2"}]}


@pytest.fixture
def candidate(ask, at, server, engine):
    return ask(engine, at(server)).plan.candidates[0]


def failure(engine, candidate, **more):
    with pytest.raises(AllProvidersFailed) as caught:
        engine.models(candidate, **more)
    [attempt] = caught.value.attempts
    return attempt.failure


def test_the_models_are_listed(engine, server, candidate):
    server.script(status(200, LIST))
    assert [model.id for model in engine.models(candidate)] == ["m1", "m2"]
    [seen] = server.seen
    assert (seen.method, seen.target, seen.body) == ("GET", "/v1/models", b"")
    assert seen.headers["authorization"] == f"Bearer {CANARY}"


async def test_for_code_that_awaits(engine, server, candidate):
    server.script(status(200, LIST), error(401))
    assert len(await engine.amodels(candidate)) == 2
    with pytest.raises(AllProvidersFailed):
        await engine.amodels(candidate)


async def test_an_awaiting_task_can_be_cancelled(engine, server, candidate):
    server.script(hang)
    task = asyncio.create_task(engine.amodels(candidate))
    await asyncio.to_thread(server.reached, "hang")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(server.reached, "gone")


def test_where_waits_cannot_be_interrupted_they_are_short(engine, server, candidate, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._faces._POLL", 0.001)
    server.script(hang)
    with pytest.raises(AllProvidersFailed):
        engine.models(candidate, timeout=0.05)
    server.script(status(200, LIST))
    assert len(engine.models(candidate)) == 2


def test_a_timeout_that_is_the_result_is_raised():
    future = Future()
    future.set_exception(TimeoutError("of its own"))
    with pytest.raises(TimeoutError, match="of its own"):
        result(future)


def test_a_bad_key_is_told(engine, server, candidate):
    server.script(error(401, "bad key"))
    assert failure(engine, candidate).category == "auth.invalid_key"
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"data": 5}', b"[" * 5000])
def test_what_is_no_list_is_malformed(engine, server, candidate, body):
    server.script(status(200, body))
    assert failure(engine, candidate).category == "service.malformed"


def test_a_list_without_end_is_not_taken(engine, server, candidate, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._check.MAX_BODY", 1000)
    server.script(status(200, b"x" * 1001))
    assert failure(engine, candidate).evidence == "body limit"


def test_a_silent_provider_is_not_waited_for(hasty, server, candidate):
    server.script(hang)
    assert failure(hasty, candidate).category == "network.total_timeout"
    assert failure(hasty, candidate, timeout=0.01).category == "network.total_timeout"


def test_an_unknown_dialect_is_told(engine, candidate):
    import msgspec

    odd = msgspec.structs.replace(
        candidate, provider=msgspec.structs.replace(candidate.provider, dialect="opneai-chat")
    )
    assert "opneai-chat" in failure(engine, odd).message


def test_a_connection_of_the_check_is_used_for_the_answer(engine, server, candidate, ask, at):
    from faultserver import streamed

    server.script(status(200, LIST), streamed("x"))
    engine.models(candidate)
    ask(engine, at(server)).reply()
    assert server.connections == 1


def test_the_server_is_started_first_where_there_is_no_address(server, candidate):
    import msgspec

    provider = msgspec.structs.replace(candidate.provider, base_url="")
    engine = Engine(
        key_for=lambda _: None, start=lambda p: msgspec.structs.replace(p, base_url=server.url)
    )
    server.script(status(200, LIST))
    keyless = msgspec.structs.replace(provider, keyless=True)
    assert engine.models(msgspec.structs.replace(candidate, provider=keyless))
    engine.close()


# --- what the free call says of a key ----------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "verdict", "category"),
    [
        (status(200, LIST), "valid", ""),
        (error(401, "bad key"), "rejected", "auth.invalid_key"),
        (error(403, "no"), "limited", "auth.permission"),
        (error(429, "pay", code="insufficient_quota"), "limited", "quota.exhausted"),
        (error(500), "unknown", "service.error"),
        (status(200, b"<html>"), "unknown", "service.malformed"),
        (error(404, "Not Found"), "unknown", "model.not_found"),
    ],
)
def test_what_a_check_says(engine, server, candidate, behaviour, verdict, category):
    server.script(behaviour)
    [checked] = engine.check([candidate])
    said = checked.failure.category if checked.failure else ""
    assert (checked.provider, checked.verdict, said) == ("one", verdict, category)
    assert bool(checked.reason) is (verdict != "valid")
    assert checked.models == (2 if verdict == "valid" else None)
    assert checked.at > 1e9
    assert checked.elapsed > 0
    assert len(server.seen) == 1


def test_a_provider_that_is_silent_says_nothing_of_the_key(hasty, server, candidate):
    server.script(hang)
    [checked] = hasty.check([candidate])
    assert (checked.verdict, checked.answered) == ("unknown", False)
    assert checked.failure.category == "network.total_timeout"


def test_a_key_that_is_not_there_is_rejected_without_a_call(client, server, candidate):
    engine = Engine(key_for=lambda _: None)
    [checked] = engine.check([candidate])
    engine.close()
    assert (checked.verdict, checked.reason) == ("rejected", "no key for one")
    assert not server.seen


@pytest.fixture
def vendors(monkeypatch, server):
    """Three vendors that live at the server."""
    entries = {
        "own": Vendor(name="own", base_url=server.url, check=("GET", "/key")),
        "open": Vendor(name="open", base_url=server.url, public_models=True),
    }
    monkeypatch.setattr("nbapimgr.wire.catalogue.CATALOGUE", entries)
    monkeypatch.setattr("nbapimgr.wire.key_answers.CATALOGUE", entries)


@pytest.mark.parametrize(
    ("behaviour", "verdict"),
    [
        (status(200, {"data": {"limit_remaining": 3}}), "valid"),
        (status(200, {"data": {"limit_remaining": 0}}), "limited"),
        (status(200, {"valid": False}), "rejected"),
        (status(200, b"fine"), "unknown"),
    ],
)
def test_a_vendors_own_check_is_used_and_read(engine, server, ask, at, vendors, behaviour, verdict):
    server.script(behaviour)
    [candidate] = ask(engine, at(server, vendor="own")).plan.candidates
    [checked] = engine.check([candidate])
    assert (checked.verdict, checked.models) == (verdict, None)
    [seen] = server.seen
    assert (seen.method, seen.target) == ("GET", "/v1/key")
    assert seen.headers["authorization"] == f"Bearer {CANARY}"


def test_a_public_list_says_nothing_of_the_key(engine, server, ask, at, vendors):
    server.script(status(200, LIST))
    [candidate] = ask(engine, at(server, vendor="open")).plan.candidates
    [checked] = engine.check([candidate])
    assert (checked.verdict, checked.models, checked.answered) == ("unknown", 2, True)
    assert "public" in checked.reason


def test_the_list_is_asked_for_where_models_are_wanted(engine, server, ask, at, vendors):
    server.script(status(200, LIST))
    [candidate] = ask(engine, at(server, vendor="own")).plan.candidates
    assert len(engine.models(candidate)) == 2
    assert server.seen[0].target == "/v1/models"


def test_several_are_checked_at_the_same_time(engine, server, other, ask, at):
    async def together(exchange):
        (other if exchange.server is server else server).open("go")
        await exchange.gate("go")
        await status(200, LIST)(exchange)

    server.script(together)
    other.script(together)
    one = ask(engine, at(server, "a"), at(other, "b", 2)).plan.candidates
    assert [checked.verdict for checked in engine.check(one)] == ["valid", "valid"]
    assert engine.check([]) == ()


def test_examining_asks_once_where_the_list_is_the_check(engine, server, candidate):
    server.script(status(200, LIST), error(401, "bad key"))
    checked, models, failed = engine.examine(candidate)
    assert (checked.verdict, len(models), failed) == ("valid", 2, ())
    checked, models, [attempt] = engine.examine(candidate)
    assert (checked.verdict, models) == ("rejected", ())
    assert attempt.failure.category == "auth.invalid_key"
    assert len(server.seen) == 2


def test_examining_asks_twice_where_the_vendor_has_a_check(engine, server, ask, at, vendors):
    [candidate] = ask(engine, at(server, vendor="own")).plan.candidates
    server.script(
        status(200, {"valid": True}), status(200, LIST),
        status(200, {"valid": False}),
        status(200, {"valid": True}), error(500),
    )  # fmt: skip
    checked, models, failed = engine.examine(candidate)
    assert (checked.verdict, len(models), failed) == ("valid", 2, ())
    checked, models, [attempt] = engine.examine(candidate)
    assert (checked.verdict, attempt.failure.category) == ("rejected", "auth.invalid_key")
    checked, models, [attempt] = engine.examine(candidate)
    assert (checked.verdict, models) == ("valid", ())
    assert attempt.failure.category == "service.error"
    assert [seen.target for seen in server.seen] == [
        "/v1/key", "/v1/models", "/v1/key", "/v1/key", "/v1/models",
    ]  # fmt: skip


# --- further pages --------------------------------------------------------------------------------


@pytest.fixture
def paged(server, engine):
    """A provider whose list comes on pages."""
    provider = Provider(name="p", dialect="anthropic", base_url=server.url, models=("m",))
    return Candidate(provider=provider, model="m", credential="main")


def page(name, *, more):
    models = [{"type": "model", "id": name}]
    return status(200, {"data": models, "has_more": more, "last_id": name})


def test_all_pages_of_a_list_are_read(engine, server, paged):
    server.script(page("a", more=True), page("b", more=True), page("c", more=False))
    assert [model.id for model in engine.models(paged)] == ["a", "b", "c"]
    asked = [seen.target.partition("?")[2] for seen in server.seen]
    assert asked == ["limit=1000", "limit=1000&after_id=a", "limit=1000&after_id=b"]


def test_a_page_that_does_not_come_costs_only_itself(engine, server, paged):
    server.script(page("a", more=True), error(500))
    assert [model.id for model in engine.models(paged)] == ["a"]


def test_a_list_without_an_end_has_one(engine, server, paged):
    server.script(page("a", more=True))
    assert len(engine.models(paged)) == len(server.seen) == 21


def test_a_check_tells_what_is_listed_where_that_is_the_whole_list(engine, server, paged):
    server.script(page("a", more=False), page("a", more=True), error(401))
    [whole], [part], [refused] = (engine.check([paged]) for _ in range(3))
    assert [model.id for model in whole.listed] == ["a"]
    assert (part.verdict, part.models, part.listed) == ("valid", 1, ())
    assert (refused.verdict, refused.listed) == ("rejected", ())


def test_a_key_check_reads_all_pages_too(engine, server, paged):
    server.script(page("a", more=True), page("b", more=False))
    checked, models, failed = engine.examine(paged)
    assert ([model.id for model in models], failed) == (["a", "b"], ())
    assert checked.verdict == "valid"


def test_a_key_that_the_provider_repeats_is_not_in_the_result(engine, server, candidate):
    server.script(error(401, f"no such key: {CANARY}"))
    [checked] = engine.check([candidate])
    assert checked.reason.startswith("no such key")
    assert CANARY not in repr(checked)
