"""What an attempt leaves behind: its record, and the reply when it was the good one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from nbapimgr.models import Attempt, Reply, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nbapimgr.engine._trial import Trial
    from nbapimgr.models import Failure, Request

__all__ = ["attempt_of", "cancelled_attempt_of", "reply_of"]


def attempt_of(trial: Trial, estimate: Callable[[str], int]) -> Attempt:
    """The record of an attempt that has ended."""
    failure = trial.failure
    usage = trial.decoded.usage
    if usage is None and (failure is None or trial.decoded.text):
        usage = _estimated(trial, estimate)
    return _record(trial, _outcome(failure), failure, usage)


def cancelled_attempt_of(trial: Trial, estimate: Callable[[str], int]) -> Attempt:
    """The record of an attempt that was cancelled on its way.

    What had been sent is paid for, and the provider had no time to say how much it was.
    """
    usage = _estimated(trial, estimate) if trial.sent else None
    return _record(trial, "cancelled", None, usage)


def reply_of(trial: Trial, attempts: Sequence[Attempt], elapsed: float) -> Reply:
    """The reply of a call whose last attempt was good."""
    decoded, attempt = trial.decoded, attempts[-1]
    return Reply(
        text=decoded.text,
        candidate=trial.candidate,
        model=decoded.model or trial.candidate.model,
        finish_reason=decoded.finish_reason,
        content=decoded.content,
        usage=attempt.usage or Usage(source="none"),
        cost=attempt.cost,
        attempts=tuple(attempts),
        elapsed=elapsed,
        response_id=decoded.response_id,
        request_id=attempt.request_id,
    )


def _outcome(failure: Failure | None) -> Literal["ok", "refused", "error"]:
    if failure is None:
        return "ok"
    return "refused" if failure.category == "request.content_policy" else "error"


def _record(
    trial: Trial,
    outcome: Literal["ok", "error", "cancelled", "refused"],
    failure: Failure | None,
    usage: Usage | None,
) -> Attempt:
    decoded = trial.decoded
    return Attempt(
        number=trial.number,
        candidate=trial.candidate,
        started_at=trial.started_at,
        duration=trial.elapsed,
        outcome=outcome,
        first_chunk=trial.first_chunk,
        waited=trial.waited,
        stream=trial.request.stream,
        failure=failure,
        http_status=trial.status,
        usage=usage,
        response_model=decoded.model,
        response_id=decoded.response_id,
        request_id=failure.request_id if failure else trial.request_id,
        finish_reason=decoded.finish_reason,
        text_length=len(decoded.text),
        queued=trial.queued,
        longest_gap=trial.longest_gap,
    )


def _estimated(trial: Trial, estimate: Callable[[str], int]) -> Usage:
    """Tokens by the text of question and answer, beside what the provider did say."""
    known = trial.decoded.usage or Usage()
    tokens = known.input_tokens
    if tokens is None:
        tokens = estimate(_question(trial.request))
    return msgspec.structs.replace(
        known,
        input_tokens=tokens,
        output_tokens=estimate(trial.decoded.text),
        source="estimated",
    )


def _question(request: Request) -> str:
    return "\n".join([request.system or "", *(message.text for message in request.messages)])
