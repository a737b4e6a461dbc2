"""jupyter-ai 2: `jupyter_ai/config.json` in Jupyter's data folder; 3 keeps its keys in `.env`."""

from __future__ import annotations

from typing import Any

from nbapimgr.imports._environment import accounts_of
from nbapimgr.imports._found import Account, Found
from nbapimgr.imports._parse import json_of, table
from nbapimgr.imports._vendors import account, host_name, vendor_named

__all__ = ["read"]

_BASES = ("openai_api_base", "base_url", "api_base", "azure_endpoint", "inference_server_url")


def read(data: bytes) -> Found:
    """Its keys, the servers that models were pointed at, and its chat model as the default."""
    config = table(json_of(data))
    keys = {k: v for k, v in table(config.get("api_keys")).items() if isinstance(v, str)}
    found, notes = accounts_of(keys, keep=True)
    accounts = {one.name: one for one in found}
    chosen = config.get("model_provider_id")
    default = ""
    models = table(config.get("fields"))
    if isinstance(chosen, str):
        models.setdefault(chosen, {})
    for model_id, fields in models.items():
        one, model = _server(model_id, table(fields), accounts)
        if one is not None:
            accounts[one.name] = _with_model(one, model)
            if model_id == chosen:
                default = f"{one.name}:{model}" if model else one.name
    return Found(accounts=tuple(accounts.values()), notes=notes, default=default or None)


def _server(
    model_id: str, fields: dict[str, Any], accounts: dict[str, Account]
) -> tuple[Account | None, str]:
    """The account that serves a model ("openai-chat:gpt-5", LiteLLM's "openai/gpt-5")."""
    mark = ":" if ":" in model_id else "/"
    word, _, model = model_id.partition(mark)
    url = next((fields[key] for key in _BASES if isinstance(fields.get(key), str)), "")
    if url:
        made = account(word, base_url=url)
        name = made.fields.get("vendor") or host_name(url)
        return accounts.get(name) or Account(name=name, fields=made.fields), model
    name = vendor_named(word)
    return accounts.get(name) or (account(name) if name else None), model


def _with_model(one: Account, model: str) -> Account:
    models = one.fields.get("models", ())
    if not model or model in models:
        return one
    fields = {**one.fields, "models": (*models, model)}
    return Account(name=one.name, fields=fields, key=one.key, key_name=one.key_name)
