"""What an audit event can say happened."""

from __future__ import annotations

import enum


class Action(enum.Enum):
    """The actions of the audit trail; part of the contract with those who read it."""

    EXTRACTION_STARTED = "EXTRACTION_STARTED"
    PAGE_PROCESSED = "PAGE_PROCESSED"
    EMPTY_PAGE = "EMPTY_PAGE"
    EXTRACTION_COMPLETED = "EXTRACTION_COMPLETED"
    EXTRACTION_FAILED = "EXTRACTION_FAILED"
    HOLE_OPENED = "HOLE_OPENED"
    HOLE_CLOSED = "HOLE_CLOSED"
    WINDOW_SPLIT = "WINDOW_SPLIT"
    SCHEMA_DRIFT = "SCHEMA_DRIFT"
    CONFIG_CHANGED = "CONFIG_CHANGED"
    STARTED = "STARTED"
    STOPPED = "STOPPED"
