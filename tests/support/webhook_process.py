"""A process without Kafka that hands one payload over: `python -m tests.support.webhook_process URL FOLDER [ID]`.

With ID it says `handed over` and lives on until it is killed; without one it delivers what others left, and ends.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from producer.clock import WallClock
from producer.webhook.notifier import Webhook
from tests.support.webhook import ended, options


async def main(arguments: Sequence[str]) -> None:
    """Do as the arguments say."""
    url, folder, *ids = arguments
    clock = WallClock()
    async with Webhook(options(url), source="default", clock=clock, folder=Path(folder)) as webhook:
        for each in ids:
            webhook.finished(ended(each, clock.now()))
            sys.stdout.write("handed over\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
