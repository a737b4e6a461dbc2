"""Keys that lie around on this machine: found, and as rows for the doctor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbapimgr.manager._in_force import InForce
    from nbapimgr.scan import Place, Report
    from nbapimgr.vault import Credentials

__all__ = ["Scanning", "leak_rows"]


class Scanning:
    """What a manager can find of keys in places where none should be."""

    _in_force: InForce
    _keys: Credentials

    def leaks(
        self,
        work: str | Path | None = None,
        *,
        progress: Callable[[int, Place], object] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Look through notebooks, histories and tracked `.env` files. Sends and changes nothing.

        What looks like a key of a vendor is found, and the keys that are known here in any form.

        Args:
            work: The folder under which notebooks are looked for; None is the working folder.
            progress: Called with the number of files done and the next one.
            stop: Asked often; True ends the scan.
        """
        from nbapimgr.scan import places, scan

        folder = Path.cwd() if work is None else Path(work).expanduser()
        known = self._keys.values(self._in_force.settings.providers)
        return scan(places(work=folder), known=known, progress=progress, stop=stop)


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
