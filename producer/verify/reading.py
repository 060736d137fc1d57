"""Reads the topics as they stand between two transactions, and writes the facts of them into the ledger."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from producer import errors
from producer.clock import real_now
from producer.encoding.plain import PlainReader
from producer.kafka.extent import Extent, committed_records, standing_still
from producer.kafka.options import KafkaOptions
from producer.kafka.reader import RawRecord
from producer.kafka.state import StateKey, decode_checkpoint, decode_conversation, parse_key
from producer.kafka.topics import CLEANUP_POLICY, COMPACTION_LAG, configurations
from producer.model.actions import Action
from producer.model.batch import Topic
from producer.model.checkpoint import Checkpoint
from producer.model.instants import to_millis
from producer.verify.contents import Contents
from producer.verify.facts import LETTER, NEVER, Bounds, Position, Remembered, Seen, Told
from producer.verify.findings import Check, Finding, Findings
from producer.verify.ledger import Ledger
from producer.verify.progress import Progress
from producer.verify.reads import KEPT
from producer.verify.watermarks import promise_findings, watermark_findings

COMPARED = (Topic.CONVERSATIONS, Topic.AUDIT, Topic.WATERMARKS, Topic.STATE, Topic.DEAD_LETTERS)
SKEW = 5 * 60_000
"""Milliseconds that the clocks of brokers may differ from ours: what is so near to the lag may be compacted already."""
LONGEST_READ = 86_400_000
"""Milliseconds: events of a read that began so long before the oldest one there is may be lost to retention."""

_REQUEST_ID = "request-id"
_NUMBERS = ("pageNumber", "recordCount", "totalPagesFetched", "totalRecordsExtracted")


@dataclass(slots=True, kw_only=True)
class Reading:
    """Reads all five topics, each record once. What can't be read is a finding."""

    options: KafkaOptions
    ledger: Ledger
    findings: Findings
    contents: Contents
    reader: PlainReader
    progress: Progress
    lag: int = 0
    counts: dict[Topic, int] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    _watermarks: dict[str, dict[str, Any]] = field(default_factory=dict)
    _first_letters: dict[int, int] = field(default_factory=dict)

    async def run(self) -> Bounds:
        """Read everything; returns what can be asked of it. Raises SinkError, PrerequisiteMissing, StateTooNew."""
        names = self.options.topics
        self.progress.begin("waiting for a moment between two transactions")
        extents = await standing_still(self.options, [names[topic] for topic in COMPARED])
        conversations, audit, watermarks, state, letters = (extents[names[topic]] for topic in COMPARED)
        configured = (await configurations(self.options, [conversations.topic]))[conversations.topic]
        self.lag = int(configured[COMPACTION_LAG])
        await self._read(Topic.CONVERSATIONS, conversations, self.seen)
        now = to_millis(real_now())
        await self._read(Topic.AUDIT, audit, self.told)
        await self._read(Topic.DEAD_LETTERS, letters, self.lettered)
        await self._read(Topic.STATE, state, self.remembered)
        await self._read(Topic.WATERMARKS, watermarks, self.promised)
        self.compare_promises(conversations.ends)
        compacts = "compact" in configured[CLEANUP_POLICY]
        return Bounds(
            partitions=conversations.partitions,
            compacted_to=now - self.lag + SKEW if compacts else NEVER,
            audit_to=lost_to(audit, self.ledger.first_audit(), now),
            letters_to=lost_to(letters, self._first_letters, now),
            positions=self.positions,
        )

    async def _read(self, topic: Topic, extent: Extent, take: Callable[[list[RawRecord]], Sequence[Any]]) -> None:
        self.progress.begin(f"reading {extent.topic}", extent.offsets)
        self.counts[topic] = 0
        batches: AsyncGenerator[tuple[list[RawRecord], int], None] = committed_records(self.options, extent)
        async with aclosing(batches):
            async for records, offsets in batches:
                self.counts[topic] += len(records)
                self.ledger.add(take(records))
                self.progress.advance(offsets)

    # --- topics -----------------------------------------------------------------------------------------------------

    def seen(self, records: list[RawRecord]) -> list[Seen]:
        """The facts of records of the conversations topic, which are also counted for their reads."""
        rows = []
        for raw in self._readable(records, allow_tombstones=True):
            try:
                row, origin, problems = self.contents.look(raw)
            except errors.Malformed as error:
                self._unreadable(raw, error)
                continue
            rows.append(row)
            if not row.tombstone:
                self.ledger.count(row.request, origin, row.at)
            self.findings.add(
                Finding(check=Check.CONTENT, read=row.request, ids=(row.id,), text=f"{problem} ({row.place})")
                for problem in problems
            )
        return rows

    def told(self, records: list[RawRecord]) -> list[Told]:
        """The facts of audit events."""
        rows = []
        for raw, event in self._decoded(records):
            if raw.key is None or raw.key.decode(errors="replace") != event["requestId"]:
                text = f"its key is {raw.key!r} ({_place(raw)})"
                self.findings.add([Finding(check=Check.AUDIT, read=event["requestId"], text=text)])
            if event["action"] in KEPT:
                rows.append(_told(raw, event))
        return rows

    def lettered(self, records: list[RawRecord]) -> list[Seen]:
        """Count dead letters for their reads; nothing of them goes into the ledger: they are as they came."""
        for raw in records:
            self._first_letters.setdefault(raw.partition, raw.timestamp)
            request = next((value for name, value in raw.headers if name == _REQUEST_ID), None)
            if request is None:
                self._unreadable(raw, errors.ProducerError("it has no request id"))
            else:
                self.ledger.count(request.decode(errors="replace"), LETTER, raw.timestamp)
        return []

    def remembered(self, records: list[RawRecord]) -> list[Remembered]:
        """The facts of states; checkpoints become positions. Raises StateTooNew."""
        rows = []
        for raw in records:
            key = parse_key(raw.key)
            try:
                row = self._state_row(raw, key)
            except errors.StateTooNew:
                raise
            except errors.SinkRefused as error:
                self._unreadable(raw, error)
                continue
            if row is not None:
                rows.append(row)
        return rows

    def _state_row(self, raw: RawRecord, key: StateKey) -> Remembered | None:
        if key.id is None:
            if raw.value is not None:
                self.positions[key.source] = position_of(decode_checkpoint(raw.value))
            return None
        if key.delivery or key.id.startswith("#"):  # a pending delivery; a dead letter without an id
            return None
        if raw.value is None:
            return Remembered(key.id, key.source, raw.partition, raw.offset, 0, 0, b"", 0, 1)
        state = decode_conversation(raw.value)
        return Remembered(
            id=key.id,
            source=key.source,
            partition=raw.partition,
            offset=raw.offset,
            revision=state.revision,
            version=state.version,
            content=state.fingerprint,
            redacted=int(state.redacted),
            forgotten=0,
        )

    def promised(self, records: list[RawRecord]) -> list[Seen]:
        """Compare each watermark with the one before it; nothing of them goes into the ledger."""
        for _, record in self._decoded(records):
            source = record["source"]
            self.findings.add(watermark_findings(record, self._watermarks.get(source)))
            self._watermarks[source] = record
        return []

    def compare_promises(self, ends: Sequence[int]) -> None:
        """Compare the last watermark of each source with the ends of the conversations topic, and its checkpoint."""
        for source, record in self._watermarks.items():
            self.findings.add(promise_findings(record, ends, self.positions.get(source)))

    # --- records ----------------------------------------------------------------------------------------------------

    def _decoded(self, records: list[RawRecord]) -> Iterator[tuple[RawRecord, dict[str, Any]]]:
        for raw in self._readable(records):
            try:
                yield raw, self.reader.read(raw.value or b"")
            except errors.Malformed as error:
                self._unreadable(raw, error)

    def _readable(self, records: list[RawRecord], *, allow_tombstones: bool = False) -> Iterator[RawRecord]:
        for raw in records:
            if raw.key is None or (raw.value is None and not allow_tombstones):
                self._unreadable(raw, errors.ProducerError("it has no key or no value"))
            else:
                yield raw

    def _unreadable(self, raw: RawRecord, error: errors.ProducerError) -> None:
        key = None if raw.key is None else raw.key.decode(errors="replace")
        text = f"{raw.topic}, {_place(raw)}: {error}"
        self.findings.add([Finding(check=Check.READABLE, ids=(key,) if key else (), text=text)])


def position_of(checkpoint: Checkpoint) -> Position:
    """What of a checkpoint is compared."""
    return Position(
        since=to_millis(checkpoint.coverage.since),
        head=to_millis(checkpoint.published.head),
        final=to_millis(checkpoint.published.final),
        passed=to_millis(max(checkpoint.published.final, min(checkpoint.coverage.watermarks))),  # ages may have changed
        open_reads=frozenset(each.request_id for each in checkpoint.open_reads),
    )


def _told(raw: RawRecord, event: dict[str, Any]) -> Told:
    page, records, pages_in_all, records_in_all = (_number(event[name]) for name in _NUMBERS)
    started = event["action"] == Action.EXTRACTION_STARTED.value
    return Told(
        request=event["requestId"],
        partition=raw.partition,
        offset=raw.offset,
        at=raw.timestamp,
        action=event["action"],
        page=page,
        records=records,
        pages_in_all=pages_in_all,
        records_in_all=records_in_all,
        by_id=int("ids" in event["details"]) if started else NEVER,
        letters=event["deadLetters"] or 0,
    )


def _number(value: int | None) -> int:
    return NEVER if value is None else value


def lost_to(extent: Extent, first: dict[int, int], now: int) -> int:
    """Reads that began up to here may have lost some of it to retention; NEVER when no partition has lost any."""
    shortened = [number for number, offset in enumerate(extent.firsts) if offset]
    return max((first.get(number, now) + LONGEST_READ for number in shortened), default=NEVER)


def _place(raw: RawRecord) -> str:
    return f"partition {raw.partition}, offset {raw.offset}"
