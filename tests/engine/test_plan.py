"""Who is tried, in which order, and who is not and why."""

from __future__ import annotations

import pytest

from nbapimgr.engine import make_plan
from nbapimgr.errors import UnknownName
from nbapimgr.models import Image, ModelInfo, Provider, Request, Skip, Tool, user

REQUEST = Request(messages=(user("hi"),))


def provider(name, *models, priority=100, **fields):
    url = f"http://{name}.example"
    return Provider(
        name=name, dialect="openai-chat", base_url=url, models=models, priority=priority, **fields
    )


def plan(*providers, request=REQUEST, keys=None, **more):
    keys = keys or {}
    return make_plan(request, providers, credentials=lambda p: keys.get(p.name, ("main",)), **more)


def names(made):
    return [f"{c}@{c.credential}" for c in made.candidates]


def test_by_priority_and_as_given_among_equals():
    made = plan(provider("z", "m"), provider("b", "m", priority=2), provider("a", "m"))
    assert names(made) == ["b:m@main", "z:m@main", "a:m@main"]
    assert made.skipped == ()


def test_each_model_with_each_key_before_the_next():
    made = plan(provider("a", "m1", "m2"), keys={"a": ("main", "spare")})
    assert names(made) == ["a:m1@main", "a:m1@spare", "a:m2@main", "a:m2@spare"]


def test_targets_are_tried_in_their_order_and_nobody_else():
    providers = provider("a", "m1", "m2"), provider("b", "n", priority=1), provider("c", "m1")
    made = plan(*providers, targets=[("a", "m2"), ("b", None), ("a", "m2")])
    assert names(made) == ["a:m2@main", "b:n@main"]


def test_a_model_alone_means_every_provider_that_lists_it():
    providers = provider("a", "x", "m"), provider("b", "m", priority=1), provider("c", "x")
    assert names(plan(*providers, targets=[(None, "m")])) == ["b:m@main", "a:m@main"]


def test_a_target_may_name_a_model_that_is_not_listed():
    assert names(plan(provider("a", "m"), targets=[("a", "new")])) == ["a:new@main"]


def test_a_model_nobody_lists_is_said():
    made = plan(provider("a", "m"), targets=[(None, "x")])
    assert made.skipped == (Skip(candidate="x", reason="no provider lists this model"),)


def test_neither_provider_nor_model_means_everyone():
    assert names(plan(provider("a", "m"), provider("b", "n"), targets=[(None, None)])) == [
        "a:m@main",
        "b:n@main",
    ]


@pytest.mark.parametrize(
    ("one", "request_fields", "reason"),
    [
        (provider("a", "m", "n", enabled=False), {}, "disabled"),
        (provider("a", "m"), {"exclude": ("a",)}, "excluded"),
        (provider("a", "m"), {"only": ("b",)}, "not among those asked for"),
        (provider("a"), {}, "no model"),
    ],
)
def test_who_is_skipped_is_said_once_with_the_reason(one, request_fields, reason):
    request = Request(messages=(user("hi"),), **request_fields)
    made = plan(one, provider("b", "m"), request=request)
    assert names(made) == ["b:m@main"]
    assert made.skipped == (Skip(candidate="a", reason=reason),)


def test_without_a_key_a_provider_is_skipped_unless_it_needs_none():
    made = plan(
        provider("a", "m", "n"),
        provider("local", "m", keyless=True),
        provider("gate", "m", keyless=True),
        keys={"a": (), "local": (), "gate": ("mine",)},
    )
    assert names(made) == ["local:m@", "gate:m@mine"]
    assert made.skipped == (Skip(candidate="a", reason="no key"),)


PICTURE = Request(messages=(user("what?", (Image(data=b"x"),)),))
TOOLS = Request(messages=(user("hi"),), tools=(Tool(name="f"),))
SCHEMA = Request(messages=(user("hi"),), schema={"type": "object"})


@pytest.mark.parametrize(
    ("request_", "lacks"), [(PICTURE, "images"), (TOOLS, "tools"), (SCHEMA, "schema")]
)
def test_who_cannot_do_what_is_asked_is_skipped_when_that_is_known(request_, lacks):
    known = {
        "blind": ModelInfo(id="blind", **{lacks: False}),
        "able": ModelInfo(id="able", **{lacks: True}),
        "unsure": ModelInfo(id="unsure"),
    }
    made = plan(
        provider("a", "blind", "able", "unsure", "unknown"),
        request=request_,
        info=lambda _, model: known.get(model),
    )
    assert names(made) == ["a:able@main", "a:unsure@main", "a:unknown@main"]
    assert made.skipped == (Skip(candidate="a:blind", reason=f"cannot take {lacks}"),)
    plain = plan(provider("a", "blind"), info=lambda _, model: known.get(model))
    assert names(plain) == ["a:blind@main"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": [("opnai", None)]},
        {"request": Request(messages=(user("hi"),), only=("opnai",))},
        {"request": Request(messages=(user("hi"),), exclude=("opnai",))},
    ],
)
def test_an_unknown_name_is_told_the_nearest(wrong):
    with pytest.raises(UnknownName) as caught:
        plan(provider("openai", "m"), **wrong)
    assert "openai" in caught.value.hint


def test_the_route_is_kept():
    assert plan(provider("a", "m"), request=Request(messages=(), route="fast")).route == "fast"
