"""One row an attempt, priced where there is a price; and looking at them."""

from __future__ import annotations

import pytest

from nbapimgr import AllProvidersFailed, Source, UnknownName
from nbapimgr.manager import input_tokens, price
from nbapimgr.models import Candidate, Provider, Usage, user
from nbapimgr.usage import cost
from tests.engine.faultserver import FaultServer, document, error, sse, status, streamed, whole

ALL = ["attempt", "call_id", "provider_name", "request_model", "outcome", "error_type", "is_final",
       "fallback_from", "route", "input_tokens", "output_tokens", "tokens_source", "cost_amount",
       "cost_source", "price_ref", "credential_id", "stream", "http_status"]  # fmt: skip
PRICED = "gpt-4o-mini"


@pytest.fixture
def priced(llm, server):
    """A provider whose model has a price: OpenAI's, as far as prices go."""
    llm.providers.add("openai", vendor="openai", base_url=server.url, models=[PRICED],
                      key="a-key-of-mine")  # fmt: skip
    server.script(whole("ok"))
    return llm


def rows(llm):
    """All rows as dicts, without what is unknown."""
    frame = llm.usage(None, ALL)
    return [
        {name: value for name, value in row.items() if value == value and value is not None}  # noqa: PLR0124  # NaN
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]


def test_an_answer_is_a_row(asked):
    reply = asked.ask("Hi", route="one")
    [row] = rows(asked)
    assert (row["attempt"], row["outcome"], row["is_final"], row["route"]) == (1, "ok", True, "one")
    assert (row["input_tokens"], row["output_tokens"]) == (7, 3)
    assert row["tokens_source"] == "provider"
    assert "fallback_from" not in row
    assert reply.attempts == asked.attempts


def test_an_answer_of_ones_own_machine_costs_nothing(asked):
    reply = asked.ask("Hi")
    assert (reply.cost.amount, reply.cost.source) == (0.0, "local")
    assert rows(asked)[0]["cost_amount"] == 0


def test_a_price_is_in_reply_attempt_and_row(priced, server):
    server.script(status(200, document("ok", model=PRICED)))
    reply = priced.ask("Hi", stream=False)
    [attempt] = reply.attempts
    expected = cost(priced.providers["openai"], PRICED, reply.usage, attempt.started_at)
    assert attempt.cost == reply.cost == expected
    assert expected.amount > 0
    [row] = rows(priced)
    assert (row["cost_amount"], row["cost_source"]) == (expected.amount, "local")


def test_what_has_no_price_has_no_cost(priced):
    reply = priced.ask("Hi", stream=False)  # of a model that nobody knows
    assert (reply.cost.amount, reply.cost.source) == (None, "none")
    assert "cost_amount" not in rows(priced)[0]


def test_each_attempt_is_a_row_of_one_call(asked, server):
    with FaultServer() as behind:
        asked.providers.add("two", base_url=behind.url, models=["n"], priority=200)
        server.script(error(500), error(500))
        asked.ask("Hi")
    found = rows(asked)
    assert [row["attempt"] for row in found] == [1, 2, 3]
    assert [row["outcome"] for row in found] == ["error", "error", "ok"]
    assert [row.get("fallback_from") for row in found] == [None, None, "one:m"]
    assert [row["is_final"] for row in found] == [False, False, True]
    assert [row.get("error_type") for row in found] == ["service.error", "service.error", None]
    assert len({row["call_id"] for row in found}) == 1
    assert [row.get("cost_amount") for row in found][2] == 0


def test_another_call_is_another_call(asked):
    asked.ask("Hi")
    asked.ask("Hi")
    assert len({row["call_id"] for row in rows(asked)}) == 2


def test_an_answer_from_the_cache_is_a_row_that_cost_nothing(priced):
    source = Source(cache=True)
    priced.ask("Hi", source=source)
    kept = priced.ask("Hi", source=source)
    row = rows(priced)[-1]
    assert (row["attempt"], row["outcome"], row["is_final"]) == (0, "cached", True)
    assert row["cost_amount"] == 0
    assert (row["input_tokens"], row["output_tokens"]) == (7, 3)
    assert priced.attempts == kept.attempts
    assert [a.outcome for a in priced.attempts] == ["ok"]
    assert len({row["call_id"] for row in rows(priced)}) == 2


def test_what_the_provider_says_it_cost_counts(llm, server):
    async def behave(exchange):
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "cost": 0.25}
        await exchange.head(content_type="text/event-stream")
        await exchange.write(sse({"choices": [{"index": 0, "delta": {"content": "ok"},
                                               "finish_reason": "stop"}]}))  # fmt: skip
        await exchange.write(sse({"choices": [], "usage": usage}))
        exchange.cut()

    llm.providers.add("or", vendor="openrouter", base_url=server.url, models=["m"], key="a-key-x")
    server.script(behave)
    reply = llm.ask("Hi")
    assert (reply.cost.amount, reply.cost.source) == (0.25, "provider")
    assert rows(llm)[0]["cost_amount"] == 0.25


def test_the_users_own_prices_win(priced, home):
    home.mkdir(exist_ok=True)
    (home / "prices.toml").write_text(
        '[[price]]\nprovider = "openai"\nmodel = "served-model"\ninput = 1e6\noutput = 2e6\n'
    )
    reply = priced.ask("Hi", stream=False)
    assert reply.cost.amount == 7 * 1 + 3 * 2
    assert rows(priced)[0]["price_ref"] == "override:prices.toml"


def test_wrong_prices_cost_no_answer(priced, home):
    home.mkdir(exist_ok=True)
    (home / "prices.toml").write_text("price = ")
    assert priced.ask("Hi", stream=False).text == "ok"


def test_the_key_is_in_no_row_but_which_one_it_was(priced):
    priced.ask("Hi", stream=False)
    row = rows(priced)[0]
    assert row["credential_id"]
    assert "a-key-of-mine" not in str(row)


def test_a_call_of_nobody_leaves_no_row(llm):
    with pytest.raises(AllProvidersFailed):
        llm.ask("Hi")
    assert rows(llm) == []


def test_rows_by_default_have_ten_columns(asked):
    asked.ask("Hi")
    assert asked.usage().shape == (1, 10)
    assert len(asked.usage("7d")) == 1
    with pytest.raises(UnknownName, match="no column named 'cost'"):
        asked.usage(columns=["cost"])


# --- added up -------------------------------------------------------------------------------------


def test_added_up(asked, server):
    server.script(streamed("a"), streamed("b"), error(401))
    asked.ask("Hi")
    asked.ask("Hi")
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi")
    [row] = asked.usage_by("model").to_dict("records")
    assert (row["model"], row["attempts"], row["ok"]) == ("m", 3, 2)
    assert (row["input_tokens"], row["output_tokens"], row["cost_amount"]) == (14, 6, 0)
    assert row["duration_s"] > 0


@pytest.mark.parametrize("by", ["provider", "model", "day", "cell"])
def test_added_up_by(asked, by):
    asked.ask("Hi")
    table = asked.usage_by(by)
    assert table.columns[0] == by
    assert table["attempts"].tolist() == [1]
    assert asked.usage_by(by, "7d")["ok"].tolist() == [1]


@pytest.mark.parametrize("by", ["provider", "model", "day", "cell"])
def test_nothing_added_up(llm, by):
    assert len(llm.usage_by(by)) == 0


def test_what_no_part_of_is_known_is_unknown(asked, server):
    server.script(error(401))
    with pytest.raises(AllProvidersFailed):
        asked.ask("Hi")
    table = asked.usage_by("model")
    assert table["cost_amount"].isna().all()
    assert table["input_tokens"].isna().all()


def test_the_busiest_is_first(asked):
    asked.providers.update("one", models=["m", "n"])
    for route in ("one:n", "one:m", "one:n"):
        asked.ask("Hi", route=route)
    assert asked.usage_by("model")["model"].tolist() == ["n", "m"]


def test_added_up_by_something_else(llm):
    with pytest.raises(UnknownName, match="no way to add usage up named 'dya'") as caught:
        llm.usage_by("dya")
    assert caught.value.hint == "did you mean 'day'?"


# --- before it is made ----------------------------------------------------------------------------


def test_what_a_call_would_take(asked):
    request, _ = asked.request([user("word " * 100), user("more")], system="Be short.")
    assert input_tokens(request) > 100
    assert input_tokens(asked.request("x")[0]) >= 1


def test_what_it_would_cost():
    site = "https://api.openai.com/v1"
    provider = Provider(name="o", vendor="openai", dialect="openai-chat", base_url=site)
    known = Candidate(provider=provider, model=PRICED)
    unknown = Candidate(provider=known.provider, model="nobody-knows-it")
    found = price(known, 1_000_000, 0, at=1.75e9)
    usage = Usage(input_tokens=1_000_000, output_tokens=0, source="estimated")
    assert found.amount > 0
    assert found == cost(known.provider, PRICED, usage, 1.75e9)
    assert price(unknown, 1_000_000, 0, at=1.75e9).amount is None
