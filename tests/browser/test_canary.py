"""A key that is pasted into the panel of a talkative JupyterLab, and looked for everywhere."""

from __future__ import annotations

import json

import pytest

from tests.browser.lab import Lab, Notebook
from tests.engine.faultserver import FaultServer, error, status, streamed
from tests.secrets.leaks import contents, leaks

KEY = "gsk_" + "C4nBr0wserY7" * 4 + "k3Wp"
START = """
import gc, json, logging, sys, msgspec, warnings
from nbapimgr.wire import catalogue
table = gc.get_referents(catalogue.CATALOGUE)[0]  # the vendor is at this machine, for this test
table["groq"] = msgspec.structs.replace(table["groq"], base_url={url!r}, models=("m",))
logging.basicConfig(stream=sys.stderr, level=logging.DEBUG, force=True)
%load_ext nbapimgr
print("ready")
"""
STATE = """
warnings.simplefilter("ignore")
import ipywidgets
print(json.dumps(ipywidgets.Widget.get_manager_state()), "end of state")
"""
SHOWN = ("%llm keys list", "%llm doctor", "%llm errors", "%llm trace", "%llm errors report")


@pytest.fixture(scope="module")
def server():
    with FaultServer() as running:
        yield running


@pytest.fixture(scope="module")
def talkative(chromium, tmp_path_factory):
    """A JupyterLab of its own that logs all it can; everything of it is in one folder."""
    folder = tmp_path_factory.mktemp("canary")
    (folder / "config").mkdir()
    (folder / "tmp").mkdir()
    settings = {"Application": {"log_level": "DEBUG"}, "Session": {"debug": True}}
    (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    (folder / "config" / "jupyter_lab_config.json").write_text(json.dumps(settings))
    running = Lab(
        folder, NBAPIMGR_HOME=str(folder / "home"), CI="", TMPDIR=str(folder / "tmp"),
        PYTHONASYNCIODEBUG="1",
    )  # fmt: skip
    running.folder = folder
    yield running
    running.stop()


@pytest.fixture
def tab(chromium):
    page = chromium.new_page(viewport={"width": 1100, "height": 900})
    yield page
    page.close()


def listening(page):
    """Every frame and every body that passes between the page and its server, as it comes."""
    frames = []

    def passed(data):
        frames.append(data if isinstance(data, str) else data.decode("latin-1"))

    def connected(socket):
        socket.on("framesent", passed)
        socket.on("framereceived", passed)

    page.on("websocket", connected)
    page.on("request", lambda request: passed(request.url + repr(request.post_data_buffer)))
    page.on("console", lambda message: passed(message.text))
    return frames


def saved(notebook, path):
    notebook.save()
    notebook.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    return path.read_text("utf-8")


def places(lab, tab, frames, text):
    stored = "() => JSON.stringify({ ...localStorage, ...sessionStorage })"
    return {
        "frames": "\n".join(frames),
        "page": tab.content(),
        "browser's storage": tab.evaluate(stored),
        "saved notebook": text,
        **contents(lab.folder),
    }


def test_a_key_pasted_into_the_panel_is_in_no_place(talkative, tab, server):
    frames = listening(tab)
    path = talkative.notebook("panel.ipynb")
    notebook = Notebook(tab, talkative, path).open()
    notebook.run(START.format(url=server.url), until="ready")
    server.script(status(200, {"data": [{"id": "m"}]}), streamed("an answer"))
    panel = notebook.start("%llm panel")
    panel.get_by_label("Add a provider: paste its API key").fill(KEY)
    panel.get_by_text("Looks like a key of Groq.").wait_for()
    tab.keyboard.press("Enter")
    panel.locator('.card[data-tone="ok"]').wait_for()
    notebook.run("%%llm groq\nHello there", until="an answer")
    server.script(error(401, f"Incorrect API key provided: {KEY}", code=KEY))
    failed = notebook.start("%%llm groq --no-fallback\nHello there")
    notebook.saw(failed, "AllProvidersFailed")
    for line in SHOWN:
        notebook.start(line)
    notebook.run(STATE, until="end of state")
    text = saved(notebook, path)
    assert any(seen.headers.get("authorization") == f"Bearer {KEY}" for seen in server.seen)
    assert "nbapimgr settings" in text
    found = places(talkative, tab, frames, text)
    assert "key.save" in found["frames"]
    assert "DEBUG" in (talkative.folder / "lab.log").read_text("utf-8", "replace")
    assert leaks(found, KEY) == []


def test_a_key_that_is_written_into_a_cell_is_found_in_these_places(talkative, tab):
    other = "gsk_" + "W0nderful7Ok" * 4 + "m5Rt"
    frames = listening(tab)
    path = talkative.notebook("leaky.ipynb")
    notebook = Notebook(tab, talkative, path).open()
    notebook.run(f"print({other!r}); open({str(talkative.folder / 'home')!r} + '.txt', 'w')"
                 f".write({other!r})", until=other[-4:])  # fmt: skip
    tab.evaluate("(key) => localStorage.setItem('leak', key)", other)
    found = places(talkative, tab, frames, saved(notebook, path))
    tab.evaluate("() => localStorage.removeItem('leak')")
    told = {line.partition(": ")[0] for line in leaks(found, other)}
    assert {"frames", "page", "browser's storage", "saved notebook"} <= told
    assert str(talkative.folder / "home.txt") in told
    for place in talkative.folder.rglob("*.txt"):
        place.unlink()
    path.unlink()
