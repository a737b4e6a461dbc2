"""Starts the child of a GGUF file when it is first needed, and again when it has died."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from nbapimgr.errors import MissingExtra, NbApiMgrError, OptionError
from nbapimgr.secret import scrub

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["start", "stop_all"]

_CONTEXT: Final = 2048
"""Tokens of context when the provider's options name none."""

_Key = tuple[str, str, int, int]


class _Child:
    """One running server."""

    def __init__(self, key: _Key) -> None:
        gguf, alias, context, threads = key
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the child
        self.process = subprocess.Popen(  # noqa: S603  # our own module with our own arguments
            [
                sys.executable,
                "-m",
                "nbapimgr.local._child",
                gguf,
                alias,
                str(context),
                str(threads),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_clean_environment(),
            text=True,
            start_new_session=True,  # the kernel's interrupt signals its whole process group
        )
        assert self.process.stdout  # noqa: S101  # asked for above
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            self.process.wait()
            raise NbApiMgrError(
                f"{gguf}: llama.cpp cannot serve it: {self._last_words()}",
                hint="is it a GGUF file that was fetched whole?",
            )

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._log):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").split("\n")
        said = [line.strip() for line in lines if "error" in line.lower() or "fail" in line.lower()]
        self.stop()
        return said[-1] if said else f"exit code {self.process.returncode}"


_children: dict[_Key, _Child] = {}
_lock = threading.Lock()
_owner = os.getpid()


def start(provider: Provider) -> Provider:
    """The provider with the address of its server, which is started where it does not run.

    `provider.options`: `gguf` the file; `context` its tokens of context (2048); `threads` (all
    cores but one). Blocks until the model is loaded.

    Raises:
        OptionError: There is no such file.
        MissingExtra: xllamacpp is not installed.
        NbApiMgrError: llama.cpp cannot serve the file.
    """
    options: dict[str, Any] = provider.options
    gguf = Path(str(options.get("gguf", ""))).expanduser()
    if not gguf.is_file():
        raise OptionError(f"provider {provider.name!r}: no file {str(gguf)!r}")
    if importlib.util.find_spec("xllamacpp") is None:
        raise MissingExtra("a local model needs xllamacpp", hint='pip install "nbapimgr[local]"')
    alias = provider.models[0] if provider.models else gguf.stem
    key = (
        str(gguf.resolve()),
        alias,
        int(options.get("context", _CONTEXT)),
        int(options.get("threads", _threads())),
    )
    with _lock:
        _forget_a_parents_children()
        child = _children.get(key)
        if child is None or not child.alive():
            if child is not None:
                child.stop()
            child = _children[key] = _Child(key)
    return msgspec.structs.replace(provider, base_url=f"{child.address}/v1")


@atexit.register
def stop_all() -> None:
    """Stop every server this process started."""
    with _lock:
        _forget_a_parents_children()
        while _children:
            _children.popitem()[1].stop()


def _forget_a_parents_children() -> None:
    """After a fork the servers are the parent's."""
    global _owner  # noqa: PLW0603  # whose the children are
    if _owner != os.getpid():
        _children.clear()
        _owner = os.getpid()


def _threads() -> int:
    """All cores but one.

    llama.cpp's threads wait for each other in busy loops, and a core that
    somebody else uses makes them all wait, a hundred times longer.
    """
    return max(1, (os.cpu_count() or 2) - 1)


def _clean_environment() -> dict[str, str]:
    """The environment without anything that looks like a key: the child needs none."""
    secret = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
    return {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.upper() for word in secret) and scrub(value) == value
    }
