"""A child process for each model file: started when needed, gone with its parent.

In place of llama.cpp a small server stands in, which the children import from a folder of its own;
tests/real has the true one.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
import warnings
from pathlib import Path

import psutil
import pytest

import nbapimgr
from nbapimgr.errors import MissingExtra, NbApiMgrError, OptionError
from nbapimgr.local import _server, start, stop_all
from nbapimgr.models import Provider

STANDS_IN = '''
"""Has the face of xllamacpp that the child uses; tells what it was given."""
import http.server, json, os, sys, threading
from types import SimpleNamespace


class CommonParams:
    def __init__(self):
        self.model, self.cpuparams = SimpleNamespace(path=""), SimpleNamespace(n_threads=0)


class Server:
    def __init__(self, params):
        with open(params.model.path, "rb") as f:
            if f.read(4) != b"GGUF":
                sys.stderr.write("llama_model_load: error loading model: no GGUF magic\\n")
                sys.stderr.write("and a last line that says nothing\\n")
                raise SystemExit(1)
        told = {
            "pid": os.getpid(),
            "group": os.getpgid(0),
            "arguments": sys.argv,
            "environment": dict(os.environ),
            "file": params.model.path,
            "alias": sorted(params.model_alias),
            "context": params.n_ctx,
            "threads": params.cpuparams.n_threads,
        }

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(told).encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer((params.hostnames[0], params.port), Handler)
        self.listening_address = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
'''


@pytest.fixture(autouse=True)
def stand_in(tmp_path, monkeypatch):
    """What the children import as xllamacpp."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "xllamacpp.py").write_text(STANDS_IN)
    root = Path(nbapimgr.__file__).parent.parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(root)]))
    yield folder
    stop_all()


@pytest.fixture
def gguf(tmp_path):
    """A file that begins like a model."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF and more")
    return path


def provider(gguf, name="local", models=("m",), **options):
    return Provider(
        name=name,
        dialect="openai-chat",
        base_url="",
        models=models,
        options={"gguf": str(gguf), **options},
    )


def told_by(started):
    """What the server of a provider says of itself."""
    return told_at(started.base_url)


def told_at(url):
    """What the server at an address says of itself."""
    with urllib.request.urlopen(url) as response:  # noqa: S310  # on loopback
        return json.load(response)


def but_address(one):
    """All of a provider but its address."""
    return {field: getattr(one, field) for field in one.__struct_fields__ if field != "base_url"}


def ended(pid):
    """Wait until a process is gone, or is nothing but its exit code."""
    try:
        psutil.Process(pid).wait(20)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def test_it_is_started_with_what_was_asked_for(gguf):
    asked = provider(gguf, models=("mine", "other"), context=512, threads=3)
    started = start(asked)
    assert started.base_url.startswith("http://127.0.0.1:")
    assert started.base_url.endswith("/v1")
    assert but_address(started) == but_address(asked)
    told = told_by(started)
    assert told["file"] == str(gguf)
    assert told["alias"] == ["mine"]
    assert (told["context"], told["threads"]) == (512, 3)


def test_what_is_not_said_has_defaults(gguf):
    told = told_by(start(provider(gguf, models=())))
    assert told["alias"] == ["tiny"]
    assert told["context"] == 2048
    assert told["threads"] == _server._threads() >= 1


def test_the_home_of_the_user_is_understood(gguf, monkeypatch):
    monkeypatch.setenv("HOME", str(gguf.parent))
    assert told_by(start(provider("~/tiny.gguf")))["file"] == str(gguf)


def test_it_runs_once(gguf):
    first = told_by(start(provider(gguf)))
    again = told_by(start(provider(gguf, name="another")))
    assert first["pid"] == again["pid"]


def test_another_setting_is_another_server(gguf):
    pids = {
        told_by(start(one))["pid"]
        for one in (provider(gguf), provider(gguf, context=512), provider(gguf, models=("n",)))
    }
    assert len(pids) == 3


def test_many_who_start_it_at_once_start_one(gguf):
    pids = []
    threads = [
        threading.Thread(target=lambda: pids.append(told_by(start(provider(gguf)))["pid"]))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 6
    assert len(set(pids)) == 1


def test_after_its_death_it_is_started_again(gguf):
    first = told_by(start(provider(gguf)))
    os.kill(first["pid"], signal.SIGKILL)
    assert ended(first["pid"])
    second = told_by(start(provider(gguf)))
    assert second["pid"] != first["pid"]
    assert not psutil.pid_exists(first["pid"])  # no zombie either


def test_no_file_is_one_line(tmp_path):
    with pytest.raises(OptionError, match=r"provider 'local': no file '.*gone\.gguf'"):
        start(provider(tmp_path / "gone.gguf"))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OptionError, match="no file"):
        start(provider(tmp_path))


def test_no_option_at_all():
    with pytest.raises(OptionError, match="provider 'local': no file"):
        start(Provider(name="local", dialect="openai-chat", base_url=""))


@pytest.mark.parametrize("option", ["context", "threads"])
@pytest.mark.parametrize("value", ["many", "4", 0, -1, 2.5, True, None])
def test_an_option_that_is_no_number_is_one_line(gguf, option, value):
    with pytest.raises(OptionError, match=f"provider 'local': option {option} is {value!r}"):
        start(provider(gguf, **{option: value}))


def test_without_xllamacpp_it_is_one_line(gguf, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match="xllamacpp") as caught:
        start(provider(gguf))
    assert "nbapimgr[local]" in caught.value.hint


def test_a_file_that_is_no_model_says_what_llama_says(tmp_path):
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(NbApiMgrError, match="no GGUF magic") as caught:
        start(provider(tmp_path / "notes.txt"))
    assert "notes.txt" in str(caught.value)
    assert "GGUF" in caught.value.hint
    assert _server._children == {}


def test_a_death_without_a_word_has_its_code(gguf, stand_in):
    (stand_in / "xllamacpp.py").write_text("raise SystemExit(7)")
    with pytest.raises(NbApiMgrError, match="exit code 7"):
        start(provider(gguf))


def test_after_a_failed_start_the_next_one_counts(gguf):
    good = gguf.read_bytes()
    gguf.write_bytes(b"half")
    with pytest.raises(NbApiMgrError):
        start(provider(gguf))
    gguf.write_bytes(good)
    assert told_by(start(provider(gguf)))["file"] == str(gguf)


def test_its_environment_holds_no_keys(gguf, monkeypatch):
    planted = {
        "OPENAI_API_KEY": "k1",
        "HF_TOKEN": "k2",
        "AWS_SECRET_ACCESS_KEY": "k3",
        "db_password": "k4",
        "GOOGLE_APPLICATION_CREDENTIALS": "/k5",
        "INNOCENT": "sk-proj-0123456789abcdefghijklmnop",
    }
    for name, value in {**planted, "HARMLESS": "yes"}.items():
        monkeypatch.setenv(name, value)
    told = told_by(start(provider(gguf)))
    assert told["environment"]["HARMLESS"] == "yes"
    assert not planted.keys() & told["environment"].keys()
    assert not any("sk-proj" in argument for argument in told["arguments"])


def test_the_interrupt_of_the_kernels_group_does_not_reach_it(gguf):
    told = told_by(start(provider(gguf)))
    assert told["group"] != os.getpgid(0)


def test_stop_all_ends_them_all(gguf):
    pids = [told_by(start(provider(gguf, context=c)))["pid"] for c in (512, 1024)]
    stop_all()
    assert _server._children == {}
    assert not any(psutil.pid_exists(pid) for pid in pids)
    stop_all()  # again is harmless


KERNEL = """
import os, signal, sys, time
from nbapimgr.local import start
from nbapimgr.models import Provider

provider = Provider(name="l", dialect="openai-chat", base_url="", options={"gguf": sys.argv[1]})
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
address = start(provider).base_url
if "fork" in sys.argv and os.fork() == 0:
    time.sleep(600)
print(address, flush=True)
sys.stdin.readline()
"""


def end_group(pid):
    """End a process group, if any of it is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@pytest.fixture
def kernel(gguf):
    """Starts another process that starts a server, in a process group of its own."""
    with contextlib.ExitStack() as stack:

        def begin(*arguments):
            process = stack.enter_context(
                subprocess.Popen(  # noqa: S603  # our own code
                    [sys.executable, "-c", KERNEL, str(gguf), *arguments],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            )
            stack.callback(end_group, process.pid)
            process.address = process.stdout.readline().strip()
            return process

        yield begin


def test_it_ends_when_its_parent_is_killed(kernel):
    process = kernel()
    pid = told_at(process.address)["pid"]
    process.kill()
    assert ended(pid)


def test_it_ends_with_its_parent(kernel):
    process = kernel()
    pid = told_at(process.address)["pid"]
    process.stdin.write("\n")
    process.stdin.close()
    assert process.wait() == 0
    assert ended(pid)


def test_it_outlives_an_interrupt_of_the_whole_group(kernel):
    process = kernel()
    pid = told_at(process.address)["pid"]
    for _ in range(30):  # who is interrupted needs a moment to end
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert told_at(process.address)["pid"] == pid


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
class TestFork:
    """A fork has none of its parent's servers, and may start its own."""

    @pytest.fixture(autouse=True)
    def quiet(self):
        """Python 3.12 warns of a fork beside threads, of which a test runner may have some."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield

    @staticmethod
    def forked(work):
        """What `work` gives in a fork, as JSON; None when it fails there."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            status = 1
            signal.alarm(60)  # a fork that hangs ends
            try:
                os.write(write, json.dumps(work()).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(write)
        with os.fdopen(read) as pipe:
            said = pipe.read()
        os.waitpid(pid, 0)
        return json.loads(said) if said else None

    def test_a_fork_starts_its_own(self, gguf):
        ours = told_by(start(provider(gguf)))["pid"]

        def work():
            theirs = told_by(start(provider(gguf)))["pid"]
            stop_all()
            return theirs

        theirs = self.forked(work)
        assert theirs not in {None, ours}
        assert told_by(start(provider(gguf)))["pid"] == ours

    def test_a_fork_stops_none_of_ours(self, gguf):
        ours = told_by(start(provider(gguf)))["pid"]
        assert self.forked(lambda: stop_all() or "stopped") == "stopped"
        assert told_by(start(provider(gguf)))["pid"] == ours

    def test_a_fork_while_another_thread_starts_one(self, gguf):
        with _server._lock:
            theirs = self.forked(lambda: told_by(start(provider(gguf)))["pid"])
        assert theirs is not None
        assert ended(theirs)  # with the fork

    def test_a_fork_keeps_no_server_alive(self, kernel):
        """The server hears of its parent's end although a fork of the parent lives on."""
        process = kernel("fork")
        pid = told_at(process.address)["pid"]
        process.kill()
        assert ended(pid)


def test_threads_leave_a_core_to_the_kernel(monkeypatch, tmp_path):
    monkeypatch.setattr(_server, "_CPU_MAX", tmp_path / "none")
    for cores, threads in ((1, 1), (2, 1), (8, 7)):
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda _, n=cores: set(range(n)), raising=False
        )
        assert _server._threads() == threads
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert _server._threads() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert _server._threads() == 1


@pytest.mark.parametrize(
    ("said", "threads"),
    [
        ("max 100000", 63),
        ("400000 100000", 3),
        ("150000 100000", 1),
        ("50000 100000", 1),
        ("?", 63),
    ],
)
def test_threads_keep_to_a_containers_share(monkeypatch, tmp_path, said, threads):
    (tmp_path / "cpu.max").write_text(said + "\n")
    monkeypatch.setattr(_server, "_CPU_MAX", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert _server._threads() == threads
