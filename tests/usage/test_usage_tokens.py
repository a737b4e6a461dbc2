"""Estimates of tokens, held against counts of the tokenizer o200k."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.usage import estimate_tokens

COUNTED = [
    ("The quick brown fox jumps over the lazy dog; it happens every day at noon.", 17),
    (
        "def mean(values):\n    total = 0.0\n    for value in values:\n        total += value\n",
        23,
    ),
    ('{"id": 17, "name": "item 17", "price": 3.14159, "tags": ["a", "bb"]}', 33),
    ("803.1874,12.0051,9.4411,771.2000\n13.9982,0.0031,55.1047,6.2210\n", 40),
    ("如果一个供应商失败，程序会自动选择下一个供应商。", 15),  # noqa: RUF001  # its own comma
    ("あるプロバイダーが失敗した場合、自動的に次のプロバイダーが選ばれます。", 26),
    ("공급자가 실패하면 다음 공급자를 자동으로 선택합니다.", 13),
    ("Fällt ein Anbieter aus, wählt das Programm selbständig den nächsten.", 15),
    ("Если поставщик не отвечает, программа сама выбирает следующего.", 13),
    ("إذا فشل أحد المزودين يختار البرنامج المزود التالي تلقائيا.", 18),
    ("😀🎉🚀👍😀🎉🚀👍", 12),
    ("| provider | p50 | cost |\n|---|---|---|\n| openai | 1.2 s | $0.004 |\n", 30),
]


@pytest.mark.parametrize(("text", "tokens"), COUNTED, ids=lambda v: str(v)[:20])
def test_an_estimate_is_near_the_count_and_rather_high(text, tokens):
    assert 0.9 * tokens <= estimate_tokens(text) <= 2.0 * tokens


@given(st.text(max_size=200))
def test_only_nothing_has_no_tokens(text):
    assert (estimate_tokens(text) == 0) == (text == "")


@given(st.text(max_size=100), st.text(max_size=100))
def test_a_longer_text_has_no_fewer_tokens(text, more):
    assert estimate_tokens(text + "\n" + more) >= estimate_tokens(text)


def test_numbers_are_counted_by_three_digits():
    assert estimate_tokens("123456789") == 3


def test_a_space_alone_is_one_token():
    assert estimate_tokens(" ") == 1
