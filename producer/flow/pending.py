"""Deliveries that wait on the state topic: restored with the lane, settled in one of its transactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from producer import events
from producer.model import steps
from producer.model.batch import Restored
from producer.model.delivery import Delivery, UnreadableDelivery
from producer.ports import Courier, Observer

_UNKNOWN = "an unknown event"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePending:
    """`ports.Pending` of one source. A delivery that was taken and not yet settled is sent again by a successor."""

    deliveries: tuple[Delivery, ...]
    unreadable: tuple[UnreadableDelivery, ...]
    put: Callable[[steps.Step], Awaitable[None]]

    @classmethod
    def of(cls, source: str, restored: Restored, put: Callable[[steps.Step], Awaitable[None]]) -> Self:
        """What was pending of a source when the lane became ours; `put` takes steps of its assembly."""
        return cls(
            deliveries=tuple(each for each in restored.deliveries if each.source == source),
            unreadable=tuple(each for each in restored.unreadable if each.source == source),
            put=put,
        )

    def waiting(self) -> tuple[Delivery, ...]:
        """What was pending when the lane became ours."""
        return self.deliveries

    async def settle(self, delivery: Delivery) -> None:
        """It was taken or given up: a later transaction says so."""
        await self.put(steps.Delivered(delivery_id=delivery.id))

    async def deliver(self, courier: Courier, observe: Observer) -> None:
        """Have everything delivered until cancelled; what can't be read is given up at once, and told."""
        for each in self.unreadable:
            observe(
                events.WebhookGivenUp(
                    source=each.source, delivery_id=each.id, about=_UNKNOWN, reason="unreadable", message=each.why
                )
            )
            await self.put(steps.Delivered(delivery_id=each.id))
        await courier.run(self)
