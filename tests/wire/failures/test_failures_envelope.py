"""What is read of an envelope, and what is not: the user's own words."""

from __future__ import annotations

import msgspec
import pytest

from nbapimgr.wire.failures import classify, from_event
from nbapimgr.wire.failures._body import parse
from nbapimgr.wire.failures._envelope import MAX_MESSAGE, Envelope, clip, unquoted, word
from nbapimgr.wire.failures._rules import match, rule
from nbapimgr.wire.failures._shapes import envelope

NOW = 1_795_435_200.0


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("it doesn't matter", "it doesn't matter"),
        ("got 'my words'", "got ''"),
        ("got 'it doesn't stop' here", "got '' here"),
        ("the model's 'name' isn't known", "the model's '' isn't known"),
        ("got `a` and `b`", "got `` and ``"),
        ('got "a\nb"', 'got ""'),
        ("got “a” and ‘b’", "got ““ and ‘‘"),  # noqa: RUF001  # what providers send
        ("the provider’s way", "the provider’s way"),  # an apostrophe
        ("got 'never closed", "got ''"),
        ('got "never closed', 'got ""'),
        ("got `never closed", "got ``"),
        ("", ""),
    ],
)
def test_quoted_passages_are_emptied(text, left):
    assert unquoted(text) == left


def test_sentences_are_joined():
    assert unquoted("one", "", "two") == "one\ntwo"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (" a ", "a"),
        (429, "429"),
        ("", None),
        (None, None),
        (True, None),
        (1.5, None),
        ([], None),
        (10**12, None),
        ("x" * 300, "x" * 200),
    ],
)
def test_word(value, text):
    assert word(value) == text


def test_clip():
    assert clip("  a  ") == "a"
    assert clip(None) == clip(7) == ""
    assert len(clip("x" * 99_999)) == MAX_MESSAGE


def test_a_rule_needs_all_its_conditions():
    said = Envelope(status=400, words=frozenset({"a", "b", "xyz"}), said="some words")
    held = rule("r", "c", status=(400,), words="a q", every="a b", like="^xy", said="SOME")
    assert match(held, said) == "status 400, a, a, b, xyz, message"
    for broken in (
        {"status": (500,)},
        {"words": "q"},
        {"every": "a q"},
        {"like": "^q"},
        {"said": "other"},
    ):
        wanted = {"status": (400,), "words": "a", "every": "b", "like": "x", "said": "some"}
        assert match(rule("r", "c", **(wanted | broken)), said) is None


def test_a_status_nobody_named_fits_rules_that_ask_for_more():
    nothing = Envelope(words=frozenset({"a"}))
    assert match(rule("r", "c", status=(400,)), nothing) is None
    assert match(rule("r", "c", status=(400,), words="a"), nothing) == "a"
    assert match(rule("r", "c", status=(0,)), nothing) == ""
    assert match(rule("r", "c", status=(0,)), Envelope(status=400)) is None


def test_alternatives_of_a_sentence():
    held = rule("r", "c", said=("^one", "two$"))
    assert (
        match(held, Envelope(said="one more")) == match(held, Envelope(said="not two")) == "message"
    )
    assert match(held, Envelope(said="not one")) is None


@pytest.mark.parametrize(
    ("body", "message", "kind", "code"),
    [
        (b'{"error":{"message":"m","type":"t","code":"c"}}', "m", "t", "c"),
        (b'{"type":"error","error":{"type":"t","message":"m"}}', "m", "t", None),
        (
            b'[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]',
            "m",
            "RESOURCE_EXHAUSTED",
            "429",
        ),
        (b'[7, {"error":{"message":"m"}}]', "m", None, None),
        (b'{"id":"i","message":"m"}', "m", None, None),
        (b'{"message":"m","type":"t","param":null,"code":"c"}', "m", "t", "c"),
        (b'{"object":"error","message":"m","type":"t","code":"3505"}', "m", "t", "3505"),
        (b'{"detail":"m"}', "m", None, None),
        (b'{"detail":[{"msg":"m","loc":["body","x"],"input":"secret"}]}', "m", None, None),
        (b'{"detail":{"error":{"message":"m","code":"c"}}}', "m", None, "c"),
        (b'{"error":"m"}', "m", None, None),
        (b'{"code":"c c","error":"m"}', "m", None, "c c"),
        (b'{"type":"error","error":"m"}', "m", None, None),
        (b'{"error":"m m","error_type":"t"}', "m m", "t", None),
        (b'{"error":"invalid_grant","error_description":"m"}', "m", None, "invalid_grant"),
        (b'{"errors":[{"message":"m","code":7}]}', "m", None, "7"),
        (b'{"response":{"error":{"message":"m","code":"c"}}}', "m", None, "c"),
        (b'{"choices":[{"error":{"message":"m","code":502}}]}', "m", None, "502"),
        (b'{"delta":{"error":"m"}}', "m", None, None),
        (b'{"ThrottlingException":{"message":"m"}}', "m", "ThrottlingException", None),
        (b'{"__type":"a.b#T:u","message":"m"}', "m", "T", None),
        (b'{"title":"m","status":404}', "m", None, None),
        (b'"m"', "m", None, None),
        (b"  m \n", "m", None, None),
        (b'{"error":{}}', '{"error":{}}', None, None),
        (b"{}", "{}", None, None),
        (b"7", "7", None, None),
        (b'data: {"error":{"message":"m"}}\n\n', "m", None, None),
        (b': hello\nevent: error\ndata:{"error":{"message":"m"}}\n', "m", None, None),
    ],
)
def test_shapes(body, message, kind, code):
    found = parse(body, {}, 400)
    assert (found.message, found.type, found.code) == (message, kind, code)


def test_what_a_validation_error_quotes_is_nowhere():
    body = b'{"detail":[{"msg":"wrong","loc":["body","messages",0],"input":"the secret"}]}'
    found = parse(body, {}, 422)
    assert "secret" not in repr(found)
    assert found.detail == "messages.0: wrong"


def test_what_a_model_failed_to_generate_is_nowhere():
    body = b'{"error":{"message":"m","code":"tool_use_failed","failed_generation":"no_quota"}}'
    assert "no_quota" not in repr(parse(body, {}, 400))


def test_an_error_that_quotes_errors_without_end():
    inner = '{"error":{"message":"deepest","metadata":{"raw":"end"}}}'
    for _ in range(6):
        error = {"message": "m", "code": 500, "metadata": {"raw": inner}}
        inner = msgspec.json.encode({"error": error}).decode()
    found = parse(inner.encode(), {}, 500)
    depth = 0
    while found.upstream:
        found, depth = found.upstream, depth + 1
    assert depth == 2


def test_an_upstream_error_may_be_an_object():
    payload = {
        "error": {
            "message": "Provider returned error",
            "code": 400,
            "metadata": {"raw": {"error": {"code": "context_length_exceeded", "message": "m"}}},
        }
    }
    failure = from_event("openai-chat", payload, {}, now=NOW)
    assert (failure.category, failure.detail) == ("model.context_length", "m")


def test_an_upstream_sentence_without_a_name_and_without_a_sentence():
    said = {"error": {"message": "m", "metadata": {"raw": "why"}}}
    assert envelope(said, {}, 400).detail == "why"
    assert envelope({"error": {"message": "m", "metadata": {"raw": 7}}}, {}, 400).detail == ""


def test_the_vague_words_of_an_upstream_do_not_count():
    payload = {
        "error": {
            "message": "Provider returned error",
            "code": 429,
            "metadata": {"raw": '{"error":{"message":"whatever"}}'},
        }
    }
    failure = from_event("openai-chat", payload, {}, now=NOW)
    assert failure.evidence.startswith("openrouter.upstream_limit")


@pytest.mark.parametrize(
    "name",
    [
        "request-id",
        "x-request-id",
        "apim-request-id",
        "x-amzn-requestid",
        "mistral-correlation-id",
        "cf-ray",
    ],
)
def test_the_request_id_of_the_header(name):
    assert classify("openai-chat", 500, {name: "r1"}, b"{}", now=NOW).request_id == "r1"


def test_the_request_id_of_the_body_goes_first():
    body = b'{"error":{"message":"m"},"request_id":"r2"}'
    assert classify("openai-chat", 500, {"x-request-id": "r1"}, body, now=NOW).request_id == "r2"


def test_a_page_without_words():
    assert parse(b"<html></html>", {}, 502).detail == "a web page"


def test_a_page_is_told_by_its_bytes_and_not_by_its_content_type():
    body = b'{"error":{"message":"m","code":"insufficient_quota"}}'
    failure = classify("openai-chat", 429, {"content-type": "text/html"}, body, now=NOW)
    assert failure.category == "quota.exhausted"


def test_google_details_that_are_no_details():
    payload = {
        "error": {
            "status": "INTERNAL",
            "message": "m",
            "details": [7, {"violations": "x", "fieldViolations": 3}],
        }
    }
    assert from_event("gemini", payload, {}, now=NOW).evidence == "google.internal: internal"


def test_google_says_when_a_quota_resets():
    payload = {
        "error": {
            "code": 429,
            "status": "RESOURCE_EXHAUSTED",
            "message": "m",
            "details": [
                {
                    "reason": "RATE_LIMIT_EXCEEDED",
                    "metadata": {"quotaResetTimeStamp": "2026-11-23T12:01:00Z"},
                }
            ],
        }
    }
    assert from_event("gemini", payload, {}, now=NOW).retry_after == 60
