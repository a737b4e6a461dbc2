"""The classes: all that the plan names, each with words for people, and the page that shows them.

Run this file to write the table of `docs/failures.md` anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import msgspec
import pytest

from nbapimgr.errors import UnknownName
from nbapimgr.wire.failures import CATEGORIES, broken, network
from nbapimgr.wire.failures._classes import Parent

PAGE = Path(__file__).resolve().parents[3] / "docs" / "failures.md"
BEGIN, END = "<!-- classes: begin -->\n", "<!-- classes: end -->\n"
PLAN = """
    auth.invalid_key auth.permission auth.region quota.exhausted rate_limit.short rate_limit.daily
    rate_limit.too_large model.not_found model.context_length request.content_policy request.bad
    request.too_large service.overloaded service.error service.stream_broken service.malformed
    service.empty network.connect_timeout network.first_token_timeout network.stall
    network.total_timeout network.dns network.tls network.refused network.reset network.offline
    network.proxy user.cancelled user.budget
"""
NEVER_AGAIN = """
    auth.invalid_key auth.permission auth.region quota.exhausted rate_limit.daily
    rate_limit.too_large model.not_found model.context_length request.content_policy request.bad
    request.too_large network.connect_timeout network.first_token_timeout network.stall
    network.total_timeout network.dns network.tls network.refused network.offline network.proxy
    user.cancelled user.budget
"""
"""A silent route, a fault of the request and a shut account are not asked the same again."""
IDENTIFIERS = PLAN.split()


def table() -> str:
    """The classes as Markdown."""
    lines = [
        "| class | shown as | what happened | whose | the same again | what is done | what to do |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, kind in CATEGORIES.items():
        again = "yes" if kind.retryable else "no"
        cells = (f"`{name}`", kind.parent, kind.what, kind.scope, again, kind.action, kind.remedy)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def renewed(page: str) -> str:
    """The page with its table as the code has it."""
    head, rest = page.split(BEGIN)
    return head + BEGIN + table() + END + rest.split(END)[1]


def test_the_page_shows_the_classes_as_they_are():
    page = PAGE.read_text("utf-8")
    assert page == renewed(page), f"run python {Path(__file__).name} to write it anew"


def test_an_old_page_would_be_noticed():
    page = PAGE.read_text("utf-8")
    assert renewed(page.replace("`quota.exhausted`", "`quota.spent`", 1)) == page
    assert "`quota.exhausted`" in table()


def test_every_identifier_of_the_plan_is_there_and_no_other():
    assert sorted(CATEGORIES) == sorted(IDENTIFIERS)


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_a_class_has_words_for_people(name):
    kind = CATEGORIES[name]
    assert kind.parent in get_args(Parent)
    assert kind.what
    assert kind.action
    assert kind.remedy or name == "user.cancelled"
    assert "|" not in f"{kind.what}{kind.action}{kind.remedy}"
    assert kind.retryable is (name not in NEVER_AGAIN.split())


def test_the_parent_follows_from_the_identifier():
    parents = {name.split(".")[0]: CATEGORIES[name].parent for name in IDENTIFIERS}
    assert parents == {
        "auth": "Auth",
        "quota": "Auth",
        "rate_limit": "Rate limit",
        "model": "Model",
        "request": "Request",
        "service": "Service",
        "network": "Network",
        "user": "You",
    }


def test_nobody_can_change_a_class():
    with pytest.raises(TypeError):
        CATEGORIES["auth.region"] = CATEGORIES["auth.permission"]
    with pytest.raises(AttributeError):
        CATEGORIES["auth.region"].scope = "local"


def test_broken():
    failure = broken("service.stream_broken", "cut after 40 tokens", "end without a finish reason")
    assert failure.category == "service.stream_broken"
    assert (failure.scope, failure.retryable) == ("provider", True)
    assert (failure.message, failure.evidence) == (
        "cut after 40 tokens",
        "end without a finish reason",
    )
    assert failure.remedy == CATEGORIES["service.stream_broken"].remedy
    assert failure.status is failure.retry_after is None


def test_network():
    failure = network("network.refused", "nothing listens on 127.0.0.1:11434")
    assert (failure.scope, failure.retryable, failure.evidence) == ("host", False, "")
    assert "ollama serve" in failure.remedy
    assert network("network.dns", "m", evidence="gaierror").evidence == "gaierror"


@pytest.mark.parametrize("make", [network, lambda c, m: broken(c, m, "e")])
def test_a_category_that_does_not_exist(make):
    with pytest.raises(UnknownName, match=r"no failure category named 'network\.refuse'") as caught:
        make("network.refuse", "m")
    assert caught.value.hint == "did you mean 'network.refused'?"


def test_a_failure_survives_a_round_trip():
    failure = network("network.offline", "m")
    assert msgspec.json.decode(msgspec.json.encode(failure), type=type(failure)) == failure


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
