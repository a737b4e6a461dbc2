"""Colab's and Kaggle's secrets: read where they are given, and never waited for."""

from __future__ import annotations

import sys
import threading
from types import ModuleType, SimpleNamespace

import pytest

from nbapimgr.vault import _platform
from nbapimgr.vault._patience import within
from nbapimgr.vault._platform import PlatformSecrets

COLAB = {"COLAB_RELEASE_TAG": "release-colab_1"}
KAGGLE = {"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}


@pytest.fixture
def colab(monkeypatch):
    """A Colab whose `userdata.get` is the function that is given."""

    def with_this(get):
        package, userdata = ModuleType("google.colab"), ModuleType("google.colab.userdata")
        userdata.get = get
        monkeypatch.setitem(sys.modules, "google", ModuleType("google"))
        monkeypatch.setitem(sys.modules, "google.colab", package)
        monkeypatch.setitem(sys.modules, "google.colab.userdata", userdata)
        return PlatformSecrets(COLAB)

    return with_this


def raising(name):
    def get(_name):
        raise type(name, (Exception,), {})(f"{name} of sk-quoted")

    return get


def test_there_are_none_anywhere_else(monkeypatch):
    asked = []
    monkeypatch.setattr(_platform, "within", lambda *_: asked.append(True))
    secrets = PlatformSecrets({})
    assert secrets.name == ""
    assert secrets.get("OPENAI_API_KEY") is None
    assert secrets.notices == asked == []


def test_the_platform_is_known_by_this_machine_s_variables(monkeypatch):
    for name in (*COLAB, *KAGGLE, "COLAB_GPU"):
        monkeypatch.delenv(name, raising=False)
    assert PlatformSecrets().name == ""
    monkeypatch.setenv("COLAB_GPU", "")
    assert PlatformSecrets().name == "Colab"
    assert PlatformSecrets({}).name == ""


def test_what_is_no_text_is_no_secret(colab):
    assert colab(lambda _name: 7).get("A") is None


def test_a_secret_that_was_not_there_is_asked_for_again_after_a_minute(colab, monkeypatch):
    asked = []
    now = iter((0.5, 100.0, 159.9, 160.0, 160.0, 161.0))
    monkeypatch.setattr(_platform, "time", SimpleNamespace(monotonic=lambda: next(now)))
    secrets = colab(asked.append)
    assert [secrets.get("A") for _ in range(3)] == [None] * 3
    assert asked == ["A", "A"]


def test_colabs_are_read_once(colab):
    asked = []

    def get(name):
        asked.append(name)
        return {"A": " sk-of-colab "}[name] if name == "A" else None

    secrets = colab(get)
    assert secrets.name == "Colab"
    assert secrets.get("A").reveal() == "sk-of-colab"
    assert secrets.get("A").reveal() == "sk-of-colab"
    assert secrets.get("B") is None
    assert secrets.get("B") is None
    assert asked == ["A", "B"]


def test_kaggles_are_read(monkeypatch):
    module = ModuleType("kaggle_secrets")

    class Client:
        def get_secret(self, name):
            return f"sk-of-kaggle-{name}"

    module.UserSecretsClient = Client
    monkeypatch.setitem(sys.modules, "kaggle_secrets", module)
    secrets = PlatformSecrets(KAGGLE)
    assert secrets.name == "Kaggle"
    assert secrets.get("A").reveal() == "sk-of-kaggle-A"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("TimeoutException", "in its own page alone"),
        ("NotebookAccessError", "has a secret A: switch on its notebook access"),
        ("ConnectionError", "internet access"),
        ("BackendError", "attach them"),
        ("SecretNotFoundError", ""),
    ],
)
def test_what_can_be_done_is_said_once(colab, monkeypatch, error, said):
    monkeypatch.setattr(_platform, "_AGAIN", 0.0)
    secrets = colab(raising(error))
    assert secrets.get("A") is None
    assert secrets.get("A") is None
    assert len(secrets.notices) == bool(said)
    assert all(said in line and "sk-quoted" not in line for line in secrets.notices)


def test_a_platform_without_its_own_package_has_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", None)
    assert PlatformSecrets({"COLAB_GPU": ""}).get("A") is None


def test_one_that_never_answers_is_not_waited_for(colab, monkeypatch):
    monkeypatch.setattr(_platform, "_PATIENCE", 0.05)
    released = threading.Event()
    secrets = colab(lambda _name: released.wait(60))
    assert secrets.get("A") is None
    assert secrets.notices == [
        "Colab does not give its secrets here: it does in its own page alone"
    ]
    released.set()


def test_who_never_answers_keeps_no_program_from_ending():
    names = []

    def who():
        thread = threading.current_thread()
        names.append((thread.name, thread.daemon))

    within(5, who)
    assert names == [("nbapimgr-patience", True)]


def test_patience_gives_what_a_function_gives():
    assert within(5, lambda: 7) == 7
    assert within(5, lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
