"""The file: nothing but what was written is taken for it, and damage is told from a wrong key."""

from __future__ import annotations

import hashlib
import random

import msgspec
import pytest
from msgspec.structs import replace

from nbapimgr.errors import VaultDamaged, VaultError, VaultLocked
from nbapimgr.vault._format import Header, Slot, canonical, compose, data_key, open_body, parse
from nbapimgr.vault._passphrase import Kdf
from nbapimgr.vault._suite import derive, seal, unseal

WRAPS = {"aa": bytes(range(32)), "bb": bytes(32)}
BODY = b'{"what":"is kept"}'
HEADER = Header(
    vault="00" * 16,
    generation=7,
    created=1,
    written=2,
    writer="here:1",
    slots=(
        Slot(id="aa", kind="key file", created=1, salt="11" * 16),
        Slot(
            id="bb", kind="passphrase", created=1, salt="22" * 16,
            kdf=Kdf("argon2id", (19456, 2, 1)),
        ),
    ),
)  # fmt: skip
DATA = compose(HEADER, WRAPS, BODY)
LINE = b"nbapimgr-vault/1\n"
START = len(LINE) + 4


def opened(data, slot="aa"):
    parsed = parse(data)
    return open_body(parsed, data_key(parsed, slot, WRAPS[slot])).rstrip(b" ")


def summed(data):
    """The bytes with a checksum that fits: tampered with, not damaged."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def with_header(change, **fields):
    """A file whose header says something else, with a checksum that fits."""
    parsed = parse(DATA)
    raw = {**msgspec.json.decode(parsed.head[START:]), **fields}
    change(raw)
    text = canonical(raw)
    head = b"nbapimgr-vault/1\n" + len(text).to_bytes(4, "big") + text
    return summed(head + parsed.body + bytes(32))


def test_every_slot_opens_it():
    assert [opened(DATA, slot) for slot in WRAPS] == [BODY, BODY]


def test_the_first_line_is_for_people_and_nothing_else_tells_of_the_body():
    assert DATA.startswith(b"nbapimgr-vault/1\n")
    assert b"what" not in DATA[START:]
    assert len(compose(HEADER, WRAPS, BODY + b" " * 500)) == len(DATA)


def test_each_write_has_a_new_key():
    one, two = parse(DATA), parse(compose(HEADER, WRAPS, BODY))
    assert data_key(one, "aa", WRAPS["aa"]) != data_key(two, "aa", WRAPS["aa"])
    assert one.body != two.body


def test_a_wrong_key_is_not_damage():
    parsed = parse(DATA)
    with pytest.raises(VaultLocked, match="does not open"):
        data_key(parsed, "aa", WRAPS["bb"])
    with pytest.raises(VaultLocked, match="no such slot"):
        data_key(parsed, "cc", WRAPS["bb"])


def test_every_changed_byte_is_seen():
    """All bytes with some values; `tests/chaos/vault_bytes.py` tries all 255 of each."""
    chance = random.Random(7)  # noqa: S311  # which bytes are tried
    for place in range(len(DATA)):
        for wrong in chance.sample(range(1, 256), 3):
            data = bytearray(DATA)
            data[place] ^= wrong
            with pytest.raises(VaultDamaged):
                parse(bytes(data))


def test_every_byte_that_was_tampered_with_is_seen_too():
    chance = random.Random(8)  # noqa: S311  # which values are tried
    for place in range(len(DATA) - 32):
        data = bytearray(DATA)
        data[place] ^= chance.randrange(1, 256)
        with pytest.raises(VaultError):
            assert opened(summed(bytes(data))) is None


@pytest.mark.parametrize("end", [0, 1, 16, 17, 20, 100, len(DATA) - 33, len(DATA) - 1])
def test_every_cut_is_seen(end):
    with pytest.raises(VaultDamaged):
        parse(DATA[:end])
    with pytest.raises(VaultDamaged):
        parse(DATA + DATA[:end] + b"x")


def test_a_newer_version_is_left_to_a_newer_program():
    with pytest.raises(VaultError, match=r"newer nbapimgr wrote it .version '2'") as caught:
        parse(summed(b"nbapimgr-vault/2\n" + DATA[17:]))
    assert not isinstance(caught.value, VaultDamaged)
    assert "pip install -U" in caught.value.hint


def nothing(_raw):
    pass


def with_text(old, new):
    """A file whose header is written in another way, with a checksum that fits."""
    parsed = parse(DATA)
    text = parsed.head[START:].replace(old, new, 1)
    return summed(LINE + len(text).to_bytes(4, "big") + text + parsed.body + bytes(32))


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ("no suite 'ROT13'", with_header(nothing, suite="ROT13")),
        ("impossible", with_header(nothing, generation=0)),
        ("impossible", with_header(nothing, generation=2**63)),
        ("impossible", with_header(lambda raw: raw.update(slots=raw["slots"] * 9))),
        ("cannot be read", with_header(nothing, generation="7")),
        ("cannot be read", with_header(nothing, commit="not hexadecimal")),
        ("cannot be read", with_header(lambda raw: raw["slots"][0].update(salt="xy"))),
        ("cannot be read", with_header(lambda raw: raw.pop("slots"))),
        ("cannot be read", summed(b"nbapimgr-vault/1\n\0\0\0\2[]" + bytes(32))),
        ("cannot be read", summed(b"nbapimgr-vault/1\n\0\0\0\2{]" + bytes(32))),
        ("cannot be read", summed(b"nbapimgr-vault/1\n\0\0\0" + bytes(32))),
        ("not written as", summed(DATA[:-40] + bytes(32))),
        ("not written as", with_text(b'"created":1', b'"created": 1')),
        ("not written as", with_text(b'"created":1', b'"created":2,"created":1')),
        ("not written as", with_text(b'"here:1"', rb'"\u0068ere:1"')),
    ],
)  # fmt: skip
def test_a_header_that_no_vault_has_is_refused(said, data):
    with pytest.raises(VaultDamaged, match=said):
        parse(data)


@pytest.mark.parametrize("generation", [1, 127, 2**63 - 1])
def test_a_vault_may_be_written_for_ever(generation):
    assert parse(with_header(nothing, generation=generation)).header.generation == generation


def test_what_this_version_does_not_know_is_noticed():
    assert not parse(DATA).strange
    assert parse(with_header(nothing, colour="red")).strange
    assert parse(with_header(lambda raw: raw["slots"][0].update(colour="red"))).strange


@pytest.mark.parametrize("field", ["commit", "mac"])
def test_the_commitment_and_the_slots_are_checked_before_anything_is_opened(field):
    parsed = parse(with_header(nothing, **{field: "00" * 32}))
    with pytest.raises(VaultDamaged, match="tampered"):
        data_key(parsed, "aa", WRAPS["aa"])


def test_no_slot_is_added_or_taken_away_by_who_cannot_open_it():
    fewer = parse(with_header(lambda raw: raw["slots"].pop()))
    with pytest.raises(VaultDamaged, match="tampered"):
        data_key(fewer, "aa", WRAPS["aa"])
    labelled = parse(with_header(lambda raw: raw["slots"][0].update(kind="passphrase")))
    with pytest.raises(VaultLocked):
        data_key(labelled, "aa", WRAPS["aa"])
    bare = parse(with_header(lambda raw: raw["slots"][0].pop("wrapped")))
    with pytest.raises(VaultLocked):
        data_key(bare, "aa", WRAPS["aa"])


def test_a_body_under_another_header_is_refused():
    other = parse(compose(replace(HEADER, generation=8), WRAPS, BODY))
    mixed = parse(DATA)._replace(body=other.body)
    with pytest.raises(VaultDamaged) as caught:
        open_body(mixed, data_key(parse(DATA), "aa", WRAPS["aa"]))
    said = "it was tampered with: its body does not belong to its key"
    assert str(caught.value) == said


def test_purposes_and_contexts_give_different_keys():
    secret = bytes(32)
    made = {
        derive(secret, "body", "a"), derive(secret, "mac", "a"), derive(secret, "body", "b"),
        derive(secret, "bo", "dya"), derive(secret, "body", "a", salt=b"1"),
        derive(secret, "body", "a", ""), derive(b"1" * 32, "body", "a"),
    }  # fmt: skip
    assert len(made) == 7


def test_what_is_sealed_is_bound_to_its_place():
    sealed = seal(bytes(32), b"plain", b"here")
    assert unseal(bytes(32), sealed, b"here") == b"plain"
    assert seal(bytes(32), b"plain", b"here") != sealed
    for key, data, place in (
        (bytes(31) + b"1", sealed, b"here"), (bytes(32), sealed, b"there"),
        (bytes(32), sealed[:-1], b"here"), (bytes(32), b"", b"here"),
    ):  # fmt: skip
        with pytest.raises(VaultLocked):
            unseal(key, data, place)
