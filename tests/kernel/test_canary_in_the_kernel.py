"""A typed key through every feature in one real kernel, then looked for wherever it could be."""

from __future__ import annotations

import contextlib

import nbformat
import psutil
import pytest
from nbconvert import HTMLExporter

from nbapimgr.models import Provider
from nbapimgr.settings import Settings, places, save
from tests.engine.faultserver import FaultServer, cut, hang, status, streamed
from tests.secrets.echo import ECHOES
from tests.secrets.leaks import KEY, contents, leaks

NEW = "sk-Turned/5Xk+Lw3Tn8Bd=Zc6Qf9Mh2Vj7Rp4"
"""What the key is replaced by."""
LOUD = """
import copy, gc, json, logging, pickle, subprocess, sys, threading, traceback
logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, force=True)
get_ipython().run_line_magic("xmode", "Verbose")
import nbapimgr, nbapimgr.manager
llm = nbapimgr.connect()
"""
FEATURES = {
    "asked": "%%llm mine\nhello",
    "one line": "%llm -q mine what is this?",
    "dry run": "%%llm -n mine\nhello",
    "recorded": "%%llm mine --record\nhello there",
    "replayed": "%%llm mine --replay\nhello there",
    "cached": "%%llm mine --cache\nhello again",
    **{line: line for line in (
        "%llm", "%llm providers", "%llm keys", "%llm keys list", "%llm keys test mine",
        "%llm models", "%llm models mine", "%llm doctor", "%llm trace", "%llm last", "%llm why",
        "%llm usage", "%llm usage --by provider", "%llm errors", "%llm errors report",
        "%llm version", "%llm panel", "%llm use mine:m --save", "llm.health(check=True)",
        "llm.credentials.status()", "llm.credentials.list('mine')", "llm.settings", "llm.attempts",
        "vars(_llm.candidate)", "llm._keys", "llm._usage.seal()", "print(llm.error_report())",
    )},
    "exported": "llm.credentials.export('keys.out', 'a passphrase of some length')",
    "imported": "llm.credentials.import_('keys.out', 'a passphrase of some length')",
    "exported to a child": """
with llm.credentials.env('mine'):
    pass
print(subprocess.run([sys.executable, '-c', 'import os; print(os.environ)'],
                     capture_output=True, text=True, check=True).stdout)""",
    "copied": """
for thing in (llm, llm.credentials, llm._keys, llm.settings, llm.panel(), _llm, llm._engine):
    for way in (pickle.dumps, copy.copy, copy.deepcopy, repr, str, vars):
        try:
            print(way(thing))
        except Exception as error:
            traceback.print_exc()""",
    "widget state": """
import ipywidgets
print(json.dumps(ipywidgets.Widget.get_manager_state()))""",
    "a thread crashes": """
crashed = threading.Thread(target=lambda: llm.ask('hello', route='nobody:m'))
crashed.start(); crashed.join()""",
    "an error of the user": "secretive = llm\n1 / 0",
    "fixed": "%llm fix mine",
    "misused": "llm.providers.add('mine', key=llm._keys, base_url='nonsense')",
}  # fmt: skip


@pytest.fixture
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture
def loud(start, home, server, tmp_path):
    """A kernel that logs everything, with a vault; its temporary files are in the test's folder."""
    provider = Provider(
        name="mine", dialect="openai-chat", base_url=server.url, models=("m",), env=("PLANTED",)
    )
    save(places(home).settings, Settings(providers=(provider,)))
    (tmp_path / "tmp").mkdir()
    kernel = start(
        CI="",
        HOME=str(tmp_path),
        IPYTHONDIR=str(tmp_path / "ipython"),
        PYTHONASYNCIODEBUG="1",
        TMPDIR=str(tmp_path / "tmp"),
    )
    kernel.run("%load_ext nbapimgr").ok()
    kernel.run(LOUD).ok()
    vault = "llm.credentials.setup(passphrase='correct horse', keychain=False, key_file=False)"
    kernel.run(vault).ok()
    return kernel


def typed(kernel, line, key):
    """Run a line that asks for a key, and type it."""
    ran = kernel.send(line, allow_stdin=True)
    assert kernel.client.get_stdin_msg(timeout=60)["content"]["password"]
    kernel.client.input(key)
    return kernel.finish(ran)


def everything(ran):
    return repr([m["content"] for m in (*ran.messages, *ran.strangers)]) + repr(ran.reply)


def saved(cells):
    """(name -> text) of the notebook these cells make, and of it exported to HTML."""
    made = []
    for code, ran in cells:
        outputs = [
            nbformat.v4.output_from_msg(message)
            for message in ran.messages
            if message["msg_type"] in {"stream", "display_data", "execute_result", "error"}
        ]
        made.append(nbformat.v4.new_code_cell(code, outputs=outputs))
    notebook = nbformat.v4.new_notebook(cells=made)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    return {"notebook": nbformat.writes(notebook), "exported HTML": html}


def processes(kernel):
    """(name -> arguments and environment) of the kernel and its children."""
    family = psutil.Process(kernel.manager.provisioner.pid)
    found = {}
    for process in (family, *family.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            found[f"process {process.pid}"] = repr((process.cmdline(), process.environ()))
    return found


def sent(server, key):
    return any(f"Bearer {key}" == seen.headers.get("authorization") for seen in server.seen)


def test_a_key_through_every_feature_is_in_no_place(loud, server, tmp_path):
    server.script(streamed("fine"))
    cells = {"typed": ("%llm keys set mine", typed(loud, "%llm keys set mine", KEY).ok())}
    for name, code in FEATURES.items():
        cells[name] = (code, loud.run(code))
    for name in (
        "asked",
        "dry run",
        "recorded",
        "replayed",
        "cached",
        "exported",
        "copied",
        "fixed",
    ):
        cells[name][1].ok()
    assert "NoneType" not in cells["widget state"][1].stdout
    for echo, behaviour in ECHOES.items():
        server.script(behaviour)
        code = "%%llm mine --no-fallback --timeout 1\nhello"
        cells[f"echo: {echo}"] = (code, ran := loud.run(code))
        assert ran.status == "error"
        code = "%llm keys test mine"
        cells[f"check: {echo}"] = (code, loud.run(code))
    for name, behaviour in (("cut", streamed("half", after=cut)), ("silent", hang)):
        server.script(behaviour)
        code = f"%%llm mine --no-fallback --timeout 1\n{name}"
        cells[name] = (code, loud.run(code))
    server.script(streamed("half an answer", after=hang))
    stopped = loud.send("%%llm mine\nhello")
    loud.until(stopped, lambda m: "half an answer" in repr(m["content"]))
    loud.interrupt()
    cells["interrupted"] = ("%%llm mine\nhello", loud.finish(stopped))
    for line in ("%llm errors", "%llm trace", "%llm errors report", "%tb", "llm.health().T"):
        cells[f"afterwards: {line}"] = (line, loud.run(line))
    server.script(status(200, {"data": [{"id": "m"}]}))
    cells["rotated"] = ("…", typed(loud, "%llm keys set mine", NEW))
    server.script(streamed("fine"))
    cells["asked with the new one"] = ("%%llm mine\nhello", loud.run("%%llm mine\nhello").ok())
    assert sent(server, KEY)
    assert sent(server, NEW)
    running = processes(loud)
    loud.run("%unload_ext nbapimgr\nllm.close(); get_ipython().history_manager.writeout_cache()")
    places = {name: everything(ran) for name, (_, ran) in cells.items()}
    places |= {**running, **saved(cells.values()), **contents(tmp_path)}
    assert len(cells) > 60
    for name in ("history.sqlite", "settings.toml", "keys.out"):
        assert any(name in place for place in places), name
    assert leaks(places) == leaks(places, NEW) == []


def test_every_place_of_the_sweep_would_show_a_leak(loud, tmp_path):
    """The search itself: a key that is written into each place is found there."""
    code = (
        f"key = {KEY!r}\n"
        "import os, tempfile\n"
        "print(key)\n"
        "left = tempfile.NamedTemporaryFile('w', delete=False); left.write(key); left.close()\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()', key[:20]], "
        "stdin=subprocess.PIPE, env={**os.environ, 'LEAK': key[::-1]})\n"
    )
    ran = loud.run(code).ok()
    found = "\n".join(leaks(processes(loud)))
    assert "raw" in found
    assert "reversed" in found
    loud.run("child.communicate(b'\\n'); get_ipython().history_manager.writeout_cache()").ok()
    assert len(leaks({"message": everything(ran)})) > 0
    assert {line.partition(":")[0] for line in leaks(saved([("…", ran)]))} == {
        "notebook",
        "exported HTML",
    }
    files = "\n".join(leaks(contents(tmp_path)))
    for place in ("history.sqlite", str(tmp_path / "tmp")):
        assert place in files
