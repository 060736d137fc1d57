"""What one extraction came to: its figures while it runs, and how it ended."""

from __future__ import annotations

import asyncio
import enum
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from producer import errors
from producer.model.instants import to_millis
from producer.model.reads import Page, Verdict

INTERRUPTED = "interrupted"


class Status(enum.StrEnum):
    """How an extraction ended."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The figures of one extraction. `pagination_success_rate` is non-empty pages per attempt, None before any."""

    total_pages_fetched: int = 0
    total_records_extracted: int = 0
    pagination_success_rate: float | None = None
    total_latency_ms: int = 0

    def told(self) -> dict[str, float | None]:
        """By the names that audit and webhook have for them."""
        return {
            "totalPagesFetched": self.total_pages_fetched,
            "totalRecordsExtracted": self.total_records_extracted,
            "paginationSuccessRate": self.pagination_success_rate,
            "totalLatencyMs": self.total_latency_ms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionEnded:
    """An extraction is over. `error_code` and `error_message` are None after a SUCCESS; they hold no secret."""

    request_id: str
    status: Status
    timestamp: datetime
    metrics: Metrics
    error_code: str | None = None
    error_message: str | None = None


@dataclass(slots=True)
class Tally:
    """What is counted while an extraction runs. `began` is product time; `attempts` are requests, failed ones too and
    those that only ask how much there is.
    """

    began: datetime
    pages: int = 0
    filled: int = 0
    attempts: int = 0
    records: int = 0
    left_out: int = 0
    repeated: int = 0
    malformed: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)

    def page(self, page: Page) -> None:
        """A page arrived."""
        self.pages += 1
        self.filled += bool(page.conversations)

    def metrics(self, now: datetime) -> Metrics:
        """The figures so far."""
        return Metrics(
            total_pages_fetched=self.pages,
            total_records_extracted=self.records,
            pagination_success_rate=self.filled / self.attempts if self.attempts else None,
            total_latency_ms=to_millis(now) - to_millis(self.began),
        )

    def told(self) -> dict[str, Any]:
        """What else is said of an extraction that is complete: the weakest verdict of its reads, what was left out."""
        verdict = Verdict.COMPLETE if set(self.verdicts) <= {Verdict.COMPLETE} else Verdict.PROVISIONAL
        return {
            "verdict": verdict.value,
            "reads": self.verdicts.total(),
            "leftOut": self.left_out,
            "repeated": self.repeated,
            "malformedCount": self.malformed,
        }


def end_of(request_id: str, tally: Tally, now: datetime, error: BaseException | None) -> ExtractionEnded:
    """How an extraction ended that `error` ended, or nothing."""
    code, message = failure_of(error) if error else (None, None)
    return ExtractionEnded(
        request_id=request_id,
        status=Status.FAILURE if error else Status.SUCCESS,
        timestamp=now,
        metrics=tally.metrics(now),
        error_code=code,
        error_message=message,
    )


def failure_of(error: BaseException) -> tuple[str, str]:
    """Code and message of what ended an extraction; of a foreign error its class alone: its text may quote anything."""
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return INTERRUPTED, "the extraction was stopped by its caller before it was complete"
    if isinstance(error, errors.ProducerError):
        return getattr(error, "code", "") or type(error).__name__, str(error)
    return type(error).__name__, f"an error that is no fault of the source: {type(error).__name__}"
