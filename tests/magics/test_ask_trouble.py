"""A question that goes wrong or is stopped: what is kept, and how red the cell is."""

from __future__ import annotations

import pytest

from nbapimgr import AllProvidersFailed, CallInterrupted, OptionError
from nbapimgr.models import Cost, Delta, Finished, Restarted, Started, Usage
from tests.magics.replies import ONE, TWO, answering, attempt, failed, failing, reply


def llm(shell):
    return shell.user_ns["_llm"]


# what goes wrong


def contexts(error):
    """What a chain of errors carries along."""
    chain = [error]
    while (more := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(more)
    return chain


def test_when_nobody_answers_no_group_comes_along(run, rehearsed, rehearsal, shell):
    for provider in rehearsed.providers:
        rehearsal.break_(provider, "down")
    ran = run("%%llm --timeout 2\nhello")
    assert isinstance(ran.error, AllProvidersFailed)
    assert not [e for e in contexts(ran.error) if isinstance(e, BaseExceptionGroup)]
    assert "\nAllProvidersFailed: all 2 providers failed" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert "_llm" not in shell.user_ns


@pytest.mark.usefixtures("in_notebook")
def test_what_was_shown_of_an_answer_that_failed_stays(run, script):
    script(
        Started(candidate=ONE, number=1), Delta(text="half"), Delta(text=" of it"),
        AllProvidersFailed([failed()]),
    )  # fmt: skip
    ran = run("%%llm\nhello")
    assert isinstance(ran.error, AllProvidersFailed)
    assert ran.texts[0] == "half of it"
    assert ran.texts[1].startswith("[Rate limit] ")


def test_wrong_options_ask_nobody(run, script):
    asked = script(*answering())
    ran = run("%%llm --max-tokens -1.5\nhello")
    assert isinstance(ran.error, OptionError)
    assert asked == []


# the stop button


STARTED = Started(candidate=ONE, number=1)


def stop(*_unused):
    raise KeyboardInterrupt


@pytest.fixture
def accounted(manager, monkeypatch):
    """What the manager says of the attempts of the call."""

    def with_these(*attempts):
        monkeypatch.setattr(type(manager), "attempts", attempts)

    return with_these


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ((STARTED, KeyboardInterrupt()), ""),
        ((STARTED, CallInterrupted()), ""),
        ((STARTED, stop), ""),
        ((STARTED, Delta(text="half"), KeyboardInterrupt()), "half"),
        ((STARTED, Delta(text="half"), CallInterrupted()), "half"),
        ((STARTED, Delta(text="half"), CallInterrupted("half of")), "half of"),
        ((STARTED, Delta(text="x"), Restarted(candidate=TWO, kept_text="x"), stop), ""),
        ((STARTED, Delta(text="half"), failing(wait=5), stop), "half"),
        ((STARTED, Delta(text="half")), "half"),
    ],
)
def test_what_had_arrived_is_kept(run, script, shell, accounted, items, text):
    accounted()
    script(*items)
    ran = run("%%llm\nhello")
    assert type(ran.error) is CallInterrupted
    assert ran.error.partial == llm(shell).text == text
    assert llm(shell).finish_reason == "cancelled"
    assert llm(shell).usage == Usage(source="none")
    assert (llm(shell).candidate, llm(shell).model) == (ONE, "m1")
    assert [part.text for part in llm(shell).content] == [text]
    kept = f"; {len(text)} characters are kept in _llm" if text else ""
    assert ran.stdout.endswith(f"Stopped by you{kept}.\n")


def test_what_is_known_of_the_stopped_attempt_is_kept(run, script, shell, accounted):
    usage, cost = Usage(input_tokens=5, output_tokens=1), Cost(amount=0.1)
    accounted(
        failed(waited=1.0),
        attempt("cancelled", candidate=TWO, usage=usage, cost=cost, response_model="m2-2026"),
    )
    script(STARTED, failing(), Started(candidate=TWO, number=2), Delta(text="ha"), stop)
    run("%%llm\nhello")
    partial = llm(shell)
    assert (partial.provider, partial.model) == ("second", "m2-2026")
    assert (partial.usage, partial.cost) == (usage, cost)
    assert partial.elapsed == 2.0
    assert len(partial.attempts) == 2


def test_stopped_before_anybody_was_asked(run, script, shell, accounted):
    accounted(attempt())
    script(KeyboardInterrupt())
    shell.user_ns["_llm"] = "of an earlier cell"
    ran = run("%%llm\nhello")
    assert isinstance(ran.error, CallInterrupted)
    assert llm(shell) is None


@pytest.mark.usefixtures("in_notebook")
@pytest.mark.parametrize("method", ["grow", "idle", "restart"])
def test_stopped_while_something_is_displayed(run, script, shell, monkeypatch, method):
    script(
        STARTED,
        Delta(text="half"),
        lambda idle: idle(),
        Restarted(candidate=TWO, kept_text="half"),
        *answering()[1:],
    )
    monkeypatch.setattr(f"nbapimgr.magics._screen._Notebook.{method}", stop)
    ran = run("%%llm\nhello")
    assert isinstance(ran.error, CallInterrupted)
    assert llm(shell).text == "half"


@pytest.mark.usefixtures("in_notebook")
def test_stopped_while_the_whole_answer_is_displayed(run, script, shell, monkeypatch):
    script(*answering())
    monkeypatch.setattr("nbapimgr.magics._screen._Notebook.finish", stop)
    ran = run("%%llm --out x\nhello")
    assert isinstance(ran.error, KeyboardInterrupt)
    assert llm(shell).text == "An answer."
    assert llm(shell).finish_reason is None
    assert shell.user_ns["x"] is llm(shell)


def test_stopped_while_the_answer_is_checked(run, script, shell, manager, monkeypatch):
    script(*answering("{}"))
    monkeypatch.setattr(manager, "with_data", stop)
    assert isinstance(run("%%llm --schema name\nhello").error, KeyboardInterrupt)
    assert llm(shell).text == "{}"


def test_a_kept_answer_that_is_stopped_is_there(run, script, shell, manager, accounted):
    accounted(attempt())
    manager.last = reply("Kept.", source="cache")
    script(Delta(text="Kept."), stop, Finished(reply=manager.last))
    run("%%llm --cache\nhello")
    assert llm(shell) is manager.last


def test_a_call_that_is_stopped_is_closed(run, manager, monkeypatch):
    closed = []

    def stream(request, **_unused):
        try:
            yield STARTED
            yield Delta(text="half")
            stop()
        finally:
            closed.append(request)

    monkeypatch.setattr(manager, "stream", stream)
    monkeypatch.setattr("nbapimgr.magics._screen._Terminal.grow", stop)
    run("%%llm\nhello")
    assert len(closed) == 1
