"""Gets the price list ready while the first call waits for the network."""

from __future__ import annotations

import threading

from nbapimgr.usage import prepare

__all__ = ["Prices"]


class Prices:
    """Loading it takes most of a second, which nobody should wait for at the first answer."""

    def __init__(self) -> None:
        self._started = False

    def start(self) -> None:
        """Begin to load it, once, in the background."""
        if not self._started:
            self._started = True
            threading.Thread(target=prepare, name="nbapimgr-prices", daemon=True).start()
