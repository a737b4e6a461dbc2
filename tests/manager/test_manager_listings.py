"""The rows that people are shown."""

from __future__ import annotations

import json
from importlib import metadata

import pytest

from nbapimgr import AllProvidersFailed, UnknownName
from nbapimgr.manager import (
    attempt_rows,
    doctor_rows,
    found_in_environment,
    key_rows,
    model_rows,
    plan_rows,
    provider_rows,
    version_rows,
)
from tests.engine.faultserver import error, status, streamed

URL = "http://127.0.0.1:9/v1"


@pytest.fixture
def some(llm, monkeypatch):
    """One that needs a key, one that does not, one whose key is in the environment."""
    llm.providers.add("paid", base_url=URL, models=["a", "b"], keyless=False, priority=5)
    llm.providers.add("free", base_url=URL, models=["c"], priority=1)
    llm.providers.add("groq", models=["d"], priority=9)
    monkeypatch.setenv("GROQ_API_KEY", "gsk-of-somebody-1234")
    return llm


def test_providers(some):
    rows = provider_rows(some)
    assert [row["provider"] for row in rows] == ["free", "paid", "groq"]
    assert [row["key"] for row in rows] == [
        "not needed", "missing", "…1234 (environment variable GROQ_API_KEY)",
    ]  # fmt: skip
    assert rows[1]["models"] == "a, b"
    some.credentials.add("free", "a-key-of-mine-5678")
    assert provider_rows(some)[0]["key"] == "…5678 (this kernel)"


def test_keys(some):
    some.credentials.add("groq", "another-of-mine-9999", alias="work")
    assert key_rows(some) == [
        {
            "provider": "groq",
            "alias": alias,
            "active": active,
            "key": key,
            "source": source,
        }
        for alias, active, key, source in (
            ("work", True, "…9999", "this kernel"),
            ("env:GROQ_API_KEY", False, "…1234", "environment variable GROQ_API_KEY"),
        )
    ]


def test_models_of_the_settings(some):
    some.providers.update("free", enabled=False)
    rows = [(row["route"], row["usable"]) for row in model_rows(some)]
    assert rows == [("free:c", False), ("paid:a", False), ("paid:b", False), ("groq:d", True)]


def test_models_a_provider_lists(asked, server):
    server.script(status(200, {"data": [{"id": "m"}, {"id": "n"}]}))
    assert [row["route"] for row in model_rows(asked, "one")] == ["one:m", "one:n"]
    with pytest.raises(UnknownName):
        model_rows(asked, "two")
    server.script(error(401))
    with pytest.raises(AllProvidersFailed):
        model_rows(asked, "one")


def test_a_plan(some):
    plan = some.plan(some.request("Hi")[0])
    assert plan_rows(plan) == [
        {"order": "1", "candidate": "free:c", "reason": "tried in this place"},
        {"order": "2", "candidate": "groq:d", "reason": "tried in this place"},
        {"order": "–", "candidate": "paid", "reason": "no key"},
    ]


def test_attempts(asked, server):
    server.script(error(401, "out of order"))
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi")
    rows = attempt_rows(asked.attempts)
    assert rows[0]["attempt"] == 1
    assert (rows[0]["candidate"], rows[0]["outcome"]) == ("one:m", "auth.invalid_key")
    assert rows[0]["why"] == "out of order"
    assert (rows[0]["first_chunk_s"], rows[0]["input_tokens"]) == (None, None)


def test_an_attempt_that_was_well(asked):
    asked.ask("Hi")
    [row] = attempt_rows(asked.attempts)
    assert (row["outcome"], row["why"], row["input_tokens"], row["cost_usd"]) == ("ok", "", 7, 0)
    assert 0 < row["first_chunk_s"] <= row["duration_s"]


def test_what_was_left_out_is_said_of_the_attempt_and_in_its_row(asked, server):
    said = "Unsupported parameter: 'temperature' is not supported with this model."
    server.script(error(400, said), streamed("ok"))
    asked.ask("Hi", temperature=0.5)
    rows = attempt_rows(asked.attempts)
    assert [(row["why"], row["adapted"]) for row in rows] == [
        (said, ""),
        ("", "temperature left out"),
    ]
    [_, tags] = asked.usage(columns=["tags"])["tags"]
    assert json.loads(tags) == {"nbapimgr.adapted": "temperature left out"}
    server.script(error(503))
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi", temperature=0.5)
    assert {row["adapted"] for row in attempt_rows(asked.attempts)} == {"temperature left out"}


def test_keys_in_the_environment(monkeypatch):
    assert found_in_environment() == []
    monkeypatch.setenv("MISTRAL_API_KEY", "k")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert found_in_environment() == [("mistral", "MISTRAL_API_KEY")]


def test_versions(monkeypatch):
    rows = dict(version_rows())
    assert rows["nbapimgr"] == metadata.version("nbapimgr")
    assert rows["python"].startswith("3.")

    def version(name):
        if name == "ipykernel":
            raise metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr(metadata, "version", version)
    assert dict(version_rows())["ipykernel"] == ""


def test_the_doctor_on_an_empty_home(llm, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", "k")
    rows = {row["check"]: row for row in doctor_rows(llm)}
    assert rows["settings"]["found"].endswith("(none yet)")
    assert rows["providers"]["ok"] is False
    assert "llm.providers.add" in rows["providers"]["do"]
    assert rows["environment"]["do"] == "%llm use mistral"
    assert "trouble" not in rows


def test_the_doctor_on_what_is_missing(some, home, monkeypatch):
    def version(name):
        if name == "pandas":
            raise metadata.PackageNotFoundError
        return "1"

    monkeypatch.setattr(metadata, "version", version)
    (home / "settings.toml").write_text("default = ")
    some.providers.update("free", priority=2)
    rows = {row["check"]: row for row in doctor_rows(some)}
    assert (rows["provider paid"]["ok"], rows["provider free"]["ok"]) == (False, True)
    assert "paid" in rows["provider paid"]["do"]
    assert rows["pandas"] == {
        "check": "pandas", "ok": False, "found": "not installed", "do": "pip install pandas",
    }  # fmt: skip
    assert rows["trouble"]["ok"] is False
    assert "not valid TOML" in rows["trouble"]["found"]
    assert "environment" not in rows  # groq is configured
