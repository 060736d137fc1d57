"""genesys-producer: every conversation of Genesys Cloud onto Kafka, exactly once, provably complete.

The daemon is a command. What a program may import from here is the library:

    from producer import ConversationRetriever, Query
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from producer.library import (
        ChannelType,
        Connection,
        ConversationRetriever,
        ExtractionEnded,
        Metrics,
        Query,
        QueryRefused,
        Status,
        kafka_audit,
        to_logger,
    )

__all__ = [
    "ChannelType",
    "Connection",
    "ConversationRetriever",
    "ExtractionEnded",
    "Metrics",
    "Query",
    "QueryRefused",
    "Status",
    "kafka_audit",
    "to_logger",
]


def __getattr__(name: str) -> Any:
    """Import the library when something of it is asked for: nothing else here needs it. Raises AttributeError."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("producer.library"), name)
