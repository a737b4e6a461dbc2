"""The error tree: what each says, what it offers, and that it travels between processes."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr import errors
from nbapimgr.errors import (
    AllProvidersFailed,
    CallInterrupted,
    MissingExtra,
    NbApiMgrError,
    NotConfigured,
    OptionError,
    SchemaError,
    UnknownName,
    nearest,
)
from nbapimgr.models import Attempt, Candidate, Failure, Provider

A_FAILURE = Failure(
    category="service.error", scope="provider", retryable=True, status=500, message="out of order"
)


def attempt(name="one", failure=A_FAILURE, **fields):
    provider = Provider(name=name, dialect="openai-chat", base_url="http://127.0.0.1:9")
    return Attempt(
        number=1,
        candidate=Candidate(provider=provider, model="m"),
        started_at=0.0,
        duration=1.25,
        outcome="error",
        failure=failure,
        **fields,
    )


EVERY = [
    OptionError("wrong", hint="so"),
    UnknownName("route", "fsat", ["fast"]),
    NotConfigured(["nobody yet", "do this", "or that"]),
    SchemaError("no shape", text="as it came"),
    MissingExtra("no llama", hint="pip install it"),
    AllProvidersFailed([attempt(), attempt("two")], skipped=["three: no key"]),
    CallInterrupted("half an"),
]


def test_all_but_the_interrupt_are_one_family():
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "nearest"]
    assert len(kinds) == len(errors.__all__) - 1
    assert {k for k in kinds if not issubclass(k, NbApiMgrError)} == {CallInterrupted}


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        ("OptionError", ValueError), ("PromptError", ValueError), ("SettingsError", ValueError),
        ("SchemaError", ValueError), ("UnknownName", LookupError), ("MissingKey", LookupError),
        ("NotConfigured", LookupError), ("RecordingMissing", LookupError),
        ("MissingExtra", ImportError), ("CallInterrupted", KeyboardInterrupt),
    ],
)  # fmt: skip
def test_each_is_caught_as_what_it_is(kind, builtin):
    assert issubclass(getattr(errors, kind), builtin)


def test_nobody_answered_is_no_group():
    """IPython prints groups so that nbval takes the red cell for a green one."""
    assert not issubclass(AllProvidersFailed, BaseExceptionGroup)


def pickled(error):
    return pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes


@pytest.mark.parametrize("error", EVERY, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("travel", [pickled, copy.copy])
def test_it_travels_between_processes(error, travel):
    there = travel(error)
    assert type(there) is type(error)
    assert str(there) == str(error)
    assert vars(there) == vars(error)
    assert there._render_traceback_() == error._render_traceback_()


# --- what is shown --------------------------------------------------------------------------------


def test_a_line_and_a_hint():
    assert OptionError("wrong")._render_traceback_() == ["OptionError: wrong"]
    assert OptionError("wrong", hint="so")._render_traceback_() == ["OptionError: wrong", "  → so"]


def test_ways_on_are_shown_as_they_are():
    error = NotConfigured(["nobody yet", "do this"])
    assert str(error) == "nobody yet"
    assert error.hint == ""
    assert error._render_traceback_() == ["nobody yet", "do this"]


def test_one_line_an_attempt_and_one_hint():
    refused = Failure(
        category="auth.invalid_key", scope="credential", retryable=False, remedy="a new key"
    )
    error = AllProvidersFailed([attempt(), attempt("two", refused)], skipped=["three: no key"])
    assert str(error) == "all 2 providers failed, the last with auth.invalid_key"
    assert error._render_traceback_() == [
        "AllProvidersFailed: all 2 providers failed, the last with auth.invalid_key",
        "  ✗ one:m · 1.2 s · service.error 500: out of order",
        "  ✗ two:m · 1.2 s · auth.invalid_key",
        "  – three: no key",
        "  → a new key",
    ]


@pytest.mark.parametrize(
    ("tried", "skipped", "said"),
    [
        ([attempt(), attempt()], [], "one failed: service.error"),
        ([attempt(failure=None)], [], "one failed: no answer"),
        ([], ["one: no key", "two: disabled"], "nothing could be tried: one: no key"),
        ([], [], "nothing could be tried"),
    ],
)
def test_who_failed_in_a_line(tried, skipped, said):
    error = AllProvidersFailed(tried, skipped=skipped)
    assert str(error) == said
    assert error.hint == ""
    assert (error.attempts, error.skipped) == (tuple(tried), tuple(skipped))


def test_a_hint_that_is_given_wins():
    remedy = Failure(category="x", scope="local", retryable=False, remedy="theirs")
    assert AllProvidersFailed([attempt(failure=remedy)]).hint == "theirs"
    assert AllProvidersFailed([attempt(failure=remedy)], hint="mine").hint == "mine"


def test_what_had_arrived_is_said():
    assert CallInterrupted()._render_traceback_() == ["Stopped by you."]
    kept = CallInterrupted("abc")._render_traceback_()
    assert kept == ["Stopped by you; 3 characters are kept in _llm."]
    assert str(CallInterrupted("abc")) == "stopped by you"


# --- the nearest right one ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        (["fast", "best"], "did you mean 'fast'?"),
        (["best", "all"], "known: all, best"),
        ([], ""),
        ([f"n{i:02}" for i in range(12)], "known: " + ", ".join(f"n{i:02}" for i in range(12))),
        ([f"n{i:02}" for i in range(13)],
         "known: " + ", ".join(f"n{i:02}" for i in range(12)) + " …"),
    ],
)  # fmt: skip
def test_an_unknown_name_offers_what_there_is(known, hint):
    error = UnknownName("route", "fsat", known)
    assert str(error) == "no route named 'fsat'"
    assert error.hint == hint
    assert (error.kind, error.name) == ("route", "fsat")


def test_a_hint_of_ones_own_is_not_replaced():
    assert UnknownName("route", "fsat", ["fast"], hint="add it").hint == "add it"


def test_the_nearest_ignores_case_and_is_best_first():
    assert nearest("OPENAI", ["openai", "open-ai", "anthropic"])[0] == "openai"
    close = nearest("GPT-5", ["gpt-50", "gpt-5", "gpt-51", "gpt-52"], limit=2)
    assert (close[0], len(close)) == ("gpt-5", 2)
    assert nearest("zzz", ["openai"]) == []
    assert nearest("", []) == []


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=5))
def test_the_nearest_is_one_of_those_known(name, known):
    assert set(nearest(name, known)) <= set(known)
    assert not known or name not in known or nearest(name, known)
