"""What became of deliveries to the webhook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from producer.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivered(Event):
    """The receiver took a delivery; `age` is product time from what it tells of."""

    delivery_id: str
    about: str
    attempts: int
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRetried(Event):
    """An attempt failed and is made again after `wait`. `reason` is bounded (3xx, 4xx, 429, 5xx, timeout, …)."""

    delivery_id: str
    about: str
    reason: str
    message: str
    attempt: int
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookGivenUp(Event):
    """A delivery will not be sent any more: the receiver was never told."""

    delivery_id: str
    about: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookNotKept(Event):
    """What is pending can't be kept on disk: it is delivered all the same, unless the process ends before."""

    message: str
    what_to_do: str
