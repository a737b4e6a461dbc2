"""What a user says of models comes out as it went in, and what is wrong is said."""

from __future__ import annotations

import msgspec
import pytest

from nbapimgr.models import ModelInfo, Provider
from nbapimgr.settings import fields_of, provider_from

BASE = {"name": "x", "dialect": "openai-chat", "base_url": "http://h"}
TABLE = {"id": "n", "context_window": 4096, "images": False}
KNOWN = ModelInfo(id="n", context_window=4096, images=False)


def test_names_and_tables_may_stand_side_by_side():
    made = provider_from({**BASE, "models": ["m", TABLE]})
    assert made.models == ("m", "n")
    assert made.declared == (KNOWN,)


def test_without_a_table_nothing_is_declared():
    made = provider_from({**BASE, "models": ("m",)})
    assert made == Provider(**BASE, models=("m",))
    assert provider_from(BASE).models == ()


def test_a_provider_is_made_of_its_fields_again():
    made = provider_from({**BASE, "models": ["m", TABLE], "priority": 3})
    fields = fields_of(made)
    assert fields["models"] == ["m", TABLE]
    assert "declared" not in fields
    assert provider_from({**fields, "name": "x"}) == made


def test_defaults_are_not_written():
    assert fields_of(provider_from(BASE)) == {"dialect": "openai-chat", "base_url": "http://h"}


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (["m", {"id": "n", "context_windw": 1}], "models[1]: unknown key 'context_windw'; did you"),
        ([{"id": "n", "zzz": 1}], "models[0]: unknown key 'zzz'; known: id, context_window"),
        ([{"context_window": 1}], "models[0]: Object missing required field `id`"),
        ([{"id": "n", "images": "no"}], "models[0]: Expected `bool | null`, got `str`"),
        ([{"id": "n", "max_output_tokens": 0}], "models[0]: max_output_tokens must be at least 1"),
        ([{"id": "n", "raw": {}}], "models[0]: unknown key 'raw'"),
        ([3], "Expected `str`, got `int` - at `$.models[0]`"),
        (3, "Expected `array`, got `int` - at `$.models`"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(models, said):
    with pytest.raises(msgspec.ValidationError) as caught:
        provider_from({**BASE, "models": models})
    assert said in str(caught.value)
