"""What a client did before the wall -> pass, partial, safe or fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from tests.chaos.wall_server import ANSWER, FALLBACK, PRIMARY, Hit

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Answer", "Check", "Evidence", "judge", "rescued"]

Severity = Literal["required", "advisory", "ours"]
"""required and advisory are those of FailoverBench v0.1; ours are checks beyond it, which count
for nobody's verdict but for our own gate."""
Verdict = Literal["pass", "partial", "safe", "fail"]
OUTAGE: Final = 60.0
"""Seconds for which the primary of S15 is down."""


@dataclass(frozen=True)
class Answer:
    """What the caller of a client got."""

    began: float
    """On the machine's monotonic clock."""
    took: float
    text: str = ""
    shown: str = ""
    """What the caller had seen at the end, where the client streams."""
    model: str = ""
    usage: bool = False
    error: str = ""
    """Empty when the client says that all is well."""

    @property
    def ok(self) -> bool:
        """Whether the client says that all is well."""
        return not self.error

    @property
    def whole(self) -> bool:
        """Whether the caller has all of it, and nothing else."""
        expected = ANSWER.split()
        return self.ok and self.text.split() == expected and self.shown.split() == expected


@dataclass
class Evidence:
    """All that is known of one scenario; times are in seconds of the scenario."""

    began: float = 0.0
    hits: list[Hit] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    alive: Answer | None = None
    hung: bool = False
    failed_rows: int | None = None
    """Failed attempts in the client's own books; None where it keeps none."""
    own: float = 0.0
    """What the fallback takes when it is asked itself."""
    scale: float = 1.0

    def attempts(self, model: str, *, within: float = float("inf")) -> int:
        """How many requests a model got, in the first seconds."""
        return sum(at <= within for at in self.times(model))

    def times(self, model: str) -> list[float]:
        """When a model got them."""
        return [(hit.at - self.began) / self.scale for hit in self.hits if hit.model == model]

    def begun(self, answer: Answer) -> float:
        """When a call began."""
        return (answer.began - self.began) / self.scale

    @property
    def took(self) -> float:
        """How long the longest call took."""
        return max((answer.took for answer in self.answers), default=0.0) / self.scale

    @property
    def in_outage(self) -> list[Answer]:
        """The calls that began while the primary of S15 was down."""
        return [answer for answer in self.answers if self.begun(answer) < OUTAGE]


@dataclass(frozen=True)
class Check:
    """Something that must hold."""

    name: str
    holds: Callable[[Evidence], bool]
    severity: Severity = "required"


def rescued(evidence: Evidence, *, refusal: bool = False) -> bool:
    """Whether the callers got what they should: the whole answer, or a refusal as an error."""
    if evidence.hung or not evidence.answers:
        return False
    if refusal:
        return not any(answer.ok for answer in evidence.answers)
    return all(answer.whole for answer in evidence.answers)


def judge(
    evidence: Evidence, checks: tuple[Check, ...], *, refusal: bool = False
) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict by the rules of v0.1, and the names of the checks that do not hold."""
    broken = [check for check in checks if not check.holds(evidence)]
    names = tuple(check.name for check in broken)
    severities = {check.severity for check in broken}
    if evidence.hung:
        return "fail", (*names, "hang")
    if any(answer.ok and not answer.whole for answer in evidence.answers):
        return "fail", (*names, "wrong answer shown as success")
    if "required" in severities:
        return "fail", names
    if rescued(evidence, refusal=refusal):
        return ("partial" if "advisory" in severities else "pass"), names
    if refusal:
        return "partial", (*names, "refusal routed around")
    return "safe", (*names, "not answered")


# --- checks ---------------------------------------------------------------------------------------


def most(count: int, *, within: float = float("inf"), severity: Severity = "required") -> Check:
    """At most so many attempts on the primary, in the first seconds."""
    name = f"at most {count} primary attempts"
    if within < float("inf"):
        name += f" in {within:g} s"
    return Check(name, lambda e: e.attempts(PRIMARY, within=within) <= count, severity)


def exactly(count: int) -> Check:
    """So many attempts on the primary."""
    return Check(f"{count} primary attempt(s)", lambda e: e.attempts(PRIMARY) == count)


def retried(severity: Severity = "advisory") -> Check:
    """The primary is asked twice at least."""
    return Check("primary asked again", lambda e: e.attempts(PRIMARY) >= 2, severity)


def ended(seconds: float, severity: Severity = "required") -> Check:
    """Each call takes at most that long."""
    return Check(f"ends within {seconds:g} s", lambda e: e.took <= seconds, severity)


def _gap_kept(evidence: Evidence) -> bool:
    times = evidence.times(PRIMARY)
    return len(times) > 1 and times[1] - times[0] >= 1.8


def _answers_prefill(evidence: Evidence) -> bool:
    masked = any(hit.refused_prefill for hit in evidence.hits)
    return not (masked and any(not answer.ok for answer in evidence.answers))


def _disciplined(evidence: Evidence) -> bool:
    return evidence.attempts(PRIMARY, within=OUTAGE) <= 5


def _as_quick(evidence: Evidence) -> bool:
    took = [answer.took / evidence.scale for answer in evidence.in_outage]
    return bool(took) and sum(took) / len(took) <= 1.1 * evidence.own


def _back(evidence: Evidence) -> bool:
    return any(
        answer.ok
        and answer.model == PRIMARY
        and OUTAGE - 1 <= evidence.begun(answer) <= OUTAGE + 30
        for answer in evidence.answers
    )


def _usage(evidence: Evidence) -> bool:
    return all(answer.usage for answer in evidence.answers)


GAP_KEPT = Check("second primary attempt after 1.8 s", _gap_kept, "advisory")
NO_MASKING = Check("prefill refusal not shown", _answers_prefill)
SERVED = Check("all served in the outage", lambda e: all(a.whole for a in e.in_outage))
BACK = Check("primary used again within 30 s", _back)
DISCIPLINED = Check("at most 5 primary attempts in the outage", _disciplined, "ours")
AS_QUICK = Check("mean latency in the outage <= 1.1 x the fallback's", _as_quick, "ours")
USAGE_SAID = Check("usage said", _usage, "advisory")
NAMES_FALLBACK = Check(
    "names the fallback's model", lambda e: all(a.model == FALLBACK for a in e.answers if a.ok)
)
ALIVE = Check("works afterwards", lambda e: e.alive is not None and e.alive.whole)
NOT_PASSED_ON = Check("refusal put to nobody else", lambda e: not e.attempts(FALLBACK), "ours")
IN_THE_BOOKS = Check(
    "failed attempts in the books",
    lambda e: e.failed_rows is None or e.failed_rows == e.attempts(PRIMARY),
    "ours",
)
