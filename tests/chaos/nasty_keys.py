"""Nasty cases of who can be asked: keys, quotas, and what a model cannot take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.chaos.ground import healthy
from tests.engine.faultserver import error, status

if TYPE_CHECKING:
    from tests.chaos.ground import Ground
    from tests.engine.faultserver import Exchange

DAY = 86_400.0
BAD, BACKUP, NEW = (f"sk-{name}-0123456789abcdefghijklmnop" for name in ("bad", "backup", "new"))


# --- N01 ------------------------------------------------------------------------------------------


async def _only_bad_is_bad(exchange: Exchange) -> None:
    is_bad = exchange.seen.headers.get("authorization") == f"Bearer {BAD}"
    refuse = error(401, "Incorrect API key provided.", code="invalid_api_key")
    await (refuse if is_bad else healthy())(exchange)


def n01(ground: Ground) -> None:
    """401 on the active credential; a backup credential is good."""
    server = ground.server(_only_bad_is_bad)
    llm = ground.manager(mine={"base_url": server.url, "key": BAD})
    llm.credentials.add("mine", BACKUP, alias="backup")

    def tries() -> int:
        return sum(seen.headers["authorization"] == f"Bearer {BAD}" for seen in server.seen)

    asked = ground.ask(llm)
    ground.check("answered with the backup", asked.whole, asked.categories)
    again = [ground.ask(llm) for _ in range(3)]
    ground.check("answered again", all(one.whole for one in again))
    ground.check("the bad key is not tried again", tries() == 1, f"{tries()} tries")
    plan = llm.why()
    said = [resort.reason for resort in plan.resorts] if plan else []
    ground.check("it is marked", any("auth.invalid_key" in reason for reason in said), said)
    llm.credentials.add("mine", NEW)
    asked = ground.ask(llm)
    used = server.seen[-1].headers["authorization"]
    ground.check("a changed key is tried", asked.whole and used == f"Bearer {NEW}")


# --- N02 ------------------------------------------------------------------------------------------

QUOTAS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "OpenAI": (
        "openai-chat",
        429,
        {"message": "You exceeded your current quota.", "code": "insufficient_quota"},
    ),
    "OpenAI spend limit": (
        "openai-chat",
        429,
        {"message": "Organization spend limit.", "code": "organization_spend_limit_exceeded"},
    ),
    "OpenRouter": ("openai-chat", 402, {"message": "Insufficient credits.", "code": 402}),
    "Anthropic": (
        "anthropic",
        400,
        {"type": "invalid_request_error", "message": "Your credit balance is too low."},
    ),
    "Anthropic spend limit": (
        "anthropic",
        429,
        {
            "type": "rate_limit_error",
            "message": "Spend limit reached.",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
    ),
    "Gemini": (
        "gemini",
        402,
        {"code": 402, "status": "RESOURCE_EXHAUSTED", "message": "Your credits are depleted."},
    ),
    "Gemini, the day's": (
        "gemini",
        429,
        {
            "code": 429,
            "status": "RESOURCE_EXHAUSTED",
            "message": "Quota exceeded.",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{"quotaId": "GenerateRequestsPerDayPerProject-FreeTier"}],
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45.8s"},
            ],
        },
    ),
}
"""Who -> dialect, status and error, in each provider's own wording."""


def n02(ground: Ground) -> None:
    """Quota exhausted, in each provider's own wording."""
    other = ground.server()
    for who, (dialect, code, said) in QUOTAS.items():
        server = ground.server(status(code, {"type": "error", "error": said}))
        llm = ground.manager(mine={"base_url": server.url, "dialect": dialect}, other=other)
        ground.ask(llm, route="other")  # so that its connection is warm, as it is in a notebook
        first, second = ground.ask(llm), ground.ask(llm)
        ground.check(f"{who}: answered by the next", first.whole and second.whole)
        kinds = {"quota.exhausted", "rate_limit.daily"}
        ground.check(f"{who}: named", set(first.categories[:1]) <= kinds, first.categories)
        ground.check(f"{who}: at once", first.waits == [0.0], first.waits)
        ground.timely(f"{who}: to the next", other.seen[-2].at - server.seen[0].at, 0.05)
        tries = len(server.seen)
        ground.check(f"{who}: not tried again", tries == 1, f"{tries} tries")
    ground.clock(llm, passed=2 * DAY)  # the last of them is the day's
    asked = ground.ask(llm)
    tried = ground.until(lambda: len(server.seen) > 1)
    ground.check("tried again after its reset", asked.whole and tried, asked.categories)


# --- N13 ------------------------------------------------------------------------------------------


def n13(ground: Ground) -> None:
    """The fallback cannot take what the request needs."""
    from nbapimgr.models import Image, Tool

    down = ground.server(error(503, "down"))
    blind, seeing = ground.server(), ground.server()
    no = {"images": False, "tools": False, "schema": False, "context_window": 1000}
    llm = ground.manager(
        mine=down,
        blind={"base_url": blind.url, "models": ({"id": "m", **no},)},
        other=seeing,
    )
    needs: dict[str, dict[str, Any]] = {
        "images": {"images": [Image(data=b"\x89PNG\r\n\x1a\n")]},
        "schema": {"schema": "name"},
        "tools": {"tools": [Tool(name="look", parameters={"type": "object"})]},
        "window": {"prompt": "word " * 4000},
    }
    for name, options in needs.items():
        before = len(blind.seen)
        wanted = {"prompt": "Is all well?", "route": "mine:m,blind:m,other:m", **options}
        asked = ground.ask(llm, llm.request(**wanted)[0])
        plan = llm.why()
        said = [skip.reason for skip in plan.skipped if "blind" in skip.candidate] if plan else []
        ground.check(f"{name}: answered by who can", asked.whole, asked.error or "")
        ground.check(f"{name}: the other is not tried", len(blind.seen) == before)
        ground.check(f"{name}: the reason is said", bool(said), said)
