"""What is sent: the call of the dialect, and the headers that prove who asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from nbapimgr.engine._troubles import NotSentError, by_us
from nbapimgr.errors import MissingKey, NbApiMgrError

if TYPE_CHECKING:
    from nbapimgr.engine._gear import Gear
    from nbapimgr.models import Candidate, Provider
    from nbapimgr.secret import Secret
    from nbapimgr.wire import Dialect, HttpCall

__all__ = ["headers_of", "started"]

_OURS: Final = {"accept-encoding": "identity", "user-agent": "nbapimgr"}
"""Packed streams come late, in lumps; and packed bodies are how small ones become large."""
_NO_KEY: Final = frozenset({"", "Bearer"})
"""What is left of a proof when the key is empty."""


async def started(gear: Gear, provider: Provider) -> Provider:
    """The provider with a base URL: one that has none is started first, in a worker thread.

    Raises:
        NotSentError: It could not be started.
    """
    if provider.base_url or gear.start is None:
        return provider
    try:
        return await asyncio.to_thread(gear.start, provider)
    except NbApiMgrError as error:
        failure = by_us("network.refused", "provider", error)
    raise NotSentError(failure)


def headers_of(
    gear: Gear, speaks: Dialect, call: HttpCall, candidate: Candidate, provider: Provider
) -> tuple[dict[str, str], Secret | None]:
    """All headers of a call, and the key that is in them. The key is asked for here.

    Raises:
        NotSentError: There is no key, or none that can be sent.
    """
    try:
        key = gear.key_for(candidate)
        if not key and not provider.keyless:
            raise MissingKey(f"no key for {provider.name}")
        proof = speaks.authorise(call, key.reveal() if key else "", provider)
    except NbApiMgrError as error:
        failure = by_us("auth.invalid_key", "credential", error)
        raise NotSentError(failure) from None
    if not key:
        proof = {name: value for name, value in proof.items() if value.strip() not in _NO_KEY}
    elif not all(value.isascii() and value.isprintable() for value in proof.values()):
        # Checked here because the client's own error would show the value.
        unusable = MissingKey(f"the key for {provider.name} holds characters that no key has")
        raise NotSentError(by_us("auth.invalid_key", "credential", unusable))
    return {**_OURS, **call.headers, **proof}, key
