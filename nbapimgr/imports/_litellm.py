"""LiteLLM's proxy: `model_list`, fallbacks, aliases and budgets of its config.yaml."""

from __future__ import annotations

from typing import Any, Final

from nbapimgr.imports._found import Account, Found, Malformed
from nbapimgr.imports._parse import table, texts, yaml_of
from nbapimgr.imports._vendors import account, host_name, vendor_named

__all__ = ["read"]

_REFERENCE: Final = "os.environ/"
_PERIODS: Final = {
    "1d": "day",
    "24h": "day",
    "7d": "week",
    "1w": "week",
    "30d": "month",
    "1mo": "month",
}
_OPENAI: Final = ("gpt-", "chatgpt-", "o1", "o3", "o4")
"""Models that need no prefix there."""
_OWN_WAY: Final = {
    "default_fallbacks": "other providers stand behind a model anyway",
    "context_window_fallbacks": "a larger window is looked for without a list",
    "content_policy_fallbacks": "a refusal is not asked around",
}
_LIMITS: Final = ("rpm", "tpm")


def read(data: bytes) -> Found:
    """Its deployments as accounts, its model names as routes."""
    config = table(yaml_of(data))
    if not isinstance(config.get("model_list"), list):
        raise Malformed("no LiteLLM configuration: it has no model_list")
    reader = _Reader(table(config.get("environment_variables")))
    for entry in config["model_list"]:
        reader.deployment(table(entry))
    for section in map(table, (config.get("litellm_settings"), config.get("router_settings"))):
        reader.settings(section)
    return Found(
        accounts=tuple(reader.accounts.values()),
        routes={name: tuple(to) for name, to in reader.routes.items()},
        budgets=reader.budgets,
        default=reader.default,
        notes=tuple(reader.notes),
    )


class _Reader:
    """One configuration, as far as it is read."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.accounts: dict[str, Account] = {}
        self.routes: dict[str, list[str]] = {}
        self.budgets: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []
        self.default: str | None = None
        self._variables = variables

    def deployment(self, entry: dict[str, Any]) -> None:
        """One entry of `model_list`: a model of an account, and the name it is called by."""
        params, name = table(entry.get("litellm_params")), entry.get("model_name")
        model = params.get("model")
        if not isinstance(model, str) or not isinstance(name, str):
            self.notes.append("an entry of model_list has no model_name or no model")
            return
        head, mark, rest = model.partition("/")
        vendor = vendor_named(head) if mark else ""
        model = rest if vendor else model
        made = self._made(vendor, params)
        if made is None:
            self.notes.append(f"{name}: who serves {model[:60]!r} is not known")
        elif "*" in model:
            self.notes.append(f"{name}: {model[:60]!r} is a pattern; name the models you use")
            self._put(made, "", params)
        else:
            target = f"{self._put(made, model, params)}:{model}"
            if target not in self.routes.setdefault(name, []):
                self.routes[name].append(target)

    def settings(self, section: dict[str, Any]) -> None:
        """What `litellm_settings` and `router_settings` say of fallbacks, aliases and budgets."""
        for alias, to in table(section.get("model_group_alias")).items():
            target = to if isinstance(to, str) else table(to).get("model")
            if isinstance(target, str):
                self.routes.setdefault(alias, []).append(target)
        fallbacks = section.get("fallbacks")
        for entry in fallbacks if isinstance(fallbacks, list) else []:
            for name, others in table(entry).items():
                known = self.routes.setdefault(name, [])
                known += [one for one in texts(others) if one not in known and one != name]
        self.notes += [f"{key}: {how}" for key, how in _OWN_WAY.items() if section.get(key)]
        self._budget("litellm", section.get("max_budget"), section.get("budget_duration"))
        for who, limit in table(section.get("provider_budget_config")).items():
            said = table(limit)
            self._budget(
                who,
                said.get("budget_limit", said.get("max_budget")),
                said.get("time_period", said.get("budget_duration")),
                provider=vendor_named(who) or who,
            )

    def _made(self, vendor: str, params: dict[str, Any]) -> Account | None:
        """The account of a deployment, without its models."""
        url = self._value(params.get("api_base") or params.get("base_url"))
        if not url and not vendor:
            if not params["model"].startswith(_OPENAI):
                return None
            vendor = "openai"
        key = params.get("api_key")
        variable = key.removeprefix(_REFERENCE) if isinstance(key, str) else ""
        env = (variable,) if variable != key and variable not in self._variables else ()
        dialect = vendor if vendor in {"anthropic", "ollama", "cohere"} and url else ""
        made = account(
            vendor, base_url=url, vendor=vendor, key=self._value(key), env=env, dialect=dialect
        )
        name = made.fields.get("vendor") or host_name(url)
        return Account(name=name, fields=made.fields, key=made.key)

    def _put(self, made: Account, model: str, params: dict[str, Any]) -> str:
        """Add a model to the account that has this address and key; its name."""
        same = (
            one
            for one in self.accounts.values()
            if one.key == made.key and _where(one) == _where(made)
        )
        had = next(same, None)
        name, number = made.name, 2
        while had is None and name in self.accounts:
            name, number = f"{made.name}-{number}", number + 1
        fields = dict((had or made).fields)
        if model:
            fields["models"] = tuple(dict.fromkeys((*fields.get("models", ()), model)))
        limits = {key: params[key] for key in _LIMITS if type(params.get(key)) is int}
        if limits:
            fields["rate_limits"] = {**fields.get("rate_limits", {}), **limits}
        name = had.name if had else name
        self.accounts[name] = Account(name=name, fields=fields, key=made.key)
        return name

    def _value(self, value: Any) -> str:
        """A value, or what the file itself says of the variable that it refers to."""
        if not isinstance(value, str):
            return ""
        if not value.startswith(_REFERENCE):
            return value
        return str(self._variables.get(value.removeprefix(_REFERENCE), ""))

    def _budget(self, name: str, limit: Any, period: Any, *, provider: str = "") -> None:
        if type(limit) not in {int, float} or not limit > 0:
            return
        per = _PERIODS.get(str(period)) if period is not None else None
        if per is None:
            self.notes.append(f"budget {name}: {str(period)[:20]!r} is no day, week or month")
            return
        self.budgets[name] = {"limit": limit, "per": per}
        if provider:
            self.budgets[name]["provider"] = provider


def _where(one: Account) -> tuple[Any, ...]:
    return one.fields.get("vendor"), one.fields.get("base_url"), one.fields.get("env")
