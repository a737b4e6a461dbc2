"""The public test doubles, used as somebody else's tests use them."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys

import pytest

import nbapimgr
from nbapimgr import testing
from nbapimgr.testing import (
    FaultServer,
    answer,
    cut,
    document,
    error,
    hang,
    raw,
    reset,
    scripted,
    status,
    streamed,
    whole,
)


@contextlib.contextmanager
def way_to(server):
    """A connection that may be left half used."""
    way = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    with contextlib.closing(way):
        yield way


def sent(way, *, stream=False):
    """One request as it goes over the wire: status, headers, body."""
    way.request("POST", "/v1/chat/completions", json.dumps({"stream": stream}))
    with way.getresponse() as response:
        return response.status, dict(response.getheaders()), response.read()


def ask(server, *, stream=False):
    """The same over a connection of its own."""
    with way_to(server) as way:
        return sent(way, stream=stream)


def text_of(body):
    return json.loads(body)["choices"][0]["message"]["content"]


# --- scripted -------------------------------------------------------------------------------------


def capital(country):
    """What somebody else's function may look like."""
    return nbapimgr.connect().ask(f"The capital of {country}?").text


def test_answers_come_in_order_and_the_last_one_stays():
    with scripted("Paris.", "Berlin.") as (llm, server):
        assert [capital(c) for c in ("France", "Germany", "Germany")] == [
            "Paris.",
            "Berlin.",
            "Berlin.",
        ]
        assert "The capital of France?" in str(server.seen[0].json["messages"])
        assert llm is nbapimgr.connect()
        assert len(llm.usage()) == 3


def test_afterwards_nothing_is_left(home):
    with scripted("x") as (llm, _):
        folder = llm.places.data.parent
        llm.ask("?")
    assert not folder.exists()
    assert nbapimgr.connect() is not llm
    nbapimgr.disconnect()


def test_failures_can_be_among_the_answers():
    with scripted(error(500, "no"), streamed("Par", after=cut), "Paris.") as (llm, server):
        assert capital("France") == "Paris."
        assert [attempt.outcome for attempt in llm.attempts] == ["error", "error", "ok"]
        assert len([seen for seen in server.seen if seen.method == "POST"]) == 3


def test_nobody_answers_when_the_script_says_so():
    with (
        scripted(error(401, "no", code="invalid_api_key")),
        pytest.raises(nbapimgr.AllProvidersFailed),
    ):
        capital("France")


def test_the_provider_can_be_as_one_wishes():
    with scripted("x", models=("big",), key="sk-1234567890abcdef") as (llm, server):
        llm.ask("?")
        assert server.seen[0].json["model"] == "big"
        assert server.seen[0].headers["authorization"] == "Bearer sk-1234567890abcdef"
        assert list(llm.providers) == ["scripted"]


def test_checks_are_answered_and_use_no_answer_up():
    with scripted("Paris.") as (llm, server):
        assert [model.id for model in llm.providers.test("scripted")] == ["scripted-model"]
        assert capital("France") == "Paris."
        assert [seen.method for seen in server.seen] == ["GET", "POST"]


# --- the server, byte by byte ---------------------------------------------------------------------


def test_an_answer_is_streamed_where_that_is_asked_for():
    with FaultServer(answer("two words")) as server:
        code, _, body = ask(server)
        assert (code, text_of(body)) == (200, "two words")
        _, headers, body = ask(server, stream=True)
        assert headers["content-type"] == "text/event-stream"
        events = [line for line in body.split(b"\n\n") if line]
        pieces = [json.loads(each[6:]) for each in events[:2]]
        assert [p["choices"][0]["delta"]["content"] for p in pieces] == ["two ", "words"]
        assert events[-1] == testing.DONE.strip()


def test_a_request_without_a_body_is_answered_whole():
    with FaultServer(answer("two words")) as server, way_to(server) as way:
        way.request("GET", "/v1/models")
        with way.getresponse() as response:
            assert text_of(response.read()) == "two words"


def test_without_a_script_all_is_well():
    with FaultServer() as server:
        assert text_of(ask(server)[2]) == "ok"


def test_what_was_seen_can_be_looked_at():
    with FaultServer(whole("x")) as server:
        ask(server)
        (seen,) = server.seen
        assert (seen.method, seen.target, seen.json) == (
            "POST",
            "/v1/chat/completions",
            {"stream": False},
        )
        assert seen.headers["host"] == f"127.0.0.1:{server.port}"
        assert server.url == f"{server.origin}/v1"


def test_connections_are_kept_and_counted():
    with FaultServer(whole("x")) as server:
        with way_to(server) as one:
            sent(one)
            sent(one)
            ask(server)
        assert [seen.connection for seen in server.seen] == [1, 1, 2]
        assert (server.connections, server.most_open) == (2, 2)


def test_statuses_and_bodies_are_as_scripted():
    with FaultServer(
        status(418, b"short and stout", content_type="text/plain", x_tea="yes"), error(500, "no")
    ) as server:
        code, headers, body = ask(server)
        assert (code, body) == (418, b"short and stout")
        assert (headers["content-type"], headers["x-tea"]) == ("text/plain", "yes")
        assert json.loads(ask(server)[2]) == {"error": {"message": "no"}}
        server.script(status(503))
        assert json.loads(ask(server)[2]) == {"error": {}}


@pytest.mark.parametrize(
    ("behaviour", "what"),
    [
        (cut, http.client.RemoteDisconnected),
        (reset, ConnectionResetError),
        (raw(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\nhalf"), http.client.IncompleteRead),
        (streamed("a", after=cut), http.client.IncompleteRead),
    ],
)
def test_connections_break_as_scripted(behaviour, what):
    with FaultServer(behaviour) as server, pytest.raises(what):
        ask(server)


def test_a_stream_leaves_out_what_it_is_told_to():
    with FaultServer(streamed("a", without=("finish", "done"), headers={"x_one": "1"})) as server:
        _, headers, body = ask(server, stream=True)
        assert headers["x-one"] == "1"
        assert b'"finish_reason": "stop"' not in body
        assert testing.DONE not in body
        assert b'"usage"' in body


def test_who_goes_while_it_is_answered_has_gone():
    async def long(exchange):
        await exchange.head()
        await exchange.gate("begun")
        while True:
            await exchange.write(b"x" * 2**20)

    with FaultServer(long) as server:
        with way_to(server) as way:
            way.request("POST", "/", "{}")
            server.reached("begun")
        assert not server.gate("gone").reached.is_set()
        server.open("begun")
        server.reached("gone")


def test_a_stream_that_has_no_end_waits_for_the_client_to_go():
    with FaultServer(streamed("a", without=("end",))) as server:
        with way_to(server) as way:
            way.request("POST", "/", "{}")
            with way.getresponse() as response:
                assert response.read1()
                assert not server.gate("gone").reached.is_set()
        server.reached("gone")


def test_a_silent_server_says_that_it_is_silent():
    with FaultServer(hang) as server:
        way = socket.create_connection(("127.0.0.1", server.port))
        way.sendall(b"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}")
        server.reached("hang")
        assert not server.gate("gone").reached.is_set()
        way.close()
        server.reached("gone")


def test_gates_hold_until_they_are_opened_and_can_be_shut():
    with FaultServer(streamed("a", "b", pause_at=1)) as server:
        for _ in range(2):
            with way_to(server) as way:
                way.request("POST", "/", "{}")
                server.reached("pause")
                server.open("pause")
                with way.getresponse() as response:
                    assert b'"b"' in response.read()
            server.gate("pause").reached.clear()
            server.shut("pause")


def test_a_gate_that_nobody_reaches_is_an_error(monkeypatch):
    monkeypatch.setattr("nbapimgr.testing._server.PATIENCE", 0.01)
    with FaultServer() as server, pytest.raises(TimeoutError, match="nothing reached 'x'"):
        server.reached("x")


def test_who_goes_away_in_the_middle_does_no_harm():
    with FaultServer(whole("x")) as server:
        for part in (b"POST / HT", b"POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\n{}"):
            way = socket.create_connection(("127.0.0.1", server.port))
            way.sendall(part)
            way.close()
        assert text_of(ask(server)[2]) == "x"


def test_a_greeting_comes_before_anything_is_read():
    with FaultServer(greeting=b"220 smtp\r\n") as server:
        way = socket.create_connection(("127.0.0.1", server.port))
        assert way.recv(64) == b"220 smtp\r\n"
        way.close()


def test_documents_take_more_fields():
    assert json.loads(document("x", model="m"))["model"] == "m"


def test_importing_it_loads_nothing_heavy():
    code = "import sys, nbapimgr.testing; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"httpx", "aiohttp", "pandas", "pyarrow", "cryptography", "sqlite3", "msgspec"}
    assert not heavy & set(done.stdout.split())
