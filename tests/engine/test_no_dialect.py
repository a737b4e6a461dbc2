"""The engine knows no dialect: any module of the right shape will do."""

from __future__ import annotations

import sys
import types
from contextlib import closing

import msgspec
import pytest
from faultserver import cut, hang, raw, status, streamed

from nbapimgr import wire
from nbapimgr.errors import AllProvidersFailed
from nbapimgr.models import Delta, Text, Usage
from nbapimgr.wire import Decoded, HttpCall
from nbapimgr.wire.failures import broken


class Lines:
    """Each line is a piece; "." is the end mark, "!" an error."""

    def __init__(self):
        self.settled = self.finished = False
        self.failure = None
        self.said = []

    def feed(self, data):
        deltas = []
        for line in data.decode().split():
            if line == ".":
                self.settled = self.finished = True
            elif line == "!":
                self.failure = broken("service.error", "it says no", "!")
            elif line == "boom":
                raise ZeroDivisionError
            else:
                self.said.append(line)
                deltas.append(Delta(text=line))
        return deltas

    def end(self):
        text = "".join(self.said)
        failure = self.failure
        if failure is None and not self.settled:
            failure = broken("service.stream_broken", "no end", "end")
        return Decoded(
            text=text,
            content=(Text(text=text),),
            finish_reason="stop",
            usage=Usage(input_tokens=1, output_tokens=len(text)),
            failure=failure,
        )


def build(request, provider, model, *, stream):
    return HttpCall(
        method="PUT",
        url=f"{provider.base_url}/{model}",
        headers={"content-type": "text/plain"},
        body=request.messages[0].text.encode(),
    )


def authorise(call, key, provider):
    return {"x-sum": str(len(call.body)), "x-key": key}


def decoder(headers, *, stream, now):
    return Lines()


@pytest.fixture
def morse(monkeypatch):
    module = types.ModuleType("morse")
    module.NAME = "morse"
    module.build, module.authorise, module.decoder = build, authorise, decoder
    monkeypatch.setitem(sys.modules, "morse", module)
    monkeypatch.setitem(wire.DIALECTS, "morse", "morse")
    return module


@pytest.fixture
def servers(engine, server, other, monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.0)
    return engine, server, other


def provider(at, server, name="one", priority=1):
    return msgspec.structs.replace(at(server, name, priority), dialect="morse")


def test_an_answer(engine, server, ask, at, morse):
    server.script(status(200, b"-- --- .\n"))
    reply = ask(engine, provider(at, server)).reply()
    assert (reply.text, reply.usage.output_tokens) == ("-----", 5)
    [seen] = server.seen
    assert (seen.method, seen.target, seen.body) == ("PUT", "/v1/m", b"Say it.")
    assert seen.headers["x-sum"] == "7"


@pytest.mark.parametrize(
    ("answer", "category"),
    [
        (status(200, b"-- !"), "service.error"),
        (status(200, b"--"), "service.stream_broken"),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n--"), "service.stream_broken"),
        (status(200, b"boom"), "service.malformed"),
        (cut, "network.reset"),
    ],
)
def test_failing_over(ask, at, servers, morse, answer, category):
    engine, server, other = servers
    server.script(answer)
    other.script(status(200, b"saved ."))
    one = ask(engine, provider(at, server, "a"), provider(at, other, "b", 2))
    assert one.reply().text == "saved"
    assert set(one.categories[:-1]) == {category}


@pytest.mark.parametrize("whole", [True, False])
def test_a_decoder_that_breaks_at_the_end_is_a_failure(ask, at, servers, morse, whole):
    engine, server, _ = servers

    class Breaks(Lines):
        def end(self):
            raise ZeroDivisionError

    morse.decoder = lambda *_, **__: Breaks()
    server.script(status(200, b"-- ."))
    one = ask(engine, provider(at, server))
    if whole:
        with pytest.raises(AllProvidersFailed):
            one.reply()
        assert one.accounted[0].failure.evidence == "ZeroDivisionError"
    else:
        server.script(streamed("never", after=hang))
        with closing(one.stream()) as events:
            for event in events:
                if isinstance(event, Delta):
                    break
        assert [attempt.outcome for attempt in one.accounted] == ["cancelled"]


def test_a_decoder_that_cannot_be_made_is_a_failure(engine, server, ask, at, morse):
    def none(headers, *, stream, now):
        raise KeyError("x")

    morse.decoder = none
    server.script(status(200, b"-- ."))
    one = ask(engine, provider(at, server))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.accounted[0].failure.evidence == "KeyError"
