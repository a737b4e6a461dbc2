"""A page that shows one of our widgets as a notebook would, without a server and a kernel.

The widget is the real one, in the test's process; its module runs in a real browser. What passes
between them is kept in `frames`.
"""

from __future__ import annotations

import base64
import json
import queue
import time

import comm
from comm.base_comm import BaseComm

TIMEOUT = 30
"""Seconds until something that is waited for is missed."""
_OWN = {"layout", "tabbable", "tooltip"}
_PAGE = """<!doctype html><html lang="en"><head><title>A notebook</title><meta charset="utf-8">
<style>h1 { font-size: 12px; color: gray; clip-path: inset(50%); position: absolute; }
body { margin: 0; padding: 8px; background: BACKGROUND; } TOKENS</style></head>
<body><main><h1>A notebook</h1><div id="cell"></div></main><script type="module">
const decode = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const encode = (view) => btoa(String.fromCharCode(
    ...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)));
class Model {
    constructor(state) { this.state = state; this.heard = {}; }
    get(name) { return this.state[name]; }
    set(name, value) { this.state[name] = value; this.emit("change:" + name); }
    on(name, listener) { (this.heard[name] ??= new Set()).add(listener); }
    off(name, listener) { this.heard[name]?.delete(listener); }
    emit(name, ...about) { for (const listener of this.heard[name] ?? []) listener(...about); }
    save_changes() { window.toKernel({ state: this.state }, []); }
    send(content, _, buffers = []) { window.toKernel(content, buffers.map(encode)); }
}
window.host = {
    async show(state, module, css, shadow) {
        const cell = document.getElementById("cell");
        const inside = shadow ? cell.attachShadow({ mode: "open" }) : document.head;
        inside.append(Object.assign(document.createElement("style"), { textContent: css }));
        const el = (shadow ? inside : cell).appendChild(document.createElement("div"));
        const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
        const widget = (await import(url)).default;
        window.model = new Model(state);
        window.leave = new AbortController();
        await widget.render({ model, el, signal: leave.signal });
    },
    update(state) { for (const [name, value] of Object.entries(state)) model.set(name, value); },
    custom(content, buffers) { model.emit("msg:custom", content, buffers.map(decode)); },
};
</script></body></html>"""
LIGHT = "--jp-layout-color0: #fff; --jp-ui-font-color0: #000;"
DARK = "--jp-layout-color0: #111; --jp-ui-font-color0: #fff;"


class PageComm(BaseComm):
    """A comm whose other end is a page; what is sent waits until the test looks."""

    def __init__(self, *args, **kwargs):
        self.sent = queue.SimpleQueue()
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **_):
        if msg_type == "comm_msg":
            self.sent.put((data, [bytes(b) for b in buffers or ()]))


class Host:
    """A page with a widget.

    Args:
        page: Playwright's, at an address of its own.
        make: Makes the object with the widget, `.widget`.
        dark: The page is dark.
        shadow: The widget is in a shadow tree, as in marimo.
        origin: Where the page pretends to come from; over plain http a browser does not encrypt.
    """

    def __init__(
        self,
        page,
        make,
        monkeypatch,
        *,
        dark=False,
        shadow=False,
        origin="https://notebook.example",
    ):
        monkeypatch.setattr(comm, "create_comm", PageComm)
        self.page = page
        self.shown = make()
        self.widget = self.shown.widget
        self.frames = []
        self.errors = []
        self.requests = []
        self._asked = queue.SimpleQueue()
        page.set_default_timeout(1000 * TIMEOUT)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)
        page.on("request", lambda request: self.requests.append(request.url))
        tokens = f"body {{ {DARK if dark else LIGHT} }}"
        html = _PAGE.replace("BACKGROUND", "#111" if dark else "#fff").replace("TOKENS", tokens)
        page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.expose_function("toKernel", lambda *message: self._asked.put(message))
        page.goto(f"{origin}/")
        page.wait_for_function("() => window.host")
        state = self.widget.get_state()
        public = {k: v for k, v in state.items() if not k.startswith("_") and k not in _OWN}
        page.evaluate(
            "(about) => window.host.show(...about)",
            [public, str(self.widget._esm), str(self.widget._css), shadow],
        )
        self.pump()

    def pump(self):
        """Bring what waits to the other side, both ways."""
        while not self._asked.empty():
            content, buffers = self._asked.get()
            data = {"method": "custom", "content": content}
            self.frames.append(json.dumps([content, buffers]))
            decoded = [memoryview(base64.b64decode(b)) for b in buffers]
            self.widget.comm.handle_msg({"content": {"data": data}, "buffers": decoded})
        while not self.widget.comm.sent.empty():
            data, buffers = self.widget.comm.sent.get()
            encoded = [base64.b64encode(b).decode() for b in buffers]
            self.frames.append(json.dumps([data, encoded]))
            if data["method"] == "update":
                self.page.evaluate("(state) => host.update(state)", data["state"])
            else:
                self.page.evaluate("(about) => host.custom(...about)", [data["content"], encoded])

    def until(self, holds, what="it"):
        """Wait until something holds, while messages pass."""
        deadline = time.monotonic() + TIMEOUT
        while not (found := holds()):
            self.pump()
            assert not self.errors, self.errors
            assert time.monotonic() < deadline, f"{what} did not come: {self.text()}"
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        return found

    def saw(self, *texts):
        """Wait until the widget says all of this."""
        self.until(lambda: all(text in self.text() for text in texts), texts)

    def text(self):
        return self.page.locator(".nbapimgr-panel").inner_text()

    def _console(self, message):
        if message.type == "error":
            self.errors.append(message.text)
