"""Cohere's lists, embeddings and usage."""

from __future__ import annotations

import json

import pytest

from nbapimgr.models import Usage
from nbapimgr.wire import cohere
from nbapimgr.wire.cohere._read import read_usage


def encoded(value):
    return json.dumps(value).encode()


def test_usage_is_what_was_read_and_written_not_what_is_billed():
    raw = {
        "billed_units": {"input_tokens": 8, "output_tokens": 1},
        "tokens": {"input_tokens": 1394.0, "output_tokens": 131, "reasoning_tokens": 100},
        "cached_tokens": 992,
    }
    assert read_usage(raw) == Usage(
        input_tokens=1394,
        output_tokens=131,
        cache_read_input_tokens=992,
        reasoning_output_tokens=100,
        raw=raw,
    )


@pytest.mark.parametrize(
    ("raw", "given", "written"),
    [
        ({"tokens": {"input_tokens": 34, "image_tokens": 259, "output_tokens": 5}}, 293, 5),
        ({"billed_units": {"input_tokens": 4, "output_tokens": 2}}, 4, 2),
        ({"tokens": {"image_tokens": 259}}, None, None),
        ({"tokens": "many"}, None, None),
    ],
)
def test_usage_with_pictures_and_gaps(raw, given, written):
    usage = read_usage(raw)
    assert (usage.input_tokens, usage.output_tokens) == (given, written)


def test_models_and_the_next_page():
    features = ["vision", "tools", "json_schema"]
    page = {
        "models": [
            {"name": "a", "context_length": 256000, "features": features},
            {"name": "b", "features": []},
            {"name": "c", "features": None},
            {"finetuned": True},
            "noise",
        ],
        "next_page_token": "more",
    }
    models, following = cohere.read_models(encoded(page))
    assert [model.id for model in models] == ["a", "b", "c"]
    assert models[0].context_window == 256000
    assert [(m.images, m.tools, m.schema) for m in models] == [
        (True, True, True),
        (False, False, False),
        (None, None, None),
    ]
    assert following == "more"
    assert cohere.read_models(b'{"models": []}') == ((), None)


@pytest.mark.parametrize("read", [cohere.read_models, cohere.read_embeddings])
@pytest.mark.parametrize(
    "noise", [b"", b"<html>", b"[]", b"{}", b'{"models": 1, "embeddings": {"float": []}}']
)
def test_what_is_no_list_is_refused(read, noise):
    with pytest.raises(ValueError, match=r"."):
        read(noise)


@pytest.mark.parametrize(
    ("embeddings", "vectors"),
    [
        ([[0.1], [0.2]], ([0.1], [0.2])),
        ({"int8": [[1]], "float": [[0.1]]}, ([0.1],)),
        ({"base64": ["AAE="], "float": None}, ("AAE=",)),
    ],
)
def test_embeddings_of_both_versions(embeddings, vectors):
    meta = {"billed_units": {"input_tokens": 4}}
    embedded = cohere.read_embeddings(encoded({"embeddings": embeddings, "meta": meta}))
    assert embedded.vectors == vectors
    assert embedded.usage.input_tokens == 4
    assert cohere.read_embeddings(encoded({"embeddings": embeddings})).usage is None
