"""A key in a real kernel: not in its messages, not in a saved notebook, not in its history."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from nbapimgr.models import Provider
from nbapimgr.settings import Settings, places, save
from tests.engine.faultserver import FaultServer, streamed
from tests.secrets.echo import in_stream, json_error
from tests.secrets.leaks import KEY, contents, leaks

COMMANDS = (
    "%llm", "%llm providers", "%llm keys", "%llm models", "%llm doctor", "%llm trace", "%llm last",
    "%llm why", "%llm usage", "%llm usage --by provider", "%llm version", "%llm mode", "%llm help",
    "%llm keys test mine", "%llm keys test other", "%llm keys set", "%llm keys rm mine",
    "nbapimgr.connect()", "nbapimgr.connect().providers", "nbapimgr.connect().credentials",
    "nbapimgr.connect().credentials.list('mine')", "nbapimgr.connect().settings",
    "nbapimgr.connect()._keys", "nbapimgr.connect().attempts", "_llm", "vars(_llm.candidate)",
)  # fmt: skip
LOUD = (
    "import logging, sys, nbapimgr, nbapimgr.manager\n"
    "logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, force=True)\n"
    "get_ipython().run_line_magic('xmode', 'Verbose')"
)


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def home_with_keys(home, server):
    """Two providers at one server, whose keys are in the environment of the kernel."""
    fields = {"dialect": "openai-chat", "base_url": server.url, "env": ("PLANTED_API_KEY",)}
    providers = tuple(Provider(name=n, models=("m",), **fields) for n in ("mine", "other"))
    save(places(home).settings, Settings(providers=providers))
    return home


@pytest.fixture
def loud(start, home_with_keys):
    """A kernel that logs everything and shows variables in tracebacks."""
    kernel = start(PLANTED_API_KEY=KEY, PYTHONASYNCIODEBUG="1")
    kernel.run(LOUD).ok()
    kernel.run("%load_ext nbapimgr").ok()
    return kernel


def everything(ran):
    return repr([m["content"] for m in (*ran.messages, *ran.strangers)]) + repr(ran.reply)


def sent(server):
    return any(KEY in seen.headers.get("authorization", "") for seen in server.seen)


def test_no_message_of_a_kernel_holds_the_key(loud, server, tmp_path):
    server.script(streamed("fine"))
    said = {"answered": everything(loud.run("%%llm\nhello").ok())}
    server.script(json_error(401))
    failed = loud.run("%%llm\nhello")
    assert failed.status == "error"
    said["refused"] = everything(failed)
    server.script(streamed("half", after=in_stream))
    said["broken"] = everything(loud.run("%%llm --timeout 2\nhello"))
    said["dry run"] = everything(loud.run("%%llm -n\nhello").ok())
    for command in COMMANDS:
        said[command] = everything(loud.run(command))
    assert sent(server)
    assert "[secret]" in said["refused"]
    assert KEY[-4:] in said["%llm keys"]
    assert leaks({**said, **contents(tmp_path)}) == []


def test_a_key_that_is_typed_is_in_no_message_and_no_history(loud, server, tmp_path):
    typed = "sk-Typed/4Zt+Bq8Mn5Vw=Rj2Pc7Lh9Gd3Fx6"
    server.script(streamed("fine"))
    ran = loud.send("%llm keys set mine", allow_stdin=True)
    prompt = loud.client.get_stdin_msg(timeout=60)["content"]
    assert prompt["password"]
    loud.client.input(typed)
    loud.finish(ran).ok()
    said = {"set": everything(ran), "asked": everything(loud.run("%%llm mine\nhello").ok())}
    assert any(typed in seen.headers["authorization"] for seen in server.seen)
    assert leaks({**said, **contents(tmp_path)}, typed) == []


def test_the_searched_messages_would_hold_a_leak(loud):
    ran = loud.run("import os; logging.debug(os.environ['PLANTED_API_KEY'])").ok()
    assert leaks({"message": everything(ran)})


@pytest.mark.parametrize(
    ("behaviour", "ends_with"), [(streamed("fine"), ""), (json_error(401), "AllProvidersFailed")]
)
def test_a_saved_notebook_holds_no_key(
    home_with_keys, server, monkeypatch, tmp_path, behaviour, ends_with
):
    monkeypatch.setenv("PLANTED_API_KEY", KEY)
    server.script(behaviour)
    cells = ["%load_ext nbapimgr", "%%llm\nhello", "%llm keys", "%llm providers"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}})
    failure = ""
    try:
        client.execute()
    except CellExecutionError as error:
        failure = str(error)
    nbformat.write(notebook, tmp_path / "saved.ipynb")
    assert sent(server)
    assert ends_with in failure
    assert bool(failure) is bool(ends_with)
    files = contents(tmp_path)
    assert any(name.endswith("saved.ipynb") for name in files)
    assert leaks({**files, "failure": failure}) == []
