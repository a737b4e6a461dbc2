"""aider: `.aider.conf.yml` of the home, the repository and the working folder."""

from __future__ import annotations

from nbapimgr.imports._environment import accounts_of
from nbapimgr.imports._found import Account, Found
from nbapimgr.imports._parse import table, texts, yaml_of
from nbapimgr.imports._vendors import account, vendor_named

__all__ = ["read"]

_OWN = {
    "openai-api-key": "OPENAI_API_KEY",
    "anthropic-api-key": "ANTHROPIC_API_KEY",
    "openai-api-base": "OPENAI_API_BASE",
}


def read(data: bytes) -> Found:
    """Its keys, its aliases as routes, its model as the default."""
    config = table(yaml_of(data))
    variables = dict(_pairs(config, "set-env"))
    variables |= {f"{who.upper()}_API_KEY": key for who, key in _pairs(config, "api-key")}
    for option, name in _OWN.items():
        if isinstance(config.get(option), str):
            variables[name] = config[option]
    accounts, notes = accounts_of(variables, keep=True)
    found = {one.name: one for one in accounts}
    routes: dict[str, tuple[str, ...]] = {}
    for alias, model in _pairs(config, "alias", mark=":"):
        if to := _target(model, found):
            routes[alias] = (to,)
        else:
            notes += (f"alias {alias!r}: who serves its model is not known",)
    default = _target(str(config.get("model") or ""), found)
    return Found(accounts=tuple(found.values()), routes=routes, notes=notes, default=default)


def _pairs(config: dict[str, object], key: str, *, mark: str = "=") -> list[tuple[str, str]]:
    """`api-key: [gemini=…]`, or one of them."""
    parts = (one.partition(mark) for one in texts(config.get(key)))
    return [(name.strip(), value.strip()) for name, _, value in parts if name and value]


def _target(model: str, found: dict[str, Account]) -> str | None:
    """The target that a LiteLLM name ("openrouter/x/y") is; a new account is added."""
    head, mark, rest = model.partition("/")
    vendor = vendor_named(head) if mark else ""
    if not vendor or not rest:
        return None
    found.setdefault(vendor, account(vendor))
    return f"{vendor}:{rest}"
