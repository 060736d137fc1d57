"""Asks the receiver of the webhook whether it is there, without delivering anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from producer import errors
from producer.doctor.judging import webhook as judging
from producer.doctor.results import Prerequisite, Result, warning
from producer.ports import Clock
from producer.webhook.delivery import Sender
from producer.webhook.options import WebhookOptions
from producer.webhook.signing import secrets_of

LONGEST = timedelta(seconds=10)
"""How long it may take, whatever the settings allow the daemon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookProbe:
    """How the receiver is reached; None: there is none."""

    options: WebhookOptions | None
    clock: Clock

    async def examine(self) -> list[Result]:
        """One OPTIONS request, over the proxy and the TLS that deliveries take."""
        if self.options is None:
            return [judging.unused()]
        options = replace(self.options, timeout=min(self.options.timeout, LONGEST))
        try:
            async with Sender(options) as sender:
                outcome = await sender.look(self.clock.now())
        except errors.ConfigurationError as error:
            return [warning(Prerequisite.WEBHOOK, str(error), "correct the variable, or unset it")]
        return [judging.receiver(options.url(), len(secrets_of(options.secrets())), outcome)]
