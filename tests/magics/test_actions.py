"""`%llm COMMAND` beyond what a kernel shows: options, what is missing, what goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import nbapimgr.demo
from nbapimgr import NotConfigured, OptionError, UnknownName
from nbapimgr.demo._home import provider_of
from nbapimgr.magics._card import Card
from nbapimgr.manager import Manager, connect, provider_rows
from nbapimgr.manager._vaulting import VaultStatus
from nbapimgr.models import ModelInfo, Provider
from nbapimgr.settings import Settings
from tests.magics.replies import FIRST, SECOND, answering, attempt

KEY = "sk-typed-0123456789-abcdefghijk-9Zq7"


def lines(ran):
    assert isinstance(ran.ok().value, Card)
    return ran.value.lines


# nothing configured


@pytest.mark.parametrize(
    "command", ["", "status", "providers", "models", "models -q x", "why", "models --usable"]
)
def test_with_nothing_configured_there_are_three_ways_on(run, empty, command):
    first, *ways = lines(run(f"%llm {command}"))
    assert "no provider is configured" in first
    assert [way.split()[0] for way in ways] == ["1.", "2.", "3."]
    assert "OPENAI_API_KEY" in ways[0]


def test_the_keys_of_the_environment_are_offered_by_name(run, empty, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    assert lines(run("%llm"))[1] == "  1. %llm use groq     the environment has GROQ_API_KEY"
    for name in ("MISTRAL_API_KEY", "XAI_API_KEY", "COHERE_API_KEY", "DEEPSEEK_API_KEY"):
        monkeypatch.setenv(name, KEY)
    line = lines(run("%llm"))[1]
    assert line.count(",") == 2
    assert " (also " in line
    assert KEY not in line


def test_a_question_has_nobody_to_answer_it(run, empty):
    ran = run("%%llm\nhello")
    assert isinstance(ran.error, NotConfigured)
    assert ran.error.lines == lines(run("%llm"))


# status and use


def test_the_status_says_who_would_answer_and_what_is_wrong(run, hosted):
    hosted.providers.add("off", base_url="http://127.0.0.1:9", enabled=False, keyless=True)
    assert lines(run("%llm")) == (
        "mode live · route all providers by priority",
        "  ✗ mine · m · key missing",
        "  ✗ off · no models · key not needed",
        "%llm help lists what can be done",
    )


def test_the_status_says_what_was_last_and_what_is_not_saved(run, home, shell):
    home.mkdir()
    (home / "config").mkdir(exist_ok=True)
    broken = Manager(home).places.settings
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text("= nonsense")
    manager = connect(home)
    manager.providers.put(FIRST)
    manager.last = answering(elapsed=2.5)[-1].reply
    assert "last answer: first:m1-2026, 2.5 s" in lines(run("%llm status"))
    (trouble,) = [line for line in lines(run("%llm")) if line.startswith("  ! ")]
    assert "not saved" in trouble


def test_the_status_says_how_each_one_does(run, shell, home):
    manager = connect(home)
    manager.providers.put(FIRST)
    [line] = [line for line in lines(run("%llm")) if "first" in line]
    assert line.endswith(" · no calls yet")
    for _ in range(3):
        manager.monitor.observe(attempt())
    [line] = [line for line in lines(run("%llm")) if "first" in line]
    assert " · ok: 100% of 3 calls well" in line
    assert provider_rows(manager)[0]["health"].startswith("ok: 100%")


def test_use_for_this_kernel_and_for_later_ones(run, shell, home):
    manager = connect(home)
    manager.providers.put(FIRST)
    assert lines(run("%llm use")) == ("route: all providers by priority",)
    (said,) = lines(run("%llm use first"))
    assert said == "calls of this kernel go to first unless they name another route"
    assert Manager(home).route is None
    (said,) = lines(run("%llm use first --save"))
    assert "this and later kernels" in said
    assert Manager(home).route == "first"
    assert lines(run("%llm use")) == ("route: first",)


def test_use_adopts_a_vendor_that_is_known(run, empty):
    run("%llm use groq").ok()
    assert list(empty.providers) == ["groq"]
    assert empty.route == "groq"


def test_use_of_nobody(run, manager):
    ran = run("%llm use frist")
    assert isinstance(ran.error, UnknownName)
    assert "first" in ran.error.hint


# models


MODELS = (
    ModelInfo(id="Big-Vision", images=True, tools=True, schema=False),
    ModelInfo(id="small", images=False, tools=True, schema=True),
    ModelInfo(id="unknown"),
)


@pytest.fixture
def listing(manager, monkeypatch):
    """The providers list three models."""
    monkeypatch.setattr(manager.providers, "_models", lambda _provider: MODELS)


@pytest.mark.parametrize(
    ("command", "models"),
    [
        ("models first", ["Big-Vision", "small", "unknown"]),
        ("models first -q big", ["Big-Vision"]),
        ("models first --query L", ["small"]),
        ("models first --vision", ["Big-Vision"]),
        ("models first --tools", ["Big-Vision", "small"]),
        ("models first --tools --schema", ["small"]),
        ("models first --usable -q vision", ["Big-Vision"]),
        ("models", ["m1", "m2"]),
        ("models -q M2", ["m2"]),
    ],
)
def test_models_can_be_sifted(run, listing, command, models):
    frame = run(f"%llm {command}").ok().value
    assert list(frame["model"]) == models


def test_no_model_matches(run, listing):
    assert lines(run("%llm models first -q nothing")) == ("No model matches.",)
    assert lines(run("%llm models -q nothing")) == ("No model matches.",)


@pytest.mark.parametrize("option", ["--vision", "--tools", "--schema"])
def test_what_models_can_do_is_in_the_list_of_their_provider(run, manager, option):
    ran = run(f"%llm models {option}")
    assert isinstance(ran.error, OptionError)
    assert str(ran.error).startswith(f"{option} needs a provider")
    assert ran.error.hint == f"%llm models first {option}"


def test_with_no_provider_at_all_one_is_given_as_an_example(run, empty):
    assert run("%llm models --vision").error.hint == "%llm models openai --vision"


def test_usable_models_come_first_or_alone(run, hosted):
    hosted.providers.put(FIRST)
    frame = run("%llm models").ok().value
    assert list(zip(frame["model"], frame["usable"], strict=True)) == [("m1", True), ("m", False)]
    assert list(run("%llm models --usable").ok().value["model"]) == ["m1"]


def test_models_of_nobody(run, manager):
    ran = run("%llm models frist")
    assert isinstance(ran.error, UnknownName)
    assert ran.error.hint == "did you mean 'first'?"


# what was asked


@pytest.fixture
def asked(rehearsed, run):
    """A call was answered."""
    run("%%llm --no-stream -q\nhello").ok()
    return rehearsed


@pytest.mark.parametrize(
    ("by", "value"),
    [("provider", "rehearsal-anthropic"), ("model", "rehearsed-anthropic"), ("cell", None)],
)
def test_usage_can_be_added_up(run, asked, by, value):
    frame = run(f"%llm usage --by {by} --since 7d").ok().value
    (row,) = frame.to_dict("records")
    assert row["attempts"] == row["ok"] == 1
    assert row["output_tokens"] > 10
    assert by in row
    assert value is None or row[by] == value


def test_usage_by_day_and_in_full(run, asked):
    (day,) = run("%llm usage --by day").ok().value["day"]
    (row,) = run("%llm usage").ok().value.to_dict("records")
    assert row["outcome"] == "ok"
    assert row["started_at"].date() == day


def test_usage_of_a_time_in_which_nothing_was_asked(run, manager):
    assert lines(run("%llm usage")) == ("No calls in the last 30d.",)
    assert lines(run("%llm usage --since 12h")) == ("No calls in the last 12h.",)


def test_usage_since_nonsense(run, manager):
    ran = run("%llm usage --since yesteryear")
    assert isinstance(ran.error, OptionError)


def test_the_last_answer_once_more(run, asked):
    assert run("%llm last").ok().value is asked.last


def test_why_is_about_the_last_call_or_a_route(run, asked):
    assert list(run("%llm why").ok().value["order"]) == ["1", "2"]
    frame = run("%llm why rehearsal-gemini").ok().value
    assert frame["candidate"][0] == "rehearsal-gemini:rehearsed-gemini"


def test_trace_names_each_attempt(run, asked):
    (row,) = run("%llm trace").ok().value.to_dict("records")
    assert row["outcome"] == "ok"


# the rest


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("live", "mode live: providers are asked"),
        ("record", "kept beside the notebook"),
        ("replay", "no key, no network"),
    ],
)
def test_the_mode_is_set_and_said(run, manager, mode, said):
    assert said in lines(run(f"%llm mode {mode}"))[0]
    assert manager.mode == mode
    assert said in lines(run("%llm mode"))[0]


def test_doctor_and_version(run, manager):
    frame = run("%llm doctor").ok().value
    assert {"check", "ok", "found", "do"} == set(frame.columns)
    assert "provider first" in set(frame["check"])
    assert lines(run("%llm version"))[0].startswith("python 3.")


def test_doctor_looks_for_keys_where_it_is_asked_to(run, manager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    key = "gsk_" + "Zq7" * 17 + "x"
    (tmp_path / "a.ipynb").write_text(f'{{"cells": [{{"source": "{key}"}}]}}')
    assert "key in notebook" not in set(run("%llm doctor").ok().value["check"])
    frame = run("%llm doctor --scan").ok().value
    [row] = frame[frame["check"] == "key in notebook"].to_dict("records")
    assert "cell 1: groq …Zq7x" in row["found"]
    assert "rotate it at https://console.groq.com/keys" in row["do"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("open", "type a key; it is kept on this machine, encrypted"),
        ("none", "type a key; it stays in this kernel's memory, or %llm keys setup first"),
        ("locked", "type a key; it stays in this kernel's memory, or %llm keys unlock first"),
        ("memory-only", "type a key; it stays in this kernel's memory"),
    ],
)
def test_the_welcome_says_where_a_key_goes(run, manager, monkeypatch, state, said):
    for name in list(manager.providers):
        manager.providers.remove(name)
    status = VaultStatus(state=state, protection="")
    monkeypatch.setattr(manager.credentials, "status", lambda: status)
    assert any(line.endswith(said) for line in lines(run("%llm")))


def test_a_package_that_is_missing_is_said_to_be(run, manager, monkeypatch):
    from nbapimgr.magics import _actions

    monkeypatch.setattr(_actions, "version_rows", lambda: [("ipykernel", "")])
    assert lines(run("%llm version")) == ("ipykernel not installed",)


def test_demo_is_the_demos_business(run, manager, monkeypatch):
    told = []

    def rehearse(given, *words, progress):
        assert callable(progress)
        told.append((given, words))
        return ["ready"]

    monkeypatch.setattr(nbapimgr.demo, "rehearse", rehearse)
    assert lines(run("%llm demo")) == ("ready",)
    run("%llm demo break rehearsal-gemini down").ok()
    assert told == [(manager, ()), (manager, ("break", "rehearsal-gemini", "down"))]


def test_demo_break_without_a_rehearsal(run, manager):
    ran = run("%llm demo break rehearsal-gemini down")
    assert isinstance(ran.error, OptionError)
    assert ran.error.hint == "%llm demo starts it"


def test_a_file_of_the_users_is_a_local_provider(run, manager, tmp_path):
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    answers, alone = lines(run(f"%llm local {tmp_path / 'tiny.gguf'}"))
    assert answers.startswith("local:tiny answers on this machine")
    assert alone == "ask it alone: %%llm local --no-fallback"
    assert manager.providers["local"].keyless


def test_the_small_model_is_a_local_provider_too(run, manager, monkeypatch):
    fetched = []

    def local_model(progress):
        fetched.append(progress)
        return provider_of(Path("smollm2.gguf"))

    monkeypatch.setattr(nbapimgr.demo, "local_model", local_model)
    first, _alone = lines(run("%llm local"))
    assert first.startswith("smollm2:")
    assert "smollm2" in manager.providers
    assert callable(fetched[0])


def test_help_of_a_topic(run, manager):
    assert lines(run("%llm help temperature"))[0] == "--temperature NUMBER"
    assert lines(run("%llm models --help"))[0].startswith("%llm models")
    assert len(lines(run("%llm help"))) > 30


def test_a_command_can_be_assigned(run, manager):
    run("card = %llm version").ok()
    assert isinstance(run("card").ok().value, Card)


def test_providers_are_listed_in_the_order_they_are_tried(run, shell, home):
    late = Provider(**{**_fields(FIRST), "name": "late", "priority": 200})
    connect(home, settings=Settings(providers=(late, SECOND)))
    assert list(run("%llm providers").ok().value["provider"]) == ["second", "late"]


def _fields(record):
    return {name: getattr(record, name) for name in record.__struct_fields__}
