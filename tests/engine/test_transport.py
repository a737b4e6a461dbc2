"""Connections: kept, given back, closed; what a hostile or unlucky server can do to them."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import on_loop, others
from faultserver import (
    DONE,
    document,
    error,
    event,
    hang,
    raw,
    status,
    streamed,
    whole,
)

from nbapimgr.engine import _transport as transport
from nbapimgr.errors import AllProvidersFailed


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr("random.random", lambda: 0.0)


def failure_of(one):
    with pytest.raises(AllProvidersFailed):
        one.reply()
    return one.accounted[0].failure


# --- connections are kept -------------------------------------------------------------------------


def test_a_connection_serves_many_calls(engine, server, ask, at):
    server.script(streamed("a", "b"), whole("c"), error(401), streamed("d"))
    for stream in (True, False):
        ask(engine, at(server), stream=stream).reply()
    failure_of(ask(engine, at(server)))
    ask(engine, at(server)).reply()
    assert [seen.connection for seen in server.seen] == [1, 1, 1, 1]


def test_what_follows_the_end_mark_is_read_so_that_the_connection_is_kept(
    engine, server, ask, at, monkeypatch
):
    monkeypatch.setattr("nbapimgr.engine._trial._DRAIN", 20)

    async def late_end(exchange):
        await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
        await exchange.chunk(event({"content": "x"}, "stop"))
        await exchange.chunk(DONE)
        await exchange.gate("finished")
        await exchange.chunk(b": bye\n\n")
        await exchange.write(b"0\r\n\r\n")

    server.script(late_end, streamed("next"))
    one = ask(engine, at(server))
    one.reply()  # before the end of the body
    server.open("finished")
    on_loop(engine, others())
    ask(engine, at(server)).reply()
    assert [seen.connection for seen in server.seen] == [1, 1]


def test_a_finished_stream_that_goes_on_for_ever_is_dropped(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._trial._DRAIN", 0.02)

    async def endless(exchange):
        await exchange.head(content_type="text/event-stream", transfer_encoding="chunked")
        await exchange.chunk(event({"content": "x"}, "stop"))
        await exchange.chunk(DONE)
        await hang(exchange)

    server.script(endless)
    assert ask(engine, at(server)).reply().text == "x"
    server.reached("gone")


def test_idle_connections_are_closed(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr(transport.Transport.__init__, "__kwdefaults__", {"keepalive": 0.02})

    async def answer_then_watch(exchange):
        await whole("x")(exchange)
        await exchange.gone()

    server.script(answer_then_watch)
    ask(engine, at(server), stream=False).reply()
    server.reached("gone")
    assert server.connections == 1


async def test_two_that_come_at_once_share_an_origin(client, monkeypatch):
    made = transport._made

    async def slowly(make):
        await asyncio.sleep(0)
        return await made(make)

    monkeypatch.setattr(transport, "_made", slowly)
    ways = transport.Transport()
    one, two = await asyncio.gather(*(ways.origin(f"http://127.0.0.1:1/{n}") for n in "ab"))
    assert one is two
    await ways.close()


def test_at_most_so_many_connections_to_one_origin(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr(transport, "_CONNECTIONS", 3)
    server.script(streamed("x", pause_at=0))

    with ThreadPoolExecutor(12) as pool:
        calls = [pool.submit(ask(engine, at(server)).reply) for _ in range(12)]
        server.reached("pause")
        server.open("pause")
        assert {call.result().text for call in calls} == {"x"}
    assert server.most_open <= 3


# --- a connection that the server had closed ------------------------------------------------------


def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing(engine, server, ask, at):
    async def drop_on_sight(exchange):  # the close that crosses the request
        exchange.cut()

    server.script(whole("first"), drop_on_sight, whole("second"))
    ask(engine, at(server), stream=False).reply()
    one = ask(engine, at(server), stream=False)
    assert one.reply().text == "second"
    assert one.categories == ["ok"]
    assert [seen.connection for seen in server.seen] == [1, 1, 2]


def test_a_kept_connection_that_is_reset_costs_nothing(engine, server, ask, at):
    async def reset(exchange):
        exchange.reset()

    server.script(whole("first"), reset, whole("second"))
    ask(engine, at(server), stream=False).reply()
    one = ask(engine, at(server), stream=False)
    assert one.reply().text == "second"
    assert one.categories == ["ok"]


def test_a_fresh_connection_that_is_closed_is_a_failure(engine, server, ask, at):
    server.script(raw(b""), whole("second"))
    one = ask(engine, at(server), stream=False)
    assert one.reply().text == "second"
    assert one.categories == ["network.reset", "ok"]


def test_a_kept_connection_that_answered_a_little_is_a_failure(engine, server, ask, at):
    server.script(whole("first"), raw(b"HTTP/1.1 200 OK\r\ncontent-le"), whole("second"))
    ask(engine, at(server), stream=False).reply()
    one = ask(engine, at(server), stream=False)
    assert one.reply().text == "second"
    assert one.categories == ["network.reset", "ok"]


def then_close(behaviour):
    """A good answer after which the connection is closed without a word, as llama.cpp's does."""

    async def behave(exchange):
        await behaviour(exchange)
        await exchange.gate("close")
        exchange.cut()

    return behave


def test_a_server_that_closes_after_each_answer_costs_nothing(engine, server, ask, at):
    server.script(then_close(whole("x")))
    server.open("close")
    for _ in range(5):
        one = ask(engine, at(server), stream=False)
        one.reply()
        assert one.categories == ["ok"]


# --- what raised ----------------------------------------------------------------------------------


def test_nothing_listens(engine, ask, at):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    failure = failure_of(ask(engine, at(f"http://127.0.0.1:{port}/v1")))
    assert (failure.category, failure.scope) == ("network.refused", "host")
    assert "127.0.0.1" in failure.message


def test_a_name_nobody_knows(engine, ask, at):
    assert failure_of(ask(engine, at("http://nowhere.invalid/v1"))).category == "network.dns"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/v1", "http:///v1", "http://[::1/v1", "nonsense"])
def test_a_base_url_that_is_no_address(engine, ask, at, url):
    assert failure_of(ask(engine, at(url))).category == "network.dns"


def test_not_http(engine, server, ask, at):
    server.script(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"))
    assert failure_of(ask(engine, at(server))).category == "service.malformed"


def test_a_redirect_is_not_followed(engine, server, other, ask, at):
    server.script(status(307, b"", location=f"{other.origin}/v1/chat/completions?key=secret"))
    failure = failure_of(ask(engine, at(server)))
    assert (failure.category, failure.status) == ("network.proxy", 307)
    assert "redirect" in failure.message
    assert "secret" not in failure.message
    assert not other.seen


def test_a_redirect_to_nowhere_is_a_redirect(engine, server, ask, at):
    server.script(status(302, b"", location="http://[nowhere"))
    failure = failure_of(ask(engine, at(server)))
    assert (failure.category, failure.status) == ("network.proxy", 302)


def test_a_page_in_place_of_an_answer(engine, server, ask, at):
    server.script(status(200, b"<html>Please sign in</html>", content_type="text/html"))
    assert failure_of(ask(engine, at(server), stream=False)).category in {
        "service.malformed",
        "network.proxy",
    }


# --- too much, or packed --------------------------------------------------------------------------


def test_fifty_megabytes_are_not_taken(engine, server, ask, at):
    async def flood(exchange):
        await exchange.head(content_type="application/json", content_length=str(50 * 2**20))
        await exchange.write(b'{"x": "')
        for _ in range(50):
            await exchange.write(b"x" * 2**20)

    server.script(flood)
    assert failure_of(ask(engine, at(server), stream=False)).category == "service.malformed"


def test_a_header_of_64_kib_is_not_taken(engine, server, ask, at):
    server.script(status(200, document("x"), x_long="y" * 2**16))
    assert failure_of(ask(engine, at(server), stream=False)).category == "service.malformed"


def test_an_endless_error_is_read_to_its_bound(engine, server, ask, at, monkeypatch):
    monkeypatch.setattr("nbapimgr.engine._trial.MAX_ERROR_BODY", 2000)

    async def endless(exchange):
        await exchange.head(401, content_type="application/json", transfer_encoding="chunked")
        while True:
            await exchange.chunk(b"x" * 1500)

    server.script(endless)
    assert failure_of(ask(engine, at(server))).category == "auth.invalid_key"


def test_no_packing_is_asked_for(engine, server, ask, at):
    ask(engine, at(server)).reply()
    assert server.seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("coding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("X-GZip", gzip.compress)],
)
def test_what_is_packed_all_the_same_is_unpacked(engine, server, ask, at, coding, pack):
    server.script(status(200, pack(document("packed")), content_encoding=coding))
    assert ask(engine, at(server), stream=False).reply().text == "packed"


def test_what_is_packed_may_come_byte_by_byte(engine, server, ask, at):
    packed = gzip.compress(document("packed")) + b"what follows is no part of it"

    async def drip(exchange):
        await exchange.head(content_encoding="gzip", transfer_encoding="chunked")
        for position in range(len(packed)):
            await exchange.chunk(packed[position : position + 1])
        await exchange.write(b"0\r\n\r\n")

    server.script(drip)
    assert ask(engine, at(server), stream=False).reply().text == "packed"


def test_a_packed_bomb_is_noticed_while_it_is_small(engine, server, ask, at):
    bomb = gzip.compress(b'{"x": "' + b"x" * (200 * 2**20))
    assert len(bomb) < 2**20
    server.script(status(200, bomb, content_encoding="gzip"))
    assert failure_of(ask(engine, at(server), stream=False)).category == "service.malformed"


@pytest.mark.parametrize(("coding", "body"), [("br", b"x"), ("gzip", b"not packed")])
def test_what_cannot_be_unpacked_is_malformed(engine, server, ask, at, coding, body):
    server.script(status(200, body, content_encoding=coding))
    failure = failure_of(ask(engine, at(server), stream=False))
    assert (failure.category, failure.evidence) == ("service.malformed", "UndecodableError")


# --- cookies --------------------------------------------------------------------------------------


def test_cookies_are_not_kept(engine, server, ask, at):
    server.script(status(200, document("x"), set_cookie="session=1"), whole("y"))
    for _ in range(2):
        ask(engine, at(server), stream=False).reply()
    assert "cookie" not in server.seen[1].headers


def test_the_library_is_the_one_that_is_named(client, engine, server, ask, at):
    ask(engine, at(server)).reply()
    [origin] = engine._loop.running().resource._origins.values()
    assert type(origin._client).__module__.startswith(transport._TRANSPORTS[client])
    assert threading.active_count() >= 2
