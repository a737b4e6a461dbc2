"""What is found out of keys: where they lie around on this machine, and how they are used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbapimgr.manager._credentials import ManagedCredentials
from nbapimgr.manager._key_usage import KeyUses, key_uses
from nbapimgr.manager._sightings import Sightings
from nbapimgr.wire.key_endings import key_ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.health import Checked
    from nbapimgr.manager._in_force import InForce
    from nbapimgr.models import Candidate, Provider
    from nbapimgr.scan import Place, Report
    from nbapimgr.secret import Secret
    from nbapimgr.settings import Places
    from nbapimgr.usage import UsageStore
    from nbapimgr.vault import Credentials, KeyUse

__all__ = ["Scanning", "leak_rows"]


class Scanning:
    """What a manager can find out of its keys: where they lie around, and how they are used."""

    places: Places
    _check_key: Callable[[Candidate], Checked]
    _in_force: InForce
    _keys: Credentials
    _provider: Callable[[str], Provider | None]
    _sightings: Sightings
    _usage: UsageStore

    def leaks(
        self,
        work: str | Path | None = None,
        *,
        progress: Callable[[int, Place], object] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Look through notebooks, histories and tracked `.env` files. Sends and changes nothing.

        What looks like a key of a vendor is found, and the keys that are known here in any form.
        Where a key of yours was found is said with its advice from then on, until it is rotated or
        a later search does not find it there.

        Args:
            work: The folder under which notebooks are looked for; None is the working folder.
            progress: Called with the number of files done and the next one.
            stop: Asked often; True ends the scan.
        """
        from nbapimgr.scan import places, scan

        folder = Path.cwd() if work is None else Path(work).expanduser()
        report = scan(
            places(work=folder),
            known=self._keys.values(self._in_force.settings.providers),
            fingerprint=self._keys.fingerprint,
            progress=progress,
            stop=stop,
        )
        self._sightings.note(report)
        return report

    def _credentials(self, keys: Credentials) -> ManagedCredentials:
        """The keys as people see them, with what is known of each besides."""
        self._sightings = Sightings(self.places.cache / "seen-keys.json")
        keys.remarks = self._remarks
        return ManagedCredentials(
            keys,
            self._provider,
            check=self._check_key,
            uses=KeyUses(self._uses),
        )

    def _remarks(self, provider: Provider, key: Secret) -> dict[str, str]:
        return {
            "seen": self._sightings.of(self._keys.fingerprint(key)),
            "ending": key_ending(provider.vendor, key.reveal()),
        }

    def _uses(self) -> dict[str, KeyUse]:
        # Where nothing was asked yet nothing needs to be loaded to know that.
        return key_uses(self._usage) if self.places.data.exists() else {}


def leak_rows(report: Report) -> list[dict[str, Any]]:
    """What a scan has found, in the form of the doctor's other rows."""
    found = [
        {
            "check": f"key in {leak.kind}",
            "ok": False,
            "found": f"{leak.path}, {leak.where}: {leak.vendor} {leak.masked}",
            "do": leak.do,
        }
        for leak in report.leaks
    ]
    done = f"{report.files} files looked through, {len(report.leaks)} keys found"
    notes = [{"check": "scan", "ok": True, "found": line, "do": ""} for line in report.notes]
    return [*found, *notes, {"check": "scan", "ok": True, "found": done, "do": ""}]
