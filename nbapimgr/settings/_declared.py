"""What a user says of models: `models` may be plain names, or tables that say what one can do."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from nbapimgr.errors import nearest
from nbapimgr.models import ModelInfo, Provider

__all__ = ["fields_of", "naming_fault", "provider_fields", "provider_from"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What a provider can be called: it stands in routes, in tables and in file names' places."""
_SHOWN: Final = 40
"""Characters of a wrong name that are shown."""

provider_fields: Final = tuple(
    field for field in Provider.__struct_fields__ if field not in {"name", "declared"}
)
"""The fields of a provider that a user sets; `declared` is a part of `models`."""
_TOLD: Final = tuple(field for field in ModelInfo.__struct_fields__ if field != "raw")
_COUNTS: Final = ("context_window", "max_output_tokens")


def naming_fault(name: object) -> str:
    """Why a provider cannot be called so, with the name made harmless; "" where it can."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return ""
    said = ascii(name)
    said = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
    return f"{said} cannot name a provider"


def provider_from(fields: dict[str, Any]) -> Provider:
    """The provider with these fields, where `models` may hold names and tables.

    `["m", {"id": "n", "context_window": 4096, "images": False}]` are two models, one of which is
    known not to take more than 4,096 tokens, nor pictures.

    Raises:
        msgspec.ValidationError: A field is wrong; names the place in it.
    """
    models = fields.get("models")
    if not isinstance(models, list | tuple):
        return msgspec.convert(fields, Provider)
    tables = {n: model for n, model in enumerate(models) if isinstance(model, dict)}
    declared = tuple(_declared(f"models[{n}]", table) for n, table in tables.items())
    names = [model["id"] if isinstance(model, dict) else model for model in models]
    return msgspec.convert({**fields, "models": names, "declared": declared}, Provider)


def fields_of(provider: Provider) -> dict[str, Any]:
    """What `provider_from` makes the provider of, its name apart, as plain data without defaults.

    Raises:
        TypeError: A value among its `options` is no plain data.
    """
    fields: dict[str, Any] = msgspec.to_builtins(provider)
    del fields["name"]
    said = {info["id"]: info for info in fields.pop("declared", ())}
    if said:
        fields["models"] = [said.get(name, name) for name in provider.models]
    return fields


def _declared(place: str, table: dict[str, Any]) -> ModelInfo:
    for key in table:
        if key not in _TOLD:
            close = nearest(str(key), _TOLD)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(_TOLD)}"
            raise msgspec.ValidationError(f"{place}: unknown key {key!r}; {hint}")
    try:
        info = msgspec.convert(table, ModelInfo)
    except msgspec.ValidationError as e:
        raise msgspec.ValidationError(f"{place}: {e}") from None
    for field in _COUNTS:
        count = getattr(info, field)
        if count is not None and count < 1:
            raise msgspec.ValidationError(f"{place}: {field} must be at least 1, not {count}")
    return info
