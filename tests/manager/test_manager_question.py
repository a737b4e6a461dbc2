"""What a caller passes becomes a request, or one line that says what is wrong."""

from __future__ import annotations

import functools
from typing import Literal

import pytest

from nbapimgr import OptionError, PromptError, UnknownName
from nbapimgr.errors import NbApiMgrError
from nbapimgr.manager._question import question
from nbapimgr.models import Image, Message, Text, Tool, ToolCall, ToolResult, user

PNG = b"\x89PNG\r\n\x1a\n and so on"
HELLO = user("Hello")


def test_text_is_a_message_of_the_user():
    assert question("Hello").messages == (HELLO,)
    assert question("  two\nlines ").messages[0].text == "  two\nlines "


@pytest.mark.parametrize(
    "prompt",
    [
        HELLO,
        [HELLO],
        (HELLO,),
        {"role": "user", "content": "Hello"},
        [{"role": "user", "content": "Hello"}],
        [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        [{"role": "user", "content": [Text(text="Hello")]}],
        iter([HELLO]),
    ],
)
def test_a_message_in_all_its_forms(prompt):
    assert question(prompt).messages == (HELLO,)


def test_a_conversation():
    call = ToolCall(id="1", name="f", arguments={})
    request = question(
        [
            {"role": "system", "content": "Be short."},
            HELLO,
            {"role": "assistant", "content": [call]},
            {"role": "tool", "content": [ToolResult(id="1", content="x")]},
            {"role": "assistant", "content": None},
        ]
    )
    assert [m.role for m in request.messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert request.messages[2].content == (call,)
    assert request.messages[4].content == ()


@pytest.mark.parametrize("prompt", ["", "  ", "\n\t"])
def test_nothing_to_ask(prompt):
    with pytest.raises(PromptError, match="the prompt is empty"):
        question(prompt)


def test_a_picture_alone_is_a_question():
    assert question("", images=PNG).messages[0].content[0] == Image(data=PNG)


@pytest.mark.parametrize("prompt", [(), []])
def test_nobody_said_anything(prompt):
    with pytest.raises(PromptError, match="the conversation is empty"):
        question(prompt)


@pytest.mark.parametrize("prompt", [None, 3, 2.5, b"Hello", object()])
def test_what_is_no_prompt(prompt):
    with pytest.raises(OptionError, match="a prompt is text, a message or a list of messages, not"):
        question(prompt)


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ("Hello", "a message is wrong: 'Hello'"),
        (3, "a message is wrong: 3"),
        ({}, "missing required field `role`"),
        ({"content": "x"}, "missing required field `role`"),
        ({"role": "usr", "content": "x"}, "Invalid enum value 'usr'"),
        ({"role": 3}, "Expected `str`, got `int`"),
        ({"role": "user", "content": 3}, "Expected `array`, got `int`"),
        ({"role": "user", "content": [3]}, "got `int`"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "Invalid value 'image_url'"),
    ],
)
def test_a_wrong_message_is_one_line(turn, said):
    with pytest.raises(OptionError) as caught:
        question([HELLO, turn])
    assert said in str(caught.value)
    assert caught.value.hint == '{"role": "user", "content": "…"}'


@pytest.mark.parametrize(
    ("field", "hint"),
    [("contnt", "did you mean 'content'?"), ("tool_calls", "known: content, role")],
)
def test_nothing_of_a_message_is_dropped_in_silence(field, hint):
    with pytest.raises(UnknownName, match=f"no field of a message named '{field}'") as caught:
        question([{"role": "user", "content": "x", field: []}])
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "asked",
    [{"prompt": "bad \ud800"}, {"prompt": [user("x"), user("\udfff")]},
     {"prompt": "x", "system": "a\udc80"}],
)  # fmt: skip
def test_half_a_character_is_noticed_before_it_is_sent(asked):
    with pytest.raises(
        PromptError, match=r"half a character, '\\ud|half a character, '\\udc80"
    ) as c:
        question(**asked)
    assert "decoded" in c.value.hint


# --- pictures -------------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    return path


def test_pictures_in_all_their_forms(picture):
    given = Image(data=b"x", media_type="image/bmp")
    web = "https://example.org/a.png"
    images = [PNG, picture, str(picture), web, given]
    *found, text = question("What is it?", images=images).messages[0].content
    assert found == [Image(data=PNG)] * 3 + [Image(url=web), given]
    assert text == Text(text="What is it?")


@pytest.mark.parametrize("one", [PNG, "path", "str", Image(data=PNG)], ids=str)
def test_one_picture_need_not_be_a_list(picture, one):
    one = {"path": picture, "str": str(picture)}.get(one, one) if isinstance(one, str) else one
    assert question("x", images=one).messages[0].content[0] == Image(data=PNG)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff", "jpeg"),
        (b"GIF89a", "gif"),
        (b"RIFFxxxxWEBP", "webp"),
        (PNG, "png"),
        (b"?", "png"),
    ],
)
def test_its_first_bytes_say_what_it_is(data, kind):
    assert question("x", images=data).messages[0].content[0].media_type == f"image/{kind}"


def test_pictures_join_the_last_message():
    request = question([HELLO, user("And this?")], images=[PNG])
    assert request.messages[0] == HELLO
    assert [type(part) for part in request.messages[1].content] == [Image, Text]


@pytest.mark.parametrize(
    ("image", "said"),
    [("gone.png", "picture 'gone.png' cannot be read: No such file"),
     (".", "picture '.' cannot be read: Is a directory"),
     ("a\0b", "cannot be read: embedded null"), (3, "picture '3' cannot be read"), ([3], "'3'")],
)  # fmt: skip
def test_a_picture_that_cannot_be_read_is_one_line(image, said):
    with pytest.raises(OptionError, match="picture") as caught:
        question("x", images=image)
    assert said in str(caught.value)


# --- tools ----------------------------------------------------------------------------------------


def get_weather(city: str, unit: Literal["c", "f"] = "c", days: int | None = None) -> str:
    """The weather in a city.

    Looks it up.
    """
    return f"{city}{unit}{days}"


def test_a_function_describes_itself():
    [tool] = question("x", tools=[get_weather]).tools
    assert tool.name == "get_weather"
    assert tool.description == "The weather in a city.\n\nLooks it up."
    assert tool.parameters["type"] == "object"
    assert tool.parameters["required"] == ["city"]
    properties = tool.parameters["properties"]
    assert properties["city"] == {"type": "string"}
    assert properties["unit"] == {"enum": ["c", "f"], "default": "c"}
    assert properties["days"]["default"] is None
    assert "title" not in tool.parameters


def test_a_function_without_hints_takes_anything():
    def look(thing):
        return thing

    [tool] = question("x", tools=look).tools
    assert tool.parameters["properties"] == {"thing": {}}
    assert tool.description == ""


def test_a_function_of_records():
    def locate(where: Image, deep: list[Text]) -> str:
        return f"{where}{deep}"

    [tool] = question("x", tools=locate).tools
    assert {"Image", "Text"} <= tool.parameters["$defs"].keys()
    assert tool.parameters["properties"]["where"] == {"$ref": "#/$defs/Image"}


def test_tools_as_they_are_and_of_methods():
    class Shop:
        def price(self, item: str) -> float:
            return float(len(item))

    ready = Tool(name="ready")
    tools = question("x", tools=(ready, Shop().price)).tools
    assert tools[0] == ready
    assert list(tools[1].parameters["properties"]) == ["item"]


def of_unknown(a: "Nope") -> None:  # noqa: F821, UP037  # a type that is nowhere
    ...


def of_object(a: functools.partial) -> None: ...


def of_list(a: list = [1]) -> None:  # noqa: B006  # as people write it
    ...


def of_many(*a: int) -> None: ...


def of_named(**a: int) -> None: ...


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        (of_unknown, "tool 'of_unknown': name 'Nope' is not defined"),
        (of_object, "tool 'of_object': type <class 'functools.partial'> is not supported"),
        (of_list, "tool 'of_list': Using a non-empty mutable collection"),
        (of_many, "tool 'of_many': *a has no type"),
        (of_named, "tool 'of_named': *a has no type"),
        (dict, "tool 'dict': no signature found"),
        (functools.partial(get_weather, "Rome"), "cannot be a tool"),
        (lambda city: city, "cannot be a tool"),
        ("get_weather", "cannot be a tool"),
        (3, "cannot be a tool"),
    ],
)
def test_what_cannot_be_a_tool_is_one_line(tool, said):
    with pytest.raises(OptionError) as caught:
        question("x", tools=[tool])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


# --- options --------------------------------------------------------------------------------------


def test_options_are_fields_of_the_request():
    request = question("x", temperature=0, stop="END", only="a", exclude=["b", "c"], seed=None,
                       route="fast", extra={"top_k": 3})  # fmt: skip
    assert request.temperature == 0
    assert (request.stop, request.only, request.exclude) == (("END",), ("a",), ("b", "c"))
    assert (request.seed, request.route, request.extra) == (None, "fast", {"top_k": 3})


def test_none_is_as_if_it_were_not_said():
    assert question("x", stream=None, fallback=None, timeout=None) == question("x")


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        ({"temprature": 1}, "no option named 'temprature'", "did you mean 'temperature'?"),
        ({"model": "gpt-5"}, "no option named 'model'", 'a model is named by route="…"'),
        ({"messages2": 1}, "no option named 'messages2'", "known: "),
        ({"temperature": "hot"}, "Expected `float | null`, got `str`: temperature", ""),
        ({"max_tokens": 1.5}, "Expected `int | null`, got `float`: max_tokens", ""),
        ({"stop": 3}, "Expected `array`, got `int`: stop", ""),
        ({"fallback": "no"}, "Expected `bool`, got `str`: fallback", ""),
        ({"on_restart": 3}, "Expected `str`, got `int`: on_restart", ""),
    ],
)
def test_a_wrong_option_is_one_line(options, said, hint):
    with pytest.raises(NbApiMgrError) as caught:
        question("x", **options)
    assert said in str(caught.value)
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)


def test_messages_cannot_be_given_twice():
    with pytest.raises(UnknownName, match="no option named 'messages'"):
        question("x", messages=())


def test_a_message_is_left_as_it_is():
    message = Message(role="assistant", content=())
    assert question(message).messages[0] is message


@pytest.mark.parametrize("policy", ["replace", "buffer", "raise"])
def test_what_may_be_done_when_shown_text_is_void(policy):
    assert question("Hi", on_restart=policy).on_restart == policy


def test_a_policy_that_does_not_exist_is_told_with_the_nearest():
    with pytest.raises(UnknownName, match=r"on_restart.*'replac'") as caught:
        question("Hi", on_restart="replac")
    assert "'replace'" in caught.value.hint
