"""When to come back: every way of saying it, and all that is not it."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

import pytest

from nbapimgr.wire.failures import classify
from nbapimgr.wire.failures._moments import MAX_WAIT, documented, duration, moment, number, wait

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6ms", 0.006),
        ("172.799999ms", 0.172799999),
        ("8.64s", 8.64),
        ("1m30.2s", 90.2),
        ("1h7m0.928s", 4020.928),
        ("2m59s", 179),
        ("6h", 21600),
        ("1d", 86400),
        ("20 seconds", 20),
        ("1 minute", 60),
        ("2 Minutes 5 Seconds", 125),
        ("250 milliseconds", 0.25),
        ("3 hrs", 10800),
    ],
)
def test_duration(text, seconds):
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "5", "5 sheep", "5mm", "1s of love", "-5s", None, 5, "1s" * 40]
)
def test_no_duration(text):
    assert duration(text) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7),
        (" 7.5 ", 7.5),
        ("-3", -3),
        (7, 7),
        (7.5, 7.5),
        ("٣", None),
        ("7,5", None),
        ("1e3", None),
        ("nan", None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        (None, None),
        (10**400, None),
    ],
)
def test_number(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 23 Nov 2026 12:00:00 GMT",
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00",
        "2026-11-23T13:00:00+01:00",
        "1795435200",
        "1795435200000",
        1795435200,
    ],
)
def test_moment(text):
    assert moment(text) == NOON


@pytest.mark.parametrize(
    "text", ["12", "soon", "", None, [], "Mon, 99 Nov 2026 12:00:00 GMT", "0000-00-00"]
)
def test_no_moment(text):
    assert moment(text) is None


def test_wait_is_bounded():
    assert wait(str(MAX_WAIT), NOON) == MAX_WAIT
    assert wait(str(MAX_WAIT + 1), NOON) is None
    assert wait("-0.1", NOON) is None
    assert wait("2027-11-23T12:00:00Z", NOON) == 365 * 86400
    assert wait("2029-11-23T12:00:00Z", NOON) is None
    assert wait("2026-11-23T11:59:59Z", NOON) is None


@pytest.mark.parametrize(
    ("now", "reset", "ends"),
    [
        ("2026-11-23T12:00:00Z", "month_utc", "2026-12-01T00:00:00Z"),
        ("2026-12-31T23:59:00Z", "month_utc", "2027-01-01T00:00:00Z"),
        ("2028-01-31T00:00:00Z", "month_utc", "2028-02-01T00:00:00Z"),
        ("2026-11-23T12:00:00Z", "day_pacific", "2026-11-24T08:00:00Z"),
        ("2026-11-23T07:59:00Z", "day_pacific", "2026-11-23T08:00:00Z"),
        ("2026-07-01T12:00:00Z", "day_pacific", "2026-07-02T07:00:00Z"),
        ("2026-11-01T08:30:00Z", "day_pacific", "2026-11-02T08:00:00Z"),  # the clocks go back
    ],
)
def test_documented_resets(now, reset, ends):
    start = datetime.fromisoformat(now).timestamp()
    assert start + documented(reset, start) == datetime.fromisoformat(ends).timestamp()


def test_nothing_documented():
    assert documented("", NOON) is None


def test_a_machine_without_time_zones_waits_no_shorter(monkeypatch):
    def none(name):
        raise zoneinfo.ZoneInfoNotFoundError(name)

    summer = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()
    exact = documented("day_pacific", summer)
    monkeypatch.setattr(zoneinfo, "ZoneInfo", none)
    assert documented("day_pacific", summer) == exact + 3600


def limited(
    headers, body=b'{"error":{"message":"m","type":"tokens","code":"rate_limit_exceeded"}}'
):
    return classify("openai-chat", 429, headers, body, now=NOON).retry_after


def test_the_limit_that_is_used_up_counts_where_the_type_names_none():
    headers = {
        "x-ratelimit-remaining-requests": "5",
        "x-ratelimit-reset-requests": "9s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "4s",
    }
    assert limited(headers, b'{"error":{"message":"m"}}') == 4
    assert limited({**headers, "x-ratelimit-remaining-requests": "0"}, b"m") == 9


def test_no_limit_is_used_up():
    headers = {"x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "9s"}
    assert limited(headers, b"m") is None
    assert limited({"x-ratelimit-reset-requests": "9s"}, b"m") is None


def test_a_reset_nobody_can_read_is_none():
    assert limited({"x-ratelimit-reset-tokens": "later"}) is None


def test_a_reset_header_is_no_hint_for_what_is_no_limit():
    body = b'{"error":{"message":"m","type":"server_error"}}'
    failure = classify("openai-chat", 500, {"x-ratelimit-reset": "2"}, body, now=NOON)
    assert (failure.category, failure.retry_after) == ("service.error", None)


def test_a_date_header_that_is_nonsense_is_not_believed():
    headers = {"date": "yesterday", "retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}
    assert limited(headers) == 30


def test_a_sentence_with_a_date_that_is_none():
    body = b'{"error":{"message":"Resets at 2026-99-99","code":"rate_limit_exceeded"}}'
    assert limited({}, body) is None


def test_google_durations_that_are_none():
    body = (
        b'{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"m",'
        b'"details":[{"retryDelay":{"seconds":"x"}},{"retryDelay":{"seconds":4,"nanos":[]}}]}}'
    )
    assert classify("gemini", 429, {}, body, now=NOON).retry_after is None


def test_the_upstream_may_say_when():
    body = (
        b'{"error":{"code":429,"message":"Provider returned error","metadata":{"provider_name":"P",'
        b'"raw":"{\\"error\\":{\\"message\\":\\"Try again in 12s.\\"}}"}}}'
    )
    assert classify("openai-chat", 429, {}, body, now=NOON).retry_after == 12
