"""pydantic's own validation, when the user hands us a model, and only then."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Literal

import pydantic
import pytest

from nbapimgr.errors import OptionError, SchemaError
from nbapimgr.schema import shape


class Cat(pydantic.BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = pydantic.Field(default=9, ge=1, description="how many")


class Owner(pydantic.BaseModel):
    name: str
    pets: list[Cat] = []
    email: str = pydantic.Field(alias="e-mail")


@pydantic.dataclasses.dataclass
class Point:
    x: pydantic.PositiveInt


@dataclasses.dataclass
class Plain:
    cat: Cat


@pytest.mark.parametrize("spec", [Cat, Owner, Point, Plain, list[Cat], Cat | Point])
def test_models_are_sent_strict(spec, strictness):
    assert strictness(shape(spec).schema) == []


def test_a_model_is_read_with_its_defaults():
    read = shape(Owner).read(
        '{"name": "A", "pets": [{"kind": null, "lives": null}], "e-mail": "x"}'
    )
    assert read == Owner(name="A", pets=[Cat()], **{"e-mail": "x"})


def test_a_model_validates_itself():
    with pytest.raises(SchemaError, match=r"pets\[0\]\.lives: input should be greater"):
        shape(Owner).read('{"name": "A", "pets": [{"lives": 0}], "e-mail": "x"}')
    with pytest.raises(SchemaError, match="x: input should be greater than 0"):
        shape(Point).read('{"x": -1}')


def test_a_model_within_a_type_is_found():
    assert shape(list[Cat]).read('[{"lives": 3}]') == [Cat(lives=3)]
    assert shape(Plain).read('{"cat": {"lives": 3}}') == Plain(Cat(lives=3))


def test_a_type_that_pydantic_does_not_know_either_is_refused():
    with pytest.raises(OptionError, match="Unable to generate pydantic-core schema"):
        shape(object())


def test_without_pydantic_the_types_of_msgspec_are_all_there_is(monkeypatch):
    monkeypatch.delitem(sys.modules, "pydantic")
    with pytest.raises(OptionError, match="is not supported"):
        shape(object)


def test_pydantic_is_not_imported_and_not_needed():
    code = (
        "import sys\n"
        "from nbapimgr.errors import OptionError\n"
        "from nbapimgr.schema import shape\n"
        "assert shape('a int').read('{\"a\": 1}') == {'a': 1}\n"
        "class Nothing: pass\n"
        "try: shape(Nothing)\n"
        "except OptionError as e: assert 'is not supported' in str(e), e\n"
        "else: raise AssertionError\n"
        "assert 'pydantic' not in sys.modules and 'jsonschema' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own code
