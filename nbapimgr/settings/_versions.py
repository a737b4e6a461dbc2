"""The versions of our own file: older ones are carried over step by step, newer ones only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbapimgr.errors import SettingsError

__all__ = ["VERSION", "upgraded", "version_of"]

VERSION: Final = 2
"""The version that is written. A file without one is taken for it: a person wrote it."""


def _to_2(table: dict[str, Any]) -> dict[str, Any]:
    """2 added mode, policy, policies, budgets and projects; what 1 says means the same."""
    return table


_STEPS: Final[Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {1: _to_2}
"""Version -> what makes of its table one of the next version."""


def version_of(table: dict[str, Any], fault: Callable[..., SettingsError]) -> int:
    """The version a file says it has.

    Raises:
        SettingsError: It is no number from 1; made by `fault(path, message, hint=…)`.
    """
    version = table.get("version", VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise fault(("version",), f"{version!r} is no version", hint=f"this one is {VERSION}")
    return version


def upgraded(table: dict[str, Any], version: int) -> dict[str, Any]:
    """What a table of an older version says, in the words of `VERSION`."""
    for step in range(version, VERSION):
        table = _STEPS[step](table)
    return table
