from __future__ import annotations

import json

import pytest

from nbapimgr.models import Provider
from nbapimgr.wire import openai_chat


def listed(*models, **fields):
    body = json.dumps({"object": "list", "data": list(models), **fields}).encode()
    found, following = openai_chat.read_models(body)
    assert following is None
    return found


def models_call(vendor, base_url, **fields):
    provider = Provider(name="p", dialect="openai-chat", base_url=base_url, vendor=vendor, **fields)
    return openai_chat.models_call(provider)


@pytest.mark.parametrize(
    ("vendor", "base_url", "url"),
    [
        ("", "http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1/models"),
        ("openai", "https://api.openai.com/v1", "https://api.openai.com/v1/models"),
        ("perplexity", "https://api.perplexity.ai", "https://api.perplexity.ai/v1/models"),
        ("azure", "https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1/models"),
        (
            "azure",
            "https://r.services.ai.azure.com/models",
            "https://r.services.ai.azure.com/openai/v1/models",
        ),
        (
            "azure",
            "https://r.openai.azure.com/openai/v1",
            "https://r.openai.azure.com/openai/v1/models",
        ),
    ],
)
def test_where_models_are_listed(vendor, base_url, url):
    call = models_call(vendor, base_url, headers={"X-Team": "a"})
    assert (call.method, call.url, call.body) == ("GET", url, b"")
    assert call.headers == {"accept": "application/json", "x-team": "a"}


def test_ids():
    assert [model.id for model in listed({"id": "a"}, {"name": "b"}, "odd")] == ["a", "b"]


def test_a_list_without_an_envelope():
    found, _ = openai_chat.read_models(b'[{"id": "a", "context_length": 7}]')
    assert (found[0].id, found[0].context_window) == ("a", 7)


def test_what_is_not_said_is_unknown():
    (model,) = listed({"id": "a", "object": "model"})
    assert model.context_window is None
    assert model.max_output_tokens is None
    assert (model.images, model.tools, model.schema) == (None, None, None)
    assert model.raw == {"id": "a", "object": "model"}


@pytest.mark.parametrize(
    ("said", "window", "longest"),
    [
        ({"context_window": 8, "max_completion_tokens": 4}, 8, 4),
        ({"context_length": 8, "top_provider": {"max_completion_tokens": 4}}, 8, 4),
        ({"max_context_length": 8}, 8, None),
        ({"max_model_len": 8}, 8, None),
        ({"meta": {"n_ctx": 8, "n_ctx_train": 9}}, 8, None),
        ({"meta": {"n_ctx_train": 9}}, 9, None),
        ({"context_length": 0, "max_output_length": 4}, None, 4),
        ({"context_window": "8"}, None, None),
    ],
)
def test_sizes(said, window, longest):
    (model,) = listed({"id": "a", **said})
    assert (model.context_window, model.max_output_tokens) == (window, longest)


@pytest.mark.parametrize(
    ("said", "images", "tools", "schema"),
    [
        ({"input_modalities": ["text", "image"]}, True, None, None),
        ({"architecture": {"input_modalities": ["text"]}}, False, None, None),
        ({"capabilities": {"vision": True, "function_calling": False}}, True, False, None),
        ({"supported_features": ["tools"]}, None, True, False),
        ({"supported_parameters": ["structured_outputs"]}, None, False, True),
        ({"supported_parameters": ["response_format", "tools"]}, None, True, None),
        ({"supported_features": ["json_mode", 3]}, None, False, None),
        ({"capabilities": {"vision": "yes"}}, None, None, None),
    ],
)
def test_abilities(said, images, tools, schema):
    (model,) = listed({"id": "a", **said})
    assert (model.images, model.tools, model.schema) == (images, tools, schema)


@pytest.mark.parametrize("body", [b"", b"{}", b"1", b'{"data": 1}', b"<html>"])
def test_what_is_no_list(body):
    with pytest.raises(ValueError, match=r".+"):
        openai_chat.read_models(body)


# --- embeddings --------------------------------------------------------------------------------


def test_embeddings():
    body = {"data": [{"embedding": [0.5, 1]}, {"embedding": "AAA="}], "model": "e"}
    body["usage"] = {"prompt_tokens": 3, "total_tokens": 3}
    got = openai_chat.read_embeddings(json.dumps(body).encode())
    assert got.vectors == ([0.5, 1], "AAA=")
    assert got.model == "e"
    assert got.usage.input_tokens == 3
    assert got.failure is None


@pytest.mark.parametrize("body", [b"{", b"{}", b"[]", b'{"data": []}', b'{"data": [{"index": 1}]}'])
def test_no_embeddings_are_a_failure(body):
    got = openai_chat.read_embeddings(body)
    assert got.failure.category == "service.malformed"
    assert got.vectors == ()
