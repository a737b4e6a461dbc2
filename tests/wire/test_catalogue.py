"""The catalogue of known providers: complete, consistent, and never a gate."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

import msgspec
import pytest
import wire_corpus

from nbapimgr.errors import UnknownName
from nbapimgr.models import Provider
from nbapimgr.usage._vendors import is_local, provider_name
from nbapimgr.wire import DIALECTS
from nbapimgr.wire.catalogue import CATALOGUE, guess_vendor, key_check, vendor

ENTRIES = list(CATALOGUE.values())
HEX = "0123456789abcdef" * 8
WORD = "aB3dE5gH7jK9mN1pQ2sT4vW6" * 12


def account(name, **fields):
    entry = CATALOGUE[name]
    place = {"name": name, "vendor": name, "dialect": entry.dialect, "base_url": entry.base_url}
    return Provider(**(place | fields))


def test_it_is_large_enough_and_cannot_be_changed():
    assert len(CATALOGUE) >= 24
    with pytest.raises(TypeError):
        CATALOGUE["x"] = ENTRIES[0]
    with pytest.raises(AttributeError):
        ENTRIES[0].base_url = "https://elsewhere.example"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry):
    assert vendor(entry.name) is entry
    assert re.fullmatch(r"[a-z][a-z-]*", entry.name)
    assert entry.dialect in DIALECTS
    assert not entry.base_url.endswith("/")
    site = urlsplit(entry.base_url)
    assert (site.scheme == "http") == entry.keyless
    assert (site.hostname == "127.0.0.1") == entry.keyless
    if not entry.keyless:
        assert entry.env
        assert urlsplit(entry.key_page).scheme == "https"
    re.compile(entry.key_pattern)


def test_local_servers_have_no_key_and_no_models_of_ours():
    local = {entry.name for entry in ENTRIES if entry.keyless}
    assert local == {"ollama", "lmstudio", "llamacpp", "vllm"}
    assert not any(CATALOGUE[name].env or CATALOGUE[name].models for name in local)
    assert all(is_local(account(name)) for name in local)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_usage_rows_call_it_the_same(entry):
    assert provider_name(account(entry.name)) == entry.provider_name


def test_variables_are_not_shared():
    """A key found in the environment belongs to one vendor."""
    variables = [name for entry in ENTRIES for name in entry.env]
    assert len(variables) == len(set(variables))


def test_what_must_be_filled_in():
    assert CATALOGUE["azure"].needs == ("resource",)
    assert [entry.name for entry in ENTRIES if entry.needs] == ["azure"]


@pytest.mark.skipif(not wire_corpus.cases(), reason=wire_corpus.ABSENT)
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_models_exist(entry):
    missing = set(entry.models) - recorded_models()
    assert not missing


@cache
def recorded_models():
    """Every model that answered or was listed, by its full name and by the part after the slash."""
    names = set()
    for case in wire_corpus.cases():
        body = case.request["body"] if case.request else None
        if case.response["status"] == 200:
            names |= {name.removeprefix("models/") for name in case.expect.get("ids") or () if name}
            names.add((body or {}).get("model"))
            names |= set(re.findall(r"/models?/([^/?]+)", case.request["url"] if body else ""))
    names = {
        re.sub(r":\w*[gG]enerateContent$", "", name).replace("%3A", ":") for name in names if name
    }
    return names | {name.rpartition("/")[2] for name in names}


# --- looking up --------------------------------------------------------------------------------


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UnknownName, match="no vendor named 'openia'") as caught:
        vendor("openia")
    assert "'openai'" in caught.value.hint


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (f"sk-proj-{WORD[:58]}T3BlbkFJ{WORD[:58]}", ("openai",)),
        (f"sk-ant-api03-{WORD[:93]}AA", ("anthropic",)),
        (f"AIza{WORD[:35]}", ("google", "vertex")),
        (f"AQ.Ab8RN6{WORD[:44]}", ("google", "vertex")),
        (f"ABSK{WORD[:120]}=", ("bedrock",)),
        ("bedrock-api-key-YmVkcm9jay5hbWF6b24=", ("bedrock",)),
        (f"AKIA{'A' * 16}:{WORD[:40]}", ("bedrock",)),
        (f"ASIA{'A' * 16}:{WORD[:40]}:token", ("bedrock",)),
        (f"gsk_{WORD[:52]}", ("groq",)),
        (f"sk-or-v1-{HEX[:64]}", ("openrouter",)),
        (f"sk-{HEX[:32]}", ("deepseek",)),
        (f"xai-{WORD[:80]}", ("xai",)),
        (f"tgp_v1_{WORD[:43]}", ("together",)),
        (f"fw_{WORD[:24]}", ("fireworks",)),
        (f"pplx-{WORD[:48]}", ("perplexity",)),
        (f"csk-{WORD[:48].lower()}", ("cerebras",)),
        (f"hf_{'a' * 34}", ("huggingface",)),
        (f"nvapi-{WORD[:64]}", ("nvidia",)),
        (f"{HEX[:32]}.{WORD[:16]}", ("zai",)),
        (f"{HEX[:32]}.{WORD[:24]}", ("ollama-cloud",)),
        (f"sk-api-{WORD[:119]}", ("minimax",)),
        (WORD[:40], ("cohere",)),
        (WORD[:32], ("mistral",)),
        # shapes that several share
        (HEX[:32], ("azure", "mistral")),
        (f"sk-{WORD[:20]}T3BlbkFJ{WORD[:20]}", ("openai", "moonshot")),
        # and what nobody's keys look like
        ("", ()),
        ("hunter2", ()),
        (f"gsk_{WORD[:51]}", ()),
        (f"x gsk_{WORD[:52]}", ()),
    ],
)
def test_whose_key_it_may_be(key, wanted):
    assert guess_vendor(key) == wanted
    assert guess_vendor(f" {key}\n") == wanted


# --- checking a key ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "method", "url"),
    [
        ("openrouter", "GET", "https://openrouter.ai/api/v1/key"),
        ("xai", "GET", "https://api.x.ai/v1/api-key"),
        ("deepseek", "GET", "https://api.deepseek.com/user/balance"),
        ("cohere", "POST", "https://api.cohere.com/v1/check-api-key"),
        ("huggingface", "GET", "https://huggingface.co/api/whoami-v2"),
    ],
)
def test_a_check_of_its_own(name, method, url):
    call = key_check(account(name, headers={"x-team": "t"}))
    assert (call.method, call.url, call.body) == (method, url, b"")
    assert call.headers == {"x-team": "t"}


@pytest.mark.parametrize("entry", [e for e in ENTRIES if not e.needs], ids=lambda entry: entry.name)
def test_every_check_stays_with_its_company(entry):
    call = key_check(account(entry.name))
    ours, theirs = urlsplit(entry.base_url).hostname, urlsplit(call.url).hostname
    assert ours.split(".")[-2:] == theirs.split(".")[-2:]
    assert call.body == b""


def test_else_the_list_of_models_is_the_check():
    assert key_check(account("groq")).url == "https://api.groq.com/openai/v1/models"
    assert key_check(account("bedrock")).url.endswith("amazonaws.com/foundation-models")
    assert key_check(account("ollama")).url == "http://127.0.0.1:11434/api/tags"


def test_a_key_of_another_address_is_checked_there():
    call = key_check(account("huggingface", base_url="https://gate.example/v1"))
    assert call.url == "https://gate.example/v1/models"
    mine = Provider(name="mine", dialect="ollama", base_url="http://127.0.0.1:9")
    assert key_check(mine).url == "http://127.0.0.1:9/api/tags"


def test_a_slash_at_the_end_is_no_other_address():
    call = key_check(account("openrouter", base_url="https://openrouter.ai/api/v1/"))
    assert call.url == "https://openrouter.ai/api/v1/key"


def test_it_is_data():
    """A table anybody can print."""
    assert msgspec.to_builtins(CATALOGUE["groq"])["models"][0] == "openai/gpt-oss-120b"
