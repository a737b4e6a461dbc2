"""The conformance checks themselves: each passes on the truth and fails on anything else."""

from __future__ import annotations

import copy
import json

import pytest
import wire_checks
import wire_truth
from wire_corpus import Case, cut, random_cuts
from wire_samples import SAMPLES, TEXT

CHAT = next(sample for sample in SAMPLES if sample.name == "chat")
TOOL = next(sample for sample in SAMPLES if sample.name == "chat-tool")
URL = "https://api.openai.com/v1/chat/completions"


def case(api, expect, body, *, status=200, headers=None, request=None, kind="plain"):
    response = {"status": status, "headers": headers or {}, "body": body.decode()}
    return Case(
        id="a-1",
        provider="openai",
        api=api,
        kind=kind,
        tags=[],
        request={"method": "POST", "url": URL, "headers": {}, "body": request},
        response={**response, "body_encoding": "utf-8"},
        expect=expect,
    )


USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
ANSWER = {
    "type": "success",
    "stream": True,
    "text": TEXT,
    "reasoning_text": "",
    "finish_reason": "stop",
    "model": "m-1",
    "response_id": "c1",
    "tool_calls": [],
    "usage_raw": USAGE,
    "done_marker": True,
}
CALL = {"id": "t1", "name": "add", "arguments_raw": '{"a":2}', "arguments": {"a": 2}}


def test_a_true_answer_passes():
    wire_checks.check_answer(case("openai.chat", ANSWER, CHAT.body))
    wire_checks.check_cuts(case("openai.chat", ANSWER, CHAT.body))


@pytest.mark.parametrize(
    "lie",
    [
        {"text": "Ein Tropfen"},
        {"text": ""},
        {"reasoning_text": "hm"},
        {"finish_reason": "length"},
        {"model": "m-2"},
        {"response_id": None},
        {"refusal": "no"},
        {"tool_calls": [CALL]},
        {"usage_raw": {**USAGE, "total_tokens": 13}},
        {"usage_raw": None},
        {"type": "error_in_200"},
    ],
    ids=str,
)
def test_a_false_answer_fails(lie):
    with pytest.raises(AssertionError):
        wire_checks.check_answer(case("openai.chat", {**ANSWER, **lie}, CHAT.body))


def test_an_end_mark_is_expected_where_it_was_seen():
    body = CHAT.body.replace(b"data: [DONE]\n\n", b"")
    wire_checks.check_answer(case("openai.chat", {**ANSWER, "done_marker": False}, body))
    with pytest.raises(AssertionError):
        wire_checks.check_answer(case("openai.chat", ANSWER, body))


@pytest.mark.parametrize(
    "lie",
    [
        {"id": "t2"},
        {"name": "sub"},
        {"arguments_raw": '{"a": 2}'},
        {"arguments": {"a": 3}},
        {"arguments": None},
    ],
    ids=str,
)
def test_a_false_tool_call_fails(lie):
    expect = {**ANSWER, "text": "", "finish_reason": "tool_calls", "tool_calls": [CALL]}
    wire_checks.check_answer(case("openai.chat", expect, TOOL.body))
    expect = {**expect, "tool_calls": [{**CALL, **lie}]}
    with pytest.raises(AssertionError):
        wire_checks.check_answer(case("openai.chat", expect, TOOL.body))


def test_a_success_without_anything_must_be_a_failure():
    empty = {**ANSWER, "text": "", "usage_raw": None, "model": None, "response_id": None}
    empty |= {"done_marker": False}
    body = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    wire_checks.check_answer(case("openai.chat", empty, body))
    with pytest.raises(AssertionError):
        wire_checks.check_answer(case("openai.chat", empty, body, kind="content_filter"))


ERROR_IN_STREAM = {
    **ANSWER,
    "type": "error_in_200",
    "text": "",
    "usage_raw": None,
    "model": None,
    "response_id": None,
    "stream_error": {"message": "Overloaded", "type": "server_error", "code": 503},
}


@pytest.mark.parametrize("lie", [{}, {"message": "?"}, {"type": "other"}, {"code": 500}], ids=str)
def test_an_error_in_a_stream(lie):
    body = b'data: {"error":{"message":"Overloaded","type":"server_error","code":503}}\n\n'
    expect = copy.deepcopy(ERROR_IN_STREAM)
    expect["stream_error"] |= lie
    if not lie:
        wire_checks.check_answer(case("openai.chat", expect, body))
        return
    with pytest.raises(AssertionError):
        wire_checks.check_answer(case("openai.chat", expect, body))


ERROR = {
    "status": 429,
    "type": "requests",
    "code": "rate_limit_exceeded",
    "message": "Rate limit reached",
    "request_id_header": "x-request-id",
    "retry": {"retry-after": "7"},
}


@pytest.mark.parametrize(
    "lie",
    [
        {},
        {"status": 430},
        {"type": "tokens"},
        {"code": "other"},
        {"message": "Rate limit"},
        {"request_id": "req_2"},
        {"retry": {"retry-after": "8"}},
        {"retry": {"x-should-retry": "false", "retry-after": "7"}},
    ],
    ids=str,
)
def test_an_error(lie):
    fields = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
    headers = {"X-Request-Id": "req_1", "Retry-After": "7"}
    expect = {"type": "error", "error": {**ERROR, **lie}}
    body = json.dumps({"error": fields}).encode()
    one = case("openai.chat", expect, body, status=429, headers=headers)
    if not lie:
        wire_checks.check_error(one)
        return
    with pytest.raises(AssertionError):
        wire_checks.check_error(one)


def test_model_lists():
    body = b'{"data":[{"id":"a"},{"id":"b"}]}'
    truth = {"type": "models", "ids": ["a", "b"], "next_page": None}
    wire_checks.check_models(case("openai.models", truth, body))
    for lie in ({"ids": ["a"]}, {"next_page": "b"}):
        with pytest.raises(AssertionError):
            wire_checks.check_models(case("openai.models", {**truth, **lie}, body))


def test_embeddings():
    body = b'{"data":[{"embedding":[1.5,2]}],"model":"m","usage":{"prompt_tokens":3}}'
    truth = {"type": "embeddings", "count": 1, "dimensions": 2, "model": "m"}
    truth |= {"usage": {"input_tokens": 3}}
    wire_checks.check_embeddings(case("openai.embeddings", truth, body))
    for lie in (
        {"count": 2},
        {"dimensions": 3},
        {"dimensions": None},
        {"model": "n"},
        {"usage": {"input_tokens": 4}},
    ):
        with pytest.raises(AssertionError):
            wire_checks.check_embeddings(case("openai.embeddings", {**truth, **lie}, body))


def test_token_counts():
    body = b'{"input_tokens": 11}'
    for count in (11, 12):
        one = case("anthropic.count_tokens", {"input_tokens": count}, body)
        if count == 11:
            wire_checks.check_token_count(one)
        else:
            with pytest.raises(AssertionError):
                wire_checks.check_token_count(one)


def test_requests(monkeypatch):
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5}
    one = case("openai.chat", {"type": "success"}, b"", request=body)
    wire_checks.check_request(one)
    spoken = wire_checks.dialect("openai-chat")
    build = spoken.build

    def altered(request, provider, model, *, stream):
        return build(request, provider, "other", stream=stream)

    monkeypatch.setattr(spoken, "build", altered)
    with pytest.raises(AssertionError):
        wire_checks.check_request(one)


def test_a_request_with_a_field_nobody_set_fails(monkeypatch):
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    one = case("openai.chat", {"type": "success"}, b"", request=body)
    reader = wire_checks.wire_corpus.reader("openai-chat")
    read = reader.read_request
    spoken = wire_checks.dialect("openai-chat")
    build = spoken.build

    def with_a_seed(request, provider, model, *, stream):
        return build(
            type(request)(messages=request.messages, seed=1), provider, model, stream=stream
        )

    def blind(url, body):
        return read(url, {name: value for name, value in body.items() if name != "seed"})

    monkeypatch.setattr(spoken, "build", with_a_seed)
    monkeypatch.setattr(reader, "read_request", blind)
    with pytest.raises(AssertionError):
        wire_checks.check_request(one)


def test_a_request_to_another_place_fails():
    assert wire_checks.same_place("https://a/v1/x?b=1", "https://a/v1/x?key=k&b=1")
    for other in ("https://b/v1/x?b=1", "https://a/v2/x?b=1", "https://a/v1/x?b=2"):
        assert not wire_checks.same_place(other, "https://a/v1/x?b=1")


# --- the list of those that differ -------------------------------------------------------------


def fails(one):
    raise AssertionError(one.id)


def test_an_exchange_that_is_not_listed_is_checked():
    one = case("openai.chat", {}, b"")
    with pytest.raises(AssertionError, match="a-1"):
        wire_checks.excused(fails, one, listed=False)


def test_a_listed_exchange_must_differ():
    one = case("openai.chat", {}, b"")
    wire_checks.excused(fails, one, listed=True)
    with pytest.raises(pytest.fail.Exception, match="no longer differs"):
        wire_checks.excused(str, one, listed=True)


def test_an_error_in_a_check_is_no_difference():
    def breaks(one):
        raise KeyError(one.id)

    with pytest.raises(KeyError):
        wire_checks.excused(breaks, case("openai.chat", {}, b""), listed=True)


def test_a_whole_kind_is_found():
    pair = [Case(f"i{n}", "p", "openai.chat", "plain", [], {}, {}, {}) for n in range(2)]
    assert wire_checks.whole_kinds(pair, {"i0"}) == []
    assert wire_checks.whole_kinds(pair, {"i0", "i1"}) == [("openai.chat", "plain")]
    assert wire_checks.whole_kinds(pair[:1], {"i0"}) == []


# --- what the checks stand on ------------------------------------------------------------------


def test_pieces_are_the_whole():
    data = bytes(range(256)) * 40
    assert b"".join(cut(data, [3, 5])) == data
    assert cut(b"abc", [1, 2]) == [b"a", b"bc"]
    for way in random_cuts(data, "seed"):
        assert b"".join(way) == data
        assert len(way) > 1
    assert random_cuts(data, "seed") == random_cuts(data, "seed")


def test_durations_in_words():
    assert wire_truth.seconds("48.5s") == 48.5
    assert wire_truth.seconds("60 s") == 60
    assert wire_truth.seconds("1m30s") == 90
    assert wire_truth.seconds("250ms") == 0.25


def test_hints_are_told_from_where_they_stood():
    hints = {
        "retry-after-ms": "660",
        "body.metadata.headers.X-RateLimit-Reset": "2000",
        "x-should-retry": "true",
        "retry-after": "3",
    }
    assert wire_truth.waits(hints, 1.0) == [0.66, 1.0, 3.0]
