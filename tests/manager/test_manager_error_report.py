"""A report for a bug tracker: it helps, and holds nothing that is nobody else's business."""

from __future__ import annotations

import base64
import contextlib
from collections import deque
from urllib.parse import quote

import pytest

from nbapimgr import AllProvidersFailed
from nbapimgr.manager import Manager
from nbapimgr.manager._errors import KEPT
from nbapimgr.models import Attempt, Candidate, Failure, Provider
from nbapimgr.settings import Settings
from nbapimgr.wire.catalogue import CATALOGUE
from tests.engine.faultserver import error, status

KEY = "my-canary/key+0123456789~abcdef"
PROMPT = "canary-prompt-of-mine"
FORMS = (
    KEY,
    quote(KEY, safe=""),
    base64.b64encode(KEY.encode()).decode(),
    base64.urlsafe_b64encode(f"user:{KEY}".encode()).decode(),
    KEY.encode().hex(),
)


def failed(provider, model="m", **failure):
    given = {"category": "rate_limit.short", "scope": "account", "retryable": True, **failure}
    return Attempt(
        number=2, candidate=Candidate(provider=provider, model=model), started_at=1_790_000_000.0,
        duration=0.25, outcome="error", failure=Failure(**given), text_length=7,
    )  # fmt: skip


def keep(llm, *attempts):
    llm._failures = deque(attempts, maxlen=KEPT)


def test_it_says_what_helps(llm):
    provider = llm.providers.add("openai")
    model = CATALOGUE["openai"].models[0]
    keep(llm, failed(
        provider, model, status=429, evidence="openai.limit: too fast", request_id="req_12345678",
    ))  # fmt: skip
    said = llm.error_report()
    assert said.startswith("nbapimgr error report, ")
    assert "\n  python 3." in said
    assert "\nSettings (providers: 1, routes: 0)\n  1. openai, openai-" in said
    assert ", api.openai.com, " in said
    assert (
        f"  2026-09-21 14:13:20, provider 1, model {model}, rate_limit.short, HTTP 429,"
        " scope account, rule openai.limit, request id req_12345678, attempt 2, 0.2 s,"
        " broke off after 7 characters\n"
    ) in said


def test_nothing_has_happened(llm):
    said = llm.error_report()
    assert "Settings (providers: 0, routes: 0)" in said
    assert said.count("\n  none") == 2


def test_the_rows_of_older_kernels_are_counted(asked, server):
    server.script(error(400, "bad"))
    with contextlib.suppress(AllProvidersFailed):
        asked.ask("Hi")
    keep(asked)
    assert "\n  request.bad: attempts 1, calls lost 1" in asked.error_report()
    assert "this machine" in asked.error_report()


def test_this_kernel_remembers_the_newest_failures(asked, server):
    server.script(error(400, "bad"))
    for _ in range(KEPT + 3):
        with contextlib.suppress(AllProvidersFailed):
            asked.ask("Hi")
    assert len(asked._failures) == KEPT
    assert asked.error_report().count("request.bad, HTTP 400") == KEPT


@pytest.mark.parametrize("canary", [PROMPT, *FORMS], ids=range(1 + len(FORMS)))
def test_no_field_carries_anything_out(home, canary):
    hostile = Provider(
        name=canary, dialect=canary, base_url=f"https://{canary}@{canary}.example/{canary}",
        models=(canary,), vendor=canary, env=(canary,), headers={canary: canary},
        options={canary: canary},
    )  # fmt: skip
    fields = ("message", "detail", "remedy", "evidence", "type", "code", "request_id")
    llm = Manager(home, settings=Settings(providers=(hostile,), routes={canary: (canary,)}))
    llm._keys.add("mine", KEY)
    attempts = [failed(hostile, canary, **{name: canary}) for name in fields]
    attempts.append(failed(hostile, category=canary, evidence=f"rule.x: {canary}"))
    keep(llm, *attempts)
    said = llm.error_report()
    for form in (canary, canary.upper(), canary[:16], canary[-14:]):
        assert form not in said
    assert said.count("provider 1") == len(attempts)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:11434/v1", "this machine"),
        ("http://localhost/v1", "this machine"),
        ("http://[::1]/v1", "this machine"),
        ("https://gateway.mine.example/v1", "a host of one's own"),
        ("https://api.openai.com.mine.example/v1", "a host of one's own"),
        ("https://api.openai.com/v1", "api.openai.com"),
        ("http://[half", "an address that cannot be read"),
        ("", "started here"),
    ],
)
def test_only_known_hosts_are_named(home, address, shown):
    one = Provider(
        name="x", dialect="openai-chat", base_url=address, vendor="openai", models=("m",),
        enabled=False, keyless=True,
    )  # fmt: skip
    llm = Manager(home, settings=Settings(providers=(one,)))
    line = next(ln for ln in llm.error_report().splitlines() if ln.startswith("  1. "))
    assert line == f"  1. openai, openai-chat, {shown}, models: 1, disabled, keyless"


def test_an_echoed_prompt_does_not_come_along(asked, server):
    server.script(status(400, {"error": {"message": f"cannot do {PROMPT}", "code": PROMPT}}))
    with contextlib.suppress(AllProvidersFailed):
        asked.ask(PROMPT)
    assert PROMPT in asked._failures[0].failure.message
    assert PROMPT not in asked.error_report()


def test_an_attempt_without_a_failure_is_told_as_far_as_it_goes(llm):
    provider = Provider(name="x", dialect="openai-chat", base_url="")
    keep(llm, Attempt(
        number=1, candidate=Candidate(provider=provider, model="m"), started_at=0.0, duration=1.0,
        outcome="error",
    ))  # fmt: skip
    assert "1970-01-01 00:00:00, provider (removed), unknown, attempt 1, 1.0 s\n" in (
        llm.error_report()
    )
