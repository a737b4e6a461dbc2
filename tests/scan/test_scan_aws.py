"""AWS's secret keys have no mark of their own: they are found by what stands beside them."""

from __future__ import annotations

import pytest

from nbapimgr.scan import Place, scan
from nbapimgr.scan._aws import aws_secrets
from nbapimgr.scan._keys import Finder

ID = "AKIA" + "Q3EGTX7ZP2LM5NRW"
SECRET = "pZ8v/Qk3mT" + "x+R7nL0sWc" + "Yb2uHf5JdA" + "9eGi4oKqVt"
EXAMPLE = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"


@pytest.mark.parametrize(
    "text",
    [
        f"aws_secret_access_key = {SECRET}",
        f"export AWS_SECRET_ACCESS_KEY={SECRET}",
        f'os.environ["AWS_SECRET_ACCESS_KEY"] = "{SECRET}"',
        f'"SecretAccessKey": "{SECRET}",',
        f'\\"SecretAccessKey\\": \\"{SECRET}\\",',
        f"boto3.client('s3', aws_secret_access_key='{SECRET}')",
        f"aws configure set aws_secret_access_key {SECRET}",
        f"{{secretAccessKey: '{SECRET}'}}",
        f'aws_access_key_id, s = "{ID}", "{SECRET}"',
        f"{SECRET}\n{ID}\n",
        f"{ID},{SECRET}",
        f"AKIAIOSFODNN7EXAMPLE {ID} {EXAMPLE} {SECRET}",
    ],
)
def test_a_secret_is_found_by_its_name_or_by_its_id(text):
    assert set(aws_secrets(text)) == {SECRET}
    assert Finder().may_hold(text)
    assert {find.whose for find in Finder().keys(text)} == {"AWS secret access key"}


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"token = '{SECRET}'",
        f"SECRET_KEY = '{SECRET}'",
        ID,
        f"{ID} {SHA1}",
        f"{ID}\n{SHA1.upper()}",
        f"aws_secret_access_key = {SHA1}",
        f"aws_secret_access_key = {EXAMPLE}",
        f"AKIAIOSFODNN7EXAMPLE {SECRET}",
        f"aws_secret_access_key = {SECRET}A",
        f"aws_secret_access_key = A{SECRET}",
        f"aws_secret_access_key = {SECRET}=",
        f"aws_secret_access_key = {SECRET[:-1]}",
        f"aws_secret_access_key = {'Aa1' * 13}x",
        f"aws_secret_access_key = {'x' * 40}",
        "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY_OF_TEAM1']",
        f"{ID} /usr/lib/python3/Dist/packages/Numpy/core",
        f"{ID} get_Or_create_Default_session_for_Region1",
        f"x{ID} {SECRET}",
        f"{ID}7 {SECRET}",
        f"{ID.lower()} {SECRET}",
        f"AKIA0189{ID[8:]} {SECRET}",
        f"{ID} {'.' * 250} {SECRET}",
        f"AKIA {SECRET}",
    ],
)
def test_what_only_looks_like_one(text):
    assert [*aws_secrets(text)] == []


def test_it_is_told_with_what_to_do(tmp_path):
    path = tmp_path / ".bash_history"
    path.write_text(f"ls\nexport AWS_ACCESS_KEY_ID={ID}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\n")
    (leak,) = scan([Place("shell history", path)]).leaks
    assert (leak.vendor, leak.where, leak.masked) == ("AWS secret access key", "line 3", "…KqVt")
    assert "rotate it at https://console.aws.amazon.com/iam" in leak.do
    assert SECRET not in repr(leak)


@pytest.mark.timeout(60)
def test_a_long_text_of_ids_is_read_once():
    assert [*aws_secrets(f"{ID} " * 20_000)] == []
    assert [*aws_secrets("aws_secret_access_key" + " " * 200_000)] == []
