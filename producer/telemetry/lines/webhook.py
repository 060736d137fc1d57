"""What the log says of the webhook. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from producer import events
from producer.telemetry.lines.form import Describe, Line, seconds

_LOOK = "look whether the receiver answers: `genesys-producer doctor` says it without delivering anything"


def _webhook_delivered(event: events.WebhookDelivered) -> Line:
    return Line(
        level=logging.INFO,
        message=f"the webhook took {event.about} {event.delivery_id}, attempt {event.attempts}",
        fields=_of(event, attempts=event.attempts, age_seconds=event.age.total_seconds()),
    )


def _webhook_retried(event: events.WebhookRetried) -> Line:
    return Line(
        level=logging.WARNING,
        message=f"the webhook did not take {event.about} {event.delivery_id} ({event.message}), attempt "
        f"{event.attempt}; tried again in {seconds(event.wait)}",
        fields=_of(event, error=event.reason, attempt=event.attempt, wait_seconds=event.wait.total_seconds()),
        what_to_do=f"nothing, if it passes; else {_LOOK}",
        same_as=event.reason,
    )


def _webhook_given_up(event: events.WebhookGivenUp) -> Line:
    return Line(
        level=logging.ERROR,
        message=f"the webhook was never told of {event.about} {event.delivery_id} ({event.message}), and will not be",
        fields=_of(event, error=event.reason),
        what_to_do=f"tell the receiver yourself, by the audit event of this id; {_LOOK}",
        same_as=event.reason,
    )


def _webhook_not_kept(event: events.WebhookNotKept) -> Line:
    return Line(
        level=logging.ERROR,
        message=f"what the webhook is to be told can't be kept: {event.message}",
        what_to_do=event.what_to_do,
        same_as="not kept",
    )


def _of(event: events.WebhookDelivered | events.WebhookRetried | events.WebhookGivenUp, **more: Any) -> dict[str, Any]:
    return {"delivery_id": event.delivery_id, "about": event.about, **more}


LINES: Mapping[type[events.Event], Describe] = {
    events.WebhookDelivered: _webhook_delivered,
    events.WebhookRetried: _webhook_retried,
    events.WebhookGivenUp: _webhook_given_up,
    events.WebhookNotKept: _webhook_not_kept,
}
