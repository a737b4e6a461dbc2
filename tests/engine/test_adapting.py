"""A parameter that a model refuses is left out or renamed, and that is said."""

from __future__ import annotations

import msgspec
import pytest
from faultserver import error, streamed

from nbapimgr.engine._adapting import Adapting
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Candidate, Failure, Provider, Request, Tool, user

ALL = Request(
    messages=(user("hi"),),
    temperature=0.2,
    top_p=0.9,
    seed=7,
    stop=("END",),
    reasoning="low",
    max_tokens=50,
    schema={"type": "object"},
    tools=(Tool(name="f"),),
)
FREE = {"temperature": None, "top_p": None, "seed": None, "stop": (), "reasoning": None}
"""What a request says that sets nothing."""


def candidate(dialect="openai-chat", **fields):
    usual = {"name": "a", "base_url": "http://h"}
    return Candidate(provider=Provider(dialect=dialect, **{**usual, **fields}), model="m")


def failure(message, category="request.bad", **fields):
    return Failure(category=category, scope="model", retryable=False, message=message, **fields)


def adapted(message, request=ALL, who=None, **fields):
    """The request after one refusal, and what is said; None where it stays as it was."""
    adapting, who = Adapting(), who or candidate()
    if not adapting.learn(request, failure(message, **fields), who):
        assert adapting.fit(request, who) == (request, "")
        return None
    return adapting.fit(request, who)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Unsupported parameter: 'stop' is not supported with this model.", "stop"),
        (("Unsupported value: 'temperature' does not support 0.2 with this model. Only the default"
         " (1) value is supported."), "temperature"),
        ("OpenAI: Unsupported parameter: 'temperature' is not supported with reasoning models.",
         "temperature"),
        ("`temperature` is deprecated for this model.", "temperature"),
        (("`temperature` may only be set to 1 when thinking is enabled. Please consult our docs at"
         " https://docs.example/build/extended-thinking#messages"), "temperature"),
        ("`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
         "top_p"),
        ("Unsupported parameter: 'reasoning.effort' is not supported with this model.",
         "reasoning"),
        ("Model grok-ours does not support parameter reasoningEffort.", "reasoning"),
        ("Argument not supported on this model: stop", "stop"),
        ('"ours" does not support thinking', "reasoning"),
        ("Thinking level is not supported for this model.", "reasoning"),
        ("This model does not support effort level 'xhigh'. Supported levels: high, low.",
         "reasoning"),
        ("This model doesn't support the stopSequences field. Remove it and try again.", "stop"),
        ("Unrecognized request argument supplied: seed", "seed"),
        ("body.random_seed: Extra inputs are not permitted", "seed"),
        ('Unknown name "topP": cannot find field.', "top_p"),
    ],
)  # fmt: skip
def test_the_parameter_that_is_refused_is_left_out(message, field):
    request, said = adapted(message)
    assert request == msgspec.structs.replace(ALL, **{field: FREE[field]})
    assert said == f"{field} left out"
    assert adapted("", detail=message) == (request, said)
    assert adapted(message, msgspec.structs.replace(ALL, **FREE)) is None


@pytest.mark.parametrize(
    "message",
    [
        "temperature: range: 0..1",
        (
            "Unable to submit request because it has a temperature value of 1000 but the supported"
            " range is from 0 to 2."
        ),
        "Thinking mode does not support this tool_choice",
        "tools is not supported in this model. Set temperature instead.",
        "'response_format' of type json_schema is not supported with reasoning models",
        "Unsupported: response schema with temperature",
        "image input is not supported with temperature",
        "logprobs are not supported with reasoning models.",
        "This model does not support assistant message prefill with thinking.",
        "max_tokens is not supported",
        "Unsupported parameter: 'frequency_penalty' is not supported with this model.",
        "Unsupported parameter: 'nonstop' is not supported",
        "",
    ],
)
def test_nothing_else_is_touched(message):
    assert adapted(message) is None


def test_only_a_bad_request_is_adapted():
    said = "Unsupported parameter: 'seed' is not supported"
    assert adapted(said, category="service.error") is None


@pytest.mark.parametrize(
    ("message", "name", "said"),
    [
        (("Unsupported parameter: 'max_tokens' is not supported with this model. Use"
         " 'max_completion_tokens' instead."),
         "max_completion_tokens", "max_tokens sent as max_completion_tokens"),
        ("Unrecognized request argument supplied: max_completion_tokens",
         "max_tokens", "max_completion_tokens sent as max_tokens"),
        ("max_completion_tokens is not supported, use max_tokens",
         "max_tokens", "max_completion_tokens sent as max_tokens"),
    ],
)  # fmt: skip
def test_the_bound_of_an_answer_is_renamed_and_never_dropped(message, name, said):
    request, words = adapted(message)
    assert (request.max_tokens, request.extra) == (None, {name: 50})
    assert words == said
    assert adapted(message, msgspec.structs.replace(ALL, max_tokens=None)) is None
    assert adapted(message, who=candidate("gemini")) is None


def test_what_the_user_sent_under_the_other_name_stays():
    request = msgspec.structs.replace(ALL, extra={"max_completion_tokens": 9})
    message = "Unsupported parameter: 'max_tokens' …. Use 'max_completion_tokens' instead."
    assert adapted(message, request)[0].extra == {"max_completion_tokens": 9}


def test_refusals_add_up_and_each_is_met_once():
    adapting, who = Adapting(), candidate()
    for field in ("seed", "temperature"):
        message = f"Unsupported parameter: '{field}' is not supported."
        assert adapting.learn(adapting.fit(ALL, who)[0], failure(message), who)
        assert not adapting.learn(adapting.fit(ALL, who)[0], failure(message), who)
    assert adapting.learn(ALL, failure(message), who)  # a call that was on its way meanwhile
    assert adapting.fit(ALL, who)[1] == "seed left out, temperature left out"


def test_it_holds_for_that_model_at_that_address():
    adapting = Adapting()
    adapting.learn(ALL, failure("'seed' is not supported"), candidate())
    assert adapting.fit(ALL, candidate(base_url="http://other")) == (ALL, "")
    other = msgspec.structs.replace(candidate(), model="n")
    assert adapting.fit(ALL, other) == (ALL, "")


# --- in a call ------------------------------------------------------------------------------------

REFUSED = error(
    400,
    "Unsupported value: 'temperature' does not support 0.2 with this model.",
    code="unsupported_value",
    type="invalid_request_error",
)


def test_the_same_candidate_is_asked_again_at_once_without_it(engine, server, other, ask, at):
    server.script(REFUSED, streamed("Hello"))
    one = ask(engine, at(server), at(other, "two", 2), temperature=0.2, top_p=0.5)
    reply = one.reply()
    assert (reply.text, reply.provider) == ("Hello", "one")
    first, second = (seen.json for seen in server.seen)
    assert first["temperature"] == 0.2
    assert second == {name: value for name, value in first.items() if name != "temperature"}
    assert [a.adapted for a in one.accounted] == ["", "temperature left out"]
    assert reply.adapted == "temperature left out"
    assert one.accounted[1].waited == 0
    assert other.seen == []


def test_the_next_call_does_not_meet_the_refusal(engine, server, ask, at):
    server.script(REFUSED, streamed("ok"))
    ask(engine, at(server), temperature=0.2).reply()
    again = ask(engine, at(server), temperature=0.2)
    assert again.reply().adapted == "temperature left out"
    assert len(again.accounted) == 1
    plain = ask(engine, at(server))
    assert plain.reply().adapted == ""


def test_other_candidates_are_asked_as_the_user_said(engine, server, other, ask, at):
    server.script(REFUSED, error(500), error(500))
    one = ask(engine, at(server), at(other, "two", 2), temperature=0.2)
    assert one.reply().provider == "two"
    assert other.seen[0].json["temperature"] == 0.2
    assert one.accounted[-1].adapted == ""


def test_a_refusal_of_what_was_not_asked_is_not_met_for_ever(engine, server, ask, at):
    server.script(REFUSED, REFUSED)
    one = ask(engine, at(server), temperature=0.2)
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert len(server.seen) == 2


def test_a_call_whose_time_is_over_is_not_put_again(engine, server, ask, at, monkeypatch):
    server.script(REFUSED, streamed("ok"))
    monkeypatch.setattr("nbapimgr.engine._call.Call._left", lambda _: 0.0)
    with pytest.raises(AllProvidersFailed):
        ask(engine, at(server), temperature=0.2, timeout=30).reply()
    assert len(server.seen) == 1
