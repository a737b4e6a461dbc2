"""The short form of the mutation campaign: it finds a hole, and there is none in the redaction."""

from __future__ import annotations

import os

import pytest

from tests.chaos.campaigns import campaign
from tests.chaos.mutation import Mutant, interval, judged, undecorated

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="mutmut forks")


SHORT = ("--room", "secret", "--least", "1", "--only", "nbapimgr.secret.x__without*")


def test_no_mutant_of_the_redaction_goes_unnoticed(tmp_path):
    status, said = campaign("mutation", "--folder", str(tmp_path), *SHORT)
    assert status == 0, said
    assert "100.0% of 33 mutants" in said, said


def test_without_its_tests_a_mutant_lives(tmp_path):
    status, said = campaign(
        "mutation", "--folder", str(tmp_path), *SHORT, "--tests", "tests/test_secret.py"
    )
    assert status == 1, said
    assert "- if start > end or not kept:" in said


DECORATED = '''
class A:
    @property
    def a(self):
        return 1

    @outer
    @inner(2)
    def b(self): return 2

    @classmethod
    def c(cls):
        pass

@outer
def d():
    """Says."""
'''
BARE = '''
class A:
    def a(self):
        return 1
    a = property(a)

    def b(self): return 2
    b = outer(inner(2)(b))

    @classmethod
    def c(cls):
        pass

def d():
    """Says."""
d = outer(d)
'''


def test_decorated_functions_are_the_same_without_decorators():
    assert undecorated(DECORATED) == BARE
    assert undecorated(BARE) == BARE


def test_the_place_of_a_mutant_is_named():
    assert Mutant("a.b.x__f__mutmut_3", "killed").function == "a.b._f"
    assert Mutant("a.b.xǁCǁ__init____mutmut_12", "killed").function == "a.b.C.__init__"


def test_what_is_judged_needs_something_to_judge(tmp_path):
    assert judged(tmp_path, [], 0.9) == 1
    noticed = [Mutant("a.x_f__mutmut_1", "killed"), Mutant("a.x_f__mutmut_2", "timeout")]
    assert judged(tmp_path, noticed, 1.0) == 0


def test_a_sample_says_how_sure_it_is():
    low, high = interval(95, 100)
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(4000, 4000)[0] > 0.999
