"""Variables, of the environment and of `.env` files: keys, and where OpenAI's client is pointed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nbapimgr.imports._found import Account, Found
from nbapimgr.imports._parse import dotenv
from nbapimgr.imports._vendors import account, guessed, host_name, is_key, vendor_of_variable
from nbapimgr.secret import Secret

__all__ = ["accounts_of", "read_dotenv", "read_environment"]

_ADDRESSES: Final = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE", "AIDER_OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
    "azure": ("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE"),
    "ollama": ("OLLAMA_API_BASE",),
}
"""Variables that send a vendor's client elsewhere: the key is for there, then, and not for them."""
_DIALECTS: Final = {"anthropic": "anthropic", "ollama": "ollama"}
_MARKS: Final = ("_API_KEY", "_KEY", "_TOKEN")


def read_environment(environ: Mapping[str, str]) -> Found:
    """Providers whose variable is set. The keys stay there and are read from there."""
    accounts, notes = accounts_of(environ, keep=False)
    return Found(accounts=accounts, notes=notes)


def read_dotenv(data: bytes) -> Found:
    """The keys of a `.env` file."""
    accounts, notes = accounts_of(dotenv(data), keep=True)
    return Found(accounts=accounts, notes=notes)


def accounts_of(
    variables: Mapping[str, str], *, keep: bool
) -> tuple[tuple[Account, ...], tuple[str, ...]]:
    """The accounts that variables amount to, and a line for each key that is nobody's.

    Args:
        variables: Name -> value.
        keep: The keys are brought over; else the account names its variable.
    """
    found: dict[str, Account] = {}
    notes: list[str] = []
    for name, value in variables.items():
        vendor = vendor_of_variable(name) or (guessed(value) if name.endswith(_MARKS) else "")
        if not is_key(value) or vendor in found:
            continue
        if vendor:
            found[vendor] = _one(vendor, name, variables, keep=keep)
        elif keep and name.endswith("_API_KEY"):
            notes.append(f"{name}: whose key this is is not known; llm.providers.add(…, key=…)")
    return tuple(found.values()), tuple(notes)


def _one(vendor: str, name: str, variables: Mapping[str, str], *, keep: bool) -> Account:
    url = next((variables[n] for n in _ADDRESSES.get(vendor, ()) if variables.get(n)), "")
    value = variables[name]
    made = account(
        vendor,
        base_url=url,
        vendor=vendor,
        dialect=_DIALECTS.get(vendor, "") if url else "",
        env=() if keep else (name,),
    )
    name = vendor if made.fields.get("vendor") else host_name(url)
    return Account(name=name, fields=made.fields, key=Secret(value) if keep else None)
