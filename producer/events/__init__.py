"""What happened, in the past tense: the only way the flow speaks to metrics, logs, health and the status page.

Events are frozen values without behaviour. Whoever emits one knows nothing of who listens. No event carries a secret.
"""

from __future__ import annotations

from producer.events.api import (
    BreakerChanged,
    BudgetShared,
    ClockSkewMeasured,
    LimiterMeasured,
    NamesAvailable,
    NamesMeasured,
    NamesUnavailable,
    OrganisationUnverified,
    RateLimitHit,
    RequestFinished,
    RequestRetried,
    TokenRefreshed,
    TokenRefused,
    WatchMeasured,
)
from producer.events.event import (
    Event,
)
from producer.events.process import (
    LoopLagMeasured,
    ServiceStarted,
    ServiceStopped,
    StopRequested,
)
from producer.events.reads import (
    PageFetched,
    ReadCompleted,
    ReadFailed,
    ReadStarted,
    SourceBlocked,
    SourceRecovered,
    WindowSplit,
)
from producer.events.topic import (
    BatchCommitted,
    BatchDiscarded,
    CommitDelayed,
    ConversationDeadLettered,
    ConversationMalformed,
    CoverageMeasured,
    HoleClosed,
    HoleOpened,
    LaneFenced,
    LaneRestored,
    PageCompared,
    SchemaDrifted,
    SinkBlocked,
)
from producer.events.webhook import (
    WebhookDelivered,
    WebhookGivenUp,
    WebhookNotKept,
    WebhookRetried,
)

__all__ = [
    "BatchCommitted",
    "BatchDiscarded",
    "BreakerChanged",
    "BudgetShared",
    "ClockSkewMeasured",
    "CommitDelayed",
    "ConversationDeadLettered",
    "ConversationMalformed",
    "CoverageMeasured",
    "Event",
    "HoleClosed",
    "HoleOpened",
    "LaneFenced",
    "LaneRestored",
    "LimiterMeasured",
    "LoopLagMeasured",
    "NamesAvailable",
    "NamesMeasured",
    "NamesUnavailable",
    "OrganisationUnverified",
    "PageCompared",
    "PageFetched",
    "RateLimitHit",
    "ReadCompleted",
    "ReadFailed",
    "ReadStarted",
    "RequestFinished",
    "RequestRetried",
    "SchemaDrifted",
    "ServiceStarted",
    "ServiceStopped",
    "SinkBlocked",
    "SourceBlocked",
    "SourceRecovered",
    "StopRequested",
    "TokenRefreshed",
    "TokenRefused",
    "WatchMeasured",
    "WebhookDelivered",
    "WebhookGivenUp",
    "WebhookNotKept",
    "WebhookRetried",
    "WindowSplit",
]
