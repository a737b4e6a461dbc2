"""The guard against real network calls does guard."""

from __future__ import annotations

import socket

import pytest


def test_a_connection_past_loopback_fails():
    with socket.socket() as s, pytest.raises(AssertionError, match="connects to"):
        s.connect(("192.0.2.1", 80))


def test_a_public_name_is_not_looked_up():
    with pytest.raises(AssertionError, match="looks up"):
        socket.getaddrinfo("api.example.com", 443)


def test_loopback_is_allowed():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as s,
    ):
        assert s.getpeername() == server.getsockname()
