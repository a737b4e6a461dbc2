"""The short form of the nasty cases: all of them, and that they find what is broken."""

from __future__ import annotations

import pytest

from tests.chaos import nasty

BROKEN = [
    ("forgetful", "N01"),
    ("forgetful", "N02"),
    ("forgetful", "N10"),
    ("gullible", "N04"),
    ("online", "N05"),
    ("alone", "N06"),
    ("deaf", "N11"),
    ("boundless", "N12"),
    ("careless", "N13"),
    ("silent", "N14"),
]


def failed(id_, broken=""):
    found = nasty.run(nasty.CASES[id_], strict=False, broken=broken)
    assert found
    return [one.line() for one in found if not one.holds]


@pytest.mark.parametrize("id_", nasty.CASES)
def test_every_case_ends_well(id_):
    assert failed(id_) == []


@pytest.mark.parametrize(("how", "id_"), BROKEN)
def test_a_broken_engine_is_found_out(how, id_):
    lines = failed(id_, how)
    assert lines
    assert not any("ends without" in line for line in lines), lines


def test_a_case_that_raises_has_failed(capsys):
    def case(ground):
        raise ZeroDivisionError

    (found,) = nasty.run(case)
    assert not found.holds
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_times_count_only_where_they_are_measured():
    def case(ground):
        ground.timely("slow", 2.0, 1.0)

    assert [one.holds for one in nasty.run(case, strict=True)] == [False]
    assert [one.holds for one in nasty.run(case, strict=False)] == [True]
