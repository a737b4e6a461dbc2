"""A repository chooses among one's providers; it never says where a key or a prompt goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbapimgr.errors import SettingsError
from nbapimgr.settings import project_file, read_project, restricted

VENDORS = {
    "openai": "https://api.openai.com/v1",
    "ollama": "http://127.0.0.1:11434",
    "azure": "https://{resource}.openai.azure.com/openai/v1",
}
EVIL = "https://evil.example/v1"
YOURS = {
    "openai": {"dialect": "openai-chat", "base_url": VENDORS["openai"], "env": ["OPENAI_API_KEY"]},
    "mine": {"dialect": "openai-chat", "base_url": "https://llm.corp.example/v1"},
}


@pytest.fixture
def project(tmp_path):
    """Writes a pyproject.toml and gives what of it is in force."""

    def write(text, **others):
        path = tmp_path / "repo" / "pyproject.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        others = {"providers": YOURS, **others}
        return restricted(path, read_project(path), others=others, vendors=VENDORS)

    return write


def test_what_a_project_is_for(project):
    found = project("""
        [project]
        name = "course"
        [tool.nbapimgr]
        default = "fast"
        mode = "replay"
        policy = "priority"
        [tool.nbapimgr.routes]
        fast = "openai:gpt-5, lab"
        [tool.nbapimgr.policies]
        fast = "fastest"
        [tool.nbapimgr.budgets.day]
        limit = 2
        per = "day"
        [tool.nbapimgr.providers.openai]
        priority = 1
        models = ["gpt-5"]
        rate_limits = {rpm = 5}
        enabled = true
        [tool.nbapimgr.providers.lab]
        dialect = "openai-chat"
        base_url = "http://localhost:8000/v1"
        keyless = true
        [tool.nbapimgr.providers.ollama]
        models = ["qwen3"]
    """)
    assert found.notes == ()
    assert found.table == {
        "default": "fast",
        "mode": "replay",
        "policy": "priority",
        "routes": {"fast": ("openai:gpt-5", "lab")},
        "policies": {"fast": "fastest"},
        "budgets": {"day": {"limit": 2, "per": "day"}},
        "providers": {
            "openai": {
                "priority": 1, "models": ["gpt-5"], "rate_limits": {"rpm": 5}, "enabled": True,
            },
            "lab": {
                "dialect": "openai-chat", "base_url": "http://localhost:8000/v1", "keyless": True,
            },
            "ollama": {"models": ["qwen3"], "vendor": "ollama"},
        },
    }  # fmt: skip


@pytest.mark.parametrize("name", ["openai", "mine"])
@pytest.mark.parametrize(
    "line",
    [
        f'base_url = "{EVIL}"',
        'dialect = "gemini"',
        'env = ["AWS_SECRET_ACCESS_KEY"]',
        'headers = {x-copy-to = "evil"}',
        'options = {proxy = "http://evil"}',
        'vendor = "ollama"',
        "keyless = true",
    ],
)
def test_a_provider_of_yours_is_not_redirected(project, name, line):
    found = project(f"[tool.nbapimgr.providers.{name}]\npriority = 1\n{line}\n")
    assert found.table["providers"] == {name: {"priority": 1}}
    (note,) = found.notes
    field = line.partition(" ")[0]
    assert f"providers.{name}.{field}: a project cannot set this of a provider of yours" in note
    assert str(found.path) in note


def test_to_say_what_is_so_is_no_fault(project):
    found = project(f'[tool.nbapimgr.providers.openai]\nbase_url = "{VENDORS["openai"]}"\n')
    assert found.notes == ()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("azure", {"base_url": EVIL, "dialect": "openai-chat"}),
        ("ollama", {"base_url": EVIL}),
        ("ollama", {"vendor": "openai"}),
        ("ollama", {"vendor": "openai", "base_url": VENDORS["openai"]}),
        ("new", {"vendor": "openai", "base_url": EVIL}),
        ("new", {"vendor": "openai", "base_url": VENDORS["openai"] + "@evil.example"}),
        ("new", {"vendor": "nobody", "base_url": "http://localhost/"}),
        ("new", {"base_url": EVIL, "dialect": "openai-chat"}),
        ("new", {"base_url": "http://localhost.evil.example/", "dialect": "openai-chat"}),
        ("new", {"base_url": "http://127.0.0.1@evil.example/", "dialect": "openai-chat"}),
        ("new", {"base_url": "http://[::1", "dialect": "openai-chat"}),
        ("new", {"base_url": "http://10.0.0.7/", "dialect": "openai-chat"}),
        ("new", {"dialect": "openai-chat"}),
    ],
)
def test_a_provider_at_an_address_you_do_not_know_is_left_out(project, name, fields):
    said = "".join(f"{field} = {value!r}\n" for field, value in fields.items())
    found = project(f"[tool.nbapimgr.providers.{name}]\n{said}")
    assert found.table["providers"] == {}
    assert len(found.notes) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:8/v1", "http://[::1]:8/v1", "http://localhost/"])
def test_a_server_of_this_machine_is_nobody_elses(project, url):
    found = project(f'[tool.nbapimgr.providers.x]\ndialect = "openai-chat"\nbase_url = "{url}"\n')
    assert found.table["providers"]["x"]["base_url"] == url


def test_no_variable_of_the_environment_is_named_by_a_project(project):
    found = project("""
        [tool.nbapimgr.providers.ollama]
        env = ["GITHUB_TOKEN"]
        headers = {a = "b"}
        options = {gguf = "evil.gguf"}
    """)
    assert found.table["providers"] == {"ollama": {"vendor": "ollama"}}
    assert len(found.notes) == 3


def test_a_folder_can_be_trusted_by_its_user_alone(project, tmp_path):
    text = (
        '[tool.nbapimgr.providers.x]\ndialect = "openai-chat"\n'
        f'base_url = "{EVIL}"\nenv = ["GITHUB_TOKEN"]\n'
    )
    assert project(text, projects=("~", str(tmp_path / "other"))).table["providers"] == {}
    found = project(text, projects=(str(tmp_path),))
    assert found.table["providers"] == {"x": {"dialect": "openai-chat", "base_url": EVIL}}
    assert "env" in found.notes[0]
    found = project(f"[tool.nbapimgr]\nprojects = ['{tmp_path}']\n{text}")
    assert found.table["providers"] == {}
    assert "projects" not in found.table
    assert "only your own settings" in found.notes[0]


def test_a_trusted_folder_redirects_nothing_either(project, tmp_path):
    text = f'[tool.nbapimgr.providers.mine]\nbase_url = "{EVIL}"\n'
    assert project(text, projects=(str(tmp_path),)).table["providers"] == {"mine": {}}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("limit = 1", True),
        ("limit = 5", True),
        ("limit = 5.01", False),
        ('limit = 1\nper = "day"', False),
        ('limit = 1\nprovider = "x"', False),
    ],
)
def test_a_budget_is_not_loosened(project, said, kept):
    found = project(f"[tool.nbapimgr.budgets.b]\n{said}\n", budgets={"b": {"limit": 5}})
    assert ("b" in found.table["budgets"]) is kept
    assert bool(found.notes) is not kept


# --- which file -----------------------------------------------------------------------------------


def test_the_nearest_file_with_our_table_is_the_projects(tmp_path):
    inner = tmp_path / "a" / "b" / "c"
    inner.mkdir(parents=True)
    assert project_file(inner) is None
    (tmp_path / "pyproject.toml").write_text("[tool.nbapimgr]\n")
    (tmp_path / "a" / "pyproject.toml").write_text('dependencies = ["nbapimgr"]\n')
    (tmp_path / "a" / "b" / "pyproject.toml").write_text("[tool.other]\n")
    assert project_file(inner) == tmp_path / "pyproject.toml"
    (tmp_path / "a" / "pyproject.toml").write_text('tool = {nbapimgr = {default = "x"}}\n')
    assert project_file(inner) == tmp_path / "a" / "pyproject.toml"
    (inner / "pyproject.toml").write_text("tool = 3 # nbapimgr\n")
    assert project_file(inner) == tmp_path / "a" / "pyproject.toml"
    (inner / "pyproject.toml").write_bytes(b"\xff")
    assert project_file(inner) == tmp_path / "a" / "pyproject.toml"


def test_a_broken_file_is_ours_only_when_it_names_our_table(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.nbapimgr]\ndefault = "x\n')
    assert project_file(tmp_path) == path
    with pytest.raises(SettingsError, match=rf"{path}: line 2: not valid TOML"):
        read_project(path)
    path.write_text("nbapimgr = \n")
    assert project_file(tmp_path) is None


def test_a_fault_names_its_line_in_the_projects_file(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text("[project]\nname = 'x'\n\n[tool.nbapimgr]\npolicy = 'cheap'\n")
    with pytest.raises(SettingsError, match=r"pyproject.toml: line 5: policy: there is no 'cheap'"):
        read_project(path)


@pytest.mark.parametrize("text", ["tool = 3", "tool = {nbapimgr = 3}", "[tool]\nnbapimgr = []"])
def test_a_table_that_is_none_says_nothing_or_so(tmp_path, text):
    path = tmp_path / "pyproject.toml"
    path.write_text(text)
    if text == "tool = 3":
        assert read_project(path) == {}
    else:
        with pytest.raises(SettingsError, match="expected a table"):
            read_project(path)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX alone has owners of this kind")
def test_another_users_file_is_not_obeyed(tmp_path, monkeypatch):
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.nbapimgr]\n")
    found = path.stat()
    owner = os.stat_result((*found[:4], 4242, *found[5:]))
    monkeypatch.setattr(Path, "stat", lambda *_, **__: owner)
    with pytest.raises(SettingsError, match="it belongs to another user"):
        read_project(path)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX alone has such bits")
def test_a_file_that_everybody_writes_is_not_obeyed(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.nbapimgr]\n")
    path.chmod(0o666)
    with pytest.raises(SettingsError, match="everybody may write it"):
        read_project(path)


def test_where_there_are_no_owners_none_is_asked_for(tmp_path, monkeypatch):
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.nbapimgr]\n")
    monkeypatch.delattr(os, "getuid")
    path.chmod(0o666)
    assert read_project(path) == {}
