"""A kernel driven over its own protocol: what is asserted are messages, not a front end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from queue import Empty

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

TIMEOUT = 60


@dataclass
class Ran:
    """What one cell sent."""

    id: str
    reply: dict = field(default_factory=dict)
    messages: list = field(default_factory=list)
    """Every iopub message of the cell, in order."""
    strangers: list = field(default_factory=list)
    """Messages that came meanwhile with another parent."""
    reply_at: float = 0.0

    @property
    def status(self):
        return self.reply["status"]

    def ok(self):
        assert self.status == "ok", self.reply.get("traceback", self.reply)
        return self

    def of(self, kind):
        return [m["content"] for m in self.messages if m["msg_type"] == kind]

    @property
    def kinds(self):
        return [
            m["msg_type"] for m in self.messages if m["msg_type"] not in {"status", "execute_input"}
        ]

    @property
    def stdout(self):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == "stdout")

    @property
    def stderr(self):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == "stderr")

    @property
    def error(self):
        (only,) = self.of("error")
        return only

    def outputs(self):
        """What a saved notebook would hold: results, and displays with their updates applied."""
        kept, by_id = [], {}
        for message in self.messages:
            kind, content = message["msg_type"], message["content"]
            shown = content.get("transient", {}).get("display_id")
            if kind == "update_display_data" and shown in by_id:
                by_id[shown].update(data=content["data"], metadata=content["metadata"])
            elif kind in {"display_data", "execute_result"}:
                output = {"kind": kind, "data": content["data"], "metadata": content["metadata"]}
                kept.append(output)
                if shown:
                    by_id[shown] = output
        return kept


class Kernel:
    """A kernel process and its client."""

    def __init__(self, specs, folder, environment):
        finder = KernelSpecManager(kernel_dirs=[str(specs)], ensure_native_kernel=False)
        self.manager = KernelManager(kernel_name="under-test", kernel_spec_manager=finder)
        self._folder = str(folder)
        self._environment = environment

    def __enter__(self):
        self.manager.start_kernel(cwd=self._folder, env=self._environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)
        return self

    def __exit__(self, *_unused):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def send(self, code, *, allow_stdin=False):
        """Start a cell without waiting for it."""
        return Ran(id=self.client.execute(code, allow_stdin=allow_stdin))

    def run(self, code):
        """Run a cell to its end."""
        return self.finish(self.send(code))

    def until(self, ran, wanted):
        """Read messages of a running cell until one satisfies `wanted`; that message."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            message = self._next(ran)
            if message is not None and wanted(message):
                return message
        raise AssertionError(f"nothing of the kind came; got {ran.kinds}")

    def interrupt(self):
        """Press the stop button; the moment of it."""
        at = time.perf_counter()
        self.manager.interrupt_kernel()
        return at

    def finish(self, ran):
        """Read to the end of a cell: its idle and its reply."""
        idle = lambda m: m["msg_type"] == "status" and m["content"]["execution_state"] == "idle"  # noqa: E731
        if not any(idle(m) for m in ran.messages):
            self.until(ran, idle)
        while not ran.reply:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == ran.id:
                ran.reply, ran.reply_at = reply["content"], time.perf_counter()
        return ran

    def complete(self, code):
        """What is offered at the end of `code`."""
        message = self.client.complete(code, len(code))
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == message:
                return reply["content"]

    def reply(self, ran):
        """Wait for the reply alone and note when it came."""
        while not ran.reply:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == ran.id:
                ran.reply, ran.reply_at = reply["content"], time.perf_counter()
        return ran

    def evaluate(self, expression):
        """The repr of an expression, evaluated in the kernel."""
        message = self.client.execute("", user_expressions={"x": expression}, silent=True)
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == message:
                got = reply["content"]["user_expressions"]["x"]
                assert got["status"] == "ok", got
                return got["data"]["text/plain"]

    def _next(self, ran):
        try:
            message = self.client.get_iopub_msg(timeout=1)
        except Empty:
            return None
        if message["parent_header"].get("msg_id") == ran.id:
            ran.messages.append(message)
            return message
        ran.strangers.append(message)
        return None
