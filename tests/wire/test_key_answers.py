"""What a good response to a key check says of the key."""

from __future__ import annotations

import json

import pytest

from nbapimgr.models import Provider
from nbapimgr.wire.catalogue import CATALOGUE
from nbapimgr.wire.key_answers import answer_on_key, has_public_models


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"valid": True, "organization_id": "o"}, "valid"),
        ({"valid": False}, "rejected"),
        ({"is_available": True, "balance_infos": []}, "valid"),
        ({"is_available": False, "balance_infos": []}, "limited"),
        ({"data": {"limit": 10, "limit_remaining": 2.5, "usage": 7.5}}, "valid"),
        ({"data": {"limit": 10, "limit_remaining": 0, "usage": 10}}, "limited"),
        ({"data": {"limit": None, "limit_remaining": None, "usage": 10}}, "valid"),
        ({"api_key_blocked": False, "api_key_disabled": False, "team_blocked": False}, "valid"),
        ({"api_key_blocked": True, "team_blocked": True}, "rejected"),
        ({"api_key_disabled": True}, "rejected"),
        ({"team_blocked": True}, "limited"),
        ({"name": "somebody", "type": "user"}, "valid"),
        ([], "valid"),
    ],
)
def test_what_it_says(said, verdict):
    found, reason = answer_on_key(json.dumps(said).encode())
    assert found == verdict
    assert bool(reason) is (verdict != "valid")


def test_what_is_no_json_says_nothing():
    with pytest.raises(ValueError, match="JSON"):
        answer_on_key(b"<html>")


def test_a_list_that_anybody_is_given_says_nothing_of_a_key():
    nvidia = CATALOGUE["nvidia"].base_url

    def there(vendor, base_url):
        return has_public_models(
            Provider(name="p", dialect="openai-chat", vendor=vendor, base_url=base_url)
        )

    assert there("nvidia", nvidia)
    assert there("nvidia", nvidia + "/")
    assert not there("nvidia", "https://gate.example/v1")
    assert not there("groq", CATALOGUE["groq"].base_url)
    assert not there("", nvidia)
