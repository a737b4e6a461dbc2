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

_CPU_MAX: Final = Path("/sys/fs/cgroup/cpu.max")

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
        self._close()

    def disown(self) -> None:
        """Let go of a child of the process this one was forked from.

        It ends with the last copy of its standard input, of which this process has one.
        """
        self.process.returncode = 0  # it is not this process's to wait for
        self._close()

    def _close(self) -> None:
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


def start(provider: Provider) -> Provider:
    """The provider with the address of its server, which is started where it does not run.

    `provider.options`: `gguf` the file; `context` its tokens of context (2048); `threads` (all
    cores but one). Blocks until the model is loaded.

    Raises:
        OptionError: There is no such file, or an option is no number.
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
        _number(provider, "context", _CONTEXT),
        _number(provider, "threads", _threads()),
    )
    with _lock:
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
        while _children:
            _children.popitem()[1].stop()


def _after_fork_in_child() -> None:
    """The servers are the parent's, and so is the thread that may hold the lock."""
    global _lock  # noqa: PLW0603  # nobody is left who could release the old one
    _lock = threading.Lock()
    while _children:
        _children.popitem()[1].disown()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _number(provider: Provider, option: str, default: int) -> int:
    """An option that is a whole number above zero."""
    value = provider.options.get(option, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise OptionError(
            f"provider {provider.name!r}: option {option} is {value!r}, no whole number above 0"
        )
    return value


def _threads() -> int:
    """All cores but one.

    llama.cpp's threads wait for each other in busy loops, and a core that somebody else uses makes
    them all wait, a hundred times longer. Cores are those this process may use: a container on a
    large machine sees all of that machine's.
    """
    allowed = getattr(os, "sched_getaffinity", None)
    cores = len(allowed(0)) if allowed else os.cpu_count() or 2
    return max(1, min(cores, _quota()) - 1)


def _quota() -> int:
    """Whole cores of a container's share of processor time; a large number where it has none.

    The file is Linux's: `max 100000`, or microseconds of use and the period they are for
    (kernel documentation, cgroup-v2, cpu.max).
    """
    try:
        used, period = _CPU_MAX.read_text("ascii").split()
        return int(used) // int(period)
    except (OSError, ValueError):
        return sys.maxsize


def _clean_environment() -> dict[str, str]:
    """The environment without anything that looks like a key: the child needs none."""
    secret = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")
    return {
        name: value
        for name, value in os.environ.items()
        if not any(word in name.upper() for word in secret) and scrub(value) == value
    }
