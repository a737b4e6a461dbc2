"""A planted key is in the request that needs it, and nowhere else a person or a file could see."""

from __future__ import annotations

import json
import logging
import subprocess

import pytest
from click.testing import CliRunner

from nbapimgr import Image, Manager, Message, Provider, Request, Secret, Settings, Tool
from nbapimgr.cli import main
from nbapimgr.errors import AllProvidersFailed, NbApiMgrError
from nbapimgr.local import start
from nbapimgr.manager import Source, attempt_rows, doctor_rows, key_rows, plan_rows, provider_rows
from nbapimgr.models import Delta, Started
from nbapimgr.wire import DIALECTS
from tests.engine.faultserver import FaultServer, cut, hang, raw, reset, streamed, whole
from tests.secrets.echo import ECHOES, json_error
from tests.secrets.leaks import KEY, contents, leaks, shown, spellings, told

AWS = "AKIAPLANTED7QZWV9LR2:Planted/7Qz+Wv9Lr2Xt=Kc5Hd8Nf3Bg6Jm1Ys4ApQ"


SHORT = 1.5
"""Seconds in which a call that is tried again and again may try."""


@pytest.fixture(scope="module", autouse=True)
def imported():
    """Have the client library imported, so that no call's time is spent on it."""
    from nbapimgr.engine._transport import CLIENT, _library

    _library(CLIENT)


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def logged(caplog, monkeypatch):
    """Every logger at its most talkative, and asyncio's debug mode."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "aiohttp", "aiohttp.client", "httpx", "httpcore", "nbapimgr"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.fixture
def llm(home, tmp_path, monkeypatch, logged):
    """A manager whose home and recordings are this test's own."""
    monkeypatch.chdir(tmp_path)
    manager = Manager(home)
    yield manager
    manager.close()


def add(llm, server, dialect="openai-chat", key=KEY, **fields):
    options = {"region": "us-east-1"} if dialect == "bedrock" else {}
    fields = {"models": ("m",), "options": options, **fields}
    llm.providers.add("mine", key=key, dialect=dialect, base_url=server.url, **fields)


def sent(server, key=KEY):
    """Whether the key was on the wire: only then can it be given back."""
    return any(key in value for seen in server.seen for value in seen.headers.values())


def after(llm, logged, tmp_path):
    """Every place a call leaves something in."""
    llm.usage(None)
    rows = [provider_rows(llm), key_rows(llm), doctor_rows(llm), attempt_rows(llm.attempts)]
    rows.append(plan_rows(llm.why()) if llm.why() else [])
    return {
        "log": logged.text + "".join(repr(vars(record)) for record in logged.records),
        "rows": repr(rows),
        "attempts": repr(llm.attempts),
        "lines": "\n".join(attempt.line() for attempt in llm.attempts),
        "usage": repr(llm.usage(None).to_dict()),
        "health": repr(llm.health(check=True).to_dict()),
        **contents(tmp_path),
    }


# --- what a provider says -------------------------------------------------------------------------


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_echo_of_the_key_is_told_to_nobody(llm, server, logged, tmp_path, dialect, echo):
    stream = echo not in {"401", "in document"}
    server.script(ECHOES[echo])
    add(llm, server, dialect)
    seen = []
    with pytest.raises(AllProvidersFailed) as caught:
        seen.extend(llm.stream("hello", stream=stream, timeout=SHORT, source=Source(mode="record")))
    assert sent(server)
    places = {"error": told(caught.value), "events": repr(seen), **after(llm, logged, tmp_path)}
    assert leaks(places) == []


@pytest.mark.parametrize("echo", ["401", "in document", "web page", "redirect"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_nor_is_that_of_a_free_check(llm, server, logged, tmp_path, dialect, echo):
    server.script(ECHOES[echo])
    add(llm, server, dialect)
    try:
        found = repr(llm.providers.test("mine"))
    except AllProvidersFailed as error:
        found = told(error)
    assert sent(server)
    assert leaks({"found": found, **after(llm, logged, tmp_path)}) == []


def test_an_aws_secret_is_signed_with_and_never_sent(llm, server, logged, tmp_path):
    pytest.importorskip("botocore")
    server.script(json_error(403))
    add(llm, server, "bedrock", key=AWS)
    with pytest.raises(AllProvidersFailed) as caught:
        llm.ask("hello")
    secret = AWS.partition(":")[2]
    wire = {str(n): repr(vars(seen)) for n, seen in enumerate(server.seen)}
    assert wire
    assert leaks(wire, secret) == []
    assert leaks({"error": told(caught.value), **after(llm, logged, tmp_path)}, secret) == []


# --- what the network does ------------------------------------------------------------------------

TROUBLES = {
    "reset": reset,
    "cut": cut,
    "no http": raw(b"nonsense\r\n\r\n"),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nx: "),
    "broken stream": streamed("half", after=cut),
    "reset stream": streamed("half", after=reset),
    "silence": hang,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_trouble_of_the_network_says_no_key(llm, server, logged, tmp_path, trouble):
    server.script(TROUBLES[trouble])
    add(llm, server)
    with pytest.raises(AllProvidersFailed) as caught:
        llm.ask("hello", timeout=SHORT)
    assert sent(server)
    assert leaks({"error": told(caught.value), **after(llm, logged, tmp_path)}) == []


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:9/v1",
        "http://nobody.invalid/v1",
        "https://127.0.0.1:{port}/v1",
        "http://[::1]:9/v1",
    ],
)
def test_nor_does_a_server_that_is_not_there(llm, server, logged, tmp_path, base_url):
    llm.providers.add("mine", key=KEY, base_url=base_url.format(port=server.port), models=("m",))
    with pytest.raises(AllProvidersFailed) as caught:
        llm.ask("hello", timeout=2)
    assert leaks({"error": told(caught.value), **after(llm, logged, tmp_path)}) == []


def test_a_proxy_s_password_is_not_told(llm, logged, tmp_path, monkeypatch):
    password = "Planted7QzWv9Lr2XtKc5Hd8Nf3Bg6Jm1Ys4"
    monkeypatch.setenv("HTTP_PROXY", f"http://me:{password}@127.0.0.1:9")
    monkeypatch.setenv("http_proxy", f"http://me:{password}@127.0.0.1:9")
    llm.providers.add("mine", key=KEY, base_url="http://nobody.invalid/v1", models=("m",))
    with pytest.raises(AllProvidersFailed) as caught:
        llm.ask("hello", timeout=2)
    assert caught.value.attempts[0].failure.category == "network.proxy"
    places = {"error": told(caught.value), **after(llm, logged, tmp_path)}
    assert leaks(places) == leaks(places, password) == []


def test_a_call_that_is_stopped_says_no_key(llm, server, logged, tmp_path):
    server.script(streamed("some words", after=hang))
    add(llm, server)
    events = llm.stream("hello")
    seen = [next(events), next(events), next(events)]
    assert [type(event) for event in seen[1:]] == [Started, Delta]
    events.close()
    assert llm.attempts[-1].outcome == "cancelled"
    assert sent(server)
    assert leaks({"events": repr(seen), **after(llm, logged, tmp_path)}) == []


# --- what is kept ---------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["key=", "environment"])
@pytest.mark.parametrize("source", [Source(mode="record"), Source(cache=True)], ids=repr)
def test_what_is_kept_of_an_answer_is_scrubbed(
    llm, server, logged, tmp_path, monkeypatch, source, given
):
    spoken = f"your key is {KEY}, or {spellings()['url']}, in parts {KEY[:14]} {KEY[-14:]}"
    server.script(whole(spoken))
    monkeypatch.setenv("PLANTED", KEY)
    fields = {"key": KEY} if given == "key=" else {"key": None, "env": ("PLANTED",)}
    add(llm, server, **fields)
    reply = llm.ask(f"is {KEY} my key?", source=source)
    assert KEY in reply.text  # what the model says is the user's to see
    assert sent(server)
    llm.close()
    files = contents(tmp_path)
    assert any("[secret]" in str(content) for content in files.values())
    assert leaks(files) == []


def test_sealed_usage_rows_hold_no_key(llm, server, logged, tmp_path):
    server.script(json_error(401))
    add(llm, server)
    with pytest.raises(AllProvidersFailed):
        llm.ask("hello")
    llm._usage.seal()
    llm.close()
    files = contents(tmp_path)
    assert any(name.endswith((".parquet", ".parquet, its rows")) for name in files)
    assert leaks(files) == []


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"headers": {"Authorization": f"Bearer {KEY}"}}, "headers['Authorization']"),
        ({"headers": {"x-mine": "sk-" + "a1" * 20}}, "headers['x-mine']"),
        ({"options": {"api-key": "short"}}, "options['api-key']"),
        ({"base_url": f"http://127.0.0.1:9/v1?key={KEY}"}, "base_url (key)"),
        ({"base_url": "http://me:Planted7QzWv9Lr2@127.0.0.1:9/v1"}, "base_url"),
    ],
)
def test_a_key_in_a_field_that_is_saved_is_refused(llm, tmp_path, fields, place):
    with pytest.raises(NbApiMgrError) as caught:
        llm.providers.add("mine", **{"base_url": "http://127.0.0.1:9/v1", **fields})
    assert place in str(caught.value)
    assert "key=" in caught.value.hint
    said = "\n".join(caught.value._render_traceback_())
    assert leaks({"error": said, **contents(tmp_path)}) == []
    assert "Planted7QzWv9Lr2" not in said


def test_harmless_fields_are_no_secrets(llm):
    llm.providers.add(
        "mine",
        base_url="http://127.0.0.1:9/v1?api-version=2024-10-21",
        headers={"x-title": "notes", "x-portkey-provider": "openai"},
        options={"region": "us-east-1", "context": 4096},
    )
    assert llm.providers["mine"].headers["x-portkey-provider"] == "openai"


# --- wrong use ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        lambda llm: llm.providers.add("mine", key=KEY, base_url="nonsense"),
        lambda llm: llm.providers.add("mine", key=KEY, base_url="http://a/", priority="first"),
        lambda llm: llm.providers.add("mine", key=KEY, base_urll="http://a/"),
        lambda llm: llm.providers.add("mine", key=KEY + "…", base_url="http://a/"),
        lambda llm: llm.providers.add("mine", key=KEY.encode() + b"\xff", base_url="http://a/"),
        lambda llm: llm.providers.add("mine", key=f"two {KEY}", base_url="http://a/"),
        lambda llm: llm.credentials.add("nobody", KEY),
        lambda llm: llm.credentials.add("openai", KEY, alias="env:X"),
        lambda llm: llm.credentials.add("openai", KEY + "•"),
    ],
)
def test_an_error_of_use_shows_no_key_even_with_its_variables(llm, wrong):
    llm.providers.add("openai")
    with pytest.raises(NbApiMgrError) as caught:
        wrong(llm)
    frames = told(caught.value)
    assert leaks({"error": frames}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        lambda llm, key: llm.credentials.add(key, "openai"),
        lambda llm, key: llm.use(key),
        lambda llm, key: llm.providers.add(key),
        lambda llm, key: llm.ask("hello", route=key),
    ],
)
def test_a_key_in_the_place_of_a_name_is_not_repeated(llm, wrong):
    key = "sk-proj-Planted7Qz9Lr2Xt5Hd8Nf3Bg6Jm1"
    llm.providers.add("openai")
    with pytest.raises(NbApiMgrError) as caught:
        wrong(llm, key)
    said = "\n".join([str(caught.value), repr(caught.value), *caught.value._render_traceback_()])
    assert "[secret]" in said
    assert leaks({"said": said}, key) == []


# --- objects --------------------------------------------------------------------------------------


def test_no_public_object_shows_the_key(llm, server):
    server.script(streamed("fine"))
    add(llm, server)
    reply = llm.ask("hello")
    things = {
        "manager": llm,
        "providers": llm.providers,
        "provider": llm.providers["mine"],
        "credentials": llm.credentials,
        "keys": llm._keys,
        "info": llm.credentials.list("mine"),
        "engine": llm._engine,
        "reply": reply,
        "attempt": reply.attempts[0],
        "plan": llm.why(),
        "settings": llm.settings,
        "secret": Secret(KEY),
        "request": Request(messages=(Message(role="user", content=()),)),
        "image": Image(data=b"x"),
        "tool": Tool(name="t"),
    }
    assert sent(server)
    for name, thing in things.items():
        assert leaks(shown(name, thing)) == []


def test_a_secret_is_shown_by_its_tail_alone():
    assert Secret(KEY).tail() == "…" + KEY[-4:]
    assert Secret("short").tail() == "…"


# --- other programs -------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["keys", "providers", "doctor", "test", "usage"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
def test_the_command_line_masks(home, monkeypatch, command, form):
    key = "sk-proj-Planted7Qz9Lr2Xt5Hd8Nf3Bg6Jm1"
    monkeypatch.setenv("PLANTED_API_KEY", key)
    provider = {"name": "mine", "dialect": "openai-chat", "base_url": "http://127.0.0.1:9/v1"}
    settings = Settings(providers=(Provider(**provider, models=("m",), env=("PLANTED_API_KEY",)),))
    from nbapimgr.settings import places, save

    save(places(home).settings, settings)
    done = CliRunner().invoke(main, [command, *form])
    assert done.output
    assert leaks({"output": done.output, **contents(home)}, key) == []
    if command == "keys":
        assert "Jm1" in done.output  # the tail, by which a person knows it


def test_a_child_process_gets_no_key(monkeypatch, tmp_path):
    key = "sk-proj-Planted7Qz9Lr2Xt5Hd8Nf3Bg6Jm1"
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("HF_TOKEN", KEY)
    monkeypatch.setenv("MY_LLM", key)
    monkeypatch.setenv("HARMLESS", "planted")
    gguf = tmp_path / "model.gguf"
    gguf.touch()
    started = {}

    class Recorder(Exception):
        pass

    def popen(args, **options):
        options["stderr"].close()
        started.update(args=args, env=options["env"])
        raise Recorder

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())
    provider = {"name": "local", "dialect": "openai-chat", "base_url": ""}
    with pytest.raises(Recorder):
        start(Provider(**provider, options={"gguf": str(gguf)}))
    child = json.dumps([started["args"], started["env"]])
    assert started["env"]["HARMLESS"] == "planted"
    assert leaks({"child": child}) == leaks({"child": child}, key) == []


# --- the search itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", spellings())
def test_each_spelling_is_found_in_pieces(spelling):
    text = spellings()[spelling]
    assert leaks({"there": f"xx{text[3:15]}yy"})
    assert leaks({"there": f"xx{text[-13:]}yy".encode("latin-1")})


def test_base64_is_found_wherever_it_begins():
    import base64

    for before in range(6):
        text = base64.b64encode(b"u" * before + KEY.encode() + b"z").decode()
        assert leaks({"there": text})


def test_words_are_no_key():
    assert leaks({"there": "a planted tree, sk-, and some other words", "tail": KEY[-4:]}) == []


def test_a_leak_in_a_file_a_table_or_a_database_is_found(tmp_path):
    import sqlite3

    import pandas as pd

    pd.DataFrame({"x": [KEY]}).to_parquet(tmp_path / "rows.parquet")
    with sqlite3.connect(tmp_path / "history.sqlite") as database:
        database.execute("create table t (x)")
        database.execute("insert into t values (?)", (KEY,))
    database.close()
    (tmp_path / "settings.toml").write_text(f"key = '{KEY}'")
    found = "\n".join(leaks(contents(tmp_path)))
    for place in ("rows.parquet, its rows", "history.sqlite, its rows", "settings.toml"):
        assert place in found


def test_a_leak_in_a_log_record_or_a_variable_is_found(logged):
    logging.getLogger("asyncio").debug("sent %s", {"authorization": KEY})
    assert leaks({"log": logged.text})
    code = compile(
        f"def f():\n    key = {KEY!r}\n    raise ValueError\nf()", "elsewhere.py", "exec"
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # it says nothing
        exec(code, {})  # noqa: S102  # a frame that is not the test's
    assert leaks({"error": told(caught.value)})


def test_a_leak_in_an_object_is_found():
    class Careless:
        def __init__(self):
            self.key = KEY

    assert leaks(shown("careless", Careless()))
