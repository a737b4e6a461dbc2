"""The records that flow through the house: frozen, keyword-only, replaced and never mutated.

Tokens follow OpenTelemetry GenAI's meaning: `input_tokens` includes cached ones, `output_tokens`
includes reasoning. Times are seconds; moments are seconds since the epoch (UTC). Unknown is None.
"""

from nbapimgr.models._breaker import Breaker
from nbapimgr.models._events import Delta, Event, Failed, Finished, Planned, Restarted, Started
from nbapimgr.models._provider import Candidate, ModelInfo, Plan, Provider, Skip
from nbapimgr.models._reply import Attempt, Cost, Failure, Reply, Scope, Usage
from nbapimgr.models._request import (
    Content,
    Image,
    Message,
    Opaque,
    Origin,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    user,
)

__all__ = [
    "Attempt",
    "Breaker",
    "Candidate",
    "Content",
    "Cost",
    "Delta",
    "Event",
    "Failed",
    "Failure",
    "Finished",
    "Image",
    "Message",
    "ModelInfo",
    "Opaque",
    "Origin",
    "Plan",
    "Planned",
    "Provider",
    "Reasoning",
    "Reply",
    "Request",
    "Restarted",
    "Scope",
    "Skip",
    "Started",
    "Text",
    "Tool",
    "ToolCall",
    "ToolResult",
    "Usage",
    "user",
]
