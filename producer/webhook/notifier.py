"""The webhook for whoever has no Kafka: hand over what happened, and go on.

async with Webhook(options, source="default", clock=clock, folder=Path("state")) as webhook:
    webhook.finished(ended)
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from producer import errors, events
from producer.model.delivery import Delivery
from producer.ports import Clock, Observer
from producer.webhook.answers import Patience
from producer.webhook.courier import Courier
from producer.webhook.delivery import Sender
from producer.webhook.options import WebhookOptions
from producer.webhook.payload import Ended, of_extraction
from producer.webhook.store import SqlitePending

CLOSING = timedelta(seconds=10)
"""How long leaving waits for what is pending (real time)."""


class Webhook:
    """Delivers while it is entered. Nothing that goes wrong with the receiver or the disk is raised here.

    `folder` keeps what is pending for the next process; None: what is pending at the end is given up. Without
    `options` nobody is told anything. Entering raises ConfigurationError for a proxy that can't be used.
    """

    def __init__(
        self,
        options: WebhookOptions | None,
        *,
        source: str,
        clock: Clock,
        observe: Observer = lambda _: None,
        folder: Path | None = None,
        closing: timedelta = CLOSING,
    ) -> None:
        self._options = options
        self._source = source
        self._clock = clock
        self._observe = observe
        self._folder = folder
        self._closing = closing
        self._home: SqlitePending | None = None
        self._unsettled: dict[str, Delivery] = {}
        self._courier: Courier | None = None
        self._delivering: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._options is None:
            return self
        sender = await self._stack.enter_async_context(Sender(self._options))
        self._open_home()
        self._courier = Courier(
            send=sender.send,
            patience=Patience(give_up_after=self._options.give_up_after),
            clock=self._clock,
            observe=self._observe,
        )
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._delivering = group.create_task(self._courier.run(self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._courier is not None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._closing.total_seconds()):
                        await self._courier.idle()
        finally:
            if self._delivering is not None:
                self._delivering.cancel()
            await self._stack.aclose()
            self._leave()

    def finished(self, ended: Ended) -> None:
        """An extraction has ended: tell the receiver, if queries fire. Returns at once and raises nothing."""
        delivery = of_extraction(ended, self._source, self._options.fires) if self._options else None
        if delivery is None or self._courier is None or delivery.id in self._unsettled:
            return
        kept = self._keep(delivery)
        if not self._courier.full:
            self._unsettled[delivery.id] = delivery
            self._courier.take(delivery)
        elif not kept:  # else a later process has it
            self._give_up(delivery, reason="full", message="too many are pending")

    def waiting(self) -> list[Delivery]:
        """What earlier processes left behind."""
        left: list[Delivery] = []
        if self._home is not None:
            try:
                left = [each for each in self._home.waiting() if each.id not in self._unsettled]
            except errors.WebhookNotKept as error:
                self._tell_not_kept(error)
        self._unsettled.update({each.id: each for each in left})
        return left

    async def settle(self, delivery: Delivery) -> None:
        """It was taken or given up."""
        self._unsettled.pop(delivery.id, None)
        if self._home is not None:
            try:
                await self._home.settle(delivery)
            except errors.WebhookNotKept as error:
                self._tell_not_kept(error)

    def _open_home(self) -> None:
        if self._folder is not None:
            try:
                self._home = SqlitePending(self._folder)
            except errors.WebhookNotKept as error:
                self._tell_not_kept(error)

    def _keep(self, delivery: Delivery) -> bool:
        """Keep it for a later process, where there is a place for it."""
        if self._home is None:
            return False
        try:
            self._home.add(delivery)
        except errors.WebhookNotKept as error:
            self._tell_not_kept(error)
            return False
        return True

    def _leave(self) -> None:
        """What is still pending is on disk, or it is given up."""
        if self._home is not None:
            self._home.close()
            return
        for delivery in self._unsettled.values():
            self._give_up(delivery, reason="ended", message="the process ends, and without state.path nothing is kept")

    def _give_up(self, delivery: Delivery, *, reason: str, message: str) -> None:
        self._observe(
            events.WebhookGivenUp(
                source=delivery.source,
                delivery_id=delivery.id,
                about=delivery.about,
                reason=reason,
                message=message,
            )
        )

    def _tell_not_kept(self, error: errors.WebhookNotKept) -> None:
        self._observe(events.WebhookNotKept(message=str(error), what_to_do=error.what_to_do))
