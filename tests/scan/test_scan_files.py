"""Files with a planted key: found in its place, shown by its tail, nothing changed or sent."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from nbapimgr.scan import Place, places, scan
from nbapimgr.scan import _places as places_room
from nbapimgr.scan import _scan as scan_room
from nbapimgr.secret import Secret

KEY = "gsk_" + "Zq7" * 17 + "x"


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "user"
    folder.mkdir()
    return folder


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def notebook(source="1", outputs=(), metadata=None):
    cell = {"cell_type": "code", "source": source, "outputs": list(outputs)}
    return json.dumps({"cells": [{"source": ["x"]}, cell], "metadata": metadata or {}})


def history(path, *cells, outputs=()):
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE history (session, line, source, source_raw)")
    connection.execute("CREATE TABLE output_history (session, line, output)")
    connection.executemany("INSERT INTO history VALUES (1, ?, '', ?)", enumerate(cells, 1))
    connection.executemany("INSERT INTO output_history VALUES (1, ?, ?)", enumerate(outputs, 1))
    connection.commit()
    connection.close()
    return path


def found(home, work, **more):
    return scan(places(work=work, home=home, environ={}), **more)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (notebook([f"key = '{KEY}'\n", "x"]), "cell 2"),
        (notebook(f"key = '{KEY}'"), "cell 2"),
        (notebook(outputs=[{"text": [f"env: K={KEY}"]}]), "output of cell 2"),
        (notebook(metadata={"widgets": {"state": {"value": KEY}}}), "metadata"),
        (f'{{"cells": [{{"source": "{KEY}"', "somewhere in it"),
        (f'["{KEY}"]', "somewhere in it"),
        (f'{{"cells": ["{KEY}"]}}', "somewhere in it"),
    ],
)
def test_a_notebook(home, work, text, where):
    path = put(work / "sub" / "a.ipynb", text)
    report = found(home, work)
    (leak,) = report.leaks
    assert (leak.kind, leak.path, leak.where) == ("notebook", str(path), where)
    assert (leak.vendor, leak.masked) == ("groq", "…7Zq7x"[:1] + KEY[-4:])
    assert "rotate it at https://console.groq.com/keys" in leak.do
    assert KEY not in repr(report)
    assert report.files == 1
    assert path.read_text() == text


def test_a_checkpoint_is_a_copy_with_the_key_in_it(home, work):
    put(work / ".ipynb_checkpoints" / "a-checkpoint.ipynb", notebook(KEY))
    for folder in (".venv/lib", "node_modules", "site-packages", ".git"):
        put(work / folder / "b.ipynb", notebook(KEY))
    put(work / "c.py", KEY)
    assert len(found(home, work).leaks) == 1


def test_ipythons_history(home, work):
    path = history(
        home / ".ipython" / "profile_default" / "history.sqlite",
        "1 + 1",
        f"%env GROQ_API_KEY={KEY}",
        outputs=["2", f"'{KEY[:-1]}y'"],
    )
    before = path.read_bytes()
    report = found(home, work)
    assert [(leak.kind, leak.where) for leak in report.leaks] == [
        ("ipython history", "session 1, cell 2"),
        ("ipython history", "session 1, output of cell 2"),
    ]
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["history.sqlite"]


def test_ipythons_folder_may_be_elsewhere(home, work, tmp_path):
    history(tmp_path / "ipy" / "profile_x" / "history.sqlite", KEY)
    environ = {"IPYTHONDIR": str(tmp_path / "ipy")}
    assert len(scan(places(work=work, home=home, environ=environ)).leaks) == 1


@pytest.mark.parametrize("name", [".bash_history", ".local/share/fish/fish_history"])
def test_a_shells_history(home, work, name):
    put(home / name, f"ls\nexport GROQ_API_KEY={KEY}\nexport GROQ_API_KEY={KEY}\n")
    (leak,) = found(home, work).leaks
    assert (leak.kind, leak.where) == ("shell history", "line 2")


def test_a_history_that_is_named(home, work, tmp_path):
    path = put(tmp_path / "h", KEY)
    assert len(scan(places(work=work, home=home, environ={"HISTFILE": str(path)})).leaks) == 1


def git(work, *words):
    subprocess.run(  # noqa: S603  # git, with words of this test
        [shutil.which("git"), "-c", "user.name=x", "-c", "user.email=x@y.invalid", *words],
        cwd=work, check=True, capture_output=True,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_an_env_file_that_git_tracks(home, work):
    git(work, "init", "-q")
    for name in (".env", "sub/.env.local", "prod.env", ".env.example", "gone.env"):
        put(work / name, f"GROQ_API_KEY={KEY}\n")
    put(work / "mine" / ".env", f"GROQ_API_KEY={KEY}\n")
    git(work, "add", ".env", "sub", "prod.env", ".env.example", "gone.env")
    (work / "gone.env").unlink()
    hook = put(work / "hook", "#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    git(work, "config", "core.fsmonitor", str(hook))
    leaks = found(home, work).leaks
    assert sorted(os.path.relpath(leak.path, work) for leak in leaks) == [
        ".env", "prod.env", str(Path("sub", ".env.local")),
    ]  # fmt: skip
    assert {leak.kind for leak in leaks} == {"tracked .env"}
    assert not (work / "ran").exists()  # a repository's own configuration runs nothing


def test_without_git_or_a_repository_nothing_is_tracked(home, work, monkeypatch):
    put(work / ".env", f"GROQ_API_KEY={KEY}\n")
    assert found(home, work).leaks == ()

    def slow(*_, **__):
        raise subprocess.TimeoutExpired("git", 5)

    with monkeypatch.context() as patch:
        patch.setattr(places_room.subprocess, "run", slow)
        assert found(home, work).leaks == ()
    monkeypatch.setattr(places_room.shutil, "which", lambda _: None)
    assert found(home, work).leaks == ()


def test_this_users_places_are_the_default(work, home, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("HISTFILE", raising=False)
    put(home / ".zsh_history", KEY)
    assert [place.kind for place in places(work=work)] == ["shell history"]


# --- bounds ---------------------------------------------------------------------------------------


def many(work, count):
    return [Place("notebook", put(work / f"{n}.ipynb", notebook(KEY))) for n in range(count)]


def test_it_can_be_stopped_and_says_what_it_left_out(work):
    asked = []

    def stop():
        asked.append(1)
        return len(asked) > 5

    report = scan(many(work, 5), stop=stop)
    assert 0 < report.files < 5
    assert report.notes[-1].startswith("stopped or out of time: what comes after")
    assert report.leaks


def test_an_interrupt_ends_it_with_what_was_found(work):
    def progress(done, place):
        if done == 2:
            raise KeyboardInterrupt

    report = scan(many(work, 5), progress=progress)
    assert len(report.leaks) == 2
    assert report.notes == ("stopped by you: what comes after 2 files was not looked through",)


def test_time_and_files_are_bounded(work, monkeypatch):
    report = scan(many(work, 3), seconds=0)
    assert (report.files, len(report.notes)) == (0, 1)
    monkeypatch.setattr(scan_room, "_FILES", 2)
    report = scan(many(work, 3))
    assert (report.files, report.notes) == (
        2, ("2 files: what comes after 2 files was not looked through",),
    )  # fmt: skip


def test_a_long_file_is_left_in_the_middle_when_it_is_stopped(work):
    path = put(work / "h", "x\n" * 5000 + KEY)
    calls = []

    def stop():
        calls.append(1)
        return len(calls) > 3

    assert scan([Place("shell history", path)], stop=stop).leaks == ()
    assert len(calls) <= 5


def test_of_a_file_that_is_too_large_the_beginning_is_read(work, monkeypatch):
    monkeypatch.setattr("nbapimgr.scan._read.LARGEST", 100)
    monkeypatch.setattr(scan_room, "LARGEST", 100)
    path = put(work / "h", "\n" * 100 + KEY)
    report = scan([Place("shell history", path)])
    assert report.leaks == ()
    assert report.notes == (f"{path}: only its first 100 bytes were looked through",)


def test_what_cannot_be_read_is_a_line(work):
    broken = put(work / "history.sqlite", "no database at all " * 100)
    places_ = [Place("ipython history", broken), Place("notebook", work / "gone.ipynb")]
    report = scan([*places_, *many(work, 1)])
    assert [note.partition(": not read: ")[0] for note in report.notes] == [
        str(broken), str(work / "gone.ipynb"),
    ]  # fmt: skip
    assert len(report.leaks) == 1


def test_the_progress_is_told(work):
    told = []
    scan(many(work, 3), progress=lambda done, place: told.append((done, place.path.name)))
    assert told == [(0, "0.ipynb"), (1, "1.ipynb"), (2, "2.ipynb")]


def test_a_key_that_several_vendors_may_have_names_no_page(work):
    path = put(work / "h", "AIza" + "a1" * 17 + "x")
    (leak,) = scan([Place("shell history", path)]).leaks
    assert leak.do.startswith("rotate it: others may have seen it; ")


def test_ones_own_key_of_any_form_is_found(work):
    path = put(work / "h", "curl -d 0123456789abcdef0123")
    (leak,) = scan([Place("shell history", path)], known=[Secret("0123456789abcdef0123")]).leaks
    assert (leak.vendor, leak.masked) == ("a key of yours", "…0123")
