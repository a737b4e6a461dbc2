"""Where a key comes from, in order: given, the vault, the platform, the environment."""

from __future__ import annotations

import pytest

from nbapimgr.errors import MissingKey, OptionError, UnknownName, VaultError
from nbapimgr.models import Candidate, Provider
from nbapimgr.secret import Secret
from nbapimgr.vault import Credentials, Keeper, credentials_of
from nbapimgr.vault._platform import PlatformSecrets
from tests.vault.vaults import KEY, ORIGIN, a_key, add, closed_vault, new_vault

OPENAI = Provider(
    name="openai", dialect="openai-chat", base_url="https://api.openai.com/v1", env=("A", "B")
)


class Colab(PlatformSecrets):
    """A platform with one secret."""

    def __init__(self):
        super().__init__({})
        self.name = "Colab"

    def get(self, name):
        return Secret("of-colab-0123456789") if name == "A" else None


@pytest.fixture
def keys(vault):
    add(vault, 1)
    add(vault, 2)
    return Credentials({"B": "of-the-environment"}, vault=vault, platform=Colab())


def secret_of(keys, alias, provider=OPENAI):
    found = keys.secret(Candidate(provider=provider, model="m", credential=alias))
    return found.reveal() if found else None


def test_each_source_in_its_place(keys, vault):
    keys.add("openai", "given-0123456789", alias="mine")
    Keeper(vault).add(a_key(9, alias="k1"))
    (old,) = vault.document().of("openai", "retired")
    aliases = ("mine", "k1", "k2", "platform:A", "env:B", old.alias)
    assert keys.aliases(OPENAI) == keys.look()(OPENAI) == aliases
    assert [secret_of(keys, alias) for alias in aliases] == [
        "given-0123456789", f"{KEY}-9", f"{KEY}-2", "of-colab-0123456789", "of-the-environment",
        f"{KEY}-1",
    ]  # fmt: skip
    rows = keys.list(OPENAI)
    assert [row.source for row in rows] == [
        "this kernel", "vault", "vault", "Colab secret A", "environment variable B", "vault"
    ]  # fmt: skip
    assert [row.active for row in rows] == [True, *[False] * 5]
    assert rows[-1].state == "retired"
    assert rows[-1].until > rows[-1].created
    assert secret_of(keys, "k9") is None


def test_a_given_alias_hides_the_same_one_of_the_vault(keys):
    keys.add("openai", "given-0123456789", alias="k1")
    assert keys.aliases(OPENAI) == ("k1", "k2", "platform:A", "env:B")
    assert secret_of(keys, "k1") == "given-0123456789"
    keys.remove("openai", "k1")
    assert secret_of(keys, "k1") == f"{KEY}-1"


def test_what_may_be_shown(keys, vault):
    Keeper(vault).checked("openai", "k1", "limited", "no credit")
    row = keys.list(OPENAI)[0]
    assert row.masked == f"…{KEY[-2:]}-1"
    assert (row.verdict, row.reason, row.origin) == ("limited", "no credit", ORIGIN)
    assert len(row.fingerprint) == 8
    assert row.created > 0
    assert KEY not in str(keys.list(OPENAI))


def test_what_should_be_done_about_a_key(keys, vault):
    (first, *_) = keys.list(OPENAI)
    day = 86_400
    assert first.advice(first.created + 90 * day) == ""
    assert first.advice(first.created + 91 * day) == "rotate it: it is 91 days old"
    for reason, said in (("revoked", " (revoked)"), ("", "")):
        Keeper(vault).checked("openai", "k1", "rejected", reason)
        assert keys.list(OPENAI)[0].advice(0) == f"rotate it: the provider rejects it{said}"
    Keeper(vault).add(a_key(9, alias="k1"))
    assert keys.list(OPENAI)[-1].advice(0) == "revoke it on the provider's page"
    Keeper(vault).remove("openai", "k1")
    assert keys.list(OPENAI, removed=True)[-1].advice(10**12) == ""
    environment = keys.list(OPENAI)[-2]
    assert environment.source.startswith("environment")
    assert environment.advice(10**12) == ""


def test_removed_ones_are_listed_on_request_alone(keys, vault):
    Keeper(vault).remove("openai", "k1")
    assert keys.list(OPENAI)[0].alias == "k2"
    rows = keys.list(OPENAI, removed=True)
    assert (rows[-1].alias, rows[-1].state) == ("k1", "removed")
    assert secret_of(keys, "k1") is None


def test_a_key_is_not_sent_to_another_address(keys):
    moved = Provider(name="openai", dialect="openai-chat", base_url="https://evil.example/v1")
    with pytest.raises(MissingKey) as caught:
        secret_of(keys, "k1", moved)
    assert "is for https://api.openai.com:443" in str(caught.value)
    assert "https://evil.example:443" in str(caught.value)
    assert "llm.credentials.confirm('openai')" in caught.value.hint
    assert KEY not in str(caught.value)
    nowhere = Provider(name="openai", dialect="openai-chat", base_url="")
    assert secret_of(keys, "k1", nowhere) == f"{KEY}-1"


def test_a_given_key_has_an_address_too(keys):
    keys.add("openai", "given-0123456789", alias="mine", origin="https://else.where:443")
    with pytest.raises(MissingKey):
        secret_of(keys, "mine")
    keys.add("openai", "given-9876543210", alias="other", origin="https://else.where:443")
    keys.bind("openai", ORIGIN, "mine")
    assert secret_of(keys, "mine") == "given-0123456789"
    with pytest.raises(MissingKey):
        secret_of(keys, "other")
    keys.bind("openai", ORIGIN)
    assert secret_of(keys, "other") == "given-9876543210"
    keys.bind("nobody", ORIGIN)


def test_a_given_key_takes_the_place_of_another(keys):
    for alias in ("a", "b", "c"):
        keys.add("openai", f"given-{alias}", alias=alias)
    keys.rename("openai", "c", "a")
    assert [(key.alias, key.secret.reveal()) for key in keys.given()] == [
        ("a", "given-c"), ("b", "given-b")
    ]  # fmt: skip
    assert keys.is_given("openai", "a")
    assert not keys.is_given("groq", "a")


def test_every_key_is_there_for_scrubbing(keys, vault):
    keys.add("openai", "given-0123456789", alias="mine")
    Keeper(vault).remove("openai", "k2")
    assert {key.reveal() for key in keys.values([OPENAI])} == {
        "given-0123456789", f"{KEY}-1", f"{KEY}-2", "of-colab-0123456789", "of-the-environment"
    }  # fmt: skip


def test_usage_rows_name_a_key_by_its_fingerprint(keys, vault):
    def name(alias):
        return keys.credential_id(Candidate(provider=OPENAI, model="m", credential=alias))

    record = vault.document().records[0]
    assert name("k1") == f"openai#{record.fingerprint}"
    Keeper(vault).add(a_key(9, alias="k1"))
    retired = vault.document().of("openai", "retired")[0].alias
    assert name(retired) == f"openai#{record.fingerprint}"
    assert name("k1") != name(retired)
    assert name("env:B") == "openai:env:B"
    assert name("") == "openai"
    keys.add("openai", "given-0123456789", alias="k1")
    assert name("k1") == "openai:k1"


def test_a_vault_that_nothing_opens_is_no_source_and_no_trouble(home, vault):
    add(vault, 1)
    for path in (home / "vault-key").iterdir():
        path.unlink()
    keys = Credentials({"A": "of-the-environment"}, vault=closed_vault(home))
    assert keys.aliases(OPENAI) == ("env:A",)
    assert keys.values() == ()


def test_a_vault_that_closes_between_two_looks_gives_nothing(keys, vault, monkeypatch):
    found = list(keys._found(OPENAI, keys.document()))
    monkeypatch.setattr(vault, "ready", lambda **_: None)
    with pytest.raises(VaultError, match="not open any more"):
        keys._reveal(found[0][1])


def test_the_credentials_of_a_home(home, monkeypatch):
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    new_vault(home)
    keys = credentials_of(home)
    assert keys.vault.state == "locked"
    assert keys.memory_only == ""
    monkeypatch.setenv("CI", "true")
    keys = credentials_of(home)
    assert keys.vault is None
    assert keys.memory_only.startswith("CI")
    assert keys.document() is None


@pytest.mark.parametrize("change", ["remove", "activate"])
def test_what_is_not_given_cannot_be_changed_here(keys, change):
    with pytest.raises(UnknownName):
        getattr(keys, change)("openai", "k1")
    with pytest.raises(OptionError):
        keys.add("openai", "given-0123456789", alias="a:b")
