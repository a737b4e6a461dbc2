"""Where files are looked for, and what is made of files that are not what they seem."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nbapimgr.errors import MissingExtra, UnknownName
from nbapimgr.imports import Malformed, Where, find, read_file
from nbapimgr.imports import _parse as parse
from nbapimgr.imports._find import SOURCES

KEY = "sk-proj-" + "a1" * 10 + "T3BlbkFJ" + "b2" * 10


@pytest.fixture
def where(tmp_path):
    (tmp_path / "home" / "work" / "deep").mkdir(parents=True)
    home = tmp_path / "home"
    return Where(home=home, work=home / "work" / "deep", environ={}, platform="linux")


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


CLAUDE = json.dumps({"primaryApiKey": "0123456789abcdef"})
EVERY = {
    "work/.env": f"OPENAI_API_KEY={KEY}",
    ".local/share/jupyter/jupyter_ai/config.json": json.dumps(
        {"api_keys": {"OPENAI_API_KEY": KEY}}
    ),
    ".config/io.datasette.llm/keys.json": json.dumps({"openai": KEY}),
    ".config/io.datasette.llm/extra-openai-models.yaml": "- {model_id: x, api_base: 'http://h:1'}",
    ".config/io.datasette.llm/aliases.json": '{"a": "gpt-5"}',
    ".config/io.datasette.llm/default_model.txt": "gpt-5",
    "work/litellm_config.yaml": "model_list: [{model_name: a, litellm_params: {model: gpt-5}}]",
    "work/.aider.conf.yml": "model: openai/gpt-5",
    ".aider.conf.yml": "model: openai/gpt-5",
    ".aider/oauth-keys.env": "OPENROUTER_API_KEY=0123456789abcdef",
    ".codex/auth.json": json.dumps({"OPENAI_API_KEY": KEY}),
    ".codex/config.toml": '[model_providers.x]\nbase_url = "http://h:2"\n',
    ".claude/settings.json": json.dumps({"env": {"ANTHROPIC_API_KEY": "0123456789abcdef"}}),
    ".claude/config.json": CLAUDE,
    ".claude.json": CLAUDE,
    ".config/anthropic/credentials/default.json": '{"access_token": "x"}',
    ".config/shell_gpt/.sgptrc": f"OPENAI_API_KEY={KEY}",
    "work/provider-config.json": json.dumps({"name": "x", "baseURL": "http://h:3"}),
}


def test_every_place_is_looked_at_and_left_as_it_is(where):
    for name, text in EVERY.items():
        put(where.home / name, text)

    def everything():
        return {p: p.read_bytes() if p.is_file() else b"" for p in where.home.rglob("*")}

    before = everything()
    pieces = find(where)
    assert {piece.place for piece in pieces} == {str(where.home / name) for name in EVERY}
    assert {piece.source for piece in pieces} == set(SOURCES) - {"environment"}
    assert everything() == before
    near = {piece.place for piece in pieces if piece.near}
    assert all(Path(place).is_relative_to(where.home / "work") for place in near)
    assert len(near) == 4


@pytest.mark.parametrize("only", [("llm",), ("environment", ".env")])
def test_some_sources_alone(where, only):
    for name, text in EVERY.items():
        put(where.home / name, text)
    there = Where(home=where.home, work=where.work, environ={"GROQ_API_KEY": "0123456789abcdef"})
    assert {piece.source for piece in find(there, only)} == set(only)


def test_a_source_that_is_none(where):
    with pytest.raises(UnknownName) as caught:
        find(where, ["litelm"])
    assert caught.value.hint == "did you mean 'litellm'?"


def test_nothing_there_is_nothing_found(where):
    assert find(where) == []


def test_the_search_upwards_ends_at_the_repository(where):
    put(where.work / ".git" / "config", "")
    put(where.home / "work" / ".env", f"OPENAI_API_KEY={KEY}")
    assert find(where) == []


def test_a_working_folder_outside_the_home_ends_at_the_root(where, tmp_path):
    away = tmp_path / "away"
    away.mkdir()
    put(away / ".env", f"OPENAI_API_KEY={KEY}")
    there = Where(home=where.home, work=away, environ={})
    assert [piece.place for piece in find(there)] == [str(away / ".env")]


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {}, ".config/io.datasette.llm"),
        ("linux", {"XDG_CONFIG_HOME": "{home}/xdg"}, "xdg/io.datasette.llm"),
        ("darwin", {}, "Library/Application Support/io.datasette.llm"),
        ("win32", {"APPDATA": "{home}/roaming"}, "roaming/io.datasette.llm"),
        ("win32", {}, "AppData/Roaming/io.datasette.llm"),
        ("linux", {"LLM_USER_PATH": "{home}/mine"}, "mine"),
    ],
)
def test_llms_folder_on_each_platform(where, platform, environ, folder):
    environ = {name: value.format(home=where.home) for name, value in environ.items()}
    there = Where(home=where.home, work=where.work, environ=environ, platform=platform)
    put(where.home / folder / "keys.json", json.dumps({"openai": KEY}))
    assert [piece.source for piece in find(there)] == ["llm"]


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {}, ".local/share/jupyter"),
        ("darwin", {}, "Library/Jupyter"),
        ("win32", {}, "AppData/Roaming/jupyter"),
        ("linux", {"JUPYTER_DATA_DIR": "{home}/jd"}, "jd"),
    ],
)
def test_jupyters_data_folder_on_each_platform(where, platform, environ, folder):
    environ = {name: value.format(home=where.home) for name, value in environ.items()}
    there = Where(home=where.home, work=where.work, environ=environ, platform=platform)
    assert there.jupyter() == where.home / folder


def test_the_places_of_this_process(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    here = Where.here()
    assert (here.home, here.work, here.environ) == (tmp_path, tmp_path, os.environ)


# --- what is not what it seems --------------------------------------------------------------------

BOMB = b"a: &a {x: 1}\n" + b"".join(
    b"%c: &%c {%s}\n"
    % (
        97 + n,
        97 + n,
        b", ".join(b"k%d: 1" % k for k in range(9))
        + b", <<: ["
        + b", ".join([b"*%c" % (96 + n)] * 9)
        + b"]",
    )
    for n in range(1, 20)
)
HOSTILE = {
    "binary": (bytes(range(256)), "no text"),
    "nul": (b"{\0}", "no text"),
    "cut": (b'{"openai": "sk-secret-secret', "not valid"),
    "deep": (b"[" * 100_000, "not valid"),
    "wrong": (b"!", "not valid"),
}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_malformed_source_is_one_line_and_stops_nothing(where, name, kind):
    data, _ = HOSTILE[kind]
    put(where.home / name, data)
    put(where.home / "work" / ".env", f"OPENAI_API_KEY={KEY}" if "work/.env" not in name else data)
    pieces = find(where)
    assert len(pieces) <= 2
    for piece in pieces:
        for note in piece.found.notes:
            assert "\n" not in note
            assert "sk-secret" not in note
    if name != "work/.env":
        assert any(piece.found.accounts for piece in pieces)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BOMB, "not valid YAML"),
        (b"a: &a [*a]\n", ""),
        (b"!!python/object/apply:os.system ['touch /tmp/x']", "not valid YAML: line 1"),
        (b"a: 2024-99-99", "not valid YAML"),
        (b"a: [\n", "not valid YAML: line 2"),
        (b"? {a: b}\n: c\n", "not valid YAML"),
        (b"[" * 3000, "not valid YAML: nested too deeply"),
        (b"#" * 262_145, "larger than 262,144 bytes"),
        (b"a: " + b"9" * 5000, "not valid YAML"),
    ],
)
def test_yaml_is_data_and_bounded(data, reason):
    if not reason:
        assert parse.yaml_of(data)["a"]
        return
    with pytest.raises(Malformed, match=f"^{reason}"):
        parse.yaml_of(data)


def test_without_pyyaml_there_is_one_line(monkeypatch, where):
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(MissingExtra, match="read with PyYAML"):
        parse.yaml_of(b"a: 1")
    put(where.home / ".aider.conf.yml", "model: openai/gpt-5")
    (piece,) = find(where)
    assert piece.found.notes == (
        "not read: YAML files are read with PyYAML; pip install 'nbapimgr[import]'",
    )


@pytest.mark.parametrize(
    ("read", "data", "said"),
    [
        (parse.json_of, b'{"a": "sk-secret"', "not valid JSON"),
        (parse.json_of, b'{"a": sk-secret}', "not valid JSON: byte 6"),
        (parse.toml_of, b'a = "sk-secret', "not valid TOML"),
        (parse.toml_of, b"a = [sk-secret]\n", "not valid TOML: line 1"),
        (parse.toml_of, b"a = " + b"[" * 5000, "not valid TOML: nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_without_what_stands_there(read, data, said):
    with pytest.raises(Malformed, match=f"^{said}") as caught:
        read(data)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_too_large_is_not_read(where, monkeypatch):
    monkeypatch.setattr("nbapimgr.imports._find.LARGEST", 10)
    put(where.home / ".claude.json", b" " * 11)
    (piece,) = find(where)
    assert piece.found.notes == ("not read: larger than 10 bytes",)


def test_a_pipe_is_not_waited_for(where):
    os.mkfifo(where.work / ".env")
    assert find(where) == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX alone has such bits")
def test_what_may_not_be_read_is_said(where, monkeypatch):
    path = put(where.home / ".claude.json", CLAUDE)

    def refused(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refused)
    (piece,) = find(where)
    assert piece.found.notes == ("not read: cannot be read: Permission denied",)


def test_a_folder_that_cannot_be_listed_is_passed_over(where, monkeypatch):
    def refused(self, *_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.glob", refused)
    assert find(where) == []


# --- files that a person names --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "source"),
    [
        ("keys.json", json.dumps({"openai": KEY}), "llm"),
        ("auth.json", json.dumps({"OPENAI_API_KEY": KEY}), "codex"),
        (".claude.json", CLAUDE, "claude"),
        ("proxy.yaml", "model_list: [{model_name: a, litellm_params: {model: gpt-5}}]", "litellm"),
        ("prod.env", f"OPENAI_API_KEY={KEY}", ".env"),
        ("old.json", json.dumps({"model_provider_id": "openai:x"}), "jupyter-ai"),
        ("mine.json", json.dumps([{"name": "x", "baseURL": "http://h:3"}]), "ProviderConfig"),
    ],
)
def test_a_files_tool_is_known_by_its_name_or_by_what_it_says(tmp_path, name, text, source):
    piece = read_file(put(tmp_path / name, text))
    assert piece.source == source
    assert piece.found
    assert piece.near


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.txt", "a", "not a file of a tool that is known"),
        ("x.json", "{", "not valid JSON"),
        ("x.yaml", "a: 1", "no LiteLLM configuration"),
    ],
)
def test_a_named_file_that_is_none(tmp_path, name, text, said):
    path = put(tmp_path / name, text)
    with pytest.raises(Malformed, match=f"^{path}: {said}"):
        read_file(path)
    with pytest.raises(Malformed, match="there is no such file"):
        read_file(tmp_path / "none.json")
