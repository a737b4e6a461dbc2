"""How the dialect `bedrock` proves who asks: API keys as bearer, AWS credentials by signature."""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
from urllib.parse import quote, urlsplit

import pytest

from nbapimgr.errors import MissingExtra, MissingKey, SettingsError
from nbapimgr.models import Provider, Request, user
from nbapimgr.wire import HttpCall, dialect
from nbapimgr.wire.bedrock import _sign

bedrock = dialect("bedrock")
AWS = Provider(
    name="aws",
    dialect="bedrock",
    base_url="https://bedrock-runtime.us-west-2.amazonaws.com",
)
ID, SECRET = "AKIA" + "A" * 16, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path):
    """AWS's own places are empty, and nothing is asked of the network."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    _sign._chain.cache_clear()
    yield
    _sign._chain.cache_clear()


def call(**fields):
    return bedrock.build(
        Request(messages=(user("hi"),)), AWS, "us.anthropic.claude-v1:0", stream=False, **fields
    )


def signed_again(sent, headers, secret):
    """The signature AWS would compute, by its published recipe and nothing of botocore's."""
    names = re.search(r"SignedHeaders=([^,]+)", headers["authorization"])[1].split(";")
    site = urlsplit(sent.url)
    everything = {**sent.headers, **headers, "host": site.netloc}
    canonical = "\n".join(
        [
            sent.method,
            quote(site.path, safe="/-_.~"),
            "",
            *(f"{name}:{everything[name].strip()}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(sent.body).hexdigest(),
        ]
    )
    scope = re.search(r"Credential=[^/]+/([^,]+)", headers["authorization"])[1]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


def signature(headers):
    return re.search(r"Signature=(\w+)", headers["authorization"])[1]


@pytest.mark.parametrize("key", ["ABSKQmVkcm9ja0FQSUtleS1leGFtcGxl", "bedrock-api-key-YmVkcm9jay5"])
def test_an_api_key_is_a_bearer(key):
    assert bedrock.authorise(call(), key, AWS) == {"authorization": f"Bearer {key}"}


def test_an_api_key_needs_no_botocore(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore", None)
    assert bedrock.authorise(call(), "ABSKxyz", AWS) == {"authorization": "Bearer ABSKxyz"}


def test_a_signature_is_the_one_aws_computes():
    sent = call()
    headers = bedrock.authorise(sent, f"{ID}:{SECRET}", AWS)
    assert set(headers) == {"authorization", "x-amz-date"}
    assert f"Credential={ID}/" in headers["authorization"]
    assert "/us-west-2/bedrock/aws4_request" in headers["authorization"]
    assert signature(headers) == signed_again(sent, headers, SECRET)


def test_a_signature_covers_the_list_of_models():
    sent = bedrock.models_call(AWS)
    headers = bedrock.authorise(sent, f"{ID}:{SECRET}", AWS)
    assert signature(headers) == signed_again(sent, headers, SECRET)


def test_a_signature_is_for_exactly_this_body():
    headers = bedrock.authorise(call(), f"{ID}:{SECRET}", AWS)
    other = HttpCall(method="POST", url=call().url, headers=call().headers, body=b"{}")
    assert signature(headers) != signed_again(other, headers, SECRET)


def test_temporary_credentials_bring_their_token():
    key = f"{ID.replace('AKIA', 'ASIA')}:{SECRET}:a/token:with=signs"
    sent = call()
    headers = bedrock.authorise(sent, key, AWS)
    assert headers["x-amz-security-token"] == "a/token:with=signs"
    assert signature(headers) == signed_again(sent, headers, SECRET)


def test_the_region_that_is_signed_for_is_the_one_that_is_asked():
    provider = Provider(
        name="a", dialect="bedrock", base_url=AWS.base_url, options={"region": "eu-west-1"}
    )
    headers = bedrock.authorise(call(), f"{ID}:{SECRET}", provider)
    assert "/eu-west-1/bedrock/" in headers["authorization"]


def test_no_region_to_sign_for():
    provider = Provider(name="gate", dialect="bedrock", base_url="http://127.0.0.1:1")
    with pytest.raises(SettingsError, match="'gate' has no AWS region"):
        bedrock.authorise(call(), f"{ID}:{SECRET}", provider)


def test_without_botocore_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(MissingExtra, match="botocore") as caught:
        bedrock.authorise(call(), f"{ID}:{SECRET}", AWS)
    assert 'pip install "nbapimgr[bedrock]"' in caught.value.hint
    assert SECRET not in str(caught.value)


def test_without_a_key_aws_own_places_are_used(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    sent = call()
    headers = bedrock.authorise(sent, "", AWS)
    assert signature(headers) == signed_again(sent, headers, SECRET)


def test_a_profile_is_used(tmp_path):
    text = f"[work]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n"
    (tmp_path / "credentials").write_text(text)
    provider = Provider(
        name="a", dialect="bedrock", base_url=AWS.base_url, options={"profile": "work"}
    )
    headers = bedrock.authorise(call(), "", provider)
    assert f"Credential={ID}/" in headers["authorization"]


def test_no_credentials_anywhere_then_found_after_a_login(monkeypatch):
    with pytest.raises(MissingKey, match="'aws' has no key") as caught:
        bedrock.authorise(call(), "", AWS)
    assert "sign in" in caught.value.hint
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert bedrock.authorise(call(), "", AWS)["authorization"].startswith("AWS4-HMAC-SHA256")


def test_an_unknown_profile_is_named():
    provider = Provider(
        name="a", dialect="bedrock", base_url=AWS.base_url, options={"profile": "nobody"}
    )
    with pytest.raises(MissingKey, match="nobody"):
        bedrock.authorise(call(), "", provider)
