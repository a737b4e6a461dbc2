"""The page's side of sealing, in a real browser: the official vector, and what the kernel opens."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path

import pytest

import nbapimgr
from nbapimgr.errors import OptionError
from nbapimgr.secret import Secret
from nbapimgr.vault import SealedEntries
from nbapimgr.vault._sealed import binding
from tests.vault import hpke_vector as vector

SOURCE = (Path(nbapimgr.__file__).parent / "widgets" / "static" / "seal.js").read_text("utf-8")
LOADED = """async (source) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    window.sealing = await import(url);
    window.hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
    window.bytes = (hex) => new Uint8Array((hex.match(/../g) ?? []).map((b) => parseInt(b, 16)));
}"""
SEALED = """async ([point, words, key]) => {
    const info = sealing.binding(...words), plain = new TextEncoder().encode(key);
    return hex(await sealing.seal(bytes(point), info, plain));
}"""


def opened_page(chromium, origin):
    page = chromium.new_page()
    page.route(
        "**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html")
    )
    page.goto(f"{origin}/")
    page.evaluate(LOADED, SOURCE)
    return page


@pytest.fixture(scope="module")
def page(chromium):
    page = opened_page(chromium, "https://notebook.example")
    yield page
    page.close()


def part(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_the_official_vector_comes_out(page):
    point = bytes.fromhex(vector.SENDER_PUBLIC)
    public = {"kty": "EC", "crv": "P-256", "x": part(point[1:33]), "y": part(point[33:])}
    sealed = page.evaluate(
        """async ([recipient, info, plain, aad, publicJwk, privateJwk]) => {
            const curve = { name: "ECDH", namedCurve: "P-256" };
            const sender = {
                publicKey: await crypto.subtle.importKey("jwk", publicJwk, curve, true, []),
                privateKey: await crypto.subtle.importKey(
                    "jwk", privateJwk, curve, false, ["deriveBits"]),
            };
            return hex(await sealing.seal(
                bytes(recipient), bytes(info), bytes(plain), { aad: bytes(aad), sender }));
        }""",
        [
            vector.RECIPIENT_PUBLIC, vector.INFO, vector.PLAINTEXT, vector.AAD, public,
            public | {"d": part(bytes.fromhex(vector.SENDER_PRIVATE))},
        ],
    )  # fmt: skip
    assert sealed == vector.SENDER_PUBLIC + vector.CIPHERTEXT


def test_the_kernel_opens_what_the_page_seals(page):
    entries = SealedEntries(kernel="k", widget="w")
    for length in (1, 2, 51, 164, 1000, 8192):
        entry, key = entries.begin(), secrets.token_urlsafe(length)[:length]
        words = ["nbapimgr/seal/v1", "k", "w", entry.id, "openai", "default"]
        sealed = bytes.fromhex(page.evaluate(SEALED, [entry.public_key.hex(), words, key]))
        found = entries.open(entry.id, sealed, provider="openai", slot="default")
        assert found.reveal() == key


def test_no_two_sealings_are_alike(page):
    entry = SealedEntries(kernel="k", widget="w").begin()
    asked = [entry.public_key.hex(), ["x"], "key"]
    first, second = (page.evaluate(SEALED, asked) for _ in range(2))
    assert first[:130] != second[:130]
    assert first[130:] != second[130:]


def test_a_point_that_is_none_seals_nothing(page):
    for point in ("", "04" * 65, "02" + "11" * 32, "00"):
        said = page.evaluate(
            "(asked) => (" + SEALED + ")(asked).then(() => 'sealed', (e) => e.name)",
            [point, ["x"], "key"],
        )
        assert said == "DataError"


@pytest.mark.parametrize(
    "words",
    [[], [""], ["", ""], ["openai", "default"], ["é…", "日本語", "\U0001f600"], ["x" * 65535]],
)
def test_both_sides_bind_words_alike(page, words):
    assert page.evaluate("(w) => hex(sealing.binding(...w))", words) == binding(*words).hex()


def test_the_page_opens_what_the_kernel_seals_for_it(page):
    point = page.evaluate("async () => hex((window.mine = await sealing.receiver()).point)")
    entries = SealedEntries(kernel="k", widget="w")
    sealed = entries.seal(bytes.fromhex(point), Secret("ABCD-é-1234"), purpose="recovery")
    opened = """([sealed, words]) => mine.open(bytes(sealed), sealing.binding(...words))
        .catch((error) => error.name)"""
    words = ["nbapimgr/seal/v1", "k", "w", "recovery"]
    assert page.evaluate(opened, [sealed.hex(), words]) == "ABCD-é-1234"
    assert page.evaluate(opened, [sealed.hex(), ["other"]]) == "OperationError"
    spoilt = sealed[:-1] + bytes([sealed[-1] ^ 1])
    assert page.evaluate(opened, [spoilt.hex(), words]) == "OperationError"


def test_a_word_that_the_kernel_would_not_bind_opens_nothing(page):
    entries = SealedEntries(kernel="k", widget="w")
    entry = entries.begin()
    words = ["nbapimgr/seal/v1", "k", "w", entry.id, "x" * 65536, "default"]
    sealed = bytes.fromhex(page.evaluate(SEALED, [entry.public_key.hex(), words, "key"]))
    with pytest.raises(OptionError, match="too long"):
        entries.open(entry.id, sealed, provider="x" * 65536, slot="default")


def test_a_page_that_may_not_encrypt_says_so(chromium, page):
    assert page.evaluate("() => sealing.canSeal()") is True
    plain = opened_page(chromium, "http://notebook.example")
    assert plain.evaluate("() => [sealing.canSeal(), isSecureContext]") == [False, False]
    plain.close()
