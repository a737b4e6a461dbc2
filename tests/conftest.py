"""What holds for every test: a home of its own, no real keys, no network past loopback."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket

import hypothesis
import pytest

# How long an example takes is a matter for benchmarks: other work on the machine decides it.
hypothesis.settings.register_profile(
    "nbapimgr",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
hypothesis.settings.load_profile("nbapimgr")


FOR_THE_TESTS = {"NBAPIMGR_WIRE_CORPUS", "NBAPIMGR_OLDEST_PYTHON", "NBAPIMGR_FUZZ_EXAMPLES"}
"""Variables that say something to the tests themselves."""


def pytest_configure() -> None:
    # A shell starts what it runs in the background with interrupts ignored, and tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in list(os.environ):
        ours = name.startswith("NBAPIMGR_") and name not in FOR_THE_TESTS
        if ours or name.endswith(("_API_KEY", "_API_TOKEN")):
            del os.environ[name]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of this test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("NBAPIMGR_HOME", str(folder))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    return folder


class NetworkForbiddenError(AssertionError):
    """A test reached past loopback."""


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):  # a unix socket
        return True
    host = str(address[0])
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Fail a test that opens a connection past loopback or looks a public name up."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    getaddrinfo = socket.getaddrinfo

    def guarded(original):
        def call(self, address):
            if not _is_loopback(address):
                raise NetworkForbiddenError(f"a test connects to {address!r}")
            return original(self, address)

        return call

    def resolve(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not _is_loopback((name,)) and not name.endswith(".invalid"):
            raise NetworkForbiddenError(f"a test looks up {name!r}")
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guarded(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
