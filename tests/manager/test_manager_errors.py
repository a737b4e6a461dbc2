"""The history of failures: who failed, who answered instead, what was lost, how often."""

from __future__ import annotations

import contextlib
import time

import pytest

from nbapimgr import AllProvidersFailed, OptionError, UnknownName
from nbapimgr.manager._accounting import Accounting
from nbapimgr.manager._errors import history
from nbapimgr.models import Attempt, Candidate, Failure, Origin, Provider, Request, user
from nbapimgr.wire.failures import CATEGORIES
from tests.engine.faultserver import error, streamed

REQUEST = Request(messages=(user("a prompt"),), origin=Origin(notebook="n.ipynb", cell_id="c1"))
COLUMNS = [
    "when",
    "notebook",
    "cell",
    "provider",
    "model",
    "class",
    "remedy",
    "resolved_by",
    "lost",
]


def call(llm, *outcomes, at=1_790_000_000.0):
    """The rows of one call: (provider, "ok" | "cancelled" | class) for each attempt."""
    book = Accounting(llm._usage, REQUEST)
    for number, (name, outcome) in enumerate(outcomes, 1):
        failure = None
        if outcome in CATEGORIES:
            failure = Failure(category=outcome, scope="provider", retryable=True)
            outcome = "error"  # noqa: PLW2901  # what a row calls it
        provider = Provider(name=name, dialect="openai-chat", base_url="http://127.0.0.1:9")
        book.account(
            Attempt(
                number=number,
                candidate=Candidate(provider=provider, model="m"),
                started_at=at + number,
                duration=0.1,
                outcome=outcome,
                failure=failure,
            )
        )


def test_a_failure_that_was_rescued_and_one_that_was_not(llm):
    call(llm, ("a", "service.error"), ("a", "service.error"), ("b", "ok"), at=1_790_000_000.0)
    call(llm, ("a", "auth.invalid_key"), at=1_790_000_100.0)
    call(llm, ("b", "network.stall"), ("a", "cancelled"), at=1_790_000_200.0)
    frame = llm.errors()
    assert list(frame.columns) == COLUMNS
    assert list(frame["class"]) == [
        "network.stall", "auth.invalid_key", "service.error", "service.error",
    ]  # fmt: skip
    assert list(frame["resolved_by"]) == ["", "", "b:m", "b:m"]
    assert list(frame["lost"]) == [False, True, False, False]
    assert list(frame["provider"]) == ["b", "a", "a", "a"]
    assert set(frame["cell"]) == {"c1"}
    assert frame["remedy"][1] == CATEGORIES["auth.invalid_key"].remedy
    assert frame["when"].is_monotonic_decreasing


def test_counts_by_class_and_by_provider(llm):
    call(llm, ("a", "service.error"), ("a", "service.error"), ("b", "network.dns"))
    call(llm, ("b", "network.dns"), ("a", "ok"))
    by_class = llm.errors(by="class")
    assert by_class.drop(columns=["last", "remedy"]).to_dict("records") == [
        {"class": "network.dns", "failures": 2, "calls": 2, "lost": 1},
        {"class": "service.error", "failures": 2, "calls": 1, "lost": 1},
    ]
    assert list(by_class["remedy"]) == [CATEGORIES[name].remedy for name in by_class["class"]]
    by_provider = llm.errors(by="provider")
    assert list(by_provider.columns) == ["provider", "failures", "calls", "lost", "last"]
    assert by_provider.set_index("provider")["failures"].to_dict() == {"a": 2, "b": 2}


def test_nothing_has_failed(llm):
    call(llm, ("a", "ok"))
    assert list(llm.errors().columns) == COLUMNS
    assert len(llm.errors()) == len(llm.errors(by="class")) == len(llm.errors(by="provider")) == 0


def test_how_far_back(llm, monkeypatch):
    call(llm, ("a", "service.error"))
    assert len(llm.errors("1h")) == 1
    monkeypatch.setattr(llm._usage, "_clock", lambda: time.time() + 7200)
    assert len(llm.errors("1h")) == 0
    assert len(llm.errors(None)) == 1
    with pytest.raises(OptionError):
        llm.errors("yesteryear")


def test_what_cannot_be_counted_by(llm):
    with pytest.raises(UnknownName, match="no way to count errors named 'clas'") as caught:
        llm.errors(by="clas")
    assert caught.value.hint == "did you mean 'class'?"


def test_a_class_of_a_later_version_has_no_remedy_here(llm, monkeypatch):
    call(llm, ("a", "service.error"))
    monkeypatch.setattr("nbapimgr.manager._errors.CATEGORIES", {})
    assert list(history(llm._usage, None)["remedy"]) == [""]


def test_the_failures_of_this_kernel_are_there_at_once(asked, server):
    server.script(error(400), streamed("ok"))
    with contextlib.suppress(AllProvidersFailed):
        asked.ask("Hi")
    frame = asked.errors()
    assert set(frame["class"]) == {"request.bad"}
    assert all(frame["lost"])
    asked.ask("Hi")
    assert len(asked.errors()) == len(frame)
