"""`ProviderConfig` in JSON: name, apiKey, baseURL, models, rateLimits, priority, enabled."""

from __future__ import annotations

from typing import Any, Final

from nbapimgr.imports._found import Account, Found
from nbapimgr.imports._parse import json_of, table, texts
from nbapimgr.imports._vendors import account, vendor_named

__all__ = ["read"]

_LIMITS: Final = {
    "rpm": "rpm", "requestsPerMinute": "rpm", "requests_per_minute": "rpm",
    "tpm": "tpm", "tokensPerMinute": "tpm", "tokens_per_minute": "tpm",
    "rpd": "rpd", "requestsPerDay": "rpd", "requests_per_day": "rpd",
}  # fmt: skip


def read(data: bytes) -> Found:
    """One of them, a list of them, or a table that holds them as `providers`."""
    found = json_of(data)
    if isinstance(found, dict):
        found = found.get("providers", found)
    if isinstance(found, dict) and "name" not in found:
        named = table(found).items()
        found = [{"name": name, **table(entry)} for name, entry in named if table(entry)]
    accounts: list[Account] = []
    notes: list[str] = []
    for number, entry in enumerate(found if isinstance(found, list) else [found], 1):
        config = table(entry)
        name, url = config.get("name"), config.get("baseURL") or config.get("baseUrl") or ""
        if not isinstance(name, str) or not isinstance(url, str):
            notes.append(f"entry {number}: name and baseURL are to be text")
        elif not url and not vendor_named(name):
            notes.append(f"{name[:60]!r} has no baseURL and is no known vendor")
        else:
            accounts.append(_account(name, url, config))
    return Found(accounts=tuple(accounts), notes=tuple(notes))


def _account(name: str, url: str, config: dict[str, Any]) -> Account:
    models = config.get("models")
    if isinstance(models, list):
        models = [one if isinstance(one, str) else _name_of(one) for one in models]
    limits = {
        _LIMITS[limit]: count
        for limit, count in table(config.get("rateLimits")).items()
        if limit in _LIMITS and type(count) is int and count > 0
    }
    made = account(name, base_url=url, key=config.get("apiKey"), models=tuple(texts(models)))
    fields = {**made.fields, **({"rate_limits": limits} if limits else {})}
    if type(config.get("priority")) is int:
        fields["priority"] = config["priority"]
    if config.get("enabled") is False:
        fields["enabled"] = False
    return Account(name=name, fields=fields, key=made.key)


def _name_of(model: Any) -> Any:
    """A model that is a table has an id, or a name."""
    return table(model).get("id") or table(model).get("name")
