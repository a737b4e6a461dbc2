"""simonw/llm: keys, aliases, further models and default model of its folder."""

from __future__ import annotations

import re
from typing import Any, Final

from nbapimgr.imports._found import Account, Found
from nbapimgr.imports._parse import json_of, table, text, texts, yaml_of
from nbapimgr.imports._vendors import account, guessed, host_name, is_key, vendor_named
from nbapimgr.secret import Secret

__all__ = ["read_aliases", "read_default", "read_keys", "read_models"]

_FAMILIES: Final = (
    (re.compile(r"(?:gpt|chatgpt|o\d)\b"), "openai"),
    (re.compile(r"claude\b"), "anthropic"),
    (re.compile(r"gemini\b"), "google"),
)
"""Models that its plugins know without a prefix."""


def read_keys(data: bytes) -> Found:
    """Its keys; those by names of their own are for models that name them."""
    accounts: list[Account] = []
    keys: dict[str, Secret] = {}
    for name, value in table(json_of(data)).items():
        if name.startswith("//") or not is_key(value):
            continue
        vendor = vendor_named(name) or guessed(value)
        if vendor:
            accounts.append(account(name, vendor=vendor, key=value))
        else:
            keys[name] = Secret(value)
    return Found(accounts=tuple(accounts), keys=keys)


def read_aliases(data: bytes) -> Found:
    """Its aliases as routes, where the model's account is known."""
    routes: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    for alias, model in table(json_of(data)).items():
        if isinstance(model, str) and (to := _target(model)):
            routes[alias] = (to,)
        else:
            notes.append(f"alias {alias!r}: who serves its model is not known")
    return Found(routes=routes, notes=tuple(notes))


def read_models(data: bytes) -> Found:
    """Servers that speak OpenAI's format, with their models and aliases."""
    accounts: dict[str, Account] = {}
    routes: dict[str, tuple[str, ...]] = {}
    for entry in map(table, _entries(yaml_of(data))):
        model = entry.get("model_name") or entry.get("model_id")
        if not isinstance(model, str):
            continue
        url, key_name = (_text(entry, "api_base"), _text(entry, "api_key_name"))
        made = account("openai", base_url=url)
        name = made.fields.get("vendor") or host_name(url)
        before = accounts.get(name, made)
        models = tuple(dict.fromkeys((*before.fields.get("models", ()), model)))
        fields = {**before.fields, "models": models}
        headers = {k: v for k, v in table(entry.get("headers")).items() if isinstance(v, str)}
        if headers:
            fields["headers"] = headers
        accounts[name] = Account(name=name, fields=fields, key_name=key_name or before.key_name)
        for alias in [_text(entry, "model_id"), *texts(entry.get("aliases"))]:
            if alias and alias != model:
                routes[alias] = (f"{name}:{model}",)
    return Found(accounts=tuple(accounts.values()), routes=routes)


def read_default(data: bytes) -> Found:
    """The model of calls that name none."""
    model = text(data).strip()
    to = _target(model)
    if to or not model:
        return Found(default=to or None)
    return Found(notes=("the default model: who serves it is not known",))


def _target(model: str) -> str:
    """The target that one of its model names ("gpt-5", "gemini/gemini-3") is; empty for none."""
    head, mark, rest = model.partition("/")
    if mark and rest and (vendor := vendor_named(head)):
        return f"{vendor}:{rest}"
    found = (vendor for pattern, vendor in _FAMILIES if pattern.match(model))
    vendor = next(found, "")
    return f"{vendor}:{model}" if vendor else ""


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
