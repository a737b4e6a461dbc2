"""What each category of failure means: whose fault it is, what is done, what the user can do."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from nbapimgr.models import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CATEGORIES", "Class", "Parent"]

Parent = Literal["Auth", "Rate limit", "Model", "Network", "Service", "Request", "You"]


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """What a category means. All of it is for people but `scope` and `retryable`."""

    parent: Parent
    """The word people see."""
    what: str
    """What happened, in one clause."""
    scope: Scope
    """Whose fault it is, where a rule does not say otherwise."""
    retryable: bool
    """Whether the same request may be sent to the same candidate again."""
    action: str
    """What the engine does."""
    remedy: str
    """What the user can do now, in one line."""


CATEGORIES: Final[Mapping[str, Class]] = MappingProxyType(
    {
        "auth.invalid_key": Class(
            parent="Auth",
            what="the provider does not accept the key",
            scope="credential",
            retryable=False,
            action="next credential, else next provider; the key is left alone until it changes",
            remedy="check the key: it may be mistyped, revoked, expired or another provider's",
        ),
        "auth.permission": Class(
            parent="Auth",
            what="the key is good but may not do this",
            scope="credential",
            retryable=False,
            action="next credential, else next provider; the key is left alone until it changes",
            remedy="give the key the permission the message names, or use another key",
        ),
        "auth.region": Class(
            parent="Auth",
            what="the provider does not serve this country or region",
            scope="provider",
            retryable=False,
            action="next provider",
            remedy="use a provider that serves where you are, or another region of this one",
        ),
        "quota.exhausted": Class(
            parent="Auth",
            what="credit, budget or plan of the account is used up",
            scope="account",
            retryable=False,
            action="next credential or provider; the account is left alone until the stated reset",
            remedy="add credit or raise the spending limit on the provider's billing page",
        ),
        "rate_limit.short": Class(
            parent="Rate limit",
            what="too many requests or tokens in a short time",
            scope="credential",
            retryable=True,
            action="wait when that is quicker than the next candidate, else next, and back in time",
            remedy="nothing to do: it passes by itself; a second provider makes it unnoticeable",
        ),
        "rate_limit.daily": Class(
            parent="Rate limit",
            what="the day's allowance is used up",
            scope="account",
            retryable=False,
            action="next credential or provider; the account is left alone until its reset",
            remedy="wait for the reset, use another provider, or move to a larger plan",
        ),
        "rate_limit.too_large": Class(
            parent="Rate limit",
            what="this one request is larger than the limit of a minute",
            scope="request",
            retryable=False,
            action="never the same again; another model or provider",
            remedy="shorten the prompt, lower max_tokens, or use a model with a higher limit",
        ),
        "model.not_found": Class(
            parent="Model",
            what="the model does not exist, is retired, or is not open to this account",
            scope="model",
            retryable=False,
            action="next candidate; the model is left alone; near names are offered",
            remedy="check the model's name and the base URL against the provider's list",
        ),
        "model.context_length": Class(
            parent="Model",
            what="the request does not fit the model's context window",
            scope="request",
            retryable=False,
            action="never unchanged; a candidate with a larger window",
            remedy="shorten the prompt or the history, or use a model with a larger window",
        ),
        "request.content_policy": Class(
            parent="Request",
            what="the provider's content rules refused the request or the answer",
            scope="request",
            retryable=False,
            action="stop, unless the user allowed another provider to be asked",
            remedy="rephrase the prompt, or allow another provider to be asked",
        ),
        "request.bad": Class(
            parent="Request",
            what="the provider does not understand the request, or a part of it",
            scope="request",
            retryable=False,
            action="adapted once where that is safe and said, else stop",
            remedy="remove or correct the parameter the message names",
        ),
        "request.too_large": Class(
            parent="Request",
            what="the request has more bytes than the provider takes",
            scope="request",
            retryable=False,
            action="another provider with a larger cap, else stop",
            remedy="send fewer or smaller pictures and files",
        ),
        "service.overloaded": Class(
            parent="Service",
            what="the provider has more work than it can do",
            scope="provider",
            retryable=True,
            action="once more after a pause, then next; other keys would not help",
            remedy="nothing to do: it passes by itself; a second provider makes it unnoticeable",
        ),
        "service.error": Class(
            parent="Service",
            what="the provider failed",
            scope="provider",
            retryable=True,
            action="once more, then next",
            remedy="nothing to do on this side; the provider's status page may say more",
        ),
        "service.stream_broken": Class(
            parent="Service",
            what="the answer broke off before its end",
            scope="provider",
            retryable=True,
            action="begun again on the next candidate; never shown as an answer",
            remedy="nothing to do on this side; ask again",
        ),
        "service.malformed": Class(
            parent="Service",
            what="the answer was not what the provider's interface promises",
            scope="provider",
            retryable=True,
            action="begun again on the next candidate; never shown as an answer",
            remedy="check that the base URL belongs to this dialect",
        ),
        "service.empty": Class(
            parent="Service",
            what="the answer was empty",
            scope="provider",
            retryable=True,
            action="begun again on the next candidate; never shown as an answer",
            remedy="raise max_tokens if it is low; ask again",
        ),
        "network.connect_timeout": Class(
            parent="Network",
            what="no connection in time",
            scope="host",
            retryable=False,
            action="next at once: a silent route is not tried again",
            remedy="check the address, the VPN and the firewall",
        ),
        "network.first_token_timeout": Class(
            parent="Network",
            what="connected, but no answer began in time",
            scope="provider",
            retryable=False,
            action="next at once: a silent route is not tried again",
            remedy="raise the timeout if the model is known to think long",
        ),
        "network.stall": Class(
            parent="Network",
            what="the answer stopped coming",
            scope="provider",
            retryable=False,
            action="begun again on the next candidate at once",
            remedy="nothing to do on this side; ask again",
        ),
        "network.total_timeout": Class(
            parent="Network",
            what="the answer took longer than it may",
            scope="provider",
            retryable=False,
            action="next at once if the call's time allows",
            remedy="raise the timeout, shorten the prompt or lower max_tokens",
        ),
        "network.dns": Class(
            parent="Network",
            what="the host's name is not known",
            scope="host",
            retryable=False,
            action="next at once",
            remedy="check the base URL for a typing error, then DNS and VPN",
        ),
        "network.tls": Class(
            parent="Network",
            what="no trusted encrypted connection",
            scope="host",
            retryable=False,
            action="next at once",
            remedy="check this machine's clock and certificates, and proxies that open connections",
        ),
        "network.refused": Class(
            parent="Network",
            what="nothing listens at that address",
            scope="host",
            retryable=False,
            action="next at once",
            remedy="start the server (for Ollama: ollama serve) or correct the base URL",
        ),
        "network.reset": Class(
            parent="Network",
            what="the connection was cut before an answer",
            scope="host",
            retryable=True,
            action="once more, then next",
            remedy="nothing to do if it happens once; else check proxy and VPN",
        ),
        "network.offline": Class(
            parent="Network",
            what="no provider can be reached: this machine seems to be offline",
            scope="local",
            retryable=False,
            action="said so; no provider is blamed",
            remedy="check the network connection",
        ),
        "network.proxy": Class(
            parent="Network",
            what="something between here and the provider answered in its place",
            scope="local",
            retryable=False,
            action="said so; next",
            remedy="check the base URL and the proxy, or sign in to the network in a browser",
        ),
        "user.cancelled": Class(
            parent="You",
            what="stopped by you",
            scope="local",
            retryable=False,
            action="stop; no provider is blamed",
            remedy="",
        ),
        "user.budget": Class(
            parent="You",
            what="the budget you set would be passed",
            scope="local",
            retryable=False,
            action="stop before anything is sent; no provider is blamed",
            remedy="raise the budget, or use a cheaper model",
        ),
    }
)
"""Every category there is; the identifiers are the contract with the engine and the usage rows."""
