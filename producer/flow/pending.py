"""Deliveries that wait on the state topic: restored with the lane, settled in one of its transactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from producer.model import steps
from producer.model.delivery import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePending:
    """`ports.Pending` of one source. A delivery that was taken and not yet settled is sent again by a successor."""

    restored: tuple[Delivery, ...]
    put: Callable[[steps.Step], Awaitable[None]]

    def waiting(self) -> tuple[Delivery, ...]:
        """What was pending when the lane became ours."""
        return self.restored

    async def settle(self, delivery: Delivery) -> None:
        """It was taken or given up: a later transaction says so."""
        await self.put(steps.Delivered(delivery_id=delivery.id))
