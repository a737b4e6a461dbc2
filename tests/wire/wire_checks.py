"""What must hold of one exchange: each check raises AssertionError where it does not.

How the recorded facts (`expect`) map to ours, where the records do not say it themselves:

* `finish_reason` is the provider's word: `Decoded.native_finish_reason`. Ours follows from it by
  `wire_truth.finish_reason`. OpenRouter's own `native_finish_reason` field is not compared.
* An answer without text, tool calls, reasoning or refusal is no success: `service.empty`, or
  `request.content_policy` where a content filter (or a blocked prompt) is the reason.
* A refusal, a content filter after some text, and a cut by length are answers whose finish reason
  says so; the engine decides what they are worth. Their `failure` is None.
* `tool_calls[].arguments` null means the provider's text was not a JSON object; an empty text is
  a tool without arguments and may be read as `{}`. A missing id may be "" or made up.
* `usage_raw` equals `Usage.raw`; normalised numbers are compared with `wire_truth.usage`.
* `error.code` may be a number there; ours is text. `google_status` is a type or a code.
* Deltas of a stream join to the text; a whole document may yield none, nor may the last event of
  a stream that lacks its closing blank line.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import pytest
import wire_corpus
import wire_truth

from nbapimgr.wire import dialect, failures


def excused(run, case, *, listed):
    """Run a check; for a listed exchange, which is right to differ, see that it still does."""
    if not listed:
        run(case)
        return
    try:
        run(case)
    except AssertionError:
        return
    pytest.fail(f"{case.id} no longer differs: take it out of differs.toml")


def whole_kinds(cases, listed):
    """The kinds of which more than one exchange is known, and every one is listed."""
    sizes = Counter((case.api, case.kind) for case in cases)
    gone = Counter((case.api, case.kind) for case in cases if case.id in listed)
    return [kind for kind, count in gone.items() if count == sizes[kind] and count > 1]


# --- answers -----------------------------------------------------------------------------------


class Outcome(msgspec.Struct, frozen=True):
    """What a decoder made of a body."""

    decoded: Any
    deltas: dict[str, str]
    settled: bool
    finished: bool


def decode(case: wire_corpus.Case, pieces: list[bytes]) -> Outcome:
    asked = case.expect["stream"]
    decoder = dialect(case.dialect).decoder(case.headers, stream=asked, now=case.moment)
    deltas = {"text": "", "reasoning": "", "tool": ""}
    for piece in pieces:
        for delta in decoder.feed(piece):
            deltas[delta.kind] += delta.text
    settled, finished = decoder.settled, decoder.finished
    return Outcome(decoder.end(), deltas, settled, finished)


def check_answer(case):
    outcome = decode(case, [case.body])
    decoded, expect = outcome.decoded, case.expect
    assert decoded.text == expect["text"]
    assert reasoning(decoded) == expect["reasoning_text"]
    assert decoded.model == (expect.get("model") or None)
    assert decoded.response_id == (expect.get("response_id") or None)
    assert decoded.refusal == (expect.get("refusal") or None)
    check_tool_calls(decoded, expect["tool_calls"])
    check_usage(decoded, case)
    check_deltas(outcome, case.body)
    if expect["type"] == "error_in_200":
        check_stream_error(decoded.failure, expect.get("stream_error"))
        return
    assert decoded.native_finish_reason == expect.get("finish_reason")
    check_success(decoded, case)
    if expect.get("done_marker") and expect["stream"]:  # one document ends with its bytes
        assert outcome.finished


def reasoning(decoded):
    return "".join(part.text for part in decoded.content if kind(part) == "reasoning")


def kind(part):
    return type(part).__struct_config__.tag


def check_tool_calls(decoded, expected):
    calls = [part for part in decoded.content if kind(part) == "tool_call"]
    assert [call.name for call in calls] == [want["name"] for want in expected]
    for call, want in zip(calls, expected, strict=True):
        if want["id"]:
            assert call.id == want["id"]
        if want["arguments_raw"] is not None:
            assert (call.raw_arguments or "") == want["arguments_raw"]
        if want["arguments"] is None and not want["arguments_raw"]:
            assert not call.arguments
        else:
            assert call.arguments == want["arguments"]


def check_usage(decoded, case):
    raw = case.expect.get("usage_raw")
    if raw is None:
        assert decoded.usage is None or decoded.usage.source == "none"
        return
    if case.dialect == "ollama":  # its counts lie among the other fields of the last object
        assert {name: decoded.usage.raw.get(name) for name in raw} == raw
    else:
        assert decoded.usage.raw == raw
    ours = {name: getattr(decoded.usage, name) for name in wire_truth.USAGE_FIELDS}
    assert ours == wire_truth.usage(case)
    assert decoded.usage.source == "provider"
    assert decoded.usage.cost == pytest.approx(wire_truth.cost(case))


def check_deltas(outcome, body):
    """An event that lacks its closing blank line is read at the end, when no delta can go out."""
    text, thought = outcome.deltas["text"], outcome.deltas["reasoning"]
    if b"data:" in body and not body.endswith((b"\n\n", b"\r\n\r\n")):
        assert outcome.decoded.text.startswith(text)
        assert reasoning(outcome.decoded).startswith(thought)
    elif text or thought:
        assert (text, thought) == (outcome.decoded.text, reasoning(outcome.decoded))


def check_success(decoded, case):
    expect = case.expect
    if expect["text"] or expect["tool_calls"] or expect["reasoning_text"] or expect.get("refusal"):
        assert decoded.failure is None
        assert decoded.finish_reason == wire_truth.finish_reason(case.api, expect)
    else:
        assert decoded.failure is not None
        filtered = case.kind.startswith("content_filter")
        wanted = "request.content_policy" if filtered else "service.empty"
        assert decoded.failure.category == wanted


def check_stream_error(failure, error):
    assert failure is not None
    assert failure.category in failures.CATEGORIES
    if isinstance(error, str):
        assert failure.message == error
    elif error:
        assert failure.message == error["message"]
        assert failure.type == (error.get("type") or None)
        if error.get("code") is not None:
            assert failure.code == str(error["code"])


def check_cuts(case):
    """However the bytes are cut, the outcome is the same."""
    whole = decode(case, [case.body])
    ways = wire_corpus.random_cuts(case.body, case.id)
    if lengths := case.response.get("chunk_lens"):
        ways.append(wire_corpus.cut(case.body, lengths))
    for pieces in ways:
        assert decode(case, pieces) == whole


# --- errors ------------------------------------------------------------------------------------


def check_error(case):
    expect, headers = case.expect["error"], case.headers
    status = case.response["status"]
    failure = failures.classify(case.dialect, status, headers, case.body, now=case.moment)
    assert failure.status == expect["status"]
    assert failure.category in failures.CATEGORIES
    assert failure.message.strip() == expect["message"].strip()
    if expect.get("type"):
        assert failure.type == expect["type"]
    if expect.get("code") is not None:
        assert failure.code == str(expect["code"])
    if isinstance(expect.get("google_status"), str):
        assert expect["google_status"] in {failure.type, failure.code}
    if "request_id" in expect:
        assert failure.request_id == expect["request_id"]
    elif "request_id_header" in expect:
        assert failure.request_id == headers[expect["request_id_header"]]
    check_retry(failure, expect["retry"], case)


def check_retry(failure, retry, case):
    waits = wire_truth.waits(retry, case.moment)
    if any(waits):
        assert failure.retry_after == pytest.approx(max(waits), rel=0.05)
        # A day's quota is back at midnight, however soon the provider says to ask again.
        assert failure.retry_at >= case.moment + failure.retry_after - 1e-3
    elif not any("ratelimit" in name for name in case.headers):
        spent = failure.category in {"quota.exhausted", "rate_limit.daily"}
        assert spent or not failure.retry_after  # a quota "per month" has an end, too
    if retry.get("x-should-retry") == "false":
        assert not failure.retryable


# --- the other functions -----------------------------------------------------------------------


def check_models(case):
    models, following = dialect(case.dialect).read_models(case.body)
    wanted = [(name or "").removeprefix("models/") for name in case.expect["ids"]]
    assert [model.id for model in models] == wanted
    assert following == (case.expect.get("next_page"))


def check_embeddings(case):
    embedded = dialect(case.dialect).read_embeddings(case.body)
    expect = case.expect
    assert embedded.failure is None
    assert len(embedded.vectors) == expect["count"]
    if expect["dimensions"] is not None:
        assert {len(vector) for vector in embedded.vectors} == {expect["dimensions"]}
    else:
        assert all(isinstance(vector, str) for vector in embedded.vectors)
    assert embedded.model == (expect.get("model") or None)
    if tokens := expect["usage"].get("input_tokens"):
        assert embedded.usage.input_tokens == tokens


def check_token_count(case):
    assert dialect(case.dialect).read_token_count(case.body) == case.expect["input_tokens"]


# --- requests ----------------------------------------------------------------------------------


def check_request(case):
    reader = wire_corpus.reader(case.dialect)
    url, body = case.request["url"], case.request["body"]
    try:
        request, model, stream = reader.read_request(url, body)
    except wire_corpus.Unreadable as why:
        pytest.skip(str(why))
    spoken = dialect(case.dialect)
    call = spoken.build(request, reader.provider(case), model, stream=stream)
    sent = msgspec.json.decode(call.body)
    assert reader.read_request(call.url, sent) == (request, model, stream)
    assert call.method == case.request["method"]
    assert same_place(call.url, url)
    assert set(sent) - set(body) <= reader.MAY_ADD
    assert call.headers.get("content-type") == "application/json"


def same_place(ours, recorded):
    ours, recorded = urlsplit(ours), urlsplit(recorded)
    return (
        ours.netloc == recorded.netloc
        and unquote(ours.path) == unquote(recorded.path)
        and asked(ours.query) == asked(recorded.query)
    )


def asked(query):
    """What a query string asks, without the key and how the stream is framed."""
    return sorted(pair for pair in parse_qsl(query) if pair[0] not in {"key", "alt"})
