"""A key is in the request and nowhere else."""

from __future__ import annotations

import logging
import traceback

import pytest
from conftest import CANARY
from faultserver import cut, error, hang, raw, reset, status, streamed

from nbapimgr.errors import AllProvidersFailed

FAULTS = {
    "refused key": error(401, "bad key"),
    "reset": reset,
    "cut": cut,
    "not http": raw(b"nonsense\r\n\r\n"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nx: "),
    "broken stream": streamed("half", after=cut),
    "silent": hang,
    "redirect": status(302, b"", location="http://127.0.0.1:1/?key=x"),
    "huge header": status(200, b"x", x_long="y" * 2**16),
}


def everything_in(error):
    """Text of an exception: message, repr, traceback with all locals, context, arguments."""
    seen, todo, text = set(), [error], []
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        todo += [one.__cause__, one.__context__]
        text += [str(one), repr(one), repr(vars(one)), repr(one.args)]
        trace = traceback.TracebackException.from_exception(one, capture_locals=True)
        text += trace.format()
    return "\n".join(text)


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize("fault", FAULTS)
def test_no_exception_event_record_or_log_holds_the_key(hasty, server, ask, at, logged, fault):
    server.script(FAULTS[fault])
    one = ask(hasty, at(server))
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert CANARY in str(server.seen[0].headers)  # it was there to be leaked
    assert CANARY not in everything_in(caught.value)
    assert CANARY not in repr(one.events)
    assert CANARY not in repr(one.accounted)
    assert CANARY not in logged.text


def test_the_search_finds_what_is_there():
    def hide():
        key = CANARY
        raise ValueError(len(key))

    with pytest.raises(ValueError, match=str(len(CANARY))) as caught:
        hide()
    assert CANARY in everything_in(caught.value)


def test_a_good_answer_holds_no_key(engine, server, ask, at, logged):
    one = ask(engine, at(server))
    one.reply()
    assert CANARY not in repr(one.events)
    assert CANARY not in logged.text
    assert CANARY not in repr(engine)
    assert CANARY not in repr(vars(engine))


def echo(status_code, **headers):
    """A server that repeats the key."""
    body = {"error": {"message": f"Incorrect key {CANARY}", "code": CANARY, "type": CANARY}}
    return status(status_code, body, **headers)


@pytest.mark.parametrize("code", [200, 400, 401, 429, 500])
def test_a_server_that_repeats_the_key_is_not_repeated(engine, server, ask, at, code, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.0)
    server.script(echo(code, x_request_id=CANARY))
    one = ask(engine, at(server), stream=False)
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert "Incorrect key" in one.accounted[0].failure.message
    assert CANARY not in everything_in(caught.value)
    assert CANARY not in repr(one.events)
    assert one.accounted[0].request_id == one.accounted[0].failure.request_id
