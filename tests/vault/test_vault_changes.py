"""What is done to credentials: nothing is replaced in place, and what goes can come back."""

from __future__ import annotations

import msgspec
import pytest

from nbapimgr.errors import OptionError, UnknownName, VaultDamaged
from nbapimgr.secret import Secret
from nbapimgr.vault import Key
from nbapimgr.vault import _changes as changes
from nbapimgr.vault._records import Document, encode, read_document
from tests.vault.vaults import ORIGIN, a_key

DAY = 86_400


def document(*numbers, now=0):
    made = Document.new()
    for number in numbers:
        made = changes.add(made, a_key(number), now)
    return made


def aliases(made, *states):
    return [r.alias for r in made.of("openai", *states)]


def found(made, alias):
    return changes.found(made, "openai", alias)


def test_the_first_is_active_and_the_next_are_spares():
    made = document(1, 2, 3)
    assert aliases(made) == ["k1", "k2", "k3"]
    assert [made.reveal(r) for r in made.records] == [a_key(n).secret for n in (1, 2, 3)]
    assert aliases(changes.activate(made, found(made, "k3"))) == ["k3", "k1", "k2"]
    assert made.of("groq") == ()


def test_an_alias_is_taken_over_and_the_old_key_is_asked_with_last():
    made = changes.add(document(1, 2), a_key(9, alias="k1"), now=100)
    assert aliases(made) == ["k1", "k2"]
    assert made.reveal(found(made, "k1")) == a_key(9).secret
    (old,) = made.of("openai", "retired")
    assert old.alias == f"k1~{old.id[:4]}"
    assert made.reveal(old) == a_key(1).secret
    assert old.until == 100 + 7 * DAY
    assert old.was_active


def test_the_same_key_again_changes_nothing_or_comes_back():
    made = document(1, 2)
    assert changes.add(made, a_key(1), now=5) == made
    with pytest.raises(OptionError, match="has this key already, as 'k1'"):
        changes.add(made, a_key(1, alias="again"), now=5)
    gone = changes.remove(made, found(made, "k1"), now=5)
    back = changes.add(gone, a_key(1), now=6)
    assert aliases(back) == ["k2", "k1"]
    assert aliases(back, "removed") == []
    moved = changes.add(made, a_key(1, origin="https://else.where:443"), now=5)
    assert found(moved, "k1").origin == "https://else.where:443"


def test_the_same_key_may_be_of_two_providers():
    made = changes.add(document(1), a_key(1, provider="proxy"), now=0)
    assert len(made.records) == 2
    assert made.records[0].fingerprint == made.records[1].fingerprint


def test_what_is_removed_comes_back_where_it_was():
    made = document(1, 2)
    gone = changes.remove(made, found(made, "k1"), now=10)
    assert aliases(gone) == ["k2"]
    assert gone.of("openai", "removed")[0].until == 10 + 30 * DAY
    back, record = changes.undo(gone, "openai")
    assert aliases(back) == ["k1", "k2"]
    assert (record.alias, record.state, record.ended) == ("k1", "live", 0)
    spare = changes.remove(made, found(made, "k2"), now=10)
    assert aliases(changes.undo(spare, "openai", "k2")[0]) == ["k1", "k2"]


def test_the_newest_is_taken_back_first_or_the_one_that_is_named():
    made = document(1, 2, 3)
    made = changes.remove(made, found(made, "k2"), now=10)
    made = changes.remove(made, found(made, "k3"), now=20)
    assert changes.undo(made, "openai")[1].alias == "k3"
    assert changes.undo(made, "openai", "k2")[1].alias == "k2"
    with pytest.raises(UnknownName, match="no removed or retired key of openai named 'k1'"):
        changes.undo(made, "openai", "k1")
    with pytest.raises(UnknownName, match=r"^no removed or retired key of groq named 'any'$"):
        changes.undo(made, "groq")


def test_who_was_active_is_active_again_and_nothing_stays_of_the_removal():
    made = document(1, 2)
    made = changes.activate(made, found(made, "k2"))
    gone = changes.remove(made, found(made, "k2"), now=10)
    gone = changes.activate(gone, found(gone, "k1"))
    assert gone.of("openai", "removed")[0].was_active
    back, record = changes.undo(gone, "openai")
    assert aliases(back) == ["k2", "k1"]
    assert not record.was_active
    spare = changes.remove(back, found(back, "k1"), now=20)
    assert not spare.of("openai", "removed")[0].was_active


def test_a_rotation_is_taken_back():
    made = document(1, 2)
    rotated = changes.promote(made, found(made, "k2"), found(made, "k1"), now=50)
    assert aliases(rotated) == ["k1"]
    assert rotated.reveal(found(rotated, "k1")) == a_key(2).secret
    back, record = changes.undo(rotated, "openai", "k1")
    assert aliases(back) == ["k1", "k1-2"]
    assert back.reveal(record) == a_key(1).secret


def test_a_retired_key_is_found_under_its_new_alias_and_can_be_active_again():
    made = changes.add(document(1), a_key(2, alias="k1"), now=5)
    (old,) = made.of("openai", "retired")
    assert changes.found(made, "openai", old.alias) == old
    made = changes.activate(changes.add(made, a_key(3), now=DAY), old)
    assert aliases(made) == [old.alias, "k1", "k3"]
    assert [r.ended for r in made.records] == [0, 0, 0]


def test_time_ends_a_retirement_and_then_a_removal():
    made = changes.add(document(1), a_key(2, alias="k1"), now=DAY)
    assert changes.purge(made, 8 * DAY - 1) == made
    week = changes.purge(made, 8 * DAY)
    (gone,) = week.of("openai", "removed")
    assert gone.ended == 8 * DAY
    late = changes.purge(made, 20 * DAY)
    assert late.of("openai", "removed")[0].until == 38 * DAY
    assert changes.purge(week, 38 * DAY - 1) == week
    assert aliases(changes.purge(week, 38 * DAY), "removed") == []
    assert aliases(changes.purge(week, 38 * DAY)) == ["k1"]


def test_a_check_is_noted_and_changes_nothing_else():
    made = document(1, 2)
    noted = changes.checked(made, found(made, "k1"), "rejected", "revoked", 77)
    assert aliases(noted) == ["k1", "k2"]
    record = found(noted, "k1")
    assert (record.verdict, record.reason, record.checked) == ("rejected", "revoked", 77)
    assert found(noted, "k2") == found(made, "k2")


def test_a_key_is_bound_to_its_provider_and_origin():
    made = document(1)
    record = found(made, "k1")
    assert changes.bind(made, record, ORIGIN) is made
    moved = changes.bind(made, record, "https://proxy:443")
    assert moved.reveal(found(moved, "k1")) == a_key(1).secret
    for field, value in (("origin", "https://evil:443"), ("provider", "evil"), ("id", "00")):
        stolen = msgspec.structs.replace(record, **{field: value})
        with pytest.raises(VaultDamaged, match="not the one that was put there"):
            made.reveal(stolen)


def test_keys_are_merged_without_taking_a_place():
    made = document(1)
    merged, added = changes.merge(
        made, [a_key(1), a_key(2, alias="k1"), a_key(3, provider="groq")], now=9
    )
    assert aliases(merged) == ["k1", "k1-2"]
    assert [key.alias for key in added] == ["k1-2", "k3"]
    assert changes.merge(merged, [a_key(2, alias="k1")], now=9) == (merged, [])


def test_an_alias_that_is_taken_gets_a_number():
    made = changes.add(document(1), a_key(2, alias="k1-2"), now=0)
    assert changes.free_alias(made, "openai", "k1") == "k1-3"
    assert changes.free_alias(made, "openai", "new") == "new"


@pytest.mark.parametrize("alias", ["", "a b", "env:X", "a~b", "a/b", "x" * 65, "a\n"])
def test_some_words_are_no_aliases(alias):
    with pytest.raises(OptionError, match="cannot be an alias"):
        changes.check_alias(alias)


def test_an_unknown_alias_names_the_nearest():
    with pytest.raises(UnknownName) as caught:
        found(changes.add(Document.new(), a_key(1, alias="work"), 1), "wrok")
    assert caught.value.hint == "did you mean 'work'?"


def test_fingerprints_tell_keys_apart_within_one_vault_alone():
    one, two = Document.new(), Document.new()
    assert one.fingerprint(Secret("a")) != one.fingerprint(Secret("b"))
    assert one.fingerprint(Secret("a")) != two.fingerprint(Secret("a"))
    assert len(one.fingerprint(Secret("a"))) == 8


def test_a_document_is_read_as_it_was_written():
    made = document(1, 2)
    assert read_document(encode(made) + b"   ") == (made, False)
    assert a_key(1).secret.reveal().encode() not in encode(made)
    strange = encode(made).replace(b'"records"', b'"colour":"red","records"')
    assert read_document(strange) == (made, True)
    for wrong in (b"", b"[]", b'{"root":1}'):
        with pytest.raises(VaultDamaged, match="cannot be read"):
            read_document(wrong)


def test_the_live_keys_are_what_is_taken_along():
    made = document(1, 2)
    made = changes.remove(made, found(made, "k1"), now=0)
    assert made.keys() == [Key("openai", "k2", a_key(2).secret, ORIGIN)]
