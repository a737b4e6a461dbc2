"""What each tool's files say, in the forms that its documentation and its users write."""

from __future__ import annotations

import json

import pytest

from nbapimgr.imports import Malformed
from nbapimgr.imports import _aider as aider
from nbapimgr.imports import _environment as environment
from nbapimgr.imports import _jupyter_ai as jupyter_ai
from nbapimgr.imports import _litellm as litellm
from nbapimgr.imports import _llm as llm
from nbapimgr.imports import _provider_config as provider_config
from nbapimgr.imports import _tools as tools
from nbapimgr.imports._ollama import found_models
from nbapimgr.secret import Secret

OPENAI = "sk-proj-" + "a1" * 10 + "T3BlbkFJ" + "b2" * 10
GROQ = "gsk_" + "c3" * 26
PLAIN = "0123456789abcdef-plain"


def as_bytes(value):
    return json.dumps(value).encode()


def accounts(found):
    """Name -> (fields, key) of what was found."""
    return {one.name: (one.fields, one.key and one.key.reveal()) for one in found.accounts}


# --- variables ------------------------------------------------------------------------------------


def test_variables_of_the_environment_stay_where_they_are():
    found = environment.read_environment({"OPENAI_API_KEY": OPENAI, "PATH": "/bin", "HOME": "/x"})
    assert accounts(found) == {"openai": ({"vendor": "openai", "env": ("OPENAI_API_KEY",)}, None)}
    assert found.notes == ()


def test_a_dotenv_as_people_write_it():
    text = f"""
    # keys
    export OPENAI_API_KEY={OPENAI}   # mine
    GROQ_API_KEY="{GROQ}"
    MISTRAL_API_KEY='abcdefghijklmnopqrstuvwxyz012345'
    COHERE_API_KEY=
    ANTHROPIC_API_KEY=your-key-here
    XAI_API_KEY=${{OTHER}}
    WEATHER_API_KEY=abcdefgh12345678
    MY_KEY = {GROQ}
    this is no variable
    2BAD=x
    """
    found = environment.read_dotenv(text.encode())
    assert accounts(found) == {
        "openai": ({"vendor": "openai"}, OPENAI),
        "groq": ({"vendor": "groq"}, GROQ),
        "mistral": ({"vendor": "mistral"}, "abcdefghijklmnopqrstuvwxyz012345"),
    }
    assert found.notes == (
        "WEATHER_API_KEY: whose key this is is not known; llm.providers.add(…, key=…)",
    )


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (r'X="a\"b"', 'a"b'),
        ("X='a#b'", "a#b"),
        ("X=a#b", "a#b"),
        ("X=a #b", "a"),
        ("X=#b", ""),
        ("X = a b ", "a b"),
        ("\ufeffX=a", "a"),
    ],
)
def test_values_of_a_dotenv(line, value):
    assert environment.dotenv(line.encode()) == {"X": value}


@pytest.mark.parametrize(
    ("variables", "name", "fields"),
    [
        (
            {"OPENAI_API_KEY": OPENAI, "OPENAI_BASE_URL": "https://llm.corp.example:8443/v1/"},
            "llm.corp.example-8443",
            {"dialect": "openai-chat", "base_url": "https://llm.corp.example:8443/v1"},
        ),
        (
            {"OPENAI_API_KEY": OPENAI, "OPENAI_API_BASE": "https://api.openai.com/v1"},
            "openai",
            {"vendor": "openai"},
        ),
        (
            {"OPENAI_API_KEY": PLAIN, "OPENAI_BASE_URL": "https://api.deepseek.com/v1"},
            "openai",
            {"vendor": "deepseek"},
        ),
        (
            {"ANTHROPIC_API_KEY": PLAIN, "ANTHROPIC_BASE_URL": "https://gate.example"},
            "gate.example",
            {"dialect": "anthropic", "base_url": "https://gate.example/v1"},
        ),
        (
            {
                "AZURE_API_KEY": "0123456789abcdef" * 2,
                "AZURE_API_BASE": "https://x.openai.azure.com",
            },
            "azure",
            {"vendor": "azure", "base_url": "https://x.openai.azure.com/openai/v1"},
        ),
    ],
)
def test_a_client_that_is_pointed_elsewhere(variables, name, fields):
    found = environment.read_dotenv("\n".join(f"{k}={v}" for k, v in variables.items()).encode())
    (one,) = found.accounts
    assert (one.name, one.fields) == (name, fields)


# --- jupyter-ai -----------------------------------------------------------------------------------


def test_jupyter_ai_2():
    found = jupyter_ai.read(
        as_bytes(
            {
                "model_provider_id": "openai-chat:gpt-4o",
                "embeddings_provider_id": "openai:text-embedding-3-large",
                "send_with_shift_enter": False,
                "fields": {
                    "openai-chat-custom:gpt-4o-mini": {"openai_api_base": "https://acc.example/v1"},
                    "nobody:x": {},
                },
                "api_keys": {"OPENAI_API_KEY": OPENAI, "GROQ_API_KEY": None},
                "completions_model_provider_id": None,
            }
        )
    )
    assert accounts(found) == {
        "openai": ({"vendor": "openai", "models": ("gpt-4o",)}, OPENAI),
        "acc.example": (
            {
                "dialect": "openai-chat",
                "base_url": "https://acc.example/v1",
                "models": ("gpt-4o-mini",),
            },
            None,
        ),
    }
    assert found.default == "openai:gpt-4o"


@pytest.mark.parametrize(
    ("chosen", "default", "name"),
    [
        ("openai/gpt-5", "openai:gpt-5", "openai"),
        ("ollama", "ollama", "ollama"),
        ("anthropic-chat:claude-sonnet-5", "anthropic:claude-sonnet-5", "anthropic"),
        (None, None, None),
        ("nobody:x", None, None),
    ],
)
def test_jupyter_ais_chosen_model(chosen, default, name):
    found = jupyter_ai.read(as_bytes({"model_provider_id": chosen, "fields": {}, "api_keys": {}}))
    assert found.default == default
    assert [one.name for one in found.accounts] == ([name] if name else [])


# --- simonw/llm -----------------------------------------------------------------------------------


def test_llms_keys():
    found = llm.read_keys(
        as_bytes(
            {
                "// Note": "This file stores secret API credentials. Do not share!",
                "openai": OPENAI,
                "gemini": "AIza" + "d4" * 17 + "x",
                "claude": PLAIN,
                "work": GROQ,
                "lab": PLAIN,
                "empty": "",
            }
        )
    )
    assert {k: v[0]["vendor"] for k, v in accounts(found).items()} == {
        "openai": "openai",
        "gemini": "google",
        "claude": "anthropic",
        "work": "groq",
    }
    assert found.keys == {"lab": Secret(PLAIN)}


def test_llms_aliases():
    found = llm.read_aliases(
        as_bytes(
            {"4": "gpt-4o", "g": "gemini/gemini-3", "r": "openrouter/x/y", "m": "mlx-x", "n": 3}
        )
    )
    assert found.routes == {
        "4": ("openai:gpt-4o",), "g": ("google:gemini-3",), "r": ("openrouter:x/y",),
    }  # fmt: skip
    assert len(found.notes) == 2


def test_llms_further_models():
    found = llm.read_models(b"""
- model_id: orca-openai-compat
  model_name: orca-mini-3b.ggmlv3
  api_base: "http://localhost:8090"
- model_id: other
  model_name: other-7b
  api_base: "http://localhost:8090"
  api_key_name: lab
  aliases: [o, "7b"]
- model_id: claude
  model_name: anthropic/claude-2
  api_base: "https://openrouter.ai/api/v1"
  api_key_name: openrouter
  headers:
    HTTP-Referer: "https://llm.datasette.io/"
- model_id: gpt-3.5-turbo-0613
  aliases: ["0613"]
- model_id: 3
- nothing
""")
    fields = {one.name: (one.fields, one.key_name) for one in found.accounts}
    assert fields == {
        "localhost-8090": (
            {
                "dialect": "openai-chat",
                "base_url": "http://localhost:8090",
                "models": ("orca-mini-3b.ggmlv3", "other-7b"),
            },
            "lab",
        ),
        "openrouter": (
            {
                "vendor": "openrouter",
                "models": ("anthropic/claude-2",),
                "headers": {"HTTP-Referer": "https://llm.datasette.io/"},
            },
            "openrouter",
        ),
        "openai": ({"vendor": "openai", "models": ("gpt-3.5-turbo-0613",)}, ""),
    }
    assert found.routes == {
        "orca-openai-compat": ("localhost-8090:orca-mini-3b.ggmlv3",),
        "other": ("localhost-8090:other-7b",),
        "o": ("localhost-8090:other-7b",),
        "7b": ("localhost-8090:other-7b",),
        "claude": ("openrouter:anthropic/claude-2",),
        "0613": ("openai:gpt-3.5-turbo-0613",),
    }


def test_llms_default():
    assert llm.read_default(b"gpt-5-mini\n").default == "openai:gpt-5-mini"
    assert llm.read_default(b"\n") == llm.read_default(b"")
    assert llm.read_default(b"mlx").notes == ("the default model: who serves it is not known",)
    assert not llm.read_default(b"")


# --- LiteLLM --------------------------------------------------------------------------------------

PROXY = f"""
model_list:
  - model_name: smart
    litellm_params: &openai
      model: openai/gpt-5.4
      api_key: os.environ/OPENAI_API_KEY
      rpm: 480
      tpm: 100000
  - model_name: smart
    litellm_params:
      model: azure/gpt-5
      api_base: https://europe.openai.azure.com/
      api_key: os.environ/AZURE_EUROPE
      api_version: "2023-05-15"
  - model_name: smart
    litellm_params: {{model: gpt-4o, api_key: "{OPENAI}"}}
  - model_name: smart
    litellm_params:
      <<: *openai
      model: openai/gpt-5.4-mini
  - model_name: claude
    litellm_params: {{model: anthropic/claude-sonnet-5, api_key: os.environ/IN_FILE}}
  - model_name: any
    litellm_params: {{model: "groq/*", api_key: "{GROQ}"}}
  - model_name: lab
    litellm_params: {{model: openai/foo, api_base: "http://10.0.0.7:8000/v1", api_key: none}}
  - model_name: gate
    litellm_params: {{model: anthropic/c, api_base: "https://gate.example", api_key: "{PLAIN}"}}
  - model_name: what
    litellm_params: {{model: sagemaker/x}}
  - litellm_params: {{model: openai/x}}
  - 7
litellm_settings:
  drop_params: true
  fallbacks: [{{smart: [claude, smart, lab]}}, {{new: claude}}, 3]
  context_window_fallbacks: [{{smart: [claude]}}]
  default_fallbacks: [claude]
  max_budget: 100
  budget_duration: 30d
router_settings:
  routing_strategy: simple-shuffle
  model_group_alias: {{gpt-4: smart, hidden: {{model: claude, hidden: true}}, bad: 3}}
  provider_budget_config:
    openai: {{budget_limit: 0.5, time_period: 1d}}
    vertex_ai: {{max_budget: 3, budget_duration: 12d}}
    groq: {{budget_limit: nothing, time_period: 1d}}
general_settings:
  master_key: sk-1234
environment_variables:
  IN_FILE: "{PLAIN}"
"""


def test_litellms_proxy():
    found = litellm.read(PROXY.encode())
    limits = {"rpm": 480, "tpm": 100000}
    assert accounts(found) == {
        "openai": (
            {
                "vendor": "openai",
                "env": ("OPENAI_API_KEY",),
                "models": ("gpt-5.4", "gpt-5.4-mini"),
                "rate_limits": limits,
            },
            None,
        ),
        "azure": (
            {
                "vendor": "azure",
                "base_url": "https://europe.openai.azure.com/openai/v1",
                "env": ("AZURE_EUROPE",),
                "models": ("gpt-5",),
            },
            None,
        ),
        "openai-2": ({"vendor": "openai", "models": ("gpt-4o",)}, OPENAI),
        "anthropic": ({"vendor": "anthropic", "models": ("claude-sonnet-5",)}, PLAIN),
        "groq": ({"vendor": "groq"}, GROQ),
        "10.0.0.7-8000": (
            {"dialect": "openai-chat", "base_url": "http://10.0.0.7:8000/v1", "models": ("foo",)},
            None,
        ),
        "gate.example": (
            {"dialect": "anthropic", "base_url": "https://gate.example/v1", "models": ("c",)},
            PLAIN,
        ),
    }
    assert found.routes == {
        "smart": (
            "openai:gpt-5.4", "azure:gpt-5", "openai-2:gpt-4o", "openai:gpt-5.4-mini",
            "claude", "lab",
        ),
        "claude": ("anthropic:claude-sonnet-5",),
        "lab": ("10.0.0.7-8000:foo",),
        "gate": ("gate.example:c",),
        "new": ("claude",),
        "gpt-4": ("smart",),
        "hidden": ("claude",),
    }  # fmt: skip
    assert found.budgets == {
        "litellm": {"limit": 100, "per": "month"},
        "openai": {"limit": 0.5, "per": "day", "provider": "openai"},
    }
    assert found.notes == (
        "any: '*' is a pattern; name the models you use",
        "what: who serves 'sagemaker/x' is not known",
        "an entry of model_list has no model_name or no model",
        "an entry of model_list has no model_name or no model",
        "default_fallbacks: other providers stand behind a model anyway",
        "context_window_fallbacks: a larger window is looked for without a list",
        "budget vertex_ai: '12d' is no day, week or month",
    )


@pytest.mark.parametrize("text", ["", "a: 1", "model_list: 3", "[]", "- x"])
def test_yaml_that_is_no_proxys(text):
    with pytest.raises(Malformed, match="it has no model_list"):
        litellm.read(text.encode())


def test_a_proxy_with_nothing_but_models():
    text = "model_list: [{model_name: a, litellm_params: {model: gpt-5}}]\nrouter_settings: {}\n"
    found = litellm.read(text.encode())
    assert found.routes == {"a": ("openai:gpt-5",)}
    assert not found.budgets
    assert not found.notes
    twice = text.replace("[{", "[{model_name: a, litellm_params: {model: gpt-5}}, {")
    assert litellm.read(twice.encode()) == found


# --- aider ----------------------------------------------------------------------------------------


def test_aiders_configuration():
    found = aider.read(
        f"""
model: openrouter/anthropic/claude-sonnet-4.6
weak-model: gpt-4o-mini
openai-api-key: {OPENAI}
openai-api-base: https://gate.example/v1
api-key:
  - groq={GROQ}
  - "deepseek=0123456789abcdef"
  - broken
set-env: COHERE_API_KEY=0123456789abcdef
alias:
  - "fast:groq/llama"
  - "mini:gpt-4o-mini"
dark-mode: true
""".encode()
    )
    assert accounts(found) == {
        "cohere": ({"vendor": "cohere"}, "0123456789abcdef"),
        "groq": ({"vendor": "groq"}, GROQ),
        "deepseek": ({"vendor": "deepseek"}, "0123456789abcdef"),
        "gate.example": (
            {"dialect": "openai-chat", "base_url": "https://gate.example/v1"},
            OPENAI,
        ),
        "openrouter": ({"vendor": "openrouter"}, None),
    }
    assert found.routes == {"fast": ("groq:llama",)}
    assert found.default == "openrouter:anthropic/claude-sonnet-4.6"
    assert found.notes == ("alias 'mini': who serves its model is not known",)


# --- OpenAI's and Anthropic's tools ---------------------------------------------------------------


def test_codex_signed_in_by_key_or_by_account():
    found = tools.read_codex_auth(as_bytes({"OPENAI_API_KEY": OPENAI, "tokens": None}))
    assert accounts(found) == {"openai": ({"vendor": "openai"}, OPENAI)}
    found = tools.read_codex_auth(
        as_bytes({"OPENAI_API_KEY": None, "tokens": {"access_token": "eyJ"}, "last_refresh": "x"})
    )
    assert not found.accounts
    note = (
        "a sign-in with ChatGPT is not an API key and stays there; "
        "get a key at https://platform.openai.com/api-keys"
    )
    assert found.notes == (note,)
    assert not tools.read_codex_auth(b"{}")


def test_codexs_configuration():
    found = tools.read_codex(
        f"""
model = "gpt-5.5"
model_provider = "gate"
[model_providers.gate]
name = "Gate"
base_url = "https://gate.example/v1"
env_key = "GATE_KEY"
wire_api = "responses"
http_headers = {{ X-Title = "t", X-Bad = 3 }}
[model_providers.old]
base_url = "https://old.example/v1"
experimental_bearer_token = "{PLAIN}"
[model_providers.none]
name = "no address"
""".encode()
    )
    assert accounts(found) == {
        "gate": (
            {
                "dialect": "openai-responses",
                "env": ("GATE_KEY",),
                "headers": {"X-Title": "t"},
                "base_url": "https://gate.example/v1",
                "models": ("gpt-5.5",),
            },
            None,
        ),
        "old": ({"dialect": "openai-chat", "base_url": "https://old.example/v1"}, PLAIN),
    }
    assert found.default == "gate:gpt-5.5"


def test_codex_with_its_own_provider_has_no_default_for_us():
    """Its own may be a sign-in: a model of an account that is not brought over is none here."""
    assert not tools.read_codex(b'model = "gpt-5.5"\n')


def test_claude_codes_settings():
    found = tools.read_claude_settings(
        as_bytes(
            {
                "env": {
                    "ANTHROPIC_AUTH_TOKEN": PLAIN,
                    "ANTHROPIC_BASE_URL": "https://gate.example",
                    "API_TIMEOUT_MS": 3000,
                },
                "apiKeyHelper": "/bin/give-key",
            }
        )
    )
    assert accounts(found) == {
        "gate.example": ({"dialect": "anthropic", "base_url": "https://gate.example/v1"}, PLAIN)
    }
    assert found.notes == ("apiKeyHelper: a program gives the key; nothing is run here",)


def test_claude_codes_own_key():
    assert accounts(tools.read_claude(as_bytes({"primaryApiKey": PLAIN, "history": []}))) == {
        "anthropic": ({"vendor": "anthropic"}, PLAIN)
    }
    assert not tools.read_claude(as_bytes({"primaryApiKey": "any"}))


def test_a_sign_in_is_nobody_elses():
    note = (
        "a sign-in with Claude is not an API key and stays there; "
        "get a key at https://platform.claude.com/settings/keys"
    )
    assert tools.read_sign_in(as_bytes({"access_token": "x" * 20})).notes == (note,)
    account = {"oauthAccount": {"emailAddress": "a@b.invalid"}}
    assert tools.read_claude(as_bytes(account)).notes == (note,)
    assert not tools.read_claude(as_bytes({"oauthAccount": None}))
    assert tools.read_claude(as_bytes({**account, "primaryApiKey": PLAIN})).notes == ()
    assert not tools.read_sign_in(b"{}")


def test_shell_gpt():
    text = f"OPENAI_API_KEY={OPENAI}\nAPI_BASE_URL=default\nDEFAULT_MODEL=gpt-4o\n"
    assert accounts(tools.read_sgpt(text.encode())) == {"openai": ({"vendor": "openai"}, OPENAI)}
    elsewhere = text.replace("=default", "=http://localhost:9/v1")
    assert "localhost-9" in accounts(tools.read_sgpt(elsewhere.encode()))


# --- the TypeScript ProviderConfig ----------------------------------------------------------------

CONFIG = {
    "name": "corp",
    "apiKey": PLAIN,
    "baseURL": "https://llm.corp.example/v1",
    "models": ["a", {"id": "b"}, {"name": "c"}, 3],
    "rateLimits": {"requestsPerMinute": 60, "tokensPerMinute": 9000, "other": 1, "rpd": "x"},
    "priority": 2,
    "enabled": False,
}
OURS = {
    "dialect": "openai-chat",
    "base_url": "https://llm.corp.example/v1",
    "models": ("a", "b", "c"),
    "rate_limits": {"rpm": 60, "tpm": 9000},
    "priority": 2,
    "enabled": False,
}


@pytest.mark.parametrize(
    "value",
    [
        CONFIG,
        [CONFIG],
        {"providers": [CONFIG]},
        {"providers": {"corp": {k: v for k, v in CONFIG.items() if k != "name"}}},
        {"corp": CONFIG, "version": 3},
    ],
)
def test_a_provider_config(value):
    assert accounts(provider_config.read(as_bytes(value))) == {"corp": (OURS, PLAIN)}


def test_a_provider_config_of_a_known_vendor():
    entry = {"name": "openai", "apiKey": OPENAI, "models": ["gpt-5"], "enabled": True}
    found = provider_config.read(as_bytes([entry]))
    assert accounts(found) == {"openai": ({"vendor": "openai", "models": ("gpt-5",)}, OPENAI)}


def test_entries_that_are_none_are_said():
    found = provider_config.read(as_bytes([{"name": 3}, {"name": "nobody"}, 7, CONFIG]))
    assert found.notes == (
        "entry 1: name and baseURL are to be text",
        "'nobody' has no baseURL and is no known vendor",
        "entry 3: name and baseURL are to be text",
    )
    assert [one.name for one in found.accounts] == ["corp"]


# --- Ollama ---------------------------------------------------------------------------------------


def test_ollamas_models():
    url = "http://127.0.0.1:11434"
    found = found_models(url, ("qwen3:4b", "llama3"))
    fields = {"vendor": "ollama", "base_url": url, "models": ("qwen3:4b", "llama3")}
    assert accounts(found) == {"ollama": (fields, None)}
    assert "ollama pull" in found_models("http://127.0.0.1:11434", ()).notes[0]
