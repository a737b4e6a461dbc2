"""What can be done about a call that nobody answered: what fits, and nothing else."""

from __future__ import annotations

import pytest

from nbapimgr.errors import AllProvidersFailed
from nbapimgr.manager import Recovery, recoveries
from nbapimgr.manager._errors_recovery import shortened
from nbapimgr.models import Attempt, Candidate, Failure, Image, Message, Request, Text, user
from nbapimgr.wire.failures import CATEGORIES

ASKED = Request(messages=(user("hi"),))


@pytest.fixture
def three(llm):
    """Three providers, the first two with keys of their own."""
    llm.providers.add("one", base_url="http://127.0.0.1:9", models=["m"], vendor="openai")
    llm.providers.add("two", base_url="http://127.0.0.1:9", models=["m"], keyless=True)
    llm.providers.add("three", base_url="http://127.0.0.1:9", models=["m"], keyless=True)
    llm.credentials.add("one", "sk-first-0123456789", alias="default")
    return llm


def failing(llm, category, *names, credential="default", **request):
    """The recoveries of a call in which these have failed so."""
    failure = Failure(category=category, scope="provider", retryable=False)
    attempts = [
        Attempt(
            number=n, started_at=0.0, duration=0.1, outcome="error", failure=failure,
            candidate=Candidate(
                provider=llm.providers.known(name), model="m", credential=credential
            ),
        )
        for n, name in enumerate(names, 1)
    ]  # fmt: skip
    asked = Request(messages=request.pop("messages", ASKED.messages), **request)
    return recoveries(llm, asked, AllProvidersFailed(attempts))


def kinds(found):
    return [way.kind for way in found]


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_what_is_offered_fits_the_class(three, category):
    offered = kinds(failing(three, category, "one", "two", "three"))
    assert ("again" in offered) is (
        category not in {"request.bad", "request.content_policy", "user.budget"}
    )
    about_keys = category in {"auth.invalid_key", "auth.permission", "quota.exhausted"}
    assert ("key_page" in offered) is about_keys
    assert ("set_key" in offered) is about_keys
    assert not {"shorten", "deadline", "backup_key", "switch"} & set(offered)


def test_every_way_has_a_line_to_type(three):
    for category in CATEGORIES:
        for way in failing(three, category, "one", timeout=5.0):
            assert way.line
            assert way.label


def test_the_same_again(three):
    (again,) = [w for w in failing(three, "service.error", "one") if w.kind == "again"]
    assert again.request == ASKED


def test_the_next_who_was_not_asked(three):
    found = failing(three, "service.error", "one", only=("one",), exclude=("two",), route="one")
    (switch,) = [w for w in found if w.kind == "switch"]
    assert (switch.label, switch.line) == ("Ask two", "%%llm two")
    assert (switch.request.route, switch.request.only, switch.request.exclude) == ("two", (), ())
    assert switch.request.messages == ASKED.messages


def test_who_cannot_answer_is_not_offered(three):
    three.providers.update("two", enabled=False)
    three.providers.update("three", models=())
    assert "switch" not in kinds(failing(three, "service.error", "one"))
    three.providers.update("two", enabled=True)
    assert "switch" in kinds(failing(three, "service.error", "one"))


def test_a_refusal_may_be_put_to_another_because_the_user_says_so(three):
    found = failing(three, "request.content_policy", "one")
    assert kinds(found) == ["switch"]
    assert found[0].request.cross_refusal


def test_the_key_that_was_not_tried(three):
    three.credentials.spare("one", "sk-second-0123456789", alias="backup")
    (key,) = [w for w in failing(three, "auth.invalid_key", "one") if w.kind == "backup_key"]
    assert key.key == ("one", "backup")
    assert key.line == "%llm keys use one backup"
    assert "backup" in key.label
    assert key.request == ASKED
    found = failing(three, "service.error", "one")
    assert "backup_key" not in kinds(found)


def test_a_provider_that_is_gone_has_no_keys(three):
    error = failing(three, "auth.invalid_key", "one")
    assert "set_key" in kinds(error)
    one = three.providers.known("one")
    attempt = Attempt(
        number=1, started_at=0.0, duration=0.1, outcome="error",
        candidate=Candidate(provider=one, model="m"),
        failure=Failure(category="auth.invalid_key", scope="credential", retryable=False),
    )  # fmt: skip
    three.providers.remove("one")
    found = recoveries(three, ASKED, AllProvidersFailed([attempt, attempt]))
    assert "set_key" not in kinds(found)
    assert kinds(found).count("key_page") == 1


def test_the_page_is_that_of_our_catalogue_alone(three):
    three.providers.update("two", vendor="javascript:alert(1)")
    found = failing(three, "quota.exhausted", "one", "two")
    pages = [way.url for way in found if way.kind == "key_page"]
    assert pages == ["https://platform.openai.com/api-keys"]
    assert all(way.request is None for way in found if way.kind in {"key_page", "set_key"})


@pytest.mark.parametrize(
    ("timeout", "category", "longer"),
    [
        (5.0, "network.total_timeout", 30.0),
        (20.0, "network.first_token_timeout", 60.0),
        (20.0, "network.stall", 60.0),
        (400.0, "network.total_timeout", 600.0),
        (600.0, "network.total_timeout", None),
        (None, "network.total_timeout", None),
        (5.0, "service.error", None),
    ],
)
def test_the_deadline_is_raised_where_time_was_the_trouble(three, timeout, category, longer):
    found = [w for w in failing(three, category, "one", timeout=timeout) if w.kind == "deadline"]
    assert [way.request.timeout for way in found] == ([longer] if longer else [])
    assert [way.line for way in found] == ([f"%%llm --timeout {longer:.0f}"] if longer else [])


@pytest.mark.parametrize(
    "category", ["model.context_length", "rate_limit.too_large", "request.too_large"]
)
def test_a_prompt_that_was_too_long_can_be_cut(three, category):
    text = "begin " + "x" * 4000 + " end"
    found = failing(three, category, "one", messages=(user("a"), user(text)))
    (cut,) = [way for way in found if way.kind == "shorten"]
    assert cut.label == "Leave out 2,006 characters"
    said = cut.request.messages[1].text
    assert said.startswith("begin ")
    assert said.endswith(" end")
    assert "\n[… 2,006 characters left out …]\n" in said
    assert cut.request.messages[0] == user("a")


def test_what_is_short_or_no_text_is_not_cut():
    assert shortened(ASKED) == (ASKED, 0)
    picture = Request(messages=(Message(role="user", content=(Image(data=b"x" * 9000),)),))
    assert shortened(picture) == (picture, 0)


def test_what_stands_beside_the_text_stays():
    content = (Image(data=b"x"), Text(text="y" * 2000), Text(text="z"))
    cut, dropped = shortened(Request(messages=(Message(role="user", content=content),)))
    assert dropped == 1000
    assert cut.messages[0].content[0] == content[0]
    assert cut.messages[0].content[2] == content[2]


def test_nobody_could_be_asked(three):
    found = recoveries(three, ASKED, AllProvidersFailed([]))
    assert kinds(found) == ["switch"]
    assert isinstance(found[0], Recovery)
