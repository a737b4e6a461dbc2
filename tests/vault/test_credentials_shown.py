"""What may be shown of a key, and what is said where there is none: all of it, word for word."""

from __future__ import annotations

import time

import pytest

from nbapimgr.errors import OptionError, UnknownName, VaultError
from nbapimgr.models import Candidate, Provider
from nbapimgr.secret import Secret
from nbapimgr.vault import CredentialInfo, Credentials, Folders, Keeper, Key, credentials_of
from nbapimgr.vault._info import KeyUse
from nbapimgr.vault._platform import PlatformSecrets
from tests.vault.vaults import KEY, ORIGIN, a_key, add, closed_vault, new_vault

OPENAI = Provider(
    name="openai", dialect="openai-chat", base_url="https://api.openai.com/v1", env=("A",)
)
BARE = Provider(name="bare", dialect="openai-chat", base_url="http://127.0.0.1:1")
DAY = 86_400


class Kaggle(PlatformSecrets):
    """A platform that has every secret."""

    def __init__(self):
        super().__init__({})
        self.name = "Kaggle"

    def get(self, name):
        return Secret(f"of-kaggle-{name}-0123456789")


def candidate(alias, provider=OPENAI):
    return Candidate(provider=provider, model="m", credential=alias)


def test_each_source_is_shown_with_all_that_is_known_of_it(vault):
    keys = Credentials({"A": "of-the-environment"}, vault=vault, platform=Kaggle())
    keys.add("openai", "given-0123456789-ab", alias="mine", origin=ORIGIN)
    record = add(vault, 1)
    Keeper(vault).checked("openai", "k1", "limited", "no credit")
    record = vault.document().of("openai")[0]
    keys.remarks = lambda provider, key: {"seen": f"{provider.name} {key.tail()}"}
    row = {"provider": "openai", "active": False}
    assert keys.list(OPENAI) == (
        CredentialInfo(
            **row | {"active": True}, alias="mine", source="this kernel", masked="…9-ab",
            origin=ORIGIN, seen="openai …9-ab",
        ),
        CredentialInfo(
            **row, alias="k1", source="vault", masked="…q7-1", origin=ORIGIN,
            fingerprint=record.fingerprint, created=record.created, checked=record.checked,
            verdict="limited", reason="no credit", seen="openai …q7-1",
        ),
        CredentialInfo(
            **row, alias="platform:A", source="Kaggle secret A", masked="…6789",
            seen="openai …6789",
        ),
        CredentialInfo(
            **row, alias="env:A", source="environment variable A", masked="…ment",
            seen="openai …ment",
        ),
    )  # fmt: skip
    assert record.checked > 0


def test_a_removed_key_is_never_the_active_one(vault):
    add(vault, 1)
    Keeper(vault).remove("openai", "k1")
    keys = Credentials({}, vault=vault)
    assert keys.list(OPENAI) == ()
    (row,) = keys.list(OPENAI, removed=True)
    assert (row.alias, row.active, row.state) == ("k1", False, "removed")
    assert row.until > 0


def test_given_keys_are_given_back_as_they_are():
    keys = Credentials({})
    keys.add("openai", f"{KEY}-1", origin=ORIGIN)
    keys.add("groq", f"{KEY}-2", alias="work")
    assert keys.given() == (
        Key("openai", "default", Secret(f"{KEY}-1"), ORIGIN),
        Key("groq", "work", Secret(f"{KEY}-2"), ""),
    )
    keys.bind("openai", "https://proxy:443")
    keys.bind("groq", "https://proxy:443", "another")
    assert [key.origin for key in keys.given()] == ["https://proxy:443", ""]


def test_the_default_is_what_is_forgotten_unasked():
    keys = Credentials({})
    keys.add("openai", f"{KEY}-1")
    keys.add("openai", f"{KEY}-2", alias="work")
    assert keys.is_given("openai", "default")
    keys.remove("openai")
    assert [key.alias for key in keys.given()] == ["work"]
    for change in (keys.remove, keys.activate):
        with pytest.raises(UnknownName) as caught:
            change("openai", "wrok")
        assert str(caught.value) == "no key of openai named 'wrok'"
        assert caught.value.hint == "did you mean 'work'?"


def test_whose_key_is_wrong_is_said():
    with pytest.raises(OptionError, match=r"^the key for 'openai' is empty$"):
        Credentials({}).add("openai", " ")


def test_a_provider_with_a_key_of_its_own_alone_has_no_alias_without_one(vault):
    keys = Credentials({}, vault=vault)
    assert keys.aliases(BARE) == ()
    keys.add("bare", f"{KEY}-1")
    assert keys.aliases(BARE) == ("default",)
    Keeper(vault).add(a_key(2, provider="bare"))
    assert keys.aliases(BARE) == keys.look()(BARE) == ("default", "k2")


def test_where_there_is_no_platform_nobody_is_asked(monkeypatch):
    keys = Credentials({})
    monkeypatch.setattr(keys.platform, "get", lambda _name: Secret("nobody-s-0123456789"))
    assert keys.aliases(OPENAI) == ()


def test_what_another_process_has_kept_is_there_at_once(home, vault):
    keys = Credentials({}, vault=closed_vault(home))
    add(vault, 1)
    assert keys.aliases(OPENAI) == ("k1",)
    add(vault, 2)
    assert keys.aliases(OPENAI) == keys.look()(OPENAI) == ("k1", "k2")
    add(vault, 3)
    assert keys.document() == vault.document()


def test_rows_name_a_credential_by_its_fingerprint_or_alias(vault):
    record = add(vault, 1)
    keys = Credentials({}, vault=vault)
    assert keys.credential_id(candidate("k1")) == f"openai#{record.fingerprint}"
    assert keys.credential_id(candidate("unknown")) == "openai:unknown"
    assert keys.credential_id(candidate("")) == "openai"
    keys.add("openai", f"{KEY}-2", alias="k1")
    assert keys.credential_id(candidate("k1")) == "openai:k1"


def test_a_fingerprint_is_the_vault_s_or_this_kernel_s_own(vault):
    record = add(vault, 1)
    key = Secret(f"{KEY}-1")
    assert Credentials({}, vault=vault).fingerprint(key) == record.fingerprint
    alone = Credentials({})
    assert alone.fingerprint(key) == alone.fingerprint(key)
    assert alone.fingerprint(key) != alone.fingerprint(Secret(f"{KEY}-2"))
    assert alone.fingerprint(key) not in (record.fingerprint, Credentials({}).fingerprint(key))


def test_a_vault_that_closes_meanwhile_says_so(vault, monkeypatch):
    add(vault, 1)
    keys = Credentials({}, vault=vault)
    document = keys.document()
    looks = iter((document,))
    monkeypatch.setattr(keys, "document", lambda **_: next(looks, None))
    with pytest.raises(VaultError, match=r"^the vault is not open any more$"):
        keys.secret(candidate("k1"))


def test_keys_rest_where_they_may(home, tmp_path, monkeypatch):
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    vault, _ = new_vault(tmp_path / "mine")
    add(vault, 1)
    keys = credentials_of(tmp_path / "mine")
    assert keys.vault.files == Folders.of(tmp_path / "mine").copies
    assert keys.memory_only == ""
    assert credentials_of().vault.files == Folders.of(home).copies
    monkeypatch.setenv("CI", "true")
    assert credentials_of(tmp_path / "mine").vault is None
    assert credentials_of(tmp_path / "mine").memory_only.startswith("CI: ")
    assert Credentials({"CI": "true"}, vault=vault).memory_only == ""


def test_the_platform_is_that_of_the_environment_that_is_given():
    assert Credentials({"COLAB_GPU": ""}).platform.name == "Colab"
    assert Credentials({}).platform.name == ""


# --- what should be done about it ----------------------------------------------------------------

LIVE = CredentialInfo(
    provider="openai", alias="a", active=True, source="vault", masked="…", created=100 * DAY
)
NOW = 150 * DAY


@pytest.mark.parametrize(
    ("fields", "now", "said"),
    [
        ({}, NOW, ""),
        ({"created": 0}, NOW, ""),
        ({}, 190 * DAY, ""),
        ({}, 191 * DAY, "it is 91 days old"),
        ({"verdict": "rejected"}, NOW, "the provider rejects it"),
        ({"verdict": "rejected", "reason": "401"}, NOW, "the provider rejects it (401)"),
        ({"verdict": "limited", "reason": "no credit"}, NOW, ""),
        ({"use": KeyUse(refused=120 * DAY)}, NOW, "the provider refused it on 1970-05-01"),
        ({"use": KeyUse(refused=DAY - 1)}, NOW, "the provider refused it on 1970-01-01"),
        ({"use": KeyUse(refused=120 * DAY), "checked": 120 * DAY}, NOW, ""),
        ({"use": KeyUse(calls=3)}, NOW, ""),
        ({"seen": "a.ipynb", "ending": "gone soon"}, NOW, "it was seen in a.ipynb"),
        ({"ending": "gone soon"}, NOW, "gone soon"),
        ({"ending": "gone soon"}, 191 * DAY, "gone soon"),
    ],
)
def test_why_a_key_should_be_changed(fields, now, said):
    row = CredentialInfo(**{**{f: getattr(LIVE, f) for f in LIVE.__struct_fields__}, **fields})
    assert row.rotate(now) == said
    assert row.advice(now) == (f"rotate it: {said}" if said else "")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has no such zones")
def test_a_day_is_the_same_one_everywhere(monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        refused = CredentialInfo(
            provider="p", alias="a", active=True, source="vault", masked="…",
            use=KeyUse(refused=20 * DAY - 1),
        )  # fmt: skip
        assert refused.rotate(NOW) == "the provider refused it on 1970-01-20"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "retired", "unused": 40}, "revoke it on the provider's page"),
        ({"state": "removed", "seen": "a.ipynb", "unused": 40}, ""),
        ({"unused": 40}, "remove it if nothing else needs it: it was not used for 40 days"),
        ({"unused": 40, "seen": "a.ipynb"}, "rotate it: it was seen in a.ipynb"),
    ],
)
def test_what_should_be_done_about_a_key(fields, said):
    row = CredentialInfo(**{**{f: getattr(LIVE, f) for f in LIVE.__struct_fields__}, **fields})
    assert row.advice(NOW) == said
