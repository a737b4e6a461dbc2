"""How a provider does, in a word; what is shown of keys; numbers of calls; no key anywhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from nbapimgr.health import Checked
from nbapimgr.models import Breaker, Failure
from nbapimgr.vault import CredentialInfo, KeyUse
from nbapimgr.widgets._panel_check import in_words
from nbapimgr.widgets._panel_keys import advice, key_row
from nbapimgr.widgets._panel_state import shown, status_of, title, vendors
from nbapimgr.widgets._panel_usage import DAYS, calls_by_day
from nbapimgr.wire.catalogue import CATALOGUE, guess_vendor
from tests.widgets.conftest import KEY

GONE = Failure(category="network.dns", scope="host", message="no such host", retryable=True)
NOW = 1_795_000_000


@pytest.fixture
def mine(manager):
    return manager.providers.add("mine", base_url="http://127.0.0.1:1", models=["m"], key=KEY)


def said(manager, provider, **about):
    """The status once a check has had this result."""
    if about:
        checked = Checked(provider=provider.name, **about)
        manager.monitor.checked = lambda _: checked
    return status_of(manager, provider, manager.credentials.list(provider.name))


@pytest.mark.parametrize(
    ("about", "tone", "word", "why"),
    [
        ({}, "off", "Not checked yet", ""),
        ({"verdict": "valid"}, "ok", "Ready", ""),
        ({"verdict": "valid", "models": 1}, "ok", "Ready", "Lists 1 model."),
        ({"verdict": "limited", "reason": "no money"}, "warn", "Limited", "no money"),
        ({"verdict": "rejected", "reason": "bad"}, "bad", "Key rejected", "bad"),
        ({"verdict": "unknown", "reason": "public"}, "warn", "Not checked", "public"),
        ({"verdict": "unknown", "failure": GONE}, "warn", "Does not answer", ""),
    ],
)
def test_a_check_is_told_in_a_word(manager, mine, about, tone, word, why):
    status = said(manager, mine, **about)
    assert (status.tone, status.word, status.why) == (tone, word, why)


def test_what_stands_in_the_way_comes_first(manager, mine, monkeypatch):
    breaker = Breaker(
        scope="provider", key="k", label="mine", provider="mine", category="service.down",
        since=NOW, opened=NOW, until=9e9,
    )  # fmt: skip
    monkeypatch.setattr(manager, "breaker_of", lambda _: breaker)
    assert said(manager, mine, verdict="valid").word == "Left alone"
    assert "service.down" in said(manager, mine).why
    assert said(manager, mine, verdict="rejected", reason="bad").word == "Key rejected"
    off = manager.providers.update("mine", enabled=False)
    assert said(manager, off).word == "Switched off"
    bare = manager.providers.add(
        "bare", base_url="http://127.0.0.1:1", env=["NONE_SUCH"], keyless=False
    )
    assert said(manager, bare).word == "Needs a key"


@pytest.mark.parametrize(
    ("state", "tone", "word"),
    [("failing", "warn", "Failing"), ("slow", "warn", "Slow"), ("ok", "ok", "Ready")],
)
def test_calls_tell_too(manager, mine, monkeypatch, state, tone, word):
    class Known:
        pass

    Known.state = state
    monkeypatch.setattr(manager.monitor.history, "of_provider", lambda _: Known)
    status = said(manager, mine)
    assert (status.tone, status.word) == (tone, word)


def test_the_whole_state_is_plain_and_holds_no_key(manager, mine, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    manager.providers.add("local", base_url="http://127.0.0.1:1", priority=1)
    state = shown(manager, {"mine"})
    told = json.dumps(state)
    assert KEY not in told
    assert KEY[-5:] not in told
    assert [c["name"] for c in state["providers"]] == ["local", "mine"]
    assert [c["status"] for c in state["providers"]] == ["Not checked yet", "Checking …"]
    assert state["environment"]["openai"] == "OPENAI_API_KEY"
    assert state["vault"]["state"] in {"none", "memory-only"}


def test_a_provider_that_is_being_removed_stops_nothing(manager, mine, monkeypatch):
    status = manager.credentials.status

    def meanwhile():
        if "mine" in manager.providers:
            manager.providers.remove("mine")  # as another thread does
        return status()

    monkeypatch.setattr(manager.credentials, "status", meanwhile)
    assert [card["name"] for card in shown(manager, ())["providers"]] == ["mine"]


def test_the_catalogue_reaches_the_page_and_says_what_python_says():
    rows = {row["name"]: row for row in vendors()}
    assert len(rows) >= 20
    assert rows.keys() == CATALOGUE.keys()
    assert rows["azure"]["needs"] == ["resource"]
    assert rows["ollama"]["keyless"]
    assert {row["host"] for row in rows.values()} >= {"api.openai.com", "127.0.0.1:11434"}
    assert guess_vendor("gsk_" + "x" * 52) == ("groq",)
    assert [title(name) for name in ("openai", "groq", "mine")] == ["OpenAI", "Groq", "mine"]


def info(**about):
    return CredentialInfo(
        **{
            "provider": "mine",
            "alias": "default",
            "active": True,
            "source": "vault",
            "masked": "…2468",
            **about,
        }
    )


def test_a_key_is_shown_by_its_mask_with_what_is_known_of_it():
    assert key_row(info(), NOW)["note"] == ""
    assert key_row(info(created=NOW), NOW)["note"] == "since 2026-11-18"
    retired = key_row(info(state="retired", until=NOW, active=False), NOW)
    assert retired["note"] == "asked with last, until 2026-11-18"
    assert retired["ours"]
    assert not key_row(info(alias="env:A", source="environment variable A"), NOW)["ours"]


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (KeyUse(), ""),
        (KeyUse(calls=1, tokens=7, last=NOW), "1 call in 90 days, 7 tokens, last on 2026-11-18"),
        (
            KeyUse(calls=40, failed=2, tokens=12345, cost=1.234, last=NOW),
            "40 calls in 90 days, 5% failed, 12,345 tokens, $1.23, last on 2026-11-18",
        ),
    ],
)
def test_what_a_key_was_used_for_stands_beside_it(use, said):
    assert key_row(info(use=use), NOW)["note"] == said


def test_what_to_do_about_a_key_that_is_not_active_stands_beside_it():
    note = "remove it if nothing else needs it: it was not used for 40 days"
    assert key_row(info(unused=40, active=False), NOW)["note"] == note
    assert key_row(info(unused=40), NOW)["note"] == ""
    assert advice([info(unused=40)], "OpenAI", NOW).startswith("This key was not used for 40 days")
    assert "it was seen in a.ipynb" in advice([info(seen="a.ipynb")], "OpenAI", NOW)
    assert advice([info(seen="a.ipynb", state="retired")], "OpenAI", NOW) == ""


def test_an_old_key_is_advised_against():
    day = 86_400
    assert advice([], "OpenAI", NOW) == ""
    assert advice([info()], "OpenAI", NOW) == ""
    assert advice([info(created=NOW - 90 * day)], "OpenAI", NOW) == ""
    old = [info(created=NOW - 91 * day)]
    assert "91 days old" in advice(old, "OpenAI", NOW)
    assert advice([info(created=NOW), *old], "OpenAI", NOW) == ""


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"verdict": "valid"}, "X answers."),
        ({"verdict": "valid", "models": 2}, "X answers and lists 2 models."),
        ({"verdict": "limited", "reason": "no money"}, "X knows the key, and something stands in"),
        ({"verdict": "rejected", "reason": "bad"}, "X rejects the key: bad"),
        ({"verdict": "unknown", "reason": "public"}, "X answers, but says nothing of the key"),
        ({"verdict": "unknown", "failure": GONE, "reason": "gone"}, "X does not answer: gone"),
    ],
)
def test_a_check_is_told_in_a_sentence(about, words):
    assert in_words("X", Checked(provider="x", **about)).startswith(words)


def test_calls_are_counted_by_day_and_provider(manager, mine, server, monkeypatch):
    manager.providers.add("here", base_url=server.url, models=["m"], key=KEY)
    assert calls_by_day(manager) == {}
    for _ in range(3):
        manager.ask("hello", route="here")
    today = datetime.now(UTC)
    assert calls_by_day(manager, today) == {"here": [0] * (DAYS - 1) + [3]}
    monkeypatch.setattr(manager._usage, "_credential_id", lambda c: f"{c.provider.name}#0a1b2c3d")
    manager.ask("hello", route="here")  # with a key of the vault
    assert calls_by_day(manager, today) == {"here": [0] * (DAYS - 1) + [4]}
    manager.providers.remove("here")
    assert calls_by_day(manager, today) == {}
