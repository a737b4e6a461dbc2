"""What is sent, and what happens when it cannot be: keys, headers, providers to be started."""

from __future__ import annotations

import msgspec
import pytest
from conftest import CANARY
from faultserver import error, streamed

from nbapimgr.engine import Engine
from nbapimgr.errors import AllProvidersFailed, MissingExtra, MissingKey, OptionError, SettingsError
from nbapimgr.secret import Secret


@pytest.fixture
def make():
    engines = []

    def one(**fields):
        fields = {"key_for": lambda _: Secret(CANARY), **fields}
        engines.append(Engine(**fields))
        return engines[-1]

    yield one
    for engine in engines:
        engine.close()


def test_the_key_goes_into_the_header_of_the_dialect(engine, server, ask, at):
    ask(engine, at(server, headers={"x-team": "blue"})).reply()
    headers = server.seen[0].headers
    assert headers["authorization"] == f"Bearer {CANARY}"
    assert headers["x-team"] == "blue"
    assert headers["user-agent"] == "nbapimgr"
    assert headers["content-type"] == "application/json"


def test_the_key_is_asked_for_once_an_attempt_and_for_whom(make, server, ask, at):
    asked = []

    def key_for(candidate):
        asked.append((str(candidate), candidate.credential))
        return Secret(f"key-{candidate.credential}")

    server.script(error(503), error(503), streamed("x"))
    ask(make(key_for=key_for), at(server), at(server, "two", 2)).reply()
    assert asked == [("one:m", "default"), ("one:m", "default"), ("two:m", "default")]


def test_without_a_key_nothing_is_sent(make, server, ask, at):
    one = ask(make(key_for=lambda _: None), at(server))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    failure = one.accounted[0].failure
    assert (failure.category, failure.scope) == ("auth.invalid_key", "credential")
    assert not server.seen
    assert one.accounted[0].usage is None


def test_a_key_that_cannot_be_had_is_the_reason_told(make, server, ask, at):
    def key_for(candidate):
        if candidate.credential == "locked":
            raise MissingKey("the vault is locked", hint="unlock it with %llm unlock")
        return Secret("k")

    one = ask(make(key_for=key_for), at(server), credentials=("locked", "open"))
    assert one.reply().candidate.credential == "open"
    failure = one.accounted[0].failure
    assert (failure.message, failure.remedy) == (
        "the vault is locked",
        "unlock it with %llm unlock",
    )
    assert failure.retryable is False


def test_a_server_without_keys_is_sent_none(make, server, ask, at):
    one = ask(make(key_for=lambda _: None), at(server, keyless=True), credentials=())
    one.reply()
    assert "authorization" not in server.seen[0].headers


def test_an_empty_proof_is_no_proof(make, server, ask, at, monkeypatch):
    from nbapimgr.wire import openai_chat

    monkeypatch.setattr(
        openai_chat, "authorise", lambda *_: {"authorization": "Bearer ", "x-signed": "yes"}
    )
    ask(make(key_for=lambda _: None), at(server, keyless=True), credentials=()).reply()
    assert "authorization" not in server.seen[0].headers
    assert server.seen[0].headers["x-signed"] == "yes"


@pytest.mark.parametrize("key", ["sk-“quoted”-canary", "sk-canary\r\nx-evil: 1", "sk-canary\n"])
def test_a_key_that_is_no_key_is_not_sent(make, server, ask, at, key):
    one = ask(make(key_for=lambda _: Secret(key)), at(server))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    failure = one.accounted[0].failure
    assert failure.category == "auth.invalid_key"
    assert "canary" not in str(failure)
    assert not server.seen


def test_what_a_dialect_lacks_for_signing_is_told(make, server, ask, at, monkeypatch):
    from nbapimgr.wire import openai_chat

    def authorise(*_):
        raise MissingExtra("signing needs botocore", hint="pip install nbapimgr[bedrock]")

    monkeypatch.setattr(openai_chat, "authorise", authorise)
    one = ask(make(), at(server))
    with pytest.raises(AllProvidersFailed) as caught:
        one.reply()
    assert caught.value.hint == "pip install nbapimgr[bedrock]"


# --- providers that must be started ---------------------------------------------------------------


def test_a_provider_without_an_address_is_started_first(make, server, ask, at):
    started = []

    def start(provider):
        started.append(provider.name)
        return msgspec.structs.replace(provider, base_url=server.url)

    one = ask(make(start=start), at("", "local"), at(server, "b", 2))
    reply = one.reply()
    assert (started, reply.provider) == (["local"], "local")
    assert reply.candidate.provider.base_url == ""  # known by the name the user gave


def test_a_provider_that_does_not_start_is_passed_over(make, server, ask, at):
    def start(provider):
        raise SettingsError("no such file: model.gguf", hint="%llm local PATH")

    one = ask(make(start=start), at("", "local"), at(server, "b", 2))
    assert one.reply().provider == "b"
    failure = one.accounted[0].failure
    assert (failure.category, failure.scope) == ("network.refused", "provider")
    assert (failure.message, failure.remedy) == ("no such file: model.gguf", "%llm local PATH")


def test_a_start_that_breaks_is_a_failure_like_any_other(make, server, ask, at):
    def start(provider):
        raise FileNotFoundError(f"/home/me/{CANARY}")

    one = ask(make(start=start), at("", "local"), at(server, "b", 2))
    assert one.reply().provider == "b"
    assert CANARY not in str(one.accounted[0].failure)


def test_what_cannot_be_built_after_the_start_is_passed_over(make, server, ask, at, monkeypatch):
    from nbapimgr.wire import openai_chat

    build = openai_chat.build

    def picky(request, provider, model, *, stream):
        if provider.name == "local":
            raise OptionError("no pictures by URL")
        return build(request, provider, model, stream=stream)

    monkeypatch.setattr(openai_chat, "build", picky)
    engine = make(start=lambda p: msgspec.structs.replace(p, base_url=server.url))
    one = ask(engine, at("", "local"), at(server, "b", 2))
    assert one.reply().provider == "b"
    failure = one.accounted[0].failure
    assert (failure.category, failure.scope) == ("request.bad", "model")


def test_without_an_address_and_nobody_to_start_it_nothing_is_sent(make, ask, at):
    one = ask(make(), at("", "local"))
    with pytest.raises(AllProvidersFailed):
        one.reply()
    assert one.categories == ["network.dns"]
