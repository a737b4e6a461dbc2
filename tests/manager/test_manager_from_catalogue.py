"""What the catalogue brings to a provider, and what has to be said to it."""

from __future__ import annotations

import pytest

from nbapimgr.errors import OptionError
from nbapimgr.models import Usage
from nbapimgr.usage import cost
from nbapimgr.wire.catalogue import CATALOGUE


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    """No region of AWS is named."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "options", [None, {}, {"resource": ""}, {"resource": 3}, {"resourc": "mine"}, 7]
)
def test_azure_needs_the_name_of_the_resource(llm, options):
    fields = {} if options is None else {"options": options}
    with pytest.raises(OptionError, match="azure needs your resource's name") as caught:
        llm.providers.add("azure", **fields)
    assert 'options={"resource": "…"}' in caught.value.hint
    assert not llm.providers


def test_azure_with_its_resource(llm):
    made = llm.providers.add("azure", options={"resource": "mine"}, models=["m"])
    assert made.base_url == "https://mine.openai.azure.com/openai/v1"
    other = llm.providers.add("azure", base_url="https://x.example", models=["m"])
    assert other.base_url == "https://x.example"


def test_using_azure_says_what_it_needs(llm):
    with pytest.raises(OptionError, match="azure needs your resource's name"):
        llm.use("azure")


def test_bedrock_is_where_awss_own_tools_are(llm, monkeypatch):
    assert llm.providers.add("bedrock").options == {}
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    made = llm.providers.add("bedrock")
    assert made.options == {"region": "us-west-2"}
    assert made.models == CATALOGUE["bedrock"].models
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    made = llm.providers.add("bedrock", options={"profile": "work"})
    assert made.options == {"profile": "work", "region": "eu-central-1"}
    assert all(model.startswith("eu.") for model in made.models)


def test_what_is_said_goes_before_the_environment(llm, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    made = llm.providers.add("bedrock", options={"region": "ap-south-1"}, models=["us.own"])
    assert (made.options["region"], made.models) == ("ap-south-1", ("us.own",))
    assert (
        llm.providers.add("bedrock", options={"region": "ap-south-1"})
        .models[0]
        .startswith("global.")
    )
    there = llm.providers.add("bedrock", base_url="https://bedrock-runtime.us-east-2.amazonaws.com")
    assert there.options == {}


def test_bedrock_without_a_key_is_not_free(llm):
    aws = llm.providers.add("bedrock", keyless=True)
    own = llm.providers.add("mine", base_url="http://127.0.0.1:9", models=["m"])
    usage = Usage(input_tokens=1000, output_tokens=1000)
    assert cost(aws, aws.models[0], usage, 1.8e9).amount != 0
    assert cost(own, "m", usage, 1.8e9).amount == 0
    plan = llm.plan(llm.request("hi", route="local")[0])
    assert [candidate.provider.name for candidate in plan.candidates] == ["mine"]
