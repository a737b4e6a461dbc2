"""Proves to AWS who asks: a Bedrock API key as bearer token, or SigV4 through botocore."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Final

from nbapimgr.errors import MissingExtra, MissingKey
from nbapimgr.wire.bedrock._place import region

if TYPE_CHECKING:
    from nbapimgr.models import Provider
    from nbapimgr.wire._dialect import HttpCall

__all__ = ["authorise"]

_ACCESS_KEY: Final = re.compile(r"((?:AKIA|ASIA)[A-Z0-9]{12,}):([^:]+)(?::(.+))?")
"""AWS credentials in one line: id, secret and, for temporary ones, a session token."""
_SERVICE: Final = "bedrock"
"""The name that is signed for, on the runtime host and the control plane alike."""


def authorise(call: HttpCall, key: str, provider: Provider) -> dict[str, str]:
    """The headers that prove who asks.

    Args:
        call: What will be sent. SigV4 covers its method, URL, body and content type.
        key: A Bedrock API key (`ABSK…`, `bedrock-api-key-…`), or `ID:SECRET[:TOKEN]` of AWS. Empty
            for the credentials AWS's own tools find (environment, `~/.aws`, instance role), of the
            profile `options["profile"]` if one is named.
        provider: Names the region.

    Raises:
        MissingExtra: SigV4 is needed and botocore is not installed.
        MissingKey: No key, and AWS's own places hold no credentials.
        SettingsError: The region to sign for is not known.
    """
    found = _ACCESS_KEY.fullmatch(key)
    if key and not found:
        return {"authorization": f"Bearer {key}"}
    _require_botocore()
    if found:
        from botocore.credentials import Credentials

        return _signature(call, Credentials(*found.groups()), region(provider))
    from botocore.exceptions import BotoCoreError

    try:
        return _signature(call, _own_credentials(provider), region(provider))
    except BotoCoreError as error:
        raise MissingKey(
            f"provider {provider.name!r} has no key, and AWS's own places give none: {error}",
            hint="add a Bedrock API key, or sign in with the AWS command line",
        ) from None


def _require_botocore() -> None:
    try:
        import botocore  # noqa: F401  # asked for, not used
    except ImportError:
        raise MissingExtra(
            "AWS credentials need botocore to sign with",
            hint='pip install "nbapimgr[bedrock]", or use a Bedrock API key',
        ) from None


def _signature(call: HttpCall, credentials: Any, place: str) -> dict[str, str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    signed = {name: value for name, value in call.headers.items() if name == "content-type"}
    request = AWSRequest(method=call.method, url=call.url, data=call.body, headers=signed)
    SigV4Auth(credentials, _SERVICE, place).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items() if name not in signed}


def _own_credentials(provider: Provider) -> Any:
    """AWS's own credentials; signing may still find that a login has ended."""
    profile = provider.options.get("profile")
    return _chain(profile if isinstance(profile, str) else None)


@functools.cache
def _chain(profile: str | None) -> Any:
    """Found once and kept, because it is slow: they renew themselves. Not found is not kept."""
    from botocore.exceptions import NoCredentialsError
    from botocore.session import Session

    credentials = Session(profile=profile).get_credentials()
    if credentials is None:
        raise NoCredentialsError
    return credentials
