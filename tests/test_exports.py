"""The front door: exactly the public names, and nothing heavy behind it."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import types
from pathlib import Path

import pytest

import nbapimgr

HEAVY = (
    "httpx", "httpx2", "aiohttp", "anywidget", "ipywidgets", "pandas", "pyarrow", "altair",
    "cryptography", "genai_prices", "jinja2", "msgspec", "tomlkit", "platformdirs",
)  # fmt: skip


def test_every_public_name_arrives():
    for name in nbapimgr.__all__:
        assert getattr(nbapimgr, name) is not None
    assert set(dir(nbapimgr)) == set(nbapimgr.__all__)


def test_no_other_name_is_public():
    modules = {n for n, v in vars(nbapimgr).items() if isinstance(v, types.ModuleType)}
    public = {n for n in vars(nbapimgr) if not n.startswith("_")} - modules
    assert public - {"annotations", "TYPE_CHECKING", "Any"} <= set(nbapimgr.__all__)


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="conect"):
        nbapimgr.conect  # noqa: B018


def test_the_version_is_the_packages():
    assert nbapimgr.__version__ == importlib.metadata.version("nbapimgr")


def test_all_lists_are_exact():
    root = Path(nbapimgr.__file__).parent
    doors = [p for p in root.rglob("__init__.py") if p.parent != root]
    for door in doors:
        name = ".".join(["nbapimgr", *door.parent.relative_to(root).parts])
        module = importlib.import_module(name)
        exported = getattr(module, "__all__", [])  # ruff sorts them: constants, classes, functions
        assert len(set(exported)) == len(exported), f"{name}.__all__ names something twice"
        for item in exported:
            assert getattr(module, item) is not None, f"{name}.{item}"


def modules_after(code: str) -> set[str]:
    printed = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {line.split(".")[0] for line in printed.splitlines()}


def test_importing_loads_nothing_heavy():
    assert not modules_after("import nbapimgr") & set(HEAVY)


def test_loading_the_extension_loads_nothing_heavy():
    base = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
    )
    before = modules_after(base)
    after = modules_after(base + "shell.run_line_magic('load_ext', 'nbapimgr')")
    assert "nbapimgr" in after
    assert not (after - before) & set(HEAVY)
