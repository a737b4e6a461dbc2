"""Prices: whose word counts, what stays unknown, the quick way and the slow one."""

from __future__ import annotations

import functools
import logging
import math
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nbapimgr.errors import SettingsError
from nbapimgr.models import Cost, Provider, Usage
from nbapimgr.usage import (
    _prices,
    _tariffs,
    _vendors,
    context_window,
    cost,
    load_overrides,
    prepare,
)
from nbapimgr.wire.catalogue import CATALOGUE

AT = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
PLAIN = Usage(input_tokens=1_000_000, output_tokens=100_000)
UNKNOWN = Cost(amount=None, source="none")


def account(vendor="openai", **changes):
    facts = {"name": "work", "dialect": "openai-chat", "base_url": "https://host", "vendor": vendor}
    return Provider(**(facts | changes))


def amount(vendor, model, usage=PLAIN, at=AT):
    return cost(account(vendor), model, usage, at).amount


@functools.cache
def listed():
    """Every (provider id, model id) of genai-prices that one of our vendors may ask for."""
    from genai_prices.data import providers

    ours = {vendor.prices for vendor in _vendors._VENDORS.values()}
    return [(p.id, model.id) for p in providers if p.id in ours for model in p.models]


def vendor_of(prices_id):
    return next(name for name, v in _vendors._VENDORS.items() if v.prices == prices_id)


# --- vendors ---


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_vendor_has_the_catalogue_s_name_in_opentelemetry(name):
    assert _vendors.provider_name(account(name)) == CATALOGUE[name].provider_name


@pytest.mark.parametrize("name", CATALOGUE)
def test_programs_of_one_s_own_are_local_and_nobody_else_is(name):
    assert _vendors.is_local(account(name)) is CATALOGUE[name].keyless


def test_every_price_id_exists():
    from genai_prices.data import providers

    assert {v.prices for v in _vendors._VENDORS.values()} <= {p.id for p in providers}
    assert _vendors._VENDORS.keys() <= CATALOGUE.keys()


# --- whose word counts ---


def test_the_provider_s_own_figure_wins(tmp_path):
    prices = tmp_path / "prices.toml"
    prices.write_text('[[price]]\nprovider="openai"\nmodel="gpt-5-mini"\ninput=9\noutput=9\n')
    named = Usage(input_tokens=1, output_tokens=1, cost=0.25)
    found = cost(account(), "gpt-5-mini", named, AT, overrides=prices)
    assert found == Cost(amount=0.25, source="provider")


def test_prices_that_cannot_be_loaded_are_no_traceback(monkeypatch, caplog):
    monkeypatch.setattr(_prices, "_complained", set())
    monkeypatch.setattr(_prices._tariffs, "load", lambda: 1 / 0)
    prepare()
    assert "no prices: ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("bad", [math.nan, -1.0, math.inf])
def test_a_figure_that_is_no_money_is_not_believed(bad):
    named = Usage(input_tokens=1_000_000, output_tokens=0, cost=bad)
    assert amount("openai", "gpt-5-mini", named) == pytest.approx(0.25)


def test_a_provider_that_names_zero_costs_zero():
    assert cost(account(), "any", Usage(cost=0), AT) == Cost(amount=0.0, source="provider")


def test_the_price_list_says_where_the_price_is_from():
    found = cost(account(), "gpt-5-mini", PLAIN, AT)
    import genai_prices

    assert found.amount == pytest.approx(0.25 + 0.2)
    assert found.source == "local"
    assert found.price_ref == f"genai-prices@{genai_prices.__version__}:openai/gpt-5-mini"


@pytest.mark.parametrize("usage", [PLAIN, Usage()])
def test_what_needs_no_key_costs_nothing(usage):
    found = cost(account("", keyless=True), "smollm2", usage, AT)
    assert found == Cost(amount=0.0, source="local")
    assert cost(account("vllm"), "gpt-5-mini", usage, AT) == found


# --- what stays unknown ---


@pytest.mark.parametrize(
    ("vendor", "model"),
    [
        ("", "gpt-5-mini"),  # a server of one's own
        ("huggingface", "gpt-5-mini"),
        ("nvidia", "gpt-5-mini"),
        ("openai", "gpt-there-is-none"),
        ("openai", "whisper-1"),  # minutes, not tokens
        ("google", "gemma-3"),  # listed without any price
    ],
)
def test_an_unknown_price_is_unknown_and_not_zero(vendor, model):
    assert cost(account(vendor), model, PLAIN, AT) == UNKNOWN


def test_azure_is_not_priced_as_openai():
    """genai-prices falls back from Azure to OpenAI's list; prices differ by region and tier."""
    import genai_prices

    borrowed = genai_prices.calc_price(
        genai_prices.Usage(input_tokens=1), "gpt-4o", provider_id="azure"
    )
    assert borrowed.total_price > 0
    assert amount("azure", "gpt-4o") is None
    assert amount("azure", "o3-mini") is not None


def test_a_free_model_is_free():
    assert amount("openrouter", "openai/gpt-oss-20b:free") == 0.0


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(output_tokens=5),
        Usage(input_tokens=5),
        Usage(input_tokens=5, output_tokens=1, cache_read_input_tokens=6),
        Usage(input_tokens=5, output_tokens=1, cache_creation_input_tokens=1,
              cache_creation_1h_input_tokens=2),
        Usage(input_tokens=5, output_tokens=1, reasoning_output_tokens=2),
        Usage(input_tokens=-5, output_tokens=1),
    ],
)  # fmt: skip
def test_counts_that_are_missing_or_impossible_have_no_price(usage):
    assert cost(account(), "gpt-5-mini", usage, AT) == UNKNOWN


def test_embeddings_need_no_output():
    found = amount("openai", "text-embedding-3-small", Usage(input_tokens=1_000_000))
    assert found == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("model", "tier", "expected"),
    [
        ("gpt-5", "default", 1.25),
        ("gpt-5", "flex", 0.625),
        ("gpt-5", "priority", 2.5),
        ("gpt-5", "something new", 1.25),
        ("gpt-5-nano", "priority", None),
        ("gpt-3.5-turbo", "flex", None),
    ],
)
def test_a_service_tier_has_its_own_price_or_none(model, tier, expected):
    usage = Usage(input_tokens=1_000_000, output_tokens=0, service_tier=tier)
    assert amount("openai", model, usage) == pytest.approx(expected)


def test_a_batch_is_cheaper_where_the_list_says_so():
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    batch = Usage(input_tokens=1_000_000, output_tokens=0, service_tier="batch")
    plain = amount("anthropic", "claude-sonnet-4-5", usage)
    assert amount("anthropic", "claude-sonnet-4-5", batch) == pytest.approx(plain / 2)


@pytest.mark.parametrize(
    ("usage", "at"),
    [(PLAIN, math.nan), (PLAIN, 1e300), (Usage(input_tokens="5", output_tokens=1), AT),
     (Usage(input_tokens=1, output_tokens=1, service_tier=[]), AT), (None, AT)],
)  # fmt: skip
def test_it_never_raises_and_says_so_once(usage, at, caplog, monkeypatch):
    monkeypatch.setattr(_prices, "_complained", set())
    for _ in range(3):
        assert cost(account(), "gpt-5-mini", usage, at) == UNKNOWN
    assert len(caplog.records) == 1
    assert "no price for work:gpt-5-mini" in caplog.text


# --- time and size ---


def test_the_price_is_that_of_the_day():
    usage = Usage(input_tokens=1000, output_tokens=1000)
    june = [datetime(2025, 6, day, tzinfo=UTC).timestamp() for day in (1, 20)]
    assert [amount("openai", "o3", usage, at) for at in june] == pytest.approx([0.05, 0.01])


@pytest.mark.parametrize(
    ("tokens", "expected"), [(100_000, 0.125), (200_000, 0.25), (200_001, 0.5000025), (0, 0.0)]
)
def test_a_long_prompt_has_another_price(tokens, expected):
    usage = Usage(input_tokens=tokens, output_tokens=0)
    assert amount("google", "gemini-2.5-pro", usage) == pytest.approx(expected)


def test_the_time_of_day_counts_where_it_does():
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    hours = [datetime(2025, 8, 1, hour, tzinfo=UTC).timestamp() for hour in (12, 17)]
    day, night = (amount("deepseek", "deepseek-chat", usage, at) for at in hours)
    assert 0 < night < day


def test_cached_tokens_are_charged_once_and_each_at_its_rate():
    usage = Usage(
        input_tokens=100_000,
        output_tokens=0,
        cache_read_input_tokens=10_000,
        cache_creation_input_tokens=30_000,
        cache_creation_1h_input_tokens=10_000,
    )
    expected = 0.06 * 3 + 0.01 * 0.3 + 0.02 * 3.75 + 0.01 * 6
    assert amount("anthropic", "claude-sonnet-4-5", usage) == pytest.approx(expected)


# --- the quick way ---

PARTS = st.floats(0, 1)
SIZES = st.sampled_from(
    [0, 1, 7, 999, 128_000, 200_000, 200_001, 272_001, 1_000_000]
) | st.integers(0, 2_000_000)
TIERS = st.sampled_from([None, None, "default", "flex", "priority", "batch"])
TIMES = st.datetimes(datetime(2024, 6, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone is beside it


@settings(max_examples=250, deadline=None)
@given(st.data(), SIZES, SIZES, st.tuples(PARTS, PARTS, PARTS, PARTS), TIERS, TIMES)
def test_the_quick_price_is_the_slow_price(data, size, answer, parts, tier, when):
    import genai_prices

    prices_id, model = data.draw(st.sampled_from(listed()))
    read = int(size * parts[0])
    write = int((size - read) * parts[1])
    hour, reasoning = int(write * parts[2]), int(answer * parts[3])
    usage = Usage(
        input_tokens=size,
        output_tokens=answer,
        cache_read_input_tokens=read,
        cache_creation_input_tokens=write,
        cache_creation_1h_input_tokens=hour,
        reasoning_output_tokens=reasoning,
        service_tier=tier,
    )
    found = cost(account(vendor_of(prices_id)), model, usage, when.timestamp())
    assume(found.amount is not None)
    slow = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=size,
            output_tokens=answer,
            cache_read_tokens=read,
            cache_write_tokens=write,
            cache_write_1h_tokens=hour,
            output_reasoning_tokens=reasoning,
        ),
        model,
        provider_id=prices_id,
        genai_request_timestamp=when,
        price_context=_tariffs._context(tier),
    )
    assert found.amount == pytest.approx(float(slow.total_price), rel=1e-9, abs=1e-12)


def test_most_models_of_our_vendors_have_a_price():
    """What the test above may skip is the exception."""
    usage = Usage(input_tokens=10, output_tokens=0)
    some = listed()[::9]
    priced = [amount(vendor_of(provider), model, usage) is not None for provider, model in some]
    assert sum(priced) > 0.9 * len(priced)


@pytest.mark.parametrize(
    ("vendor", "model", "asked"),
    [
        ("openai", "gpt-5-mini", 0),
        ("google", "gemini-2.5-pro", 0),
        ("deepseek", "deepseek-chat", 3),
    ],
)
def test_the_slow_way_is_gone_the_second_time(vendor, model, asked, monkeypatch):
    """By the hour, prices are asked for anew each time; all others are multiplied."""
    at = datetime(2025, 8, 1, tzinfo=UTC).timestamp()
    usage = Usage(input_tokens=10, output_tokens=10)
    first = amount(vendor, model, usage, at)
    calls = []
    slow = _tariffs.charge_of
    monkeypatch.setattr(_tariffs, "charge_of", lambda *args: calls.append(args) or slow(*args))
    assert [amount(vendor, model, usage, at) for _ in range(3)] == [first] * 3
    assert len(calls) == asked


def test_prices_are_loaded_when_the_first_is_asked_for():
    script = (
        "import sys; from nbapimgr.usage import cost, prepare\n"
        "assert 'genai_prices' not in sys.modules\n"
        "prepare()\n"
        "assert 'genai_prices' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)  # noqa: S603  # ours


def test_preparing_twice_is_harmless():
    prepare()
    prepare()
    assert amount("openai", "gpt-4o-mini") is not None


# --- the user's prices ---

TOML = """
[[price]]
provider = "work"
model = "m"
input = 2.0
output = 10

[[price]]
provider = "openai"
model = "m"
from = 2026-11-01
input = 4.0
output = 20.0
cache_read = 0.5
cache_write = 5.0
cache_write_1h = 8.0
currency = "EUR"
"""

CACHED = Usage(
    input_tokens=1_000_000,
    output_tokens=100_000,
    cache_read_input_tokens=200_000,
    cache_creation_input_tokens=300_000,
    cache_creation_1h_input_tokens=100_000,
)


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.toml"
    path.write_text(TOML)
    return path


def test_the_latest_price_of_the_user_wins(prices):
    found = cost(account(), "m", CACHED, AT, overrides=prices)
    assert found == Cost(
        amount=pytest.approx(0.5 * 4 + 0.2 * 0.5 + 0.2 * 5 + 0.1 * 8 + 0.1 * 20),
        currency="EUR",
        source="local",
        price_ref="override:prices.toml",
    )


def test_before_its_day_it_does_not_count(prices):
    at = datetime(2026, 10, 31, 23, tzinfo=UTC).timestamp()
    found = cost(account(), "m", CACHED, at, overrides=prices)
    assert found.currency == "USD"
    assert found.amount == pytest.approx(1.0 * 2 + 0.1 * 10)  # cached tokens at the full rate


def test_it_counts_for_that_model_and_that_provider_only(prices):
    assert cost(account(), "m2", PLAIN, AT, overrides=prices) == UNKNOWN
    assert cost(account("groq", name="other"), "m", PLAIN, AT, overrides=prices) == UNKNOWN
    assert cost(account("", name="work"), "m", PLAIN, AT, overrides=prices).amount == 3.0


def test_an_account_s_price_wins_over_its_vendor_s_of_the_same_day(tmp_path):
    path = tmp_path / "prices.toml"
    entry = '[[price]]\nprovider="{}"\nmodel="m"\ninput={}\noutput=0\n'
    path.write_text(entry.format("work", 1) + entry.format("openai", 2))
    assert cost(account(), "m", PLAIN, AT, overrides=path).amount == 1.0


def test_a_keyless_provider_may_have_a_price(prices):
    own = account("", keyless=True)
    assert cost(own, "m", PLAIN, AT, overrides=prices).amount == 3.0


@pytest.mark.parametrize(
    "usage",
    [
        Usage(output_tokens=1),
        Usage(input_tokens=1),
        Usage(input_tokens=1, output_tokens=1, cache_read_input_tokens=2),
        Usage(input_tokens=3, output_tokens=1, cache_creation_input_tokens=1,
              cache_creation_1h_input_tokens=2),
    ],
)  # fmt: skip
def test_missing_or_impossible_counts_have_no_price_of_the_user_s_either(prices, usage):
    assert cost(account(), "m", usage, AT, overrides=prices) == UNKNOWN


def test_no_file_is_no_override(tmp_path):
    assert load_overrides(tmp_path / "none.toml") == ()
    assert cost(account(), "gpt-5-mini", PLAIN, AT, overrides=tmp_path / "none.toml").amount


def test_a_changed_file_is_read_again(prices):
    before = cost(account(), "m", PLAIN, AT, overrides=prices).amount
    prices.write_text(TOML.replace("input = 4.0", "input = 40.0"))
    os.utime(prices, ns=(1, 1))
    assert cost(account(), "m", PLAIN, AT, overrides=prices).amount == pytest.approx(before + 36)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[[price]]\nprovider=?\n", "line 2"),
        ('[[price]]\nprovider="a"\nmodel="m"\ninput="x"\noutput=1', "price[0].input"),
        ('[[price]]\nprovider="a"\nmodel="m"\ninput=-1\noutput=1', "price[0].input"),
        ('[[price]]\nprovider="a"\nmodel="m"\noutput=1', "input"),
        ('[[price]]\nprovider="a"\nmodel="m"\ninput=1\noutput=1\nprice=1', "price"),
        ('[[price]]\nprovider="a"\nmodel="m"\ninput=1\noutput=1\ncurrency="$"', "currency"),
        ("[[prices]]\nx=1", "prices"),
    ],
)
def test_a_wrong_file_says_where_and_the_list_goes_on(tmp_path, text, where, caplog, monkeypatch):
    monkeypatch.setattr(_prices, "_complained", set())
    path = tmp_path / "prices.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_overrides(path)
    assert where in str(caught.value)
    assert str(path) in str(caught.value)
    for _ in range(2):
        assert cost(account(), "gpt-5-mini", PLAIN, AT, overrides=path).amount
    assert [r.levelno for r in caplog.records] == [logging.WARNING]


def test_a_file_that_cannot_be_read_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="Not a directory"):
        load_overrides(tmp_path / "file" / "prices.toml")
    with pytest.raises(SettingsError, match="directory"):
        load_overrides(tmp_path)


def test_windows_are_those_of_the_providers_own_list():
    assert context_window(account(), "gpt-4o-mini") == 128_000
    assert context_window(account(), "no-such-model") is None
    assert context_window(account(keyless=True), "gpt-4o-mini") is None
    assert context_window(account(vendor="ours"), "gpt-4o-mini") is None


def test_a_window_that_cannot_be_looked_up_costs_nothing(monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr("nbapimgr.usage._tariffs.window", broken)
    assert context_window(account(name="odd"), "gpt-4o-mini") is None
    assert "no window for odd:gpt-4o-mini: RuntimeError" in caplog.text
