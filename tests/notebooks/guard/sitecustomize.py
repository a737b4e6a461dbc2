"""Python starts here in every process of a notebook run: none of them gets past loopback."""

from __future__ import annotations

import ipaddress
import socket


def _inside(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _guarded(original):
    def connect(self, address):
        if isinstance(address, tuple) and not _inside(address[0]):
            raise ConnectionRefusedError(f"no network past loopback in a test: {address[0]}")
        return original(self, address)

    return connect


def _resolve(original):
    def getaddrinfo(host, *args, **kwargs):
        if not _inside(host):
            raise socket.gaierror(f"no network past loopback in a test: {host}")
        return original(host, *args, **kwargs)

    return getaddrinfo


socket.socket.connect = _guarded(socket.socket.connect)
socket.socket.connect_ex = _guarded(socket.socket.connect_ex)
socket.getaddrinfo = _resolve(socket.getaddrinfo)
