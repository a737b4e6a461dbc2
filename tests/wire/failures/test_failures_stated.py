"""What a model says of itself when it refuses."""

from __future__ import annotations

import pytest

from nbapimgr.models import Failure
from nbapimgr.wire.failures import Stated, classify, stated, unable


def failure(message, category="model.context_length", scope="request", detail=""):
    return Failure(category=category, scope=scope, retryable=False, message=message, detail=detail)


@pytest.mark.parametrize(
    ("message", "window", "asked"),
    [
        (
            (
                "This model's maximum context length is 128000 tokens. However, your messages"
                " resulted in 150123 tokens."
            ),
            128_000,
            150_123,
        ),
        (
            (
                "This model's maximum context length is 1048565 tokens. However, you requested"
                " 1250025 tokens (1250025 in the messages, 0 in the completion)."
            ),
            1_048_565,
            1_250_025,
        ),
        ("prompt is too long: 215000 tokens > 200000 maximum", 200_000, 215_000),
        (
            (
                "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000,"
                " decrease input length or `max_tokens` and try again"
            ),
            200_000,
            None,
        ),
        (
            (
                "request (2009 tokens) exceeds the available context size (512 tokens), try"
                " increasing it"
            ),
            512,
            2009,
        ),
        (
            (
                "The input token count (1250074) exceeds the maximum number of tokens allowed"
                " (1048576)."
            ),
            1_048_576,
            1_250_074,
        ),
        (
            (
                "Prompt contains 65673 tokens and 0 draft tokens, too large for model with 32768"
                " maximum context length"
            ),
            32_768,
            65_673,
        ),
        ("Invalid request: Your request exceeded model token limit: 262144", 262_144, None),
        (
            (
                "Please reduce the length of the messages or completion. Current length is 9000"
                " while limit is 8192"
            ),
            8192,
            9000,
        ),
        (
            (
                "too many tokens: total number of tokens in the prompt cannot exceed 4081 -"
                " received 4292."
            ),
            4081,
            4292,
        ),
        ("maximum context length is 32,768 tokens", 32_768, None),
        ("prompt too long; exceeded max context length by 1119046 tokens", None, None),
        ("Your input exceeds the context window of this model.", None, None),
        ("model token limit: 12", None, None),
        ("model token limit: 9999999999", None, None),
        ("1" * 4000 + " tokens >", None, None),
    ],
)
def test_a_window_that_is_stated_is_read(message, window, asked):
    assert stated(failure(message)) == Stated(window, asked)
    assert stated(failure("", detail=message)) == Stated(window, asked)


def test_a_number_counts_only_where_the_window_was_the_matter():
    assert stated(failure("limit is 8192", category="rate_limit.short")) == Stated()


@pytest.mark.parametrize(
    ("message", "lacks"),
    [
        ("Image input is not enabled for this model", "images"),
        ("this model does not support image_url content", "images"),
        ("Multimodal is not enabled for your organization and model", "images"),
        ("ours does not support tools", "tools"),
        ("Function calling is not supported by this model", "tools"),
        ("'response_format' of type json_schema is not supported with this model", "schema"),
        ("structured outputs are not supported by this model", "schema"),
        ("tool_choice required is not supported by this model", None),
        ("temperature is not supported with this model", None),
    ],
)
def test_what_a_model_cannot_take_is_read(message, lacks):
    assert unable(failure(message, category="request.bad", scope="model")) == lacks
    assert unable(failure(message, category="request.bad", scope="request")) is None
    assert unable(failure(message, category="service.error", scope="model")) is None


def test_it_is_read_from_what_the_classifier_makes():
    body = b'{"error": {"message": "ours does not support image input", "code": null}}'
    assert unable(classify("openai-chat", 400, {}, body, now=0.0)) == "images"
