"""Imports point down only, and each heavy package has its one room (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import nbapimgr

ROOT = Path(nbapimgr.__file__).parent
LAYERS = {
    "errors": 0, "models": 0, "secret": 0,
    "wire": 1, "settings": 1, "vault": 1, "usage": 1, "recordings": 1, "local": 1, "schema": 1,
    "inert": 1, "health": 1, "state": 1,
    "engine": 2, "imports": 2, "scan": 2,
    "manager": 3,
    "magics": 4, "demo": 4, "widgets": 4, "cli": 4, "testing": 4,
}  # fmt: skip
SAME_LAYER = {
    ("errors", "models"), ("errors", "secret"),
    ("cli", "demo"), ("magics", "demo"), ("magics", "widgets"), ("manager", "widgets"),
}  # fmt: skip
"""`errors` names `Attempt` for type checkers only and takes keys out of what it says; the command
and the magic start the demo; the magic and `llm.panel()` show widgets."""
FENCES = {
    "httpx": {"engine"}, "httpx2": {"engine"}, "httpx_aiohttp": {"engine"}, "aiohttp": {"engine"},
    "cryptography": {"vault"}, "keyring": {"vault"},
    "pandas": {"usage", "analytics", "models", "manager", "magics", "schema"},
    "pyarrow": {"usage", "analytics"},
    "altair": {"analytics"},
    "genai_prices": {"usage"},
    "IPython": {"magics", "widgets", "__init__"},
    "ipywidgets": {"widgets"}, "anywidget": {"widgets"},
    "xllamacpp": {"local"}, "llmock": {"demo"}, "click": {"cli"}, "botocore": {"wire"},
    "yaml": {"imports"},
}  # fmt: skip


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(source: str, *, module_level: bool = False):
    """Names of the modules a source imports; those under TYPE_CHECKING count only as ours."""
    tree = ast.parse(source)
    typing_only = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    nodes = ast.walk(tree) if not module_level else iter(tree.body)
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
            if node.module == "nbapimgr":
                names = [f"nbapimgr.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if id(node) in typing_only and not name.startswith("nbapimgr"):
                continue
            yield name


def faults(room: str, source: str) -> list[str]:
    found = []
    for name in imports_of(source):
        top, *rest = name.split(".")
        if top == "nbapimgr" and rest and room not in {"__init__", "testing"}:
            target = rest[0]
            down = LAYERS.get(target, 99) < LAYERS[room]
            if target != room and not down and (room, target) not in SAME_LAYER:
                found.append(f"{room} imports {name}")
        elif top in FENCES and room not in FENCES[top] | {"testing"}:
            found.append(f"{room} imports {name}")
    return found


MODULES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    assert faults(room_of(path), path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_heavy_packages_are_imported_inside_functions(path):
    heavy = FENCES.keys() - {"click", "IPython"}
    tops = {name.split(".")[0] for name in imports_of(path.read_text("utf-8"), module_level=True)}
    assert not tops & heavy


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_room_is_too_large(path):
    lines = path.read_text("utf-8").count("\n")
    assert lines <= 350
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or node.lineno) - node.lineno + 1
            assert size <= 50, f"{node.name}: {size} lines"


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("wire", "from nbapimgr.engine import Engine"),
        ("wire", "from nbapimgr.usage import cost"),
        ("engine", "from nbapimgr.manager import connect"),
        ("models", "import nbapimgr.wire"),
        ("manager", "def f():\n    import httpx"),
        ("engine", "def f():\n    from pandas import DataFrame"),
        ("wire", "if TYPE_CHECKING:\n    from nbapimgr.engine import Engine"),
    ],
)
def test_the_check_finds_what_is_wrong(room, source):
    assert faults(room, source)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("engine", "import httpx"),
        ("engine", "from nbapimgr.wire import dialect"),
        ("manager", "if TYPE_CHECKING:\n    import pandas"),
        ("usage", "from nbapimgr.models import Attempt"),
    ],
)
def test_the_check_lets_pass_what_is_right(room, source):
    assert not faults(room, source)
