"""Whatever bytes come, a `Failure` comes out: bounded, whole, and never an exception."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbapimgr.models import Failure
from nbapimgr.wire._limits import MAX_DEPTH, MAX_ERROR_BODY
from nbapimgr.wire.failures import CATEGORIES, classify, from_event
from nbapimgr.wire.failures._envelope import MAX_MESSAGE, MAX_TEXT
from nbapimgr.wire.failures._moments import MAX_WAIT
from nbapimgr.wire.failures._tables import DIALECTS

NOW = 1_795_435_200.0
NAMES_OF_KEYS = (
    "error message type code status detail details metadata raw msg loc param reason violations"
    " quotaId retryDelay seconds nanos @type innererror errors choices response delta headers"
    " x-ratelimit-reset resets_at provider_name is_byok request_id id object __type retry_after"
    " throttlingException error_description fieldViolations field description Message title"
)
KEYS = st.sampled_from(NAMES_OF_KEYS.split())
WORDS = st.sampled_from(
    [
        "error",
        "rate_limit_exceeded",
        "RESOURCE_EXHAUSTED",
        "Please try again in 20s",
        "{",
        "[",
        "'",
        "`",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)
NAMES_OF_HEADERS = (
    "retry-after retry-after-ms x-ms-retry-after-ms x-should-retry date x-ratelimit-reset"
    " x-ratelimit-reset-tokens x-ratelimit-remaining-tokens anthropic-ratelimit-tokens-reset"
    " x-amzn-errortype request-id :exception-type :error-code :error-message"
)
HEADERS = st.dictionaries(
    st.sampled_from(NAMES_OF_HEADERS.split()),
    st.text(max_size=40)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.sampled_from(["1m30s", "Mon, 23 Nov 2026 12:00:30 GMT", "2026-11-23T12:00:30Z", "0"]),
    max_size=5,
)
NAMES = st.sampled_from([*DIALECTS, "unheard-of"])


def assert_whole(failure):
    assert isinstance(failure, Failure)
    assert failure.category in CATEGORIES
    assert len(failure.message) <= MAX_MESSAGE
    assert failure.message == failure.message.strip()
    assert failure.evidence
    assert failure.retry_after is None or 0 <= failure.retry_after <= MAX_WAIT
    assert failure.retry_at is None or failure.retry_at >= NOW
    assert msgspec.json.decode(msgspec.json.encode(failure), type=Failure) == failure


@given(NAMES, st.integers(100, 999), HEADERS, st.binary(max_size=200))
@settings(max_examples=300)
def test_any_bytes(dialect, status, headers, body):
    assert_whole(classify(dialect, status, headers, body, now=NOW))


@given(NAMES, st.integers(100, 999), HEADERS, JSON)
@settings(max_examples=500)
def test_any_json(dialect, status, headers, value):
    try:
        body = msgspec.json.encode(value)
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError, ValueError):
        body = repr(value).encode("utf-8", "replace")
    assert_whole(classify(dialect, status, headers, body, now=NOW))


@given(NAMES, HEADERS, JSON)
@settings(max_examples=500)
def test_any_event(dialect, headers, payload):
    failure = from_event(dialect, payload, headers, now=NOW)
    assert failure.category in CATEGORIES
    assert len(failure.message) <= MAX_MESSAGE


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 2**20,
        b'{"error":' * 1000 + b"1" + b"}" * 1000,
        b'{"error":{"message":"' + b"maximum context length is " * 10**5 + b'"}}',
        b'{"error":{"message":"' + b"'`" * 10**5 + b'"}}',
        b'{"error":{"message":"' + b"wait 1 " * 10**5 + b'"}}',
        b'{"error":{"details":[' + b'{"reason":"x"},' * 10**4 + b"{}]}}",
        b'{"detail":[' + b'{"msg":"x","loc":["a"]},' * 10**4 + b"{}]}",
        b"data: {\n" * 10**5,
        b"<html>" + b"<title" * 10**5,
        b"<!--" * 10**5,
        b" " * 2**20,
        b"\xff\xfe" * 2**19,
        b"x" * (MAX_ERROR_BODY + 10),
    ],
    ids=range(13),
)
def test_large_bodies(body):
    failure = classify("openai-chat", 400, {}, body, now=NOW)
    assert_whole(failure)
    assert len(failure.message) <= max(MAX_TEXT, MAX_MESSAGE)


def test_json_deeper_than_allowed_is_plain_text():
    body = b'{"error":{"code":"insufficient_quota","message":"m","x":' + b"[" * MAX_DEPTH
    body += b"]" * MAX_DEPTH + b"}}"
    failure = classify("openai-chat", 429, {}, body, now=NOW)
    assert failure.code is None
    assert failure.category == "rate_limit.short"


def test_what_lies_beyond_the_limit_is_not_read():
    head = b'{"error":{"code":"insufficient_quota","message":"' + b"x" * MAX_ERROR_BODY
    failure = classify("openai-chat", 429, {}, head + b'"}}', now=NOW)
    assert failure.category == "rate_limit.short"
    assert len(failure.message) == MAX_TEXT


def test_numbers_nobody_can_print():
    huge = 10**5000
    error = {"code": huge, "message": "m", "status": -huge, "detail": [{"loc": [huge], "msg": "m"}]}
    assert from_event("openai-chat", {"error": error}, {}, now=NOW).code is None


def test_words_for_people_are_bounded_too():
    fields = [{"loc": ["x" * 9000], "msg": "y" * 9000}] * 3
    body = msgspec.json.encode({"detail": fields})
    failure = classify("openai-chat", 422, {}, body, now=NOW)
    assert MAX_TEXT < len(failure.detail) <= MAX_MESSAGE


def test_a_header_of_64_kib():
    headers = {"retry-after": "9" * 65536, "x-ratelimit-reset": " " * 65536, "date": "x" * 65536}
    assert classify("openai-chat", 429, headers, b"", now=NOW).retry_after is None
