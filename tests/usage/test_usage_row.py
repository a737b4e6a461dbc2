"""An attempt becomes a row: what is in it, what is refused, what never gets in."""

from __future__ import annotations

import logging
import math
import sys

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbapimgr.models import (
    Candidate,
    Cost,
    Failure,
    Message,
    Origin,
    Provider,
    Request,
    Text,
    Usage,
)
from nbapimgr.usage import new_call_id
from nbapimgr.usage._row import Place, build

HERE = Place("kernel-1", "host-1", None)
CALL = new_call_id(1.0)


@pytest.fixture
def row(attempt, request_):
    """Builds the row of an attempt; keywords replace fields of the attempt."""

    def make(request=request_, call_id=CALL, fallback_from=None, credential_id="k", **changes):
        return build(
            call_id,
            request,
            attempt(**changes),
            fallback_from=fallback_from,
            credential_id=credential_id,
            place=HERE,
            now=2.0,
        )

    return make


@pytest.fixture
def refused(caplog):
    """What the log names as refused."""

    def names():
        (record,) = caplog.records
        assert record.name == "nbapimgr.usage"
        return set(record.args[0].split(", "))

    caplog.set_level(logging.WARNING)
    return names


def test_every_fact_has_its_column(row, caplog):
    made = row(fallback_from="other:m")
    assert msgspec.structs.asdict(made) == {
        "event_id": CALL,
        "call_id": None,
        "attempt": 1,
        "is_final": True,
        "fallback_from": "other:m",
        "route": "fast",
        "started_at": 1_790_078_400_000_000,
        "recorded_at": 0,
        "duration_s": 1.5,
        "time_to_first_chunk_s": 0.25,
        "operation_name": "chat",
        "provider_name": "openai",
        "host_provider_name": None,
        "request_model": "gpt-5-mini",
        "response_model": "gpt-5-mini-2025-08-07",
        "response_id": None,
        "service_tier": "default",
        "stream": True,
        "outcome": "ok",
        "error_type": None,
        "http_status": 200,
        "finish_reason": "stop",
        "input_tokens": 1000,
        "output_tokens": 200,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 50,
        "cache_creation_1h_input_tokens": 20,
        "reasoning_output_tokens": 30,
        "tokens_source": "provider",
        "cost_amount": 0.001,
        "cost_currency": "USD",
        "cost_source": "local",
        "price_ref": "list:gpt-5-mini",
        "estimate_amount": None,
        "credential_id": "k",
        "principal_id": None,
        "project": "p",
        "notebook": "a/b.ipynb",
        "cell_id": "c1",
        "execution_count": 3,
        "kernel_id": "kernel-1",
        "host_id": "host-1",
        "conversation_id": "conv",
        "tags": '{"team":"red"}',
    }
    assert not caplog.records


@pytest.mark.parametrize("number", [0, 2, 3])
def test_every_other_attempt_has_an_id_of_its_own_and_names_its_call(row, number):
    made = row(number=number)
    assert (made.attempt, made.call_id) == (number, CALL)
    assert made.event_id != CALL
    assert len(made.event_id) == 16


def test_an_answer_that_was_kept_is_the_only_row_of_its_call(row):
    made = row(number=0, outcome="cached", cost=Cost(amount=0.0, source="local"))
    assert (made.attempt, made.event_id, made.call_id) == (0, CALL, None)


def test_a_failure_gives_its_category_and_its_status(row):
    failure = Failure(category="quota.exhausted", scope="account", retryable=False, status=429)
    made = row(outcome="error", failure=failure, http_status=None, usage=None, cost=Cost())
    assert (made.error_type, made.http_status) == ("quota.exhausted", 429)
    assert not made.is_final
    assert (made.tokens_source, made.input_tokens) == ("none", None)
    assert (made.cost_amount, made.cost_source, made.cost_currency) == (None, "none", None)


def test_a_failure_without_a_status_has_none(row):
    failure = Failure(category="network.dns", scope="host", retryable=True)
    assert row(outcome="error", failure=failure, http_status=None).http_status is None


def test_a_server_of_ones_own_goes_by_its_account(row):
    own = Provider(name="mine", dialect="openai-chat", base_url="http://127.0.0.1:1")
    assert row(candidate=Candidate(provider=own, model="m")).provider_name == "mine"


def test_what_was_kept_cost_nothing_and_counts_as_the_answer(row):
    made = row(outcome="cached", cost=Cost(amount=0.0, source="local"))
    assert (made.cost_amount, made.cost_source, made.is_final) == (0.0, "local", True)
    assert made.input_tokens == 1000


def test_what_was_not_sent_used_nothing(row, caplog):
    made = row(outcome="refused", usage=None, cost=Cost())
    assert (made.cost_amount, made.input_tokens, made.tokens_source) == (0.0, None, "none")
    assert not caplog.records


@pytest.mark.parametrize(
    ("counts", "gone"),
    [
        (
            {"cache_read_input_tokens": 990},
            {"cache_read_input_tokens", "cache_creation_input_tokens"},
        ),
        ({"cache_creation_1h_input_tokens": 51}, {"cache_creation_1h_input_tokens"}),
        ({"reasoning_output_tokens": 201}, {"reasoning_output_tokens"}),
        ({"input_tokens": -1}, {"input_tokens"}),
        ({"output_tokens": 2**63}, {"output_tokens"}),
        ({"input_tokens": "12"}, {"input_tokens"}),
        ({"output_tokens": True}, {"output_tokens"}),
        ({"input_tokens": 12.0}, {"input_tokens"}),
    ],
)
def test_impossible_counts_become_null_and_are_named(row, attempt, refused, counts, gone):
    made = row(usage=msgspec.structs.replace(attempt().usage, **counts))
    assert refused() == gone
    assert all(getattr(made, name) is None for name in gone)


def test_a_part_may_be_as_large_as_its_whole(row, caplog):
    made = row(
        usage=Usage(
            input_tokens=10,
            output_tokens=5,
            cache_read_input_tokens=4,
            cache_creation_input_tokens=6,
            cache_creation_1h_input_tokens=6,
            reasoning_output_tokens=5,
        )
    )
    assert made.cache_creation_1h_input_tokens == 6
    assert not caplog.records


def test_parts_without_their_whole_stay(row, caplog):
    made = row(usage=Usage(cache_read_input_tokens=4, reasoning_output_tokens=5))
    assert (made.cache_read_input_tokens, made.reasoning_output_tokens) == (4, 5)
    assert not caplog.records


@pytest.mark.parametrize(
    ("changes", "gone", "left"),
    [
        ({"cost": Cost(amount=-0.1, source="local")}, "cost_amount", None),
        ({"cost": Cost(amount=math.nan, source="local")}, "cost_amount", None),
        ({"cost": Cost(amount=0.1, source="none")}, "cost_amount", None),
        ({"cost": Cost(amount=None, source="provider")}, "cost_amount", None),
        ({"outcome": "cached", "cost": Cost(amount=0.1, source="local")}, "cost_amount", 0.0),
        ({"duration": math.inf}, "duration_s", None),
        ({"duration": -1.0}, "duration_s", None),
        ({"first_chunk": "soon"}, "time_to_first_chunk_s", None),
        ({"started_at": math.nan}, "started_at", None),
        ({"started_at": 1e12}, "started_at", None),
        ({"http_status": 70_000}, "http_status", None),
        ({"number": 128}, "attempt", 0),
        ({"response_model": 5}, "response_model", None),
    ],
)
def test_an_impossible_value_becomes_null_and_is_named(row, refused, changes, gone, left):
    assert getattr(row(**changes), gone) == left
    assert refused() == {gone}


def test_a_cost_without_an_amount_has_no_source(row, refused):
    made = row(cost=Cost(amount=None, source="provider"))
    assert (made.cost_amount, made.cost_source) == (None, "none")
    assert refused() == {"cost_amount"}


def test_tokens_of_a_refused_call_are_dropped(row, refused):
    made = row(outcome="refused")
    assert (made.input_tokens, made.cost_amount) == (None, 0.0)
    assert refused() == {"tokens of a refused call", "cost_amount"}


def test_a_wrong_id_is_replaced(row, refused):
    made = row(call_id=b"short")
    assert len(made.event_id) == 16
    assert refused() == {"call_id"}


def test_a_probe_is_no_answer_and_says_so(row, request_):
    assert row(probe=True).tags == '{"team":"red","nbapimgr.probe":"true"}'
    assert row(probe=True, number=0).call_id == CALL
    assert not row(probe=True, outcome="ok").is_final
    assert row(outcome="ok").is_final


def test_what_was_adapted_is_in_the_tags(row, request_):
    said = '"nbapimgr.adapted":"temperature left out"'
    assert row(adapted="temperature left out").tags == f'{{"team":"red",{said}}}'
    both = row(adapted="temperature left out", probe=True).tags
    assert both == f'{{"team":"red","nbapimgr.probe":"true",{said}}}'
    assert row().tags == '{"team":"red"}'


@pytest.mark.parametrize("tags", [{"a": "x" * 2000}, {"a": object()}, {"a": "\ud800"}])
def test_tags_that_are_no_short_json_are_dropped(row, request_, refused, tags):
    request = msgspec.structs.replace(request_, origin=Origin(tags=tags))
    assert row(request).tags is None
    assert refused() == {"tags"}


def test_a_request_from_nowhere_has_no_origin(row):
    made = row(Request(messages=()))
    assert (made.tags, made.notebook, made.execution_count, made.route) == (None,) * 4


def test_words_are_bounded_and_have_a_utf8_form(row):
    made = row(
        response_model="m" * 5000,
        finish_reason="\ud800é",
        candidate=Candidate(provider=Provider(name="p", dialect="d", base_url="u"), model=""),
    )
    assert made.response_model == "m" * 1024
    assert made.finish_reason == "?é"
    assert made.request_model is None


def test_a_kernel_is_known_by_its_connection_file(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "/run/kernel-ab-12.json"])
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    here = Place.here("writer")
    assert (here.kernel_id, here.principal_id) == ("ab-12", "ada")
    assert here.host_id


def test_a_plain_process_is_known_by_its_writer(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["script.py"])
    monkeypatch.delenv("JUPYTERHUB_USER", raising=False)
    assert Place.here("writer")[::2] == ("writer", None)


CANARY = "sk-canary-Zq81"
SECRETS = st.builds(lambda a, b: f"{a}{CANARY}{b}", st.text(max_size=20), st.text(max_size=20))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SECRETS)
def test_no_prompt_no_answer_and_no_key_gets_into_a_row(row, request_, attempt, secret):
    request = msgspec.structs.replace(
        request_,
        messages=(Message(role="user", content=(Text(text=secret),)),),
        system=secret,
        schema={"title": secret},
        stop=(secret,),
        extra={"metadata": secret},
    )
    provider = Provider(
        name="p",
        dialect="d",
        base_url=f"https://host/{secret}",
        headers={"x": secret},
        options={"token": secret},
        env=(secret,),
    )
    failure = Failure(
        category="auth.invalid",
        scope="credential",
        retryable=False,
        message=secret,
        remedy=secret,
        evidence=secret,
        type=secret,
        code=secret,
        request_id=secret,
    )
    made = row(
        request,
        candidate=Candidate(provider=provider, model="m", credential="alias"),
        failure=failure,
        usage=Usage(input_tokens=1, output_tokens=1, raw={"echo": secret}),
        request_id=secret,
        response_id=secret,
    )
    assert CANARY.encode() not in msgspec.json.encode(made)
