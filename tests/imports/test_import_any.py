"""Whatever is in the files, a reader gives findings or one line, and no key shows."""

from __future__ import annotations

import json

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from nbapimgr.errors import NbApiMgrError
from nbapimgr.imports import Found, Known, Piece, merged
from nbapimgr.imports._sources import FILES
from nbapimgr.secret import Secret
from nbapimgr.settings import Budget, provider_from
from nbapimgr.wire.catalogue import CATALOGUE

KEY = "sk-proj-Zz9" + "q7" * 10 + "T3BlbkFJ" + "w8" * 10
words = st.sampled_from(
    [
        "name", "apiKey", "baseURL", "baseUrl", "models", "providers", "rateLimits", "rpm",
        "priority", "enabled", "api_keys", "OPENAI_API_KEY", "model_provider_id",
        "fields", "openai_api_base",
        "openai", "gemini", "model_list", "model_name", "litellm_params", "model", "api_key",
        "api_base", "litellm_settings", "router_settings", "fallbacks", "model_group_alias",
        "max_budget", "budget_duration", "provider_budget_config", "environment_variables",
        "openai-api-key", "api-key", "alias", "set-env", "env", "primaryApiKey", "tokens",
        "model_id", "api_key_name", "aliases", "headers", "id", "model_providers", "base_url",
        "openai:gpt-5", "azure/gpt-5", "openai/x", "ollama", "http://h:9/v1", "https://[::1",
        "http://h:99999999/", "os.environ/OPENAI_API_KEY", "1d", KEY, f"openai={KEY}", "x:gpt/y",
    ]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=4), inner),
    max_leaves=20,
)
READERS = {
    file.read.__module__.rpartition(".")[2] + "." + file.read.__name__: file for file in FILES
}
# There are many readers, and what one does of a value the others do too.
few = settings(max_examples=25)
EACH = pytest.mark.parametrize("file", READERS.values(), ids=READERS)


def checked(piece):
    """That what is found can be used, and shows no key."""
    assert KEY not in repr([one.key for one in piece.found.accounts])
    for one in merged([piece], Known()):
        assert KEY not in one.said
        assert KEY not in repr(one.value) or one.act in {"provider", "route", "default"}  # a name
        assert "\n" not in one.said
        if one.act == "provider":
            vendor = CATALOGUE.get(one.value.get("vendor", ""))
            said = {"dialect": "d", "base_url": vendor.base_url if vendor else "", **one.value}
            provider_from({**said, "name": one.name})
        elif one.act == "budget":
            msgspec.convert(one.value, Budget)
        elif one.act == "key":
            assert isinstance(one.value, Secret)


def assert_usable(file, data):
    try:
        found = file.read(data)
    except NbApiMgrError as e:
        found = Found(notes=(str(e),))
    checked(Piece(source=file.source, place="p", found=found, near=file.near))


@EACH
@few
@given(data=st.binary(max_size=200))
def test_any_bytes(file, data):
    assert_usable(file, data)


@EACH
@few
@given(value=values)
def test_any_json_and_yaml(file, value):
    assert_usable(file, json.dumps(value).encode())
    assert_usable(file, yaml.safe_dump(value).encode())


@EACH
@few
@given(
    lines=st.lists(
        st.tuples(words, st.sampled_from("= :"), words | st.text(max_size=8)).map("".join),
        max_size=6,
    )
)
def test_any_lines(file, lines):
    assert_usable(file, "\n".join(lines).encode())
