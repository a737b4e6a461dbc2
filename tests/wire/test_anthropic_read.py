"""Lists of models, counts of tokens, and what is neither."""

from __future__ import annotations

import msgspec
import pytest

from nbapimgr.models import ModelInfo
from nbapimgr.wire import anthropic


def test_models_with_what_they_can_do():
    rich = {
        "id": "claude-big",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "capabilities": {
            "image_input": {"supported": True},
            "structured_outputs": {"supported": False},
        },
    }
    plain = {"id": "claude-old", "display_name": "Old"}
    page = {"data": [rich, plain, {"id": ""}, "?"], "has_more": False, "last_id": "claude-old"}
    models, following = anthropic.read_models(msgspec.json.encode(page))
    assert models == (
        ModelInfo(
            id="claude-big",
            context_window=1_000_000,
            max_output_tokens=128_000,
            images=True,
            schema=False,
            raw=rich,
        ),
        ModelInfo(id="claude-old", raw=plain),
    )
    assert following is None


def test_the_next_page():
    page = {"data": [{"id": "a"}], "has_more": True, "last_id": "a"}
    assert anthropic.read_models(msgspec.json.encode(page))[1] == "a"


def test_the_list_of_vertex():
    page = {
        "publisherModels": [{"name": "publishers/anthropic/models/claude-opus-4-6"}, {}],
        "nextPageToken": "t",
    }
    models, following = anthropic.read_models(msgspec.json.encode(page))
    assert [model.id for model in models] == ["claude-opus-4-6"]
    assert following == "t"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"data": {}}'])
def test_what_is_no_list(body):
    with pytest.raises(ValueError, match=r".+"):
        anthropic.read_models(body)


def test_a_count_of_tokens():
    assert anthropic.read_token_count(b'{"input_tokens": 19}') == 19


@pytest.mark.parametrize("body", [b"", b"[]", b'{"input_tokens": "many"}', b'{"input_tokens": -1}'])
def test_what_is_no_count(body):
    with pytest.raises(ValueError, match=r".+"):
        anthropic.read_token_count(body)
