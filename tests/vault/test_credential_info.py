"""What should be done about a key, from what is known of it."""

from __future__ import annotations

import pytest

from nbapimgr.models import Provider
from nbapimgr.secret import Secret
from nbapimgr.vault import CredentialInfo, Credentials, KeyUse
from tests.vault.vaults import add

NOW = 1_795_000_000


@pytest.mark.parametrize(
    ("about", "advice"),
    [
        ({}, ""),
        ({"state": "removed", "seen": "a"}, ""),
        ({"use": KeyUse(refused=NOW)}, "rotate it: the provider refused it on 2026-11-18"),
        ({"use": KeyUse(refused=NOW), "checked": NOW}, ""),
        ({"seen": "a.ipynb (cell 1)"}, "rotate it: it was seen in a.ipynb (cell 1)"),
        ({"ending": "its form ends"}, "rotate it: its form ends"),
        ({"unused": 31}, "remove it if nothing else needs it: it was not used for 31 days"),
        ({"unused": 31, "created": NOW - 91 * 86_400}, "rotate it: it is 91 days old"),
    ],
)
def test_the_advice(about, advice):
    about = {
        "provider": "x",
        "alias": "a",
        "active": True,
        "source": "vault",
        "masked": "",
        **about,
    }
    assert CredentialInfo(**about).advice(NOW) == advice


def test_a_fingerprint_is_the_vaults_or_else_this_kernels_alone(vault):
    add(vault, 1)
    record = vault.document().records[0]
    key = vault.document().reveal(record)
    assert Credentials({}, vault=vault).fingerprint(key) == record.fingerprint
    one, other = Credentials({}), Credentials({})
    assert one.fingerprint(key) == one.fingerprint(Secret(key)) != other.fingerprint(key)


def test_what_is_known_besides_is_said_of_each_key():
    keys = Credentials({"A": "of-the-environment"})
    keys.remarks = lambda provider, key: {"seen": f"{provider.name} {len(key.reveal())}"}
    openai = Provider(name="openai", dialect="openai-chat", base_url="http://x/v1", env=("A",))
    assert [info.seen for info in keys.list(openai)] == ["openai 18"]
