"""What raised between here and the provider -> `Failure`.

Exceptions are known by the names of their classes: httpx, httpx2, aiohttp and the system each have
their own, and none of them is imported for it. Their texts are never used: a URL or a header in one
of them may hold a key.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from nbapimgr.engine._hosts import origin_of
from nbapimgr.errors import NbApiMgrError
from nbapimgr.wire.failures import broken, network

if TYPE_CHECKING:
    from nbapimgr.models import Failure, Scope
    from nbapimgr.wire import Decoded

__all__ = ["NotSentError", "before_answer", "by_us", "in_answer", "redirected", "refused_answer"]


class NotSentError(Exception):
    """An attempt ended on this side, before anything was sent."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.category)
        self.failure = failure


_BY_NAME: Final = {
    "ClientHttpProxyError": ("network.proxy", "the proxy refused to connect"),
    "ClientProxyConnectionError": ("network.proxy", "the proxy does not answer"),
    "ProxyError": ("network.proxy", "the proxy does not answer"),
    "ClientConnectorDNSError": ("network.dns", "the name of the host is not known"),
    "gaierror": ("network.dns", "the name of the host is not known"),
    "ClientConnectorCertificateError": ("network.tls", "the certificate is not trusted"),
    "ClientSSLError": ("network.tls", "no TLS connection"),
    "SSLError": ("network.tls", "no TLS connection"),
    "ServerTimeoutError": ("network.connect_timeout", "no connection in time"),
    "ClientConnectorError": ("network.refused", "no connection"),
    "ServerDisconnectedError": ("network.reset", "the server closed the connection"),
    "ClientOSError": ("network.reset", "the connection was cut"),
    "ClientConnectionError": ("network.reset", "the connection was cut"),
    "ConnectionError": ("network.reset", "the connection was cut"),
    "ClientPayloadError": ("service.stream_broken", "the answer broke off"),
    "ClientResponseError": ("service.malformed", "the server does not speak HTTP as it should"),
    "InvalidURL": ("network.dns", "the base URL is no address"),
    "AddressError": ("network.dns", "the base URL is no http address"),
    "UnusableProxyError": ("network.proxy", "the kind of proxy that is set cannot be used"),
    "UndecodableError": ("service.malformed", "the answer is packed in a way not asked for"),
}
"""Class name -> category and words; the most special class of an exception counts."""

_REFUSED: Final = frozenset({"refusal", "content_filter"})
"""Finish reasons of answers that are none: a refused answer is never passed off as success."""

_BY_ERRNO: Final = {
    errno.ECONNREFUSED: "network.refused",
    errno.ECONNRESET: "network.reset",
    errno.ETIMEDOUT: "network.connect_timeout",
}


def before_answer(error: Exception, host: str) -> Failure:
    """The failure of a request to which no response came."""
    if isinstance(error, NotSentError):
        return error.failure
    if isinstance(error, NbApiMgrError):
        return by_us("request.bad", "model", error)
    cause = error.__cause__ or error
    category, words = _named(cause)
    system = getattr(cause, "os_error", cause)
    number = system.errno if isinstance(system, OSError) else None
    if category == "network.refused" and number is not None:
        category = _BY_ERRNO.get(number, category)
        words = os.strerror(number).lower() if number > 0 else words
    return _said(category, f"{host}: {words}", type(cause).__name__)


def in_answer(error: Exception, host: str) -> Failure:
    """The failure of a response that broke off or cannot be read."""
    cause = error.__cause__ or error
    category, words = _named(cause)
    if category == "service.malformed":
        return broken(category, f"{host}: {words}", type(cause).__name__)
    return broken("service.stream_broken", f"{host}: the answer broke off", type(cause).__name__)


def by_us(category: str, scope: Scope, error: NbApiMgrError) -> Failure:
    """The failure of an attempt that ended on this side, before anything was sent."""
    failure = _said(category, str(error), type(error).__name__)
    remedy = error.hint or failure.remedy
    return msgspec.structs.replace(failure, scope=scope, remedy=remedy, retryable=False)


def redirected(status: int, location: str, host: str) -> Failure:
    """The failure that a redirect is: a key belongs to one origin and is not carried to another."""
    target = urlsplit(origin_of(location)).hostname or host
    words = f"{host} redirects to {target}, and redirects are not followed"
    return msgspec.structs.replace(
        network("network.proxy", words, evidence=f"status {status}"), status=status
    )


def refused_answer(decoded: Decoded) -> Failure | None:
    """The failure that an answer is in which the model, or a filter, refused to answer."""
    if not decoded.refusal and decoded.finish_reason not in _REFUSED:
        return None
    words = decoded.refusal or "the answer was stopped by a content filter"
    return broken("request.content_policy", words, f"finish reason {decoded.finish_reason}")


def _named(error: BaseException) -> tuple[str, str]:
    for kind in type(error).__mro__:
        if kind.__name__ in _BY_NAME:
            return _BY_NAME[kind.__name__]
    return "service.malformed", f"what came cannot be handled ({type(error).__name__})"


def _said(category: str, message: str, evidence: str) -> Failure:
    make = network if category.startswith("network.") else broken
    return make(category, message, evidence=evidence)
