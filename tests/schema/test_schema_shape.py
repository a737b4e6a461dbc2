"""What is sent for a type, and what is read from the answer."""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import Annotated, Literal, NotRequired, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import OptionError, SchemaError
from nbapimgr.schema import named, shape


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Address:
    street: str
    code: str | None = None
    floors: int = 3


@dataclasses.dataclass
class Person:
    """Somebody."""

    name: str
    age: int
    home: Address
    likes: Colour = Colour.RED
    tags: list[str] = dataclasses.field(default_factory=list)
    child: Person | None = None


class Movie(TypedDict):
    title: str
    year: int
    actors: NotRequired[list[str]]


class Loose(TypedDict, total=False):
    b: int
    a: str


class Shelf(TypedDict):
    z: Movie
    a: Loose


class Struct(msgspec.Struct):
    zeta: int
    alpha: Annotated[str, msgspec.Meta(description="first letter")]


PERSON = {"name": "Ada", "age": 36, "home": {"street": "Main"}}


@pytest.mark.parametrize(
    "spec",
    [
        Person, Address, Movie, Struct, Colour, list[Movie], list[int], Literal["a", "b"], int,
        "name, age int", "list[Movie]", {"type": "object", "properties": {"a": {"type": "string"}}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("many", [False, True])
def test_what_is_sent_is_what_strict_decoding_accepts(spec, many, strictness):
    sent = shape(spec, many=many, namespace=globals()).schema
    assert sent["type"] == "object"
    assert strictness(sent) == []
    assert "default" not in json.dumps(sent)
    assert '"title": "' not in json.dumps(sent)


def test_a_dataclass_is_read_with_its_defaults_where_the_model_wrote_null():
    answer = {**PERSON, "home": {"street": "Main", "code": None, "floors": None}}
    answer |= {"likes": None, "tags": None, "child": PERSON}
    read = shape(Person).read(json.dumps(answer))
    home = Address("Main")
    assert read == Person("Ada", 36, home, child=Person("Ada", 36, home))


def test_a_number_in_quotes_is_a_number():
    assert shape(Movie).read('{"title": "M", "year": "1931"}') == {"title": "M", "year": 1931}


def test_fields_are_sent_in_the_order_they_were_written():
    assert list(shape(Movie).schema["properties"]) == ["title", "year", "actors"]
    assert list(shape("zeta, alpha int").schema["properties"]) == ["zeta", "alpha"]
    assert list(shape(Loose).schema["properties"]) == ["b", "a"]
    shelf = shape(Shelf).schema
    assert list(shelf["properties"]) == ["z", "a"]
    assert list(shelf["$defs"]["Loose"]["properties"]) == ["b", "a"]
    items = shape(list[Movie]).schema
    assert list(items["$defs"]["Movie"]["required"]) == ["title", "year", "actors"]


@pytest.mark.parametrize(
    ("spec", "answer", "data"),
    [
        (Colour, '{"value": "blue"}', Colour.BLUE),
        (Colour, '"blue"', Colour.BLUE),
        (int, "42", 42),
        (list[int], '{"items": [1, 2]}', [1, 2]),
        (list[int], "[1, 2]", [1, 2]),
        ("list[int]", "[1, 2]", [1, 2]),
    ],
)
def test_what_is_no_object_is_wrapped_and_unwrapped(spec, answer, data):
    assert shape(spec).read(answer) == data


def test_many_reads_a_list_and_names_the_item_that_is_wrong():
    people = shape("name, age int", many=True)
    assert people.read('{"items": [{"name": "a", "age": 1}]}') == [{"name": "a", "age": 1}]
    with pytest.raises(SchemaError, match=r"\[1\]\.age: expected int, got str"):
        people.read('[{"name": "a", "age": 1}, {"name": "b", "age": "old"}]')
    with pytest.raises(SchemaError, match="expected a list, got int"):
        people.read('{"items": 3}')
    with pytest.raises(SchemaError, match=r"\[0\]: object missing required field age"):
        people.read('[{"name": "a"}]')


def test_many_of_a_list_names_the_item_of_the_item():
    with pytest.raises(SchemaError, match=r"\[0\]\[1\]: expected int, got str"):
        shape(list[int], many=True).read('[[1, "x"]]')


def test_the_field_that_is_wrong_is_named():
    text = '{"name": "Ada", "age": 36, "home": {"street": []}}'
    with pytest.raises(SchemaError, match=r"home\.street: expected str, got array") as caught:
        shape(Person).read(text)
    assert caught.value.text == text


def test_a_type_without_a_schema_is_refused_in_one_line():
    with pytest.raises(OptionError, match="has no JSON schema") as caught:
        shape(3)
    assert "\n" not in str(caught.value)
    assert "TypedDict" in caught.value.hint


def test_the_name_is_one_every_provider_takes():
    assert shape(Person).name == "Person"
    assert shape(list[int]).name == "list"
    assert shape({"title": "Ein Ding!", "type": "object"}).name == "Ein_Ding"
    assert shape({"title": "日本", "type": "object"}).name == "answer"
    assert len(shape({"title": "x" * 99, "type": "object"}).name) == 64


def test_names_are_looked_up_in_the_notebook():
    class Lib:
        Inner = Movie

    space = {"Movie": Movie, "lib": Lib, "text": "a, b int", "schema": {"type": "object"}, "n": 3}
    assert named("Movie", space) is Movie
    assert named("lib.Inner", space) is Movie
    assert named("list[Movie]", space) == list[Movie]
    assert named("list[schema]", space) == {"type": "array", "items": {"type": "object"}}
    assert list(shape("text", namespace=space).schema["properties"]) == ["a", "b"]
    assert list(shape("n", namespace=space).schema["properties"]) == ["n"]
    assert named("Movies", {"Movies": list[Movie]}) == list[Movie]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Movei", "did you mean Movie?"),
        ("Nothing", "run the cell that defines it first"),
        ("lib.Nothing", "run the cell that defines it first"),
        ("list[Movei]", "did you mean Movie?"),
        ("movie", "did you mean Movie?"),
    ],
)
def test_a_mistyped_name_is_not_taken_for_a_field(text, hint):
    with pytest.raises(OptionError, match="there is no") as caught:
        shape(text, namespace={"Movie": Movie, "lib": object()})
    assert caught.value.hint == hint


def test_a_json_schema_comes_as_text_or_as_a_file(tmp_path):
    text = '{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}'
    file = tmp_path / "s.json"
    file.write_text(text)
    assert shape(text).schema == shape(str(file)).schema == shape(json.loads(text)).schema
    with pytest.raises(OptionError, match="cannot be read: No such file"):
        shape(str(tmp_path / "none.json"))
    file.write_text("[]")
    with pytest.raises(OptionError, match="a JSON schema is an object"):
        shape(str(file))
    file.write_bytes(b"\xff")
    with pytest.raises(OptionError, match="cannot be read: 'utf-8'"):
        shape(str(file))
    with pytest.raises(OptionError, match="schema: not valid JSON"):
        shape("{nope")


@given(
    st.builds(
        Person,
        name=st.text(),
        age=st.integers(-(2**53), 2**53),
        home=st.builds(Address, st.text(), st.none() | st.text(), st.integers(0, 9)),
        likes=st.sampled_from(Colour),
        tags=st.lists(st.text(), max_size=3),
    )
)
def test_whatever_fits_comes_back(person):
    assert shape(Person).read(msgspec.json.encode(person).decode()) == person
