"""One attempt as one row: only facts about the call, never what was asked or answered."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec

from nbapimgr.usage._checks import INT8, INT16, INT32, INT64, LAST_MOMENT, Checker
from nbapimgr.usage._ids import ID_BYTES, new_call_id
from nbapimgr.usage._vendors import provider_name

if TYPE_CHECKING:
    from nbapimgr.models import Attempt, Request, Usage

__all__ = ["Place", "Row", "build"]

_log = logging.getLogger("nbapimgr.usage")

_Id = Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
_Int8 = Annotated[int, msgspec.Meta(ge=0, le=INT8)]
_Int16 = Annotated[int, msgspec.Meta(ge=0, le=INT16)]
_Int32 = Annotated[int, msgspec.Meta(ge=0, le=INT32)]
_Int64 = Annotated[int, msgspec.Meta(ge=0, le=INT64)]
_Moment = Annotated[int, msgspec.Meta(ge=0, le=LAST_MOMENT * 1_000_000)]


_PROBE = "nbapimgr.probe"
"""The tag of rows whose attempt answered nobody: it found out whether a candidate is well again."""
_ADAPTED = "nbapimgr.adapted"
"""The tag of rows whose request was not sent as the user said it, and what was changed: schema v1
has no column for what happens so seldom."""


class Row(msgspec.Struct, omit_defaults=True, gc=False):
    """A row of schema v1, in the columns' order. Moments are microseconds since the epoch.

    Names are the snake_case of OpenTelemetry's GenAI attributes where it has one. The bounds are
    those of the Arrow types: a line that has others is damage, and not a file that cannot be made.
    """

    event_id: _Id
    call_id: _Id | None = None
    """None: the same as `event_id`. A second random id would be a quarter of a stored row."""
    attempt: _Int8 = 0
    """The how-manieth of its call, from 1; 0 where the answer was kept and nobody was asked."""
    is_final: bool = False
    fallback_from: str | None = None
    route: str | None = None
    started_at: _Moment | None = None
    recorded_at: _Moment = 0
    """Set when the row is written; it is what rows are partitioned by, as clocks jump."""
    duration_s: float | None = None
    time_to_first_chunk_s: float | None = None
    operation_name: str = "chat"
    provider_name: str | None = None
    host_provider_name: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    service_tier: str | None = None
    stream: bool = False
    outcome: str | None = None
    error_type: str | None = None
    http_status: _Int16 | None = None
    finish_reason: str | None = None
    input_tokens: _Int64 | None = None
    output_tokens: _Int64 | None = None
    cache_read_input_tokens: _Int64 | None = None
    cache_creation_input_tokens: _Int64 | None = None
    cache_creation_1h_input_tokens: _Int64 | None = None
    reasoning_output_tokens: _Int64 | None = None
    tokens_source: str = "none"
    cost_amount: float | None = None
    """None: unknown. Never zero for unknown."""
    cost_currency: str | None = None
    cost_source: str = "none"
    price_ref: str | None = None
    estimate_amount: float | None = None
    credential_id: str | None = None
    principal_id: str | None = None
    project: str | None = None
    notebook: str | None = None
    cell_id: str | None = None
    execution_count: _Int32 | None = None
    kernel_id: str | None = None
    host_id: str | None = None
    conversation_id: str | None = None
    tags: str | None = None


class Place(NamedTuple):
    """Where this process runs; the same in all its rows."""

    kernel_id: str
    host_id: str
    principal_id: str | None

    @classmethod
    def here(cls, writer: str) -> Place:
        """This process; the kernel's id is in the name of its connection file."""
        started = re.search(r"kernel-([0-9A-Za-z-]+)\.json", " ".join(sys.argv))
        kernel = started[1] if started else writer
        return cls(kernel, socket.gethostname(), os.environ.get("JUPYTERHUB_USER") or None)


def _answer(check: Checker, attempt: Attempt) -> dict[str, Any]:
    """Columns that say who was asked and what came of it."""
    failure = attempt.failure
    status = attempt.http_status or (failure.status if failure else None)
    return {
        "is_final": attempt.outcome in ("ok", "cached") and not attempt.probe,
        "started_at": check.moment("started_at", attempt.started_at),
        "duration_s": check.number("duration_s", attempt.duration),
        "time_to_first_chunk_s": check.number("time_to_first_chunk_s", attempt.first_chunk),
        "provider_name": check.word("provider_name", provider_name(attempt.candidate.provider)),
        "request_model": check.word("request_model", attempt.candidate.model),
        "response_model": check.word("response_model", attempt.response_model),
        "stream": bool(attempt.stream),
        "outcome": check.word("outcome", attempt.outcome),
        "error_type": check.word("error_type", failure.category) if failure else None,
        "http_status": check.count("http_status", status, INT16),
        "finish_reason": check.word("finish_reason", attempt.finish_reason),
    }


def _tokens(check: Checker, usage: Usage) -> dict[str, int | None]:
    """The token counts; parts that exceed their whole are refused, the whole is kept."""
    whole_in = check.count("input_tokens", usage.input_tokens)
    whole_out = check.count("output_tokens", usage.output_tokens)
    read = check.count("cache_read_input_tokens", usage.cache_read_input_tokens)
    creation = check.count("cache_creation_input_tokens", usage.cache_creation_input_tokens)
    hour = check.count("cache_creation_1h_input_tokens", usage.cache_creation_1h_input_tokens)
    reasoning = check.count("reasoning_output_tokens", usage.reasoning_output_tokens)
    if whole_in is not None and (read or 0) + (creation or 0) > whole_in:
        check.refuse("cache_read_input_tokens")
        check.refuse("cache_creation_input_tokens")
        read = creation = hour = None
    if hour is not None and creation is not None and hour > creation:
        check.refuse("cache_creation_1h_input_tokens")
        hour = None
    if reasoning is not None and whole_out is not None and reasoning > whole_out:
        check.refuse("reasoning_output_tokens")
        reasoning = None
    return {
        "input_tokens": whole_in,
        "output_tokens": whole_out,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": creation,
        "cache_creation_1h_input_tokens": hour,
        "reasoning_output_tokens": reasoning,
    }


def _usage(check: Checker, attempt: Attempt) -> dict[str, Any]:
    """Token columns. What was not sent has used none."""
    usage = attempt.usage
    if usage is None:
        return {}
    if attempt.outcome == "refused":
        check.refuse("tokens of a refused call")
        return {}
    return {
        **_tokens(check, usage),
        "tokens_source": check.word("tokens_source", usage.source) or "none",
        "service_tier": check.word("service_tier", usage.service_tier),
    }


def _cost(check: Checker, attempt: Attempt) -> dict[str, Any]:
    """Cost columns: amount and source are known together or not at all."""
    cost = attempt.cost
    if attempt.outcome in ("refused", "cached"):
        if cost.amount:
            check.refuse("cost_amount")
        return {"cost_amount": 0.0, "cost_currency": "USD", "cost_source": "local"}
    amount = check.number("cost_amount", cost.amount)
    known = cost.source in ("provider", "local")
    if amount is None or not known:
        if known or amount is not None:
            check.refuse("cost_amount")
        return {}
    return {
        "cost_amount": amount,
        "cost_currency": check.word("cost_currency", cost.currency),
        "cost_source": cost.source,
        "price_ref": check.word("price_ref", cost.price_ref),
    }


def _origin(check: Checker, request: Request, attempt: Attempt) -> dict[str, Any]:
    """Columns that say where the call comes from; tags of ours tell probes and adapted requests."""
    origin = request.origin
    tags = origin.tags
    if attempt.probe or attempt.adapted:
        ours = {_PROBE: "true" if attempt.probe else "", _ADAPTED: attempt.adapted}
        tags = {**tags, **{name: value for name, value in ours.items() if value}}
    return {
        "project": check.word("project", origin.project),
        "notebook": check.word("notebook", origin.notebook),
        "cell_id": check.word("cell_id", origin.cell_id),
        "execution_count": check.count("execution_count", origin.execution_count, INT32),
        "conversation_id": check.word("conversation_id", origin.conversation_id),
        "tags": check.tags(tags),
    }


def build(
    call_id: bytes,
    request: Request,
    attempt: Attempt,
    *,
    fallback_from: str | None,
    credential_id: str,
    place: Place,
    now: float,
) -> Row:
    """The row of an attempt; `recorded_at` is set by the store.

    A value that breaks a rule of the schema becomes null and is named in the log: a row is never
    lost for a bad field, and never carries one.
    """
    check = Checker()
    call_id = check.key("call_id", call_id, now)
    first = attempt.number == 1 or attempt.outcome == "cached"
    row = Row(
        event_id=call_id if first else new_call_id(now),
        call_id=None if first else call_id,
        attempt=check.count("attempt", attempt.number, INT8) or 0,
        fallback_from=check.word("fallback_from", fallback_from),
        route=check.word("route", request.route),
        credential_id=check.word("credential_id", credential_id),
        kernel_id=place.kernel_id,
        host_id=place.host_id,
        principal_id=place.principal_id,
        **_answer(check, attempt),
        **_usage(check, attempt),
        **_cost(check, attempt),
        **_origin(check, request, attempt),
    )
    if check.refused:
        _log.warning("usage row with impossible values, kept as null: %s", ", ".join(check.refused))
    return row
