"""JupyterLab as a person has it: a server of this test's own, and a notebook in real Chromium."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import psutil
from playwright.sync_api import TimeoutError as PlaywrightTimeout

TIMEOUT = 90
"""Seconds: on a busy machine everything takes three times as long."""
LEAVE = 15
"""Seconds the server may take to shut its kernels down before it is ended."""
CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip
_SHOWN = """(cell) => [...cell.querySelectorAll('.jp-OutputArea-output')]
    .map((output) => output.innerText).join('\\n')"""
_KERNEL = """() => {
    const widget = window.jupyterapp.shell.currentWidget;
    const kernel = widget?.sessionContext?.session?.kernel;
    return [widget?.context?.path, kernel?.connectionStatus, kernel?.status];
}"""
_SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


class Lab:
    """A running JupyterLab.

    Args:
        folder: Everything of it is in there; its notebooks in `folder/work`.
        arguments: Of its command line besides.
        environment: What its kernels have in their environment besides.
    """

    def __init__(self, folder, *arguments, **environment):
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        for name, values in _SETTINGS.items():
            path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        own = {
            "IPYTHONDIR": "ipython",
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        }
        inherited = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        places = {name: str(folder / where) for name, where in own.items()}
        self.origin = f"http://127.0.0.1:{_free_port()}"
        self._log = (folder / "lab.log").open("wb")
        self._process = subprocess.Popen(  # noqa: S603  # JupyterLab with our own arguments
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                f"--ServerApp.port={self.origin.rpartition(':')[2]}", "--ServerApp.port_retries=0",
                f"--ServerApp.root_dir={self.work}", "--IdentityProvider.token=",
                "--LabApp.expose_app_in_browser=True",
                "--JupyterNotebookApp.expose_app_in_browser=True", *arguments,
            ],
            env={**inherited, **places, **environment},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._wait()

    def notebook(self, name):
        """Make an empty notebook; its path."""
        path = self.work / name
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(nbformat.v4.new_notebook(metadata={"kernelspec": spec}), path)
        return path

    def stop(self):
        """End the server and its kernels."""
        family = psutil.Process(self._process.pid).children(recursive=True)
        self._process.terminate()
        try:
            self._process.wait(LEAVE)
        except subprocess.TimeoutExpired:  # it waits for kernels; how it ends is not what is tested
            self._process.kill()
            self._process.wait()
        finally:
            for left in filter(psutil.Process.is_running, family):
                left.kill()
            self._log.close()

    def _wait(self):
        deadline = time.monotonic() + TIMEOUT
        while True:
            try:
                urllib.request.urlopen(f"{self.origin}/api/status", timeout=TIMEOUT).close()  # noqa: S310  # our own server
            except urllib.error.URLError:
                said = Path(self._log.name).read_text()
                assert self._process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.1)
            else:
                return


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Notebook:
    """A notebook that is open in a page.

    Args:
        page: Playwright's page.
        lab: The server.
        path: The notebook.
        at: Where: `lab/tree` is JupyterLab, `notebooks` is Notebook 7 where it is installed.

    Attributes:
        page: Playwright's page.
        requests: The URLs of everything the page has asked for.
    """

    def __init__(self, page, lab, path, *, at="lab/tree"):
        self.page = page
        self.requests = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.set_default_timeout(1000 * TIMEOUT)
        self._address = f"{lab.origin}/{at}/{path.name}?reset"

    def open(self, *, kernel=True):
        """Open it, and wait until its kernel is there."""
        self.page.goto(self._address)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        if kernel:
            # The status in the page is not enough: a cell run before this is swallowed silently.
            self.page.wait_for_function(
                """() => { const k = window.jupyterapp.shell.currentWidget
                             ?.sessionContext?.session?.kernel;
                           return k?.connectionStatus === 'connected' && k.status === 'idle'; }"""
            )
        return self

    def command(self, name, **arguments):
        """Carry out one of JupyterLab's commands, without waiting for its end."""
        self.page.evaluate(
            "([n, a]) => { window.jupyterapp.commands.execute(n, a); }", [name, arguments]
        )

    def write(self, code):
        """Put code into a new cell at the end; the cell."""
        self.page.evaluate(
            """async (code) => {
                const { commands, shell } = window.jupyterapp;
                await commands.execute('notebook:move-cursor-down');
                const notebook = shell.currentWidget.content;
                notebook.activeCellIndex = notebook.widgets.length - 1;
                await commands.execute('notebook:insert-cell-below');
                notebook.activeCell.model.sharedModel.setSource(code);
            }""",
            code,
        )
        return self.page.locator(".jp-Notebook .jp-Cell").last

    def start(self, code):
        """Run code in a new cell without waiting; the cell."""
        cell = self.write(code)
        self.command("notebook:run-cell")
        return cell

    def run(self, code, until):
        """Run code in a new cell until its output has this text; the cell."""
        cell = self.start(code)
        self.saw(cell, until)
        return cell

    def saw(self, cell, *texts, without=""):
        """Wait until the output of a cell has these texts, and not the other; what it says then."""
        element = cell.element_handle()
        try:
            seen = self.page.wait_for_function(
                f"""([cell, texts, without]) => {{
                    const shown = ({_SHOWN})(cell);
                    return texts.every(t => shown.includes(t))
                        && !(without && shown.includes(without)) && shown;
                }}""",
                arg=[element, list(texts), without],
                polling=20,
            )
        except PlaywrightTimeout as late:
            shown = self.page.evaluate(_SHOWN, element)
            kernel = self.page.evaluate(_KERNEL)
            late.add_note(
                f"waited for {texts!r} without {without!r}; the cell says {shown!r}; "
                f"the notebook and its kernel: {kernel!r}"
            )
            raise
        return seen.json_value()

    def save(self):
        """Save it to disk."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def shut_down(self):
        """End its kernel."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")

    def theme(self, name):
        """Change the theme: JupyterLab Light or JupyterLab Dark."""
        self.command("apputils:change-theme", theme=name)
        light = "true" if "Light" in name else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
