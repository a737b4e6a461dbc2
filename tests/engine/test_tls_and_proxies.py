"""Who is on the other end, and who stands between: certificates and proxies."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import ssl

import pytest
from faultserver import FaultServer, status, whole

from nbapimgr.engine import _proxies as proxies
from nbapimgr.engine import _transport as transport
from nbapimgr.errors import AllProvidersFailed


def failure_of(one):
    with pytest.raises(AllProvidersFailed):
        one.reply()
    return one.accounted[0].failure


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed but itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "pair.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with FaultServer(tls=context) as one:
        yield one


def test_a_certificate_nobody_signed_is_not_trusted(engine, secure, ask, at):
    failure = failure_of(ask(engine, at(secure)))
    assert (failure.category, failure.scope) == ("network.tls", "host")
    assert not secure.seen


def test_a_certificate_the_system_trusts_is_good(engine, secure, certificate, ask, at, monkeypatch):
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(transport, "_ssl_context", functools.cache(lambda _: context))
    secure.script(whole("sealed"))
    assert ask(engine, at(secure), stream=False).reply().text == "sealed"


def test_the_context_for_all_origins_verifies(client):
    context = transport._ssl_context(client)
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert transport._ssl_context(client) is context


def test_plain_text_where_tls_was_meant(engine, ask, at):
    with FaultServer(greeting=b"HTTP/1.1 400 Plain HTTP\r\n\r\n") as plain:
        failure = failure_of(ask(engine, at(plain.url.replace("http:", "https:"))))
    assert failure.category == "network.tls"


# --- proxies --------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_the_proxy_of_the_environment_is_used(engine, server, ask, at, environment):
    environment.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{server.port}")
    server.script(whole("through the proxy"))
    one = ask(engine, at("http://api.invalid/v1"), stream=False)
    assert one.reply().text == "through the proxy"
    assert server.seen[0].target == "http://api.invalid/v1/chat/completions"
    assert server.seen[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_a_tunnel_is_asked_for_where_the_provider_speaks_tls(engine, server, ask, at, environment):
    environment.setenv("https_proxy", f"http://me:pass@127.0.0.1:{server.port}")
    server.script(status(407, b""))
    failure = failure_of(ask(engine, at("https://api.invalid/v1")))
    assert failure.category == "network.proxy"
    assert (server.seen[0].method, server.seen[0].target) == ("CONNECT", "api.invalid:443")
    assert server.seen[0].headers["proxy-authorization"] == "Basic bWU6cGFzcw=="
    assert "authorization" not in server.seen[0].headers


def test_a_proxy_behind_tls_is_verified(engine, secure, ask, at, environment):
    environment.setenv("http_proxy", secure.origin)
    failure = failure_of(ask(engine, at("http://api.invalid/v1")))
    assert failure.category in {"network.tls", "network.proxy"}
    assert not secure.seen


def test_a_proxy_that_is_not_there(engine, ask, at, environment):
    environment.setenv("http_proxy", "http://127.0.0.1:1")
    assert failure_of(ask(engine, at("http://api.invalid/v1"))).category == "network.proxy"


def test_a_proxy_that_cannot_be_used(engine, ask, at, environment):
    environment.setenv("all_proxy", "socks5://127.0.0.1:1")
    assert failure_of(ask(engine, at("http://api.invalid/v1"))).category == "network.proxy"


def test_which_proxy(environment):
    assert proxies.proxy_for("http://api.invalid") is None
    environment.setenv("all_proxy", "proxy.invalid:3128")
    environment.setenv("no_proxy", "near.invalid")
    assert proxies.proxy_for("https://api.invalid").url == "http://proxy.invalid:3128"
    assert proxies.proxy_for("https://near.invalid") is None
    for here in ("127.0.0.1", "localhost", "[::1]", "api.localhost"):
        assert proxies.proxy_for(f"http://{here}:8000") is None


def test_a_proxy_shows_no_password(environment):
    environment.setenv("https_proxy", "http://me:hunter2@proxy.invalid")
    proxy = proxies.proxy_for("https://api.invalid")
    assert "hunter2" not in repr(proxy)
    assert "aHVudGVy" not in repr(proxy)
