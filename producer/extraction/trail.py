"""The audit trail of one extraction: its events by the project's own form, told one after the other.

Every trail has its start and one end, whatever happens in between; `recordCount` is what was given to the caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from producer import audit
from producer.extraction.query import Asked
from producer.extraction.result import ExtractionEnded, Metrics, Tally
from producer.model.actions import Action
from producer.model.outcome import Poison
from producer.model.reads import Page

Tell = Callable[[Mapping[str, Any]], Awaitable[None] | None]
"""Takes one audit event (a record of the schema `AuditEvent`), at once or by an awaitable; its failure ends all."""

GRACE = 2.0
"""Seconds that telling an event may still take after a stop: half an event would be none."""
MOST_NAMED = 20
"""Malformed conversations of one page that are named in its event."""
_LONGEST = 200  # characters of what comes from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Tells what happens to one extraction. `new_id` makes the ids of events."""

    request_id: str
    source: str
    tell: Tell
    new_id: Callable[[], str]

    async def started(self, asked: Asked, at: datetime) -> None:
        """It began, with this query."""
        await self._put(Action.EXTRACTION_STARTED, at, asked.told())

    async def page(self, number: int, page: Page, given: int, malformed: list[Poison], at: datetime) -> None:
        """A page was read; `given` of its conversations were asked for and not given before."""
        filled = bool(page.conversations)
        await self._put(
            Action.PAGE_PROCESSED if filled else Action.EMPTY_PAGE,
            at,
            {"malformed": [_named(each) for each in malformed[:MOST_NAMED]]} if malformed else {},
            pageNumber=number,
            totalHits=page.total_hits,
            conversationsRead=len(page.conversations),
            recordCount=given if filled else None,
            deadLetters=len(malformed),
        )

    async def completed(self, tally: Tally, metrics: Metrics, at: datetime) -> None:
        """It is complete."""
        await self._put(
            Action.EXTRACTION_COMPLETED, at, tally.told(), durationMs=metrics.total_latency_ms, **metrics.told()
        )

    async def failed(self, ended: ExtractionEnded, correlation_id: str | None) -> None:
        """It is not complete, and why."""
        details: dict[str, Any] = {"error": {"code": ended.error_code, "message": ended.error_message}}
        if correlation_id:
            details["correlationId"] = correlation_id
        metrics = ended.metrics
        await self._put(
            Action.EXTRACTION_FAILED,
            ended.timestamp,
            details,
            durationMs=metrics.total_latency_ms,
            **metrics.told(),
        )

    async def _put(self, action: Action, at: datetime, details: Mapping[str, Any], **numbers: float | None) -> None:
        event = audit.event(
            action,
            audit_id=self.new_id(),
            request_id=self.request_id,
            source=self.source,
            at=at,
            details=details,
            **numbers,
        )
        told = self.tell(event)
        if inspect.isawaitable(told):
            await _whole(told)


async def _whole(told: Awaitable[None]) -> None:
    """Wait for an event to be told; whoever is told to stop meanwhile lets it end, within GRACE."""
    telling = asyncio.ensure_future(told)
    try:
        await asyncio.shield(telling)
    except asyncio.CancelledError:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GRACE
        while not telling.done() and (left := deadline - loop.time()) > 0:
            with contextlib.suppress(asyncio.CancelledError):  # told again: it is raised below, once
                await asyncio.wait({telling}, timeout=left)
        telling.cancel()
        raise


def _named(poison: Poison) -> dict[str, str | None]:
    return {
        "id": poison.id[:_LONGEST] if poison.id else None,
        "reason": poison.reason,
        "path": poison.path[:_LONGEST],
    }
