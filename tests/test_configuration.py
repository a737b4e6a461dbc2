"""docs/configuration.md says what the code does, and its examples are read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from nbapimgr import Manager
from nbapimgr.imports import Where
from nbapimgr.imports._find import SOURCES
from nbapimgr.imports._sources import FILES
from nbapimgr.models import Provider
from nbapimgr.scan import _scan as scan_room
from nbapimgr.settings import Budget, Settings, provider_fields, read_project, restricted
from nbapimgr.settings._records import MODES, PERIODS, POLICIES
from nbapimgr.settings._versions import VERSION
from nbapimgr.wire.catalogue import CATALOGUE
from tests.test_documents import rows

PAGE = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text("utf-8")
NAMED = ("routes", "policies", "budgets", "providers")
WORDS = {
    "str": "text", "bool": "true or false", "int": "whole number", "float": "number",
    "tuple[str, ...]": "list of text", "dict[str, int]": "table of whole numbers",
    "dict[str, str]": "table of text", "dict[str, Any]": "table", "str | None": "text",
    "Period": "text",
}  # fmt: skip


def between(mark):
    return PAGE.partition(f"<!-- {mark}: begin -->\n")[2].partition(f"<!-- {mark}: end -->")[0]


def fields(kind, prefix="", only=None):
    """(key, value, default) of the fields of a struct, as the table says them."""
    for field in msgspec.structs.fields(kind):
        if only is not None and field.name not in only:
            continue
        value = kind.__annotations__[field.name]
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if default in {msgspec.NODEFAULT, None} if not isinstance(default, dict | list) else False:
            said = "–"
        else:
            said = f"`{msgspec.json.encode(default).decode()}`"
        yield f"`{prefix}{field.name}`", WORDS[value], said


def table():
    scalars = [key for key in Settings.__struct_fields__ if key not in NAMED]
    yield from sorted(fields(Settings, only=scalars))
    yield "`routes.NAME`", "list of text", "–"
    yield "`policies.NAME`", "text", "–"
    yield from fields(Budget, "budgets.NAME.")
    yield from fields(Provider, "providers.NAME.", only=provider_fields)


def test_the_table_of_settings_is_what_there_is():
    said = rows(between("settings"))
    assert sorted(tuple(row[:3]) for row in said) == sorted(table())
    assert all(row[3] for row in said)


@pytest.mark.parametrize(
    ("key", "words"), [("mode", MODES), ("policy", POLICIES), ("budgets.NAME.per", PERIODS)]
)
def test_the_words_that_are_understood_are_all_there(key, words):
    (meaning,) = [row[3] for row in rows(between("settings")) if row[0] == f"`{key}`"]
    assert {word for word in words if f"`{word}`" in meaning} == set(words)


def test_the_table_of_sources_is_what_there_is():
    anywhere = Where(home=Path("/h"), work=Path("/"), environ={}, platform="linux")
    names = {name: [] for name in SOURCES}
    for file in FILES:
        names[file.source] += [path.name for path in file.paths(anywhere)]
    said = {row[0].strip("`"): re.findall(r"`([^`]+)`", row[1]) for row in rows(between("sources"))}
    assert said.pop("anthropic") == ["*.json"]
    assert names.pop("anthropic") == []
    assert said == {name: [*dict.fromkeys(files)] for name, files in names.items()}


def examples():
    return re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_are_read(tmp_path, home):
    mine, project = examples()
    assert tomllib.loads(mine)["version"] == VERSION
    home.mkdir()
    (home / "settings.toml").write_text(mine)
    llm = Manager(home)
    assert llm.trouble == ()
    assert [line.partition(": ")[2] for line in llm.notes] == [
        "budgets.month: is not in force yet: nothing is refused because of it"
    ]
    assert llm.providers["groq"].base_url == CATALOGUE["groq"].base_url
    assert llm.providers["work"].declared[0].context_window == 8192
    llm.close()
    path = tmp_path / "pyproject.toml"
    path.write_text(project)
    vendors = {name: vendor.base_url for name, vendor in CATALOGUE.items()}
    kept = restricted(path, read_project(path), others={}, vendors=vendors)
    assert kept.notes == ()
    assert kept.table["mode"] == "replay"


def test_the_bounds_of_the_scan_are_those_that_are_said():
    assert f"at most {scan_room._FILES:,} files and {scan_room._SECONDS:.0f} seconds" in re.sub(
        r"\s+", " ", PAGE
    )


def test_the_check_finds_what_is_wrong():
    assert ("`policy`", "text", '`"priority"`') in table()
    assert ("`providers.NAME.priority`", "whole number", "`100`") in table()
    assert ("`budgets.NAME.limit`", "number", "–") in table()
