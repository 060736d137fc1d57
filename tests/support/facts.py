"""Facts of topics as `verify` keeps them, with just what a test is about."""

from __future__ import annotations

from typing import Any

from producer.kafka.partitioner import partition_of
from producer.verify.facts import NEVER, Bounds, Position, Present, Remembered, Seen, Told

ID = "c-1"
READ = "read-1"
PARTITIONS = 3
PARTITION = partition_of(ID.encode(), PARTITIONS)
NOW = 1_000_000
BOUNDS = Bounds(
    partitions=PARTITIONS,
    compacted_to=0,
    positions={"default": Position(since=0, head=NOW, final=0, passed=0, open_reads=frozenset({"read-open"}))},
)


def seen(revision: int, /, **fields: Any) -> Seen:
    """A revision of one conversation, each at a hundred milliseconds of its own."""
    at = revision * 100
    base = Seen(
        id=ID,
        partition=PARTITION,
        offset=revision,
        at=at,
        source="default",
        version=at,
        revision=revision,
        resumed=0,
        content=bytes([revision]) * 16,
        request=f"read-{revision}",
        as_of=at,
        attributes_as_of=NEVER,
        ended=NEVER,
    )
    return base._replace(**fields)


def remembered(revision: int, /, **fields: Any) -> Remembered:
    """The state behind such a revision."""
    last = seen(revision)
    base = Remembered(ID, "default", 0, revision, revision, last.version, last.content, 0, 0)
    return base._replace(**fields)


def told(action: str, /, **fields: Any) -> Told:
    """An audit event of one read."""
    base = Told(
        request=READ,
        partition=0,
        offset=0,
        at=100,
        action=action,
        page=NEVER,
        records=NEVER,
        pages_in_all=NEVER,
        records_in_all=NEVER,
        by_id=NEVER,
        letters=0,
    )
    return base._replace(**fields)


def page(number: int, records: int) -> Told:
    """A page that was processed."""
    return told("PAGE_PROCESSED", page=number, records=records, at=100 + number)


def read_of(*pages: Told, end: str = "EXTRACTION_COMPLETED") -> list[Told]:
    """A read of these pages, from its start to its end."""
    records = sum(each.records for each in pages if each.records > 0)
    last = told(end, pages_in_all=len(pages), records_in_all=records, at=200)
    return [told("EXTRACTION_STARTED", by_id=0), *pages, last]


def present(records: int, **fields: Any) -> list[Present]:
    """What of a read is on the topic."""
    return [Present(READ, "QUERY", records, 100, 200)._replace(**fields)]
