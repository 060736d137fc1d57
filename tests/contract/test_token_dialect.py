"""The token dialect as it was described (tests/data/token): exactly these requests, and what becomes of the answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from producer.model.outcome import Emitted
from producer.model.reads import Page
from producer.transform.revision import Comparison
from producer.transform.token_records import TokenForm
from tests.support.clock import NOON
from tests.support.conversations import millis, sighting
from tests.support.genesys_api import Answer, Seen, genesys_api
from tests.support.token_source import bench

EXCHANGES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data/token/exchanges.json").read_text())
HEAD = ("recordId", "interactionId", "channelType", "startTime", "endTime", "durationMs", "participantCount")
MORE = ("queueName", "wrapUpCode", "attributes", "extras")


class Recorded:
    """Answers what was asked for in the recorded order and way, and nothing else."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, seen: Seen) -> Answer:
        exchange = EXCHANGES[len(self.asked)]
        cursor = seen.query.get("nextPageToken", "")
        path = seen.path + (f"?nextPageToken={cursor.replace('=', '%3D')}" if cursor else "")
        self.asked.append({"method": seen.method, "path": path, "body": seen.json})
        return Answer(status=exchange["status"], body=exchange["response"])


async def test_it_sends_what_the_dialect_takes_and_reads_what_it_gives() -> None:
    recorded = Recorded()
    async with genesys_api() as api:
        api.refuse = recorded
        async with bench(api.url) as made:
            items = await made.read()

    assert recorded.asked == [exchange["request"] for exchange in EXCHANGES]
    pages = [item for item in items if isinstance(item, Page)]
    compare = Comparison(TokenForm())
    outcomes = [compare(raw, lambda _: None, sighting()) for page in pages for raw in page.conversations]
    records = [outcome.record for outcome in outcomes if isinstance(outcome, Emitted)]
    start, noon = millis("2025-03-10T12:01:02.345Z"), millis(NOON.isoformat())
    assert [tuple(record[name] for name in HEAD) for record in records] == [
        ("rec-1", "int-1", "VOICE", start, noon + 300_000, 237_655, 3),
        ("rec-2", "rec-2", "SOCIAL_MEDIA", noon + 123_456, None, None, 1),
        ("rec-3", "int-3", "UNKNOWN", noon + 600_000, None, None, 2),
    ]
    assert [tuple(record[name] for name in MORE) for record in records] == [
        ("Claims", "resolved", {"language": "en-US", "tier": "gold"}, {}),
        (None, None, {}, {}),
        (None, None, None, {"$.sentiment": '{"score":0.5}'}),
    ]
