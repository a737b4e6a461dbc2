"""Ask any LLM from a notebook cell, and never lose the cell to a provider's failure.

    %load_ext nbapimgr          then   %%llm   in a cell
    nbapimgr.connect()          the same from Python

Importing this loads nothing of what it does: every name arrives when it is first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nbapimgr.errors import (
        AllProvidersFailed,
        CallInterrupted,
        MissingExtra,
        MissingKey,
        NbApiMgrError,
        NotConfigured,
        OptionError,
        PromptError,
        RecordingMissing,
        SchemaError,
        SettingsError,
        UnknownName,
        VaultDamaged,
        VaultError,
        VaultLocked,
    )
    from nbapimgr.manager import Manager, Source, connect, disconnect
    from nbapimgr.models import Image, Message, Provider, Reply, Request, Tool
    from nbapimgr.secret import Secret
    from nbapimgr.settings import Settings

__all__ = [
    "AllProvidersFailed",
    "CallInterrupted",
    "Image",
    "Manager",
    "Message",
    "MissingExtra",
    "MissingKey",
    "NbApiMgrError",
    "NotConfigured",
    "OptionError",
    "PromptError",
    "Provider",
    "RecordingMissing",
    "Reply",
    "Request",
    "SchemaError",
    "Secret",
    "Settings",
    "SettingsError",
    "Source",
    "Tool",
    "UnknownName",
    "VaultDamaged",
    "VaultError",
    "VaultLocked",
    "__version__",
    "connect",
    "disconnect",
    "load_ipython_extension",
    "unload_ipython_extension",
]

__version__ = "0.1.0"

_ROOMS = {
    "nbapimgr.errors": (
        "AllProvidersFailed", "CallInterrupted", "MissingExtra", "MissingKey", "NbApiMgrError",
        "NotConfigured", "OptionError", "PromptError", "RecordingMissing", "SchemaError",
        "SettingsError", "UnknownName", "VaultDamaged", "VaultError", "VaultLocked",
    ),
    "nbapimgr.manager": ("Manager", "Source", "connect", "disconnect"),
    "nbapimgr.models": ("Image", "Message", "Provider", "Reply", "Request", "Tool"),
    "nbapimgr.secret": ("Secret",),
    "nbapimgr.settings": ("Settings",),
}  # fmt: skip
_HOME_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    room = _HOME_OF.get(name)
    if room is None:
        raise AttributeError(f"module 'nbapimgr' has no attribute {name!r}")
    return getattr(importlib.import_module(room), name)


def __dir__() -> list[str]:
    return list(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext nbapimgr`: register `%%llm` and `%llm`."""
    from nbapimgr.magics import register

    register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """`%unload_ext nbapimgr`: leave nothing behind."""
    from nbapimgr.magics import unregister

    unregister(shell)
