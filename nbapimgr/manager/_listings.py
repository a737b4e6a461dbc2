"""What there is to see, as plain rows: the same for the magic, the command line and programs."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

from nbapimgr.manager._health_rows import health_in_words
from nbapimgr.manager._settings_rows import settings_rows
from nbapimgr.wire.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbapimgr.manager._manager import Manager
    from nbapimgr.models import Attempt, Plan

__all__ = [
    "attempt_rows",
    "doctor_rows",
    "found_in_environment",
    "key_rows",
    "model_rows",
    "plan_rows",
    "provider_rows",
    "version_rows",
]

Row = dict[str, Any]


def provider_rows(manager: Manager) -> list[Row]:
    """The configured providers in the order they are tried."""
    rows = []
    for provider in sorted(manager.providers.values(), key=lambda p: p.priority):
        keys = manager.credentials.list(provider.name)
        key = f"{keys[0].masked} ({keys[0].source})" if keys else "missing"
        rows.append(
            {
                "provider": provider.name,
                "dialect": provider.dialect,
                "models": ", ".join(provider.models),
                "priority": provider.priority,
                "enabled": provider.enabled,
                "key": "not needed" if provider.keyless and not keys else key,
                "health": health_in_words(manager, provider),
                "base_url": provider.base_url,
            }
        )
    return rows


def key_rows(manager: Manager) -> list[Row]:
    """Every key, masked, with where it comes from."""
    return [
        {
            "provider": info.provider,
            "alias": info.alias,
            "active": info.active,
            "key": info.masked,
            "source": info.source,
        }
        for name in manager.providers
        for info in manager.credentials.list(name)
    ]


def model_rows(manager: Manager, provider: str | None = None) -> list[Row]:
    """The models of the settings, or all that one provider lists when it is asked (a free call).

    Raises:
        UnknownName: There is no such provider.
        AllProvidersFailed: It does not answer.
    """
    if provider is None:
        return [
            {
                "route": f"{p.name}:{model}",
                "provider": p.name,
                "model": model,
                "usable": p.enabled and _has_key(manager, p.name),
            }
            for p in sorted(manager.providers.values(), key=lambda p: p.priority)
            for model in p.models
        ]
    return [
        {
            "route": f"{provider}:{info.id}",
            "provider": provider,
            "model": info.id,
            "usable": True,
            "context_window": info.context_window,
            "images": info.images,
            "tools": info.tools,
            "schema": info.schema,
        }
        for info in manager.providers.test(provider)
    ]


def _has_key(manager: Manager, name: str) -> bool:
    return manager.providers[name].keyless or bool(manager.credentials.list(name))


def plan_rows(plan: Plan) -> list[Row]:
    """Who is tried in which order, who only as a last resort and why, and who not and why."""
    fit = len(plan.candidates) - len(plan.resorts)
    names = map(str, plan.candidates[:fit])
    reasons = [plan.reasons.get(name, "tried in this place") for name in names]
    reasons += [f"last resort, {resort.reason}" for resort in plan.resorts]
    rows: list[Row] = [
        {"order": str(number), "candidate": str(candidate), "reason": reason}
        for number, (candidate, reason) in enumerate(zip(plan.candidates, reasons, strict=True), 1)
    ]
    rows += [
        {"order": "–", "candidate": skip.candidate, "reason": skip.reason} for skip in plan.skipped
    ]
    return rows


def attempt_rows(attempts: tuple[Attempt, ...]) -> list[Row]:
    """The attempts of a call: who, how long, what came of it, what it cost."""
    return [
        {
            "attempt": attempt.number,
            "candidate": str(attempt.candidate),
            "outcome": attempt.failure.category if attempt.failure else attempt.outcome,
            "waited_s": round(attempt.waited, 3),
            "first_chunk_s": None if attempt.first_chunk is None else round(attempt.first_chunk, 3),
            "duration_s": round(attempt.duration, 3),
            "input_tokens": attempt.usage.input_tokens if attempt.usage else None,
            "output_tokens": attempt.usage.output_tokens if attempt.usage else None,
            "cost_usd": attempt.cost.amount,
            "adapted": attempt.adapted,
            "why": attempt.failure.message if attempt.failure else "",
        }
        for attempt in attempts
    ]


def found_in_environment() -> list[tuple[str, str]]:
    """(vendor, variable) for each key of a known vendor that the environment holds."""
    return [
        (name, variable)
        for name, vendor in CATALOGUE.items()
        for variable in vendor.env
        if os.environ.get(variable)
    ]


def doctor_rows(manager: Manager) -> list[Row]:
    """What is well and what is not, each with what to do. Nothing is sent anywhere."""
    rows = [*_versions(), *_files(manager), *_providers(manager)]
    return [{"check": check, "ok": ok, "found": found, "do": do} for check, ok, found, do in rows]


def version_rows() -> list[tuple[str, str]]:
    """(package, version) of what matters in a bug report; "" where it is not installed."""
    rows = [("python", f"{platform.python_version()} ({sys.platform})")]
    for package in ("nbapimgr", "ipython", "ipykernel", "httpx", "pandas", "genai-prices"):
        try:
            rows.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            rows.append((package, ""))
    return rows


def _versions() -> Iterator[tuple[str, bool, str, str]]:
    for package, version in version_rows():
        do = "" if version else f"pip install {package}"
        yield package, bool(version), version or "not installed", do


def _files(manager: Manager) -> Iterator[tuple[str, bool, str, str]]:
    path = manager.places.settings
    yield "settings", True, f"{path}{'' if path.exists() else ' (none yet)'}", ""
    for row in settings_rows(manager.origins):
        yield f"setting {row['setting']}", True, f"{row['value']} – {row['source']}", ""
    for line in manager.notes:
        yield "settings", False, line, "change what is said there"
    yield "usage rows", True, str(manager.places.data), ""
    for line in manager.trouble:
        yield "trouble", False, line, "mend the file or the folder it names"


def _providers(manager: Manager) -> Iterator[tuple[str, bool, str, str]]:
    if not manager.providers:
        yield "providers", False, "none configured", "llm.providers.add(…), or %llm demo"
    for row in provider_rows(manager):
        missing = row["key"] == "missing"
        do = f"%llm keys set {row['provider']}" if missing else ""
        yield f"provider {row['provider']}", not missing, f"key: {row['key']}", do
    for vendor, variable in found_in_environment():
        if vendor not in manager.providers:
            yield "environment", True, variable, f"%llm use {vendor}"
