"""What the browser sealed is opened once, by the form it was sealed for, and by nobody else."""

from __future__ import annotations

import logging

import pytest
from cryptography.exceptions import InvalidTag  # noqa: TID253  # the other side of what is tested
from cryptography.hazmat.bindings._rust import openssl  # noqa: TID253  # as above
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: TID253  # as above
from cryptography.hazmat.primitives.serialization import (  # noqa: TID253  # as above
    Encoding,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from nbapimgr.errors import OptionError
from nbapimgr.secret import Secret
from nbapimgr.vault import SealedEntries
from nbapimgr.vault._sealed import binding
from tests.vault import hpke_vector as vector

KEY = "sk-canary-9f31c7e2a4"
USED = "this form has been used or is of another kernel"
hpke = openssl.hpke
SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def sealed_for(entry, key=KEY, /, *, provider="openai", slot="default", **other):
    """What the page would send: the sender of `cryptography` stands in for it."""
    words = {"purpose": "nbapimgr/seal/v1", "kernel": entry.kernel, "widget": entry.widget}
    words |= {"entry": entry.id, "provider": provider, "slot": slot} | other
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), entry.public_key)
    return SUITE.encrypt(key.encode(), public, binding(*words.values()))


@pytest.fixture
def entries():
    return SealedEntries(kernel="kernel-1", widget="widget-1")


def opened(entries, entry, sealed, *, provider="openai", slot="default"):
    return entries.open(entry.id, sealed, provider=provider, slot=slot).reveal()


def test_the_official_vector_is_opened():
    private = ec.derive_private_key(int(vector.RECIPIENT_PRIVATE, 16), ec.SECP256R1())
    sealed = bytes.fromhex(vector.SENDER_PUBLIC + vector.CIPHERTEXT)
    info, aad = bytes.fromhex(vector.INFO), bytes.fromhex(vector.AAD)
    # The public face has no associated data, which the vector has.
    plain = hpke._decrypt_with_aad(SUITE, sealed, private, info, aad)
    assert plain == bytes.fromhex(vector.PLAINTEXT)
    with pytest.raises(InvalidTag):
        hpke._decrypt_with_aad(SUITE, sealed, private, info, b"Count-1")


def test_a_key_is_opened_by_its_form_and_only_once(entries):
    entry = entries.begin()
    sealed = sealed_for(entry)
    assert KEY.encode() not in sealed
    assert opened(entries, entry, sealed) == KEY
    with pytest.raises(OptionError, match=f"^{USED}$") as caught:
        opened(entries, entry, sealed)
    assert caught.value.hint == "type it once more"


def test_no_two_forms_share_a_key(entries):
    forms = [entries.begin() for _ in range(4)]
    assert len({form.public_key for form in forms}) == len({form.id for form in forms}) == 4
    assert {len(form.public_key) for form in forms} == {65}
    assert {len(bytes.fromhex(form.id)) for form in forms} == {16}
    with pytest.raises(OptionError, match=r"^the sealed key was not meant for this form$"):
        opened(entries, forms[1], sealed_for(forms[0]))
    assert opened(entries, forms[2], sealed_for(forms[2])) == KEY


@pytest.mark.parametrize(
    "foreign",
    [
        {"purpose": "nbapimgr/seal/v2"},
        {"kernel": "kernel-2"},
        {"widget": "widget-2"},
        {"entry": "another"},
        {"provider": "openrouter"},
        {"slot": "spare"},
        {"provider": "openaidefaul", "slot": "t"},
    ],
    ids="-".join,
)
def test_what_was_sealed_for_something_else_is_refused_and_uses_the_form_up(entries, foreign):
    entry = entries.begin()
    with pytest.raises(OptionError, match="not meant for this form"):
        opened(entries, entry, sealed_for(entry, **foreign))
    with pytest.raises(OptionError, match="has been used"):
        opened(entries, entry, sealed_for(entry))


def test_another_kernels_and_another_widgets_forms_are_unknown(entries):
    entry = entries.begin()
    for other in (
        SealedEntries(kernel="kernel-2", widget="widget-1"),
        SealedEntries(kernel="kernel-1", widget="widget-2"),
    ):
        with pytest.raises(OptionError, match="another kernel"):
            opened(other, entry, sealed_for(entry))
    assert opened(entries, entry, sealed_for(entry)) == KEY


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s[:0],
        lambda s: s[:65],
        lambda s: s[:81],
        lambda s: s[:-1],
        lambda s: s + b"\0",
        lambda s: s * 200,
        lambda s: b"\x02" + s[1:],
        lambda s: bytes(len(s)),
        lambda s: s[:1] + b"\xff" * 64 + s[65:],
    ],
)
def test_what_is_no_sealed_key_is_refused(entries, spoil):
    entry = entries.begin()
    with pytest.raises(OptionError) as caught:
        opened(entries, entry, spoil(sealed_for(entry)))
    assert caught.value.hint == "type it once more"


@pytest.mark.parametrize(("length", "taken"), [(0, False), (1, True), (8192, True), (8193, False)])
def test_keys_have_bounds(entries, length, taken):
    entry = entries.begin()
    sealed = sealed_for(entry, "k" * length)
    if taken:
        assert opened(entries, entry, sealed) == "k" * length
        return
    with pytest.raises(OptionError, match=r"^what arrived is no sealed key$"):
        opened(entries, entry, sealed)


def test_every_flipped_bit_is_noticed(entries):
    entry = entries.begin()
    sealed = sealed_for(entry)
    (private,) = entries._waiting.values()
    for at in range(8 * len(sealed)):
        spoilt = bytearray(sealed)
        spoilt[at // 8] ^= 1 << at % 8
        entries._waiting[entry.id] = private
        with pytest.raises(OptionError, match="not meant"):
            opened(entries, entry, bytes(spoilt))
    entries._waiting[entry.id] = private
    assert opened(entries, entry, sealed) == KEY


def test_only_so_many_forms_wait_and_none_that_was_forgotten(entries):
    first, second = entries.begin(), entries.begin()
    for _ in range(15):  # sixteen may wait
        last = entries.begin()
    with pytest.raises(OptionError, match="has been used"):
        opened(entries, first, sealed_for(first))
    assert opened(entries, second, sealed_for(second)) == KEY
    entries.forget()
    with pytest.raises(OptionError, match="has been used"):
        opened(entries, last, sealed_for(last))


def test_a_key_that_is_no_text_is_shown_by_nothing(entries, caplog):
    caplog.set_level(logging.DEBUG)
    entry = entries.begin()
    words = ("nbapimgr/seal/v1", entry.kernel, entry.widget, entry.id, "openai", "default")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), entry.public_key)
    sealed = SUITE.encrypt(b"\xff\xfe" + KEY.encode(), public, binding(*words))
    secret = entries.open(entry.id, sealed, provider="openai", slot="default")
    assert secret.reveal().endswith(KEY)
    assert KEY not in repr(secret) + repr(vars(entries)) + repr(entry) + caplog.text


def test_what_is_sealed_for_a_page_is_opened_by_that_page_and_as_that_alone(entries):
    page = ec.generate_private_key(ec.SECP256R1())
    point = page.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    entries.check(point)
    sealed = entries.seal(point, Secret(KEY), purpose="recovery")
    about = ("nbapimgr/seal/v1", "kernel-1", "widget-1", "recovery")
    assert SUITE.decrypt(sealed, page, binding(*about)) == KEY.encode()
    assert entries.seal(point, Secret(KEY), purpose="recovery") != sealed
    with pytest.raises(InvalidTag):
        SUITE.decrypt(sealed, page, binding(*about[:-1], "key"))
    with pytest.raises(InvalidTag):
        SUITE.decrypt(sealed, ec.generate_private_key(ec.SECP256R1()), binding(*about))


@pytest.mark.parametrize("point", [b"", b"\x04" * 65, bytes(65), b"\x02" + b"\x11" * 31])
def test_nothing_is_sealed_for_what_is_no_key(entries, point):
    with pytest.raises(OptionError, match=r"^the panel sent no public key$"):
        entries.seal(point, Secret(KEY), purpose="recovery")
    with pytest.raises(OptionError, match="no public key"):
        entries.check(point)


words = st.lists(st.text(max_size=6), max_size=5)


@given(words, words)
def test_no_two_lists_of_words_are_bound_alike(one, other):
    assert (binding(*one) == binding(*other)) == (one == other)


def test_words_that_have_no_length_are_refused():
    assert binding("é") == b"\x00\x02\xc3\xa9"
    assert binding("\ud800") == b"\x00\x01?"  # half a character has no bytes of its own
    assert len(binding("x" * 0xFFFF)) == 2 + 0xFFFF
    assert binding("a", "bc") == b"\x00\x01a\x00\x02bc"
    with pytest.raises(OptionError, match=r"^a name is too long to seal a key for$"):
        binding("x" * 0x10000)
