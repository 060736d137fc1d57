"""An extraction onto the topics: as reads of the lane itself, with its state, in its transactions.

The lane is taken as a daemon takes it, so that what the daemon has sent is known and not sent again, and what is sent
here is known to the daemon. Coverage stays as it is: a query covers nothing. See docs/decisions/0013.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from producer import errors
from producer.assembly.batch import Assembly, AssemblyTools
from producer.encoding.avro import Avro
from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject
from producer.extraction.query import Asked
from producer.extraction.reading import reads_of
from producer.flow.identity import refuse_other
from producer.flow.reading import Readings
from producer.flow.writer import Writer
from producer.kafka.options import KafkaOptions
from producer.kafka.recollect import Recall, recollected
from producer.model.batch import Restored
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import ConversationState, Watch
from producer.model.instants import DAY, day_number
from producer.model.reads import Due, ReadKind
from producer.pipeline import Lane, first_checkpoint
from producer.transform.fingerprint import FINGERPRINT_VERSION
from producer.verify.progress import Progress


@dataclass(slots=True, kw_only=True)
class LaneExtraction:
    """One extraction onto one lane, which is let go at its end."""

    lane: Lane
    kafka: KafkaOptions
    asked: Asked
    progress: Progress

    async def run(self) -> None:
        """Read all that was asked for and commit it. What was committed before a failure stays, and is right.

        Raises SinkError, SourceError; WindowRefused when a part could not be read, once all others were.
        """
        lane = self.lane
        try:
            restored = await lane.sink.open()
            checkpoint = await self._checkpoint(restored)
            async with AsyncExitStack() as stack:
                tools = await self._tools(stack, restored, checkpoint)
                assembly = Assembly(
                    tools,
                    lane.policy.bounds,
                    checkpoint,
                    tracked=restored.conversations,
                    pending=restored.pending(lane.name),  # the daemon delivers them
                )
                assembly.interrupted(checkpoint.open_reads, lane.clock.now())
                await self._work(assembly)
        finally:
            await lane.sink.close()

    async def _checkpoint(self, restored: Restored) -> Checkpoint:
        """Where the source stands; what the limiter has to carry is taken over before the first request."""
        lane = self.lane
        found = restored.checkpoints.get(lane.name)
        if found is None:
            first = first_checkpoint(lane.name, lane.policy, lane.clock.now())
            found = replace(first, config_digest=lane.policy.config_digest)
        if found.usage is not None:
            lane.source.resume(found.usage)
        actual = await lane.source.organisation_id()
        refuse_other(actual, realm_id=lane.policy.expected_organisation, remembered=found.organisation_id)
        return replace(
            found,
            offsets=restored.offsets,
            records=restored.records,
            organisation_id=found.organisation_id or actual,
        )

    async def _tools(self, stack: AsyncExitStack, restored: Restored, checkpoint: Checkpoint) -> AssemblyTools:
        """The lane's tools; of days of which not all is remembered the topic itself is asked what stands on it."""
        tools, name = self.lane.tools(restored), self.lane.name
        if not reaches_behind(self.asked, checkpoint.horizon_day):
            return tools
        self.progress.begin("records of the topic looked through")
        recall = recall_of(self.asked, name)
        on_topic = await stack.enter_async_context(recollected(self.kafka, name, recall, self.progress.advance))
        remembered = tools.pages.known

        def known(source: str, ids: Iterable[str]) -> dict[str, ConversationState]:
            """What the lane remembers, and of what it forgot what the topic says."""
            wanted = list(ids)
            found = dict(remembered(source, wanted))
            return {**on_topic([each for each in wanted if each not in found]), **found}

        return replace(tools, pages=replace(tools.pages, known=known))

    async def _work(self, assembly: Assembly) -> None:
        lane = self.lane
        writer = Writer(
            name=lane.name,
            sink=lane.sink,
            assembly=assembly,
            clock=lane.clock,
            observe=lane.observe,
            head=lane.policy.reads.head,
            linger=lane.policy.linger,
            committed=lambda _batch: None,
        )
        failure: errors.SourceError | None = None
        self.progress.begin("conversations read")
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(writer.run())
            try:
                await self._read(writer)
            except errors.SourceError as error:
                failure = error
            await writer.settled()
            writing.cancel()
        if failure is not None:
            raise failure

    async def _read(self, writer: Writer) -> None:
        lane = self.lane
        readings = Readings(
            name=lane.name,
            source=lane.source,
            clock=lane.clock,
            observe=lane.observe,
            new_id=lane.new_id,
            put=writer.put,
        )
        refused: str | None = None
        for read in reads_of(self.asked, "", lane.clock.now()):
            due = Due(kind=ReadKind.QUERY, slice=read.slice, ids=read.ids, covers=False)
            refused = (await readings.make(due)).refused or refused
        if refused is not None:
            raise errors.WindowRefused("a part of what was asked for can't be read; all else is there", code=refused)


def reaches_behind(asked: Asked, horizon_day: int) -> bool:
    """Whether it asks for conversations of which the lane may have forgotten what it sent."""
    return asked.interval is None or day_number(asked.interval.start) < horizon_day


def recall_of(asked: Asked, source: str) -> Recall:
    """What a record on the topic says of the state of a conversation that is asked for."""
    avro = Avro.shipped()
    names = [each["name"] for each in avro.schemas.latest(Subject.CONVERSATION).parsed["fields"]]
    reader = PlainReader(avro.framing, leading=names.index("endTime") + 1)
    last_day = day_number(asked.interval.end) if asked.interval else None

    def recall(value: bytes) -> ConversationState | None:
        """The state of one record."""
        record = reader.read(value)
        start, end, as_of = record["startTime"], record["endTime"], record["asOf"]
        start_day = (as_of if start is None else start) // DAY
        if asked.interaction_ids:
            wanted = record["recordId"] in asked.interaction_ids
        else:
            wanted = last_day is not None and start_day <= last_day  # gateways find what began before the range, too
        if record["source"] != source or not wanted:
            return None
        return ConversationState(
            id=record["recordId"],
            fingerprint=bytes.fromhex(record["contentHash"]),
            fingerprint_version=FINGERPRINT_VERSION,
            revision=record["revision"],
            version=record["version"],
            as_of=as_of,
            start_day=start_day,
            last_day=(as_of if end is None else end) // DAY,
            ended=end is not None,
            watch=Watch.OPEN if end is None else None,
        )

    return recall
