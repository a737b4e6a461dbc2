"""The secrets that Colab and Kaggle keep for their users: read, and never written."""

from __future__ import annotations

import importlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.secret import Secret
from nbapimgr.vault._patience import within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PlatformSecrets"]

_PATIENCE: Final = 3.0
"""Seconds: outside its own page Colab never answers."""
_AGAIN: Final = 60.0
"""Seconds until a secret that was not there is asked for again."""


class PlatformSecrets:
    """The secrets of the platform this kernel runs on; there are none anywhere else.

    Attributes:
        name: "Colab", "Kaggle" or "".
        notices: Why the platform did not answer, one line each.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.name = ""
        self.notices: list[str] = []
        self._ask: Callable[[str], Any] | None = None
        self._lock = threading.Lock()
        self._known: dict[str, Secret] = {}
        self._missed: dict[str, float] = {}
        if environ.get("COLAB_RELEASE_TAG") or environ.get("COLAB_GPU") is not None:
            self.name, self._ask = "Colab", _colab
        elif environ.get("KAGGLE_KERNEL_RUN_TYPE"):
            self.name, self._ask = "Kaggle", _kaggle

    def get(self, name: str) -> Secret | None:
        """The secret of that name; None where there is none or it is not given to this notebook."""
        if self._ask is None:
            return None
        with self._lock:
            if name in self._known or time.monotonic() < self._missed.get(name, 0.0):
                return self._known.get(name)
            value = self._asked(self._ask, name)
            if value:
                self._known[name] = Secret(value.strip())
                return self._known[name]
            self._missed[name] = time.monotonic() + _AGAIN
            return None

    def _asked(self, ask: Callable[[str], Any], name: str) -> str:
        try:
            value = within(_PATIENCE, lambda: ask(name))
        except TimeoutError:
            why = f"{self.name} does not give its secrets here: it does in its own page alone"
        except Exception as e:  # noqa: BLE001  # both raise types of their own
            why = _WHY.get(type(e).__name__, "").format(name=name)
        else:
            return value if isinstance(value, str) else ""
        if why and why not in self.notices:
            self.notices.append(why)
        return ""


_WHY: Final = {
    "TimeoutException": "Colab gives its secrets in its own page alone",
    "NotebookAccessError": "Colab has a secret {name}: switch on its notebook access (key icon)",
    "ConnectionError": "Kaggle gives its secrets to notebooks with internet access alone",
    "BackendError": "Kaggle does not give its secrets to this notebook: attach them to it",
}
"""What to do about it, by the type of the error; a secret that is not there is nothing to say."""


def _colab(name: str) -> Any:
    return importlib.import_module("google.colab.userdata").get(name)


def _kaggle(name: str) -> Any:
    return importlib.import_module("kaggle_secrets").UserSecretsClient().get_secret(name)
