"""The next page of a list of models."""

from __future__ import annotations

import pytest

from nbapimgr.models import Provider
from nbapimgr.wire import HttpCall, dialect
from nbapimgr.wire._pages import next_page


@pytest.mark.parametrize(
    ("name", "base", "asked"),
    [
        ("anthropic", "https://a.example/v1", "/v1/models?limit=1000&after_id=t%2F1"),
        ("gemini", "https://g.example/v1beta", "/v1beta/models?pageSize=1000&pageToken=t%2F1"),
        ("cohere", "https://c.example", "/v1/models?page_size=1000&page_token=t%2F1"),
        (
            "anthropic",
            "https://aiplatform.googleapis.com/v1",
            "/v1beta1/publishers/anthropic/models?pageSize=100&pageToken=t%2F1",
        ),
        (
            "gemini",
            "https://aiplatform.googleapis.com/v1",
            "/v1beta1/publishers/google/models?pageSize=100&pageToken=t%2F1",
        ),
    ],
)
def test_it_is_the_same_call_with_the_token(name, base, asked):
    options = {"project": "p"} if "aiplatform" in base else {}
    provider = Provider(
        name="p", dialect=name, base_url=base, options=options, headers={"x-team": "a"}
    )
    first = dialect(name).models_call(provider)
    second = next_page(name, first, "t/1")
    assert second.url.endswith(asked)
    assert (second.method, second.headers) == (first.method, first.headers)


def test_the_third_page_has_one_token():
    first = HttpCall(method="GET", url="https://c.example/v1/models")
    third = next_page("cohere", next_page("cohere", first, "a"), "b")
    assert third.url == "https://c.example/v1/models?page_token=b"
