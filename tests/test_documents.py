"""The documents say what is there: rooms, layers, dependencies, dialects, files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from nbapimgr.wire import DIALECTS, dialect
from nbapimgr.wire.catalogue import CATALOGUE
from tests.test_layers import LAYERS

ROOT = Path(__file__).parents[1]
HOUSE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
BEGIN, END = "<!-- dialects: begin -->\n", "<!-- dialects: end -->\n"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def section(page, heading):
    return page.partition(f"## {heading}")[2].partition("\n## ")[0]


def rows(text):
    """The cells of each row of the tables in a text, without their headings."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    headings = [cells[n - 1] for n, row in enumerate(cells) if set(row[0]) <= {"-"}]
    return [row for row in cells if row not in headings and not set(row[0]) <= {"-"}]


def named(cell):
    return set(re.findall(r"`([^`]+)`", cell))


def package(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def rooms(page):
    """Name -> layer, of the rooms a page lists; None for the front door."""
    found = re.findall(r"^  ([\w.]+/?) +(?:L(\d))?", section(page, "Rooms"), re.MULTILINE)
    return {name: int(layer) if layer else None for name, layer in found}


def test_the_rooms_are_those_of_the_tree():
    package_folder = ROOT / "nbapimgr"
    there = {
        path.name + ("/" if path.is_dir() else "")
        for path in package_folder.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(rooms(HOUSE)) == there


def test_the_layers_are_those_that_are_checked():
    said = {name.rstrip("/").removesuffix(".py"): n for name, n in rooms(HOUSE).items()}
    assert said.pop("__init__") is None
    assert said == LAYERS


def test_each_dependency_has_a_reason_and_each_reason_a_dependency():
    table = rows(section(HOUSE, "Dependencies, one reason each").partition("Extras:")[0])
    assert all(reason for _, reason in table)
    said = [name for cell, _ in table for name in named(cell)]
    assert sorted(said) == sorted(package(r) for r in PROJECT["dependencies"])


def test_each_package_of_an_extra_has_a_reason_too():
    table = rows(section(HOUSE, "Dependencies, one reason each").partition("Extras:")[2])
    said = {}
    for extra, packages, reason in table:
        assert reason
        (name,) = named(extra)
        said[name] = said.get(name, set()) | named(packages)
    there = {
        extra: {package(r) for r in requirements}
        for extra, requirements in PROJECT["optional-dependencies"].items()
    }
    assert said == there


def dialect_table():
    lines = ["| dialect | module | known providers that speak it |", "|---|---|---|"]
    for name, module in DIALECTS.items():
        who = [entry.name for entry in CATALOGUE.values() if entry.dialect == name]
        lines.append(f"| `{name}` | `{module}` | {', '.join(who) or 'by base URL'} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_dialects_is_what_there_is():
    page = (ROOT / "docs" / "dialects.md").read_text("utf-8")
    assert page.partition(BEGIN)[2].partition(END)[0] == dialect_table()


def test_the_functions_of_the_contract_are_those_that_are_described():
    page = (ROOT / "docs" / "dialects.md").read_text("utf-8")
    said = {
        re.match(r"\w+", name)[0]
        for row in rows(page.replace("   |", "|"))
        for name in named(row[0])
    }
    contract = {"build", "authorise", "decoder", "models_call", "read_models"}
    assert contract <= said
    for name in DIALECTS:
        assert all(callable(getattr(dialect(name), function)) for function in contract)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_what_a_page_points_to_is_there(page):
    text = page.read_text("utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    files = re.findall(r"`((?:tests|docs|nbapimgr|notebooks|binder)/[\w./]+\.\w+)`", text)
    wanted = {page.parent / link for link in links} | {ROOT / name for name in files}
    absent = {str(p.relative_to(ROOT)) for p in wanted if not p.exists() and "acme" not in p.name}
    assert absent == set()


def test_the_workflow_pins_its_actions_and_may_only_read():
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    uses = re.findall(r"uses: (\S+)", text)
    assert uses
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in uses)
    assert "permissions:\n  contents: read\n" in text
    assert "run: .ci/run" in text
    for version in ("3.11", "3.12", "3.13"):
        assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
        assert f'"{version}"' in text


def test_the_checks_find_what_is_wrong():
    wrong = "## Rooms\n  gone/   L1  nothing\n  models/  L0  records\n## Next\n| `x` | why |\n"
    assert rooms(wrong) == {"gone/": 1, "models/": 0}
    assert rows("| package | why |\n|---|---|\n| `a` | b |\n") == [["`a`", "b"]]
    assert named("`a`, `b` c") == {"a", "b"}
    assert package("httpx-aiohttp>=0.2,<1") == "httpx-aiohttp"
