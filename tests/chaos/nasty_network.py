"""Nasty cases of the network: nobody to be reached, wrong addresses, proxies, a dying crowd."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import os
import socket
import ssl
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.bench.harness import refusing_url
from tests.chaos.ground import TEXT, Ground, healthy
from tests.engine.faultserver import reset, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbapimgr.manager import Manager
    from tests.engine.faultserver import Behaviour, Exchange

CROWD = 200


# --- N05 ------------------------------------------------------------------------------------------


class Cable:
    """Names under .invalid lead to this machine while it is plugged in, and nowhere else."""

    def __init__(self) -> None:
        self.plugged = False
        self._look_up = socket.getaddrinfo

    def getaddrinfo(self, host: Any, *args: Any, **kwargs: Any) -> Any:
        """As the system's, with the names."""
        name = host.decode() if isinstance(host, bytes) else host
        if not name.endswith(".invalid"):
            return self._look_up(host, *args, **kwargs)
        if not self.plugged:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._look_up("127.0.0.1", *args, **kwargs)


def n05(ground: Ground) -> None:
    """Every provider unreachable at once, then the network is back."""
    cable = Cable()
    ground.enter(mock.patch("socket.getaddrinfo", cable.getaddrinfo))
    servers = {name: ground.server() for name in ("one", "two", "three")}
    urls = {name: f"http://{name}.invalid:{server.port}/v1" for name, server in servers.items()}
    llm = ground.manager(**urls)
    for number in range(3):
        asked = ground.ask(llm)
        said = str(getattr(asked.error, "hint", ""))
        ground.check(f"call {number + 1} says so", "offline" in said, said)
        tried = [attempt.candidate.provider.name for attempt in asked.attempts]
        ground.check(f"call {number + 1} has tried them all", len(set(tried)) == 3, tried)
    cable.plugged = True
    asked = ground.ask(llm)
    ground.check("answered at once when it is back", asked.whole, asked.categories)
    ground.check("by the first, who is not blamed", len(servers["one"].seen) == 1)
    plan = llm.why()
    ground.check("nobody is skipped", bool(plan) and not plan.skipped + plan.resorts)


# --- N06 ------------------------------------------------------------------------------------------


def _certificate() -> ssl.SSLContext:
    """What a server needs that nobody trusts."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + made.public_bytes(serialization.Encoding.PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pair.pem")
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context


@contextlib.contextmanager
def _proxy(ground: Ground) -> Iterator[str]:
    """A URL that is reached through a proxy which wants a password."""
    server = ground.server(status(407, b"Proxy Authentication Required"))
    with mock.patch.dict(os.environ, {"http_proxy": server.origin, "no_proxy": "127.0.0.1"}):
        yield "http://far.invalid/v1"


def n06(ground: Ground) -> None:
    """DNS failure, refused connection, TLS failure, proxy 407."""
    refused = ground.enter(refusing_url())
    behind_proxy = ground.enter(_proxy(ground))
    untrusted = ground.server(tls=_certificate())
    plain = ground.server(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")
    cases: dict[str, tuple[dict[str, str], str, str]] = {
        "no such name": ({"base_url": "http://nobody.invalid/v1"}, "network.dns", "base URL"),
        "refused": ({"base_url": refused}, "network.refused", "start the server"),
        "Ollama is not running": (
            {"base_url": refused.removesuffix("/v1"), "dialect": "ollama"},
            "network.refused",
            "ollama serve",
        ),
        "untrusted certificate": ({"base_url": untrusted.url}, "network.tls", "clock"),
        "no TLS at all": (
            {"base_url": plain.url.replace("http:", "https:")},
            "network.tls",
            "certificates",
        ),
        "proxy 407": ({"base_url": behind_proxy}, "network.proxy", "proxy"),
    }
    other = ground.server()
    ground.ask(ground.manager(other=other))
    for name, (fields, category, remedy) in cases.items():
        context = contextlib.nullcontext()
        if category == "network.dns":  # the proxy knows all names
            context = mock.patch.dict(os.environ, {"no_proxy": "*"})
        with context:
            llm = ground.manager(mine=fields, other=other)
            ground.ask(llm, route="other")
            asked = ground.ask(llm)
        ground.check(f"{name}: answered by the next", asked.whole, asked.categories)
        ground.check(f"{name}: named", asked.categories[:1] == [category], asked.categories)
        ground.check(f"{name}: at once", asked.waits == [0.0], asked.waits)
        ground.timely(f"{name}: to the next", other.seen[-1].at - asked.began, 0.3)
        ground.check(f"{name}: the remedy names it", remedy in asked.remedy, asked.remedy)


# --- N10 ------------------------------------------------------------------------------------------


class Dying:
    """Answers some calls well and then, in the middle of the others, no more."""

    def __init__(self, lives: int, end: Behaviour) -> None:
        self._lives, self._end = lives, end
        self.after = 0
        """Requests that came when it was dead."""

    async def __call__(self, exchange: Exchange) -> None:
        """Answer while there is life."""
        self._lives -= 1
        if self._lives < 0:
            self.after += 1
            await self._end(exchange)
        else:
            await healthy()(exchange)


async def _crowd(llm: Manager, size: int) -> list[Any]:
    return await asyncio.gather(
        *(llm.aask("Is all well?") for _ in range(size)), return_exceptions=True
    )


def n10(ground: Ground) -> None:
    """200 concurrent calls while the primary dies."""
    ends: dict[str, Callable[[Exchange], Any]] = {
        "503": status(503, {"error": {"message": "overloaded"}}),
        "reset": reset,
    }
    for name, end in ends.items():
        dying = Dying(40, end)
        primary, other = ground.server(dying), ground.server()
        llm = ground.manager(mine=primary, other=other)
        began = time.monotonic()
        replies = asyncio.run(_crowd(llm, CROWD))
        took = time.monotonic() - began
        good = sum(getattr(reply, "text", "") == TEXT for reply in replies)
        ground.check(f"{name}: all answered", good == CROWD, f"{good} of {CROWD} in {took:.2f} s")
        # One wave of connections is under way when it dies, and a fifth of it may be tried again.
        most = 32 + 32 // 5 + 1
        ground.check(f"{name}: a handful of attempts", dying.after <= most, dying.after)
        asked = [ground.ask(llm) for _ in range(5)]
        more = dying.after
        ground.check(f"{name}: then none", all(one.whole for one in asked) and more <= most, more)
