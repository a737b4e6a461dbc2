"""OpenAI's and Anthropic's own tools: Codex (`~/.codex`), Claude Code (`~/.claude`), shell_gpt."""

from __future__ import annotations

from typing import Any, Final

from nbapimgr.imports._environment import accounts_of
from nbapimgr.imports._found import Account, Found
from nbapimgr.imports._parse import dotenv, json_of, table, texts, toml_of
from nbapimgr.imports._vendors import account, is_key
from nbapimgr.wire.catalogue import CATALOGUE

__all__ = [
    "read_claude",
    "read_claude_settings",
    "read_codex",
    "read_codex_auth",
    "read_sgpt",
    "read_sign_in",
]

_WIRES: Final = {"responses": "openai-responses", "chat": "openai-chat"}


def read_codex_auth(data: bytes) -> Found:
    """Codex's `auth.json`: its API key, where it has one."""
    auth = table(json_of(data))
    key = auth.get("OPENAI_API_KEY")
    if is_key(key):
        return Found(accounts=(account("openai", key=key),))
    signed_in = isinstance(auth.get("tokens"), dict)
    return Found(notes=(_sign_in("ChatGPT", "openai"),) if signed_in else ())


def read_codex(data: bytes) -> Found:
    """Codex's `config.toml`: its providers, and its model as the default."""
    config = toml_of(data)
    accounts = []
    for name, entry in table(config.get("model_providers")).items():
        fields = table(entry)
        url = fields.get("base_url")
        if not isinstance(url, str):
            continue
        headers = {k: v for k, v in table(fields.get("http_headers")).items() if type(v) is str}
        accounts.append(
            account(
                name,
                base_url=url,
                key=fields.get("experimental_bearer_token"),
                dialect=_WIRES.get(str(fields.get("wire_api")), "openai-chat"),
                env=tuple(texts(fields.get("env_key"))),
                headers=headers,
            )
        )
    model, chosen = config.get("model"), config.get("model_provider", "openai")
    known = {one.name for one in accounts}
    if not isinstance(model, str) or not isinstance(chosen, str) or chosen not in known:
        return Found(accounts=tuple(accounts))
    return Found(
        accounts=tuple(_model(one, model) if one.name == chosen else one for one in accounts),
        default=f"{chosen}:{model}",
    )


def read_claude_settings(data: bytes) -> Found:
    """Claude Code's `settings.json`: the variables it sets for itself."""
    settings = table(json_of(data))
    variables = {k: v for k, v in table(settings.get("env")).items() if isinstance(v, str)}
    if "ANTHROPIC_AUTH_TOKEN" in variables:
        variables.setdefault("ANTHROPIC_API_KEY", variables["ANTHROPIC_AUTH_TOKEN"])
    accounts, notes = accounts_of(variables, keep=True)
    if "apiKeyHelper" in settings:
        notes += ("apiKeyHelper: a program gives the key; nothing is run here",)
    return Found(accounts=accounts, notes=notes)


def read_claude(data: bytes) -> Found:
    """Claude Code's `~/.claude.json` and `config.json`: its API key, where it has one."""
    said = table(json_of(data))
    key = said.get("primaryApiKey")
    if is_key(key):
        return Found(accounts=(account("anthropic", key=key),))
    signed_in = bool(table(said.get("oauthAccount")))
    return Found(notes=(_sign_in("Claude", "anthropic"),) if signed_in else ())


def read_sign_in(data: bytes) -> Found:
    """Credentials of Anthropic's command line: a sign-in, which is for it alone."""
    signed_in = bool(table(json_of(data)))
    return Found(notes=(_sign_in("Claude", "anthropic"),) if signed_in else ())


def _sign_in(product: str, vendor: str) -> str:
    """Why a sign-in is not brought over: a subscription is for its own tools, the API is apart."""
    page = CATALOGUE[vendor].key_page
    return f"a sign-in with {product} is not an API key and stays there; get a key at {page}"


def read_sgpt(data: bytes) -> Found:
    """shell_gpt's `.sgptrc`, which is written as variables."""
    variables = dotenv(data)
    if variables.get("API_BASE_URL", "default") != "default":
        variables["OPENAI_API_BASE"] = variables["API_BASE_URL"]
    accounts, notes = accounts_of(variables, keep=True)
    return Found(accounts=accounts, notes=notes)


def _model(one: Account, model: Any) -> Account:
    return Account(name=one.name, fields={**one.fields, "models": (model,)}, key=one.key)
