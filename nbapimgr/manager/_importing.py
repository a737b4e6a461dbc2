"""`llm.import_settings()`: brings over what other tools have, shows it first, takes it back."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from nbapimgr.errors import NbApiMgrError
from nbapimgr.imports import Found, Known, Piece, Where, find, found_models, merged, read_file
from nbapimgr.manager._imported import Import
from nbapimgr.models import Candidate, Provider
from nbapimgr.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nbapimgr.imports import Addition
    from nbapimgr.manager._credentials import ManagedCredentials
    from nbapimgr.manager._in_force import InForce
    from nbapimgr.manager._monitor import HealthMonitor
    from nbapimgr.manager._providers import Providers
    from nbapimgr.settings import Places
    from nbapimgr.vault import Credentials

__all__ = ["Importing"]

_OLLAMA: Final = "http://127.0.0.1:11434"
_RECORD: Final = "imported.json"
"""Beside the settings: what the last imports added, so that it can be taken back."""


class Importing:
    """What a manager can bring over from other tools."""

    providers: Providers
    credentials: ManagedCredentials
    places: Places
    _in_force: InForce
    _keys: Credentials
    monitor: HealthMonitor

    def import_settings(
        self,
        *paths: str | Path,
        only: Sequence[str] = (),
        ollama: bool = False,
        where: Where | None = None,
    ) -> Import:
        """What other tools' settings would add here. Nothing is done before its `.apply()`.

        Args:
            paths: Files to read; none looks through the places that are known.
            only: Names of sources ("environment", ".env", "llm", "litellm", …); empty means all.
            ollama: Ask the Ollama of this machine which models it has.
            where: Other folders than this user's and this process's.

        Raises:
            UnknownName: There is no such source.
            Malformed: A file of `paths` is not there or is none that is known.
        """
        where = where or Where.here()
        pieces = [read_file(Path(path).expanduser()) for path in paths]
        if not paths:
            pieces = find(where, only)
        if ollama:
            pieces.append(self._local(where.environ.get("OLLAMA_HOST", "")))
        return self._import(merged(pieces, self._known_by_now()))

    def last_import(self) -> Import:
        """The newest import that stands, of this kernel or another; `.undo()` takes it back."""
        return self._import(())

    def _import(self, additions: Sequence[Addition]) -> Import:
        return Import(
            additions,
            providers=self.providers,
            credentials=self.credentials,
            in_force=self._in_force,
            record=self.places.settings.with_name(_RECORD),
        )

    def _known_by_now(self) -> Known:
        settings = self._in_force.settings
        return Known(
            providers={p.name: p.base_url for p in settings.providers},
            keys={p.name: self._keys_of(p) for p in settings.providers},
            routes=settings.routes,
            budgets={name: msgspec.to_builtins(one) for name, one in settings.budgets.items()},
            default=settings.default,
        )

    def _keys_of(self, provider: Provider) -> tuple[Secret, ...]:
        found = (
            self._keys.secret(Candidate(provider=provider, model="", credential=alias))
            for alias in filter(None, self._keys.aliases(provider))
        )
        return tuple(secret for secret in found if secret)

    def _local(self, host: str) -> Piece:
        """What the Ollama of this machine has; another machine's is not asked."""
        url = _this_machine(host)
        if url is None:
            found = Found(notes=("OLLAMA_HOST is not this machine: not asked",))
            return Piece(source="ollama", place="OLLAMA_HOST", found=found)
        server = Provider(name="ollama", dialect="ollama", base_url=url, keyless=True)
        try:
            found = found_models(url, tuple(info.id for info in self.monitor.test(server)))
        except NbApiMgrError:
            found = Found(notes=("no Ollama answers on this machine",))
        return Piece(source="ollama", place=url, found=found)


def _this_machine(host: str) -> str | None:
    """The address of an `OLLAMA_HOST` on this machine; None when it is another's.

    It may be a host, with or without scheme and port; 0.0.0.0 is what a server listens on.
    """
    if not host:
        return _OLLAMA
    try:
        url = urlsplit(host if "://" in host else f"http://{host}")
        name = "127.0.0.1" if url.hostname in {"0.0.0.0", "localhost"} else url.hostname or ""  # noqa: S104
        near = ipaddress.ip_address(name).is_loopback
        port = url.port or 11434
    except ValueError:
        return None
    return f"http://{f'[{name}]' if ':' in name else name}:{port}" if near else None
