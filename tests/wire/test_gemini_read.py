"""Gemini's lists, embeddings, token counts and usage."""

from __future__ import annotations

import json

import pytest

from nbapimgr.models import Usage
from nbapimgr.wire import gemini
from nbapimgr.wire.gemini._read import read_usage


def encoded(value):
    return json.dumps(value).encode()


def test_usage_is_made_inclusive():
    raw = {
        "promptTokenCount": 10,
        "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 20,
        "cachedContentTokenCount": 8,
        "totalTokenCount": 38,
        "serviceTier": "standard",
    }
    usage = read_usage(raw)
    assert usage == Usage(
        input_tokens=15,
        output_tokens=23,
        cache_read_input_tokens=8,
        reasoning_output_tokens=20,
        service_tier="standard",
        raw=raw,
    )
    assert usage.total_tokens == raw["totalTokenCount"]


@pytest.mark.parametrize(
    ("raw", "given", "written"),
    [
        ({"promptTokenCount": 4, "thoughtsTokenCount": 9, "totalTokenCount": 13}, 4, 9),
        ({"promptTokenCount": 14, "totalTokenCount": 14}, 14, 0),
        ({"promptTokenCount": 14, "totalTokenCount": 3}, 14, 0),
        ({"promptTokenCount": 14}, 14, None),
        ({"totalTokenCount": 14}, None, None),
        ({"candidatesTokenCount": 2}, None, 2),
        ({"promptTokenCount": "x", "candidatesTokenCount": -1}, None, None),
    ],
)
def test_usage_with_counts_left_out(raw, given, written):
    usage = read_usage(raw)
    assert (usage.input_tokens, usage.output_tokens) == (given, written)


def test_vertex_names_its_tier_otherwise():
    assert read_usage({"trafficType": "ON_DEMAND"}).service_tier == "ON_DEMAND"
    assert read_usage({}).service_tier is None


def test_models_and_the_next_page():
    page = {
        "models": [
            {"name": "models/gemini-x", "inputTokenLimit": 100, "outputTokenLimit": 10},
            {"name": "tunedModels/mine"},
            {"displayName": "no name"},
            "noise",
        ],
        "nextPageToken": "more",
    }
    models, following = gemini.read_models(encoded(page))
    assert [model.id for model in models] == ["gemini-x", "tunedModels/mine"]
    assert (models[0].context_window, models[0].max_output_tokens) == (100, 10)
    assert models[0].raw == page["models"][0]
    assert models[1].context_window is None
    assert following == "more"


def test_vertex_lists_publisher_models():
    page = {"publisherModels": [{"name": "publishers/google/models/gemini-x"}]}
    models, following = gemini.read_models(encoded(page))
    assert [model.id for model in models] == ["gemini-x"]
    assert following is None


@pytest.mark.parametrize("read", [gemini.read_models, gemini.read_embeddings])
@pytest.mark.parametrize("noise", [b"", b"<html>", b"[]", b"{}", b'{"models": 1, "embeddings": 1}'])
def test_what_is_no_list_is_refused(read, noise):
    with pytest.raises(ValueError, match=r"."):
        read(noise)


def test_embeddings_many_and_one():
    many = {"embeddings": [{"values": [0.1]}, {"values": [0.2]}]}
    embedded = gemini.read_embeddings(encoded(many | {"usageMetadata": {"promptTokenCount": 4}}))
    assert embedded.vectors == ([0.1], [0.2])
    assert embedded.usage.input_tokens == 4
    one = gemini.read_embeddings(encoded({"embedding": {"values": [0.3]}}))
    assert (one.vectors, one.usage) == (([0.3],), None)


def test_an_embedding_without_values_is_refused():
    with pytest.raises(ValueError, match="no embeddings"):
        gemini.read_embeddings(encoded({"embeddings": [{"values": [1]}, {}]}))


def test_token_counts():
    assert gemini.read_token_count(b'{"totalTokens": 12}') == 12
    with pytest.raises(ValueError, match="no token count"):
        gemini.read_token_count(b'{"totalTokens": "many"}')
    with pytest.raises(ValueError, match="list came"):
        gemini.read_token_count(b"[]")
