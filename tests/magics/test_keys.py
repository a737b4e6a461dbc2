"""`%llm keys`: keys are asked for where nobody sees them, and never shown."""

from __future__ import annotations

import getpass

import pytest
from IPython.core.error import StdinNotImplementedError

from nbapimgr import OptionError, UnknownName
from nbapimgr.vault import Keychain, _credentials

KEY = "sk-typed-0123456789-abcdefghijk-9Zq7"


def lines(ran):
    return ran.ok().value.lines


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """A machine with a disk of its own and no keychain."""
    monkeypatch.setattr(_credentials, "memory_only", lambda _environ: "")
    monkeypatch.setattr(Keychain, "why_not", lambda _self: "there is none")


@pytest.fixture
def typed(monkeypatch):
    """Answers the prompt for a key with this, or raises it."""
    prompts = []

    def with_this(what):
        def ask(prompt):
            prompts.append(prompt)
            if isinstance(what, BaseException):
                raise what
            return what

        monkeypatch.setattr(getpass, "getpass", ask)
        return prompts

    return with_this


def test_a_key_is_asked_for_and_never_shown(run, hosted, typed, shell):
    prompts = typed(KEY)
    ran = run("%llm keys set mine")
    assert lines(ran) == (
        f"mine: …{KEY[-4:]} is kept in this kernel's memory",
        "  → %llm keys setup",
    )
    assert prompts == ["mine API key: "]
    table = run("%llm keys").ok()
    assert list(table.value["key"]) == [f"…{KEY[-4:]}"]
    assert KEY not in ran.stdout + table.stdout + repr(shell.user_ns)


def test_a_key_can_be_forgotten(run, hosted, typed):
    typed(KEY)
    run("%llm keys set mine").ok()
    assert lines(run("%llm keys rm mine")) == ("mine: the key is forgotten",)
    assert lines(run("%llm keys"))[0].startswith("No key is known.")
    assert isinstance(run("%llm keys rm mine").error, UnknownName)


def test_a_key_of_a_known_vendor_brings_its_provider(run, empty, typed):
    typed(KEY)
    run("%llm keys set groq").ok()
    assert list(empty.providers) == ["groq"]


def test_a_key_of_nobody_is_not_asked_for(run, manager, typed):
    prompts = typed(KEY)
    ran = run("%llm keys set frist")
    assert isinstance(ran.error, UnknownName)
    assert prompts == []


def test_an_empty_key_is_none(run, hosted, typed):
    typed("  ")
    ran = run("%llm keys set mine")
    assert isinstance(ran.error, OptionError)
    assert "is empty" in str(ran.error)


@pytest.mark.parametrize(
    "trouble",
    [EOFError(), StdinNotImplementedError("no stdin"), RuntimeError("x"), NotImplementedError()],
)
def test_some_front_ends_cannot_ask(run, hosted, typed, trouble):
    typed(trouble)
    ran = run("%llm keys set mine")
    assert isinstance(ran.error, OptionError)
    assert ran.error.hint == "set MINE_KEY instead"
    assert ran.error.__context__ is None
    hosted.providers.update("mine", env=())
    assert "llm.credentials.add" in run("%llm keys set mine").error.hint


def test_a_key_that_is_not_typed_stops_nothing_else(run, hosted, typed):
    typed(KeyboardInterrupt())
    assert isinstance(run("%llm keys set mine").error, KeyboardInterrupt)
    assert hosted.credentials.list("mine") == ()


def test_what_is_typed_is_in_no_traceback(run, hosted, typed, monkeypatch):
    typed(KEY)

    def broken(*_args, **_fields):
        raise ZeroDivisionError

    monkeypatch.setattr(hosted.credentials, "add", broken)
    run("%xmode Verbose").ok()
    ran = run("%llm keys set mine")
    assert isinstance(ran.error, ZeroDivisionError)
    assert "ZeroDivisionError" in ran.stdout
    assert KEY not in ran.stdout + ran.stderr


@pytest.mark.parametrize("action", ["set", "test", "rm", "rotate", "undo"])
def test_a_key_belongs_to_a_provider(run, manager, action):
    ran = run(f"%llm keys {action}")
    assert isinstance(ran.error, OptionError)
    assert str(ran.error) == f"%llm keys {action} needs a provider"
    assert ran.error.hint == f"%llm keys {action} openai"
