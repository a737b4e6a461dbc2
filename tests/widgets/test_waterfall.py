"""The attempts of a call as a picture of time: places, figures, what came to nothing."""

from __future__ import annotations

import re

from nbapimgr.models import Cost, Usage
from nbapimgr.widgets import waterfall_html, waterfall_text
from tests.magics.replies import TWO, attempt, failed

FIRST = failed(
    started_at=100.0, duration=1.0, usage=Usage(input_tokens=40, output_tokens=7),
    cost=Cost(amount=0.0003, source="local"), text_length=20,
)  # fmt: skip
SECOND = attempt(
    candidate=TWO, started_at=102.0, duration=2.0, waited=1.0, first_chunk=0.25, number=2,
    usage=Usage(input_tokens=40, output_tokens=None, source="estimated"),
)  # fmt: skip


def test_the_text_draws_each_attempt_in_its_place():
    first, second, wasted = waterfall_text([FIRST, SECOND]).splitlines()
    assert first.startswith("1. first:m1   ▒▒▒▒▒▒   ")
    assert re.search(r"second:m2  {7,8}░{6}█{12}", second)
    assert first.endswith("  1.00 s · 40→7 tok · $0.000300 · rate_limit.short: slow down")
    assert second.endswith("  after 1.00 s · 2.00 s · first token 0.25 s · ~40→0 tok · ok")
    assert wasted == "Came to nothing: 1 attempt · 1.0 s · $0.000300"


def test_the_html_has_every_figure_in_a_cell():
    page = waterfall_html([FIRST, SECOND])
    cells = re.findall(r"<td>(.*?)</td>", page)
    assert cells[0] == "1"
    assert cells[3:8] == ["", "1.00 s", "", "40→7", "$0.000300"]
    assert "✗ <bdi>rate_limit.short: slow down</bdi>" in cells[8]
    assert cells[12:17] == ["1.00 s", "2.00 s", "0.25 s", "~40→0", ""]
    assert 'style="left:25.00%;width:25.00%"' in cells[11]  # it waits from 1 s to 2 s of 4
    assert 'style="left:50.00%;width:50.00%"' in cells[11]
    assert page.count('<th scope="col">') == 9
    assert "Came to nothing: 1 attempt" in page


def test_a_probe_is_called_one_and_costs_nobody_time():
    probe = attempt(
        candidate=TWO, probe=True, duration=9.0, cost=Cost(amount=0.001, source="local")
    )
    said = waterfall_text([FIRST, probe])
    assert "second:m2 (probe)" in said
    assert said.endswith("Came to nothing: 2 attempts, 1 of them a probe · 1.0 s · $0.001300")


def test_money_of_several_countries_is_not_added_up():
    spent = Cost(amount=0.002, currency="EUR", source="local")
    said = waterfall_text([FIRST, failed(cost=spent)])
    assert "EUR 0.002000" in said
    assert said.endswith("$0.000300 and EUR 0.002000")


def test_what_was_adapted_is_said_with_the_outcome():
    well = attempt("ok", adapted="temperature left out")
    lost = failed(adapted="stop left out")
    said = waterfall_text([lost, well])
    assert " · rate_limit.short, stop left out: slow down\n" in said
    assert " · ok, temperature left out\n" in said
    page = waterfall_html([lost, well])
    assert "<bdi>ok, temperature left out</bdi>" in page
    assert "<bdi>rate_limit.short, stop left out: slow down</bdi>" in page


def test_an_unknown_cost_is_not_zero():
    assert waterfall_text([failed(), failed()]).endswith("$0.000000 and 2 of unknown cost")


def test_nothing_was_wasted():
    assert waterfall_text([attempt("ok"), attempt("cached")]).endswith("Nothing was wasted.")
    assert waterfall_text([]) == "Nothing was wasted."
    assert "<tbody></tbody>" in waterfall_html([])


def test_moments_without_length_are_drawn_too():
    (line, _) = waterfall_text([attempt(duration=0.0)]).splitlines()
    assert "█" in line


def test_a_providers_words_stay_text():
    page = waterfall_html([failed(message="<img src=x>\x1b[2J " + "y" * 300)])
    assert "<img" not in page
    assert "&lt;img src=x&gt;\ufffd[2J yyy" in page
    assert "…" in page
    assert ": a b\n" in waterfall_text([failed(message="a\nb")])
