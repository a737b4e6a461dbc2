"""`%llm errors`, `%llm trace`, `%llm reset`, `%llm keys use`: what they show, what they refuse."""

from __future__ import annotations

import pytest

from nbapimgr import OptionError, UnknownName
from nbapimgr.magics._card import Card
from tests.engine.faultserver import FaultServer, status
from tests.magics.replies import FIRST, SECOND


def lines(ran):
    assert isinstance(ran.ok().value, Card)
    return ran.value.lines


@pytest.fixture
def lost(run, manager):
    """A cell that nobody answered: the limits of both providers are used up for an hour."""
    with FaultServer() as server:
        server.script(status(429, {"error": {"message": "slow down"}}, retry_after="3600"))
        for name in (FIRST.name, SECOND.name):
            manager.providers.update(name, dialect="openai-chat", base_url=server.url)
        yield run("%%llm\nhello")


def test_nothing_has_failed(run, manager):
    assert lines(run("%llm errors")) == (
        "No attempt has failed in the last 30d; %llm usage shows what was asked.",
    )
    assert "in the last 7d" in lines(run("%llm errors --since 7d --by class"))[0]
    assert "since there are rows" in lines(run("%llm errors --since all"))[0]


@pytest.mark.usefixtures("lost")
def test_the_failures_as_a_table_and_counted(run):
    frame = run("%llm errors").ok().value
    assert set(frame["class"]) == {"rate_limit.short"}
    assert list(frame["lost"]) == [True, True]
    (row,) = run("%llm errors --by class").ok().value.to_dict("records")
    assert (row["failures"], row["calls"], row["lost"]) == (2, 1, 1)
    assert len(run("%llm errors --by provider --since 1d").ok().value) == 2


@pytest.mark.usefixtures("lost")
def test_the_report_is_text_to_paste(run):
    said = lines(run("%llm errors report"))
    assert said[0].startswith("nbapimgr error report, ")
    assert sum("rate_limit.short, HTTP 429" in line for line in said) == 2
    assert FIRST.name + ":" not in "\n".join(said)


@pytest.mark.parametrize("line", ["errors report --by class", "errors report --since 7d"])
def test_a_report_takes_no_options(run, manager, line):
    assert isinstance(run(f"%llm {line}").error, OptionError)


def test_what_cannot_be_counted_by(run, manager):
    error = run("%llm errors --by clas").error
    assert isinstance(error, OptionError)
    assert "class" in error.hint


def test_trace_is_a_picture_and_a_table(run, lost, manager):
    trace = run("%llm trace").ok().value
    assert list(trace.df["outcome"]) == ["rate_limit.short"] * 2
    assert len(trace.to_dict("records")) == 2
    data = trace._repr_mimebundle_()
    assert data["text/plain"] == repr(trace)
    assert "rate_limit.short 429" in data["text/html"]
    assert repr(trace).endswith("of unknown cost")
    with pytest.raises(AttributeError):
        _ = trace._repr_html_


def test_trace_of_nothing(run, manager):
    assert lines(run("%llm trace")) == ("Nothing was asked in this kernel yet.",)


def test_reset_asks_again_who_was_left_alone(run, lost, manager):
    assert manager.breakers()
    said = lines(run(f"%llm reset {FIRST.name}"))
    assert len(said) == 1
    assert FIRST.name in said[0]
    assert "asked again from now on (it was open: rate_limit.short" in said[0]
    assert lines(run(f"%llm reset {FIRST.name}")) == (f"Nothing of {FIRST.name} was left alone.",)
    assert SECOND.name in lines(run("%llm reset"))[0]
    assert lines(run("%llm reset")) == ("Nothing was left alone.",)
    assert manager.breakers() == ()


@pytest.mark.usefixtures("lost")
def test_why_says_how_each_has_done(run, manager):
    rows = run("%llm why first").ok().value.to_dict("records")
    assert [(row["order"], row["candidate"]) for row in rows] == [
        ("1", "first:m1"),
        ("2", "second:m2"),
    ]
    assert all(row["reason"].startswith("last resort, open: rate_limit.short once") for row in rows)
    assert {row["state"] for row in rows} == {"open"}
    shown = run("%llm why first").value
    rows = shown.to_dict("records")
    assert all(row["reason"] in repr(shown) for row in rows)
    assert all(
        row["remedy"] in repr(run("%llm errors").value)
        for row in manager.errors().to_dict("records")
    )
    manager.providers.update(SECOND.name, enabled=False)
    frame = run("%llm why first").ok().value
    assert list(frame[frame["reason"] == "disabled"]["state"].isna()) == [True]


def test_why_is_short_before_anybody_was_asked(run, manager):
    assert manager.last is None
    assert list(run("%llm why first").ok().value.columns) == ["order", "candidate", "reason"]


def test_reset_of_nobody(run, manager):
    error = run("%llm reset frist").error
    assert isinstance(error, UnknownName)
    assert FIRST.name in error.hint


def test_another_key_is_tried_first(run, hosted):
    for alias in ("default", "backup"):
        hosted.credentials.add("mine", f"sk-{alias}-0123456789", alias=alias)
    active = hosted.credentials.list("mine")[0].alias
    other = next(i.alias for i in hosted.credentials.list("mine") if i.alias != active)
    assert lines(run("%llm keys use mine")) == (
        f"mine: the key {other!r} is tried first from now on",
    )
    assert hosted.credentials.list("mine")[0].alias == other
    run(f"%llm keys use mine {active}").ok()
    assert hosted.credentials.list("mine")[0].alias == active


@pytest.mark.parametrize("line", ["keys use mine", "keys use"])
def test_what_keys_use_refuses(run, hosted, line):
    hosted.credentials.add("mine", "sk-only-0123456789")
    assert isinstance(run(f"%llm {line}").error, OptionError)


def test_providers_that_are_not_there_have_no_keys(run, manager):
    assert isinstance(run("%llm keys use nobody").error, UnknownName)
