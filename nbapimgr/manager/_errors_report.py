"""A report of failures that can be pasted where everybody reads it.

What goes in is chosen, not what stays out: numbers, our own words, names of the catalogue, and
identifiers that look like identifiers. No name, address, path or sentence of the user's, and no
sentence of a provider's, which may repeat the prompt.
"""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from nbapimgr.manager._listings import version_rows
from nbapimgr.wire import DIALECTS
from nbapimgr.wire.catalogue import CATALOGUE
from nbapimgr.wire.failures import CATEGORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from nbapimgr.models import Attempt, Provider
    from nbapimgr.settings import Settings

__all__ = ["report"]

_ID: Final = re.compile(r"(?=\D*\d)[A-Za-z0-9][\w.-]{7,99}", re.ASCII)
"""What a request id looks like: one word with a digit in it."""
_RULE: Final = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+")
"""The name of the rule that matched; what it matched may be a provider's words."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def report(
    settings: Settings,
    failures: Sequence[Attempt],
    counts: pd.DataFrame,
    scrubbed: Callable[[str], str],
) -> str:
    """The report.

    Args:
        settings: The settings in force.
        failures: The failed attempts of this kernel, the oldest first.
        counts: How often each class was met in the usage rows.
        scrubbed: Takes keys out of a text; applied to the whole once more.
    """
    lines = [
        f"nbapimgr error report, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "",
        "Versions",
        *(f"  {package} {version or 'not installed'}" for package, version in version_rows()),
        f"  {platform.system()} {platform.release()} {platform.machine()}",
        "",
        f"Settings (providers: {len(settings.providers)}, routes: {len(settings.routes)})",
        *_providers(settings),
        "",
        "Failures of this kernel, newest first",
        *(_failures(settings, failures) or ["  none"]),
        "",
        "Failures of the last 30 days",
        *(_counted(counts) or ["  none"]),
    ]
    return scrubbed("\n".join(lines))


def _providers(settings: Settings) -> Iterator[str]:
    for number, provider in enumerate(settings.providers, 1):
        facts = [
            _vendor(provider),
            provider.dialect if provider.dialect in DIALECTS else "unknown dialect",
            _host(provider),
            f"models: {len(provider.models)}",
            "" if provider.enabled else "disabled",
            "keyless" if provider.keyless else "",
        ]
        yield f"  {number}. " + ", ".join(filter(None, facts))


def _vendor(provider: Provider) -> str:
    return provider.vendor if provider.vendor in CATALOGUE else "a server of one's own"


def _host(provider: Provider) -> str:
    """Where it is, as far as that says nothing of the user."""
    try:
        host = urlsplit(provider.base_url).hostname or ""
    except ValueError:
        return "an address that cannot be read"
    if not host:
        return "started here"
    if host in _LOOPBACK:
        return "this machine"
    known = CATALOGUE.get(provider.vendor)
    if known and host == urlsplit(known.base_url).hostname:
        return host
    return "a host of one's own"


def _failures(settings: Settings, failures: Sequence[Attempt]) -> list[str]:
    numbers = {provider.name: n for n, provider in enumerate(settings.providers, 1)}
    return [f"  {_failure(numbers, attempt)}" for attempt in reversed(failures)]


def _failure(numbers: dict[str, int], attempt: Attempt) -> str:
    failure = attempt.failure
    category = failure.category if failure and failure.category in CATEGORIES else "unknown"
    facts = [
        f"{datetime.fromtimestamp(attempt.started_at, UTC):%Y-%m-%d %H:%M:%S}",
        f"provider {numbers.get(attempt.candidate.provider.name, '(removed)')}",
        _model(attempt),
        category,
    ]
    if failure:
        rule = _RULE.match(failure.evidence)
        request_id = failure.request_id or attempt.request_id or ""
        facts += [
            f"HTTP {failure.status}" if failure.status else "",
            f"scope {failure.scope}",
            f"rule {rule[0]}" if rule else "",
            f"request id {request_id}" if _ID.fullmatch(request_id) else "",
        ]
    streamed = f"broke off after {attempt.text_length} characters" if attempt.text_length else ""
    facts += [f"attempt {attempt.number}", f"{attempt.duration:.1f} s", streamed]
    return ", ".join(filter(None, facts))


def _model(attempt: Attempt) -> str:
    """The model's name where it is one that the vendor sells, and not one the user has made."""
    known = CATALOGUE.get(attempt.candidate.provider.vendor)
    listed = known and attempt.candidate.model in known.models
    return f"model {attempt.candidate.model}" if listed else ""


def _counted(counts: pd.DataFrame) -> list[str]:
    return [
        f"  {name if name in CATEGORIES else 'unknown'}: attempts {failures}, calls lost {lost}"
        for name, failures, lost in zip(
            counts["class"], counts["failures"], counts["lost"], strict=True
        )
    ]
