"""An assembly, and what comes out of it, told briefly: for tests of the flow that care for the whole story."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from producer.assembly.batch import Assembly, AssemblyTools, BatchBounds
from producer.assembly.pages import Known, PageWorker
from producer.model.batch import Outgoing, Topic
from producer.model.checkpoint import Checkpoint, Published, Usage
from producer.model.coverage import Coverage
from producer.model.instants import Millis
from tests.support.build import at
from tests.support.plain_compare import encode, plain_compare

USAGE = Usage(at=at("10:00"), recent=3)
BOUNDS = BatchBounds(records=1_000, size=1_000_000)
LIMITS = dict.fromkeys(Topic, 1_000_000)
SOURCE = "default"


def counted(prefix: str) -> Callable[[], str]:
    """Ids `a1`, `a2` …"""
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers)}"


def checkpoint(mark: str = "10:00", *, written_at: int = 0, offsets: tuple[int, ...] = (0, 0, 0)) -> Checkpoint:
    """A head at `mark`, capture since 09:00; `written_at` 0: nothing was ever committed."""
    return Checkpoint(
        source=SOURCE,
        capture_start=at("09:00"),
        coverage=Coverage(since=at("09:00"), watermarks=(at(mark),)),
        published=Published(head=at("09:00"), final=at("09:00")),
        horizon_day=20_157,
        offsets=offsets,
        written_at=Millis(written_at),
    )


def nothing_known(source: str, ids: Iterable[str]) -> Mapping[str, Any]:
    return {}


def tools(known: Known = nothing_known, limits: Mapping[Topic, int] = LIMITS) -> AssemblyTools:
    return AssemblyTools(
        pages=PageWorker(
            source=SOURCE,
            compare=plain_compare,
            encode=encode,
            known=known,
            limits=limits,
            conversations_topic="genesys.conversations.v1",
        ),
        encode_audit=encode,
        encode_watermark=encode,
        new_id=counted("a"),
        usage=lambda: USAGE,
        may_forget=lambda _state, _coverage: True,
        run_id="run",
    )


def assembly(
    stands: Checkpoint | None = None, *, bounds: BatchBounds = BOUNDS, known: Known = nothing_known
) -> Assembly:
    return Assembly(tools(known), bounds, stands or checkpoint())


def values(records: Iterable[Outgoing], topic: Topic) -> list[dict[str, Any]]:
    """The decoded records of one topic."""
    return [json.loads(record.value or b"") for record in records if record.topic is topic]


def audit_of(records: Iterable[Outgoing]) -> list[str]:
    """The audit trail as `request id: ACTION`."""
    return [f"{each['requestId']}: {each['action']}" for each in values(records, Topic.AUDIT)]


def announced(records: Iterable[Outgoing]) -> Counter[str]:
    """How many records audit says are on the topic, by request id."""
    total: Counter[str] = Counter()
    for event in values(records, Topic.AUDIT):
        total[event["requestId"]] += event["recordCount"] or 0
    return +total


def delivered(records: Iterable[Outgoing]) -> Counter[str]:
    """How many records of conversations there are, by request id."""
    return Counter(
        dict(record.headers)["request-id"].decode() for record in records if record.topic is Topic.CONVERSATIONS
    )
