"""The rehearsal: it speaks two dialects, breaks as it is told to, and mends."""

from __future__ import annotations

import socket

import pytest

from nbapimgr import AllProvidersFailed, MissingExtra, OptionError, Settings, UnknownName
from nbapimgr.demo import Rehearsal, rehearse
from nbapimgr.demo._breaking import MEND, WAYS
from nbapimgr.demo._neighbours import neighbours
from nbapimgr.magics._options import COMMANDS as _COMMANDS
from nbapimgr.manager import Manager

COMMANDS = {command.name: command for command in _COMMANDS}


@pytest.fixture(scope="module")
def rehearsal():
    """Running, and faster than anybody reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nbapimgr.demo._rehearsal._CHUNK_DELAY_MS", 1)
        with Rehearsal() as running:
            yield running


@pytest.fixture
def llm(rehearsal, home):
    manager = Manager(home, settings=Settings(providers=rehearsal.providers))
    yield manager
    manager.close()
    for provider in rehearsal.providers:
        rehearsal.break_(provider.name, "mend")


@pytest.mark.parametrize("name", ["rehearsal-anthropic", "rehearsal-gemini"])
def test_each_answers_and_says_that_it_is_rehearsed(llm, name):
    reply = llm.ask("hi", route=name, fallback=False)
    assert reply.text.startswith("This answer is rehearsed")
    assert reply.provider == name


BROKEN = {
    "stream": "service.stream_broken",
    "cut": "service.stream_broken",
    "garbled": "service.malformed",
    "empty": "service.empty",
    "down": "service.overloaded",
    "error": "service.error",
    "limit": "rate_limit.short",
    "quota": "quota.exhausted",
    "auth": "auth.invalid_key",
    "gone": "model.not_found",
}
SILENT = ("silent", "mute", "slow")


def test_every_way_is_tried():
    assert set(WAYS) == {*BROKEN, *SILENT}
    assert COMMANDS["demo"].then == (*WAYS, MEND)


@pytest.mark.parametrize("how", SILENT)
def test_a_silent_one_is_not_waited_for_longer_than_the_user_waits(llm, rehearsal, how):
    rehearsal.break_("rehearsal-anthropic", how)
    with pytest.raises(AllProvidersFailed) as e:
        llm.ask("hi", route="rehearsal-anthropic", fallback=False, timeout=0.5)
    assert e.value.attempts[0].failure.category == "network.total_timeout"


@pytest.mark.parametrize(("how", "category"), BROKEN.items())
def test_a_broken_one_fails_as_told_and_the_other_takes_over(llm, rehearsal, how, category):
    said = rehearsal.break_("rehearsal-anthropic", how)
    assert said.startswith("rehearsal-anthropic: ")
    reply = llm.ask("hi")
    assert reply.provider == "rehearsal-gemini"
    assert reply.attempts[0].failure.category == category
    rehearsal.break_("rehearsal-anthropic", "mend")
    llm.reset()
    assert llm.ask("hi").provider == "rehearsal-anthropic"


def test_a_limited_one_says_when_to_come_back(llm, rehearsal):
    rehearsal.break_("rehearsal-anthropic", "limit")
    with pytest.raises(AllProvidersFailed) as e:
        llm.ask("hi", route="rehearsal-anthropic", fallback=False, timeout=5)
    assert e.value.attempts[0].failure.retry_after == 30


@pytest.mark.parametrize(
    ("name", "how", "error", "hint"),
    [
        ("rehearsal-antropic", "stream", UnknownName, "did you mean 'rehearsal-anthropic'?"),
        ("rehearsal-gemini", "lmit", OptionError, "did you mean 'limit'?"),
        ("rehearsal-gemini", "zzz", OptionError, "stream, cut, garbled"),
    ],
)
def test_wrong_ways_to_break_are_told_the_right_one(rehearsal, name, how, error, hint):
    with pytest.raises(error, match=how if error is OptionError else name) as e:
        rehearsal.break_(name, how)
    assert e.value.hint.startswith(hint)


def test_without_llmock_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "llmock.testing", None)
    with pytest.raises(MissingExtra) as e:
        Rehearsal()
    assert "nbapimgr[demo]" in e.value.hint


def test_in_replay_mode_nothing_is_started(home):
    manager = Manager(home, settings=Settings())
    manager.mode = "replay"
    lines = rehearse(manager)
    assert "rehearsal-anthropic" in lines[0]
    assert rehearse(manager, "break", "rehearsal-anthropic", "stream")[0].startswith("rehearsal-a")
    assert not manager.providers
    manager.close()


def test_words_that_are_not_understood(home):
    manager = Manager(home, settings=Settings())
    with pytest.raises(OptionError, match="demo broke"):
        rehearse(manager, "broke", "rehearsal-anthropic")
    with pytest.raises(UnknownName, match="rehearsal-antropic"):
        rehearse(manager, "break", "rehearsal-antropic", "stream")
    with pytest.raises(OptionError, match="not running"):
        rehearse(manager, "break", "rehearsal-anthropic", "stream")
    manager.close()


def test_neighbours_are_those_that_listen():
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        ports = [("here", listening.getsockname()[1]), ("gone", silent.getsockname()[1])]
        assert neighbours(ports) == ["here"]
